#include "settings.hpp"

#include <supercache/store/nearest.hpp>
#include <supercache/store/text.hpp>

#include <algorithm>

namespace supercache::inline SUPERCACHE_ABI {

using detail::field;
using detail::fields;
using detail::trim;

std::string_view to_string(cluster_mode m) noexcept {
  return m == cluster_mode::local ? "local" : "distributed";
}

namespace {

failure unknown(std::string_view name) {
  std::vector<std::string> names;
  for (const field& f : fields())
    names.push_back(f.name);
  std::string text = "unknown option '" + printable(name) + "'";
  if (const auto* meant = detail::nearest(name, names))
    text += "; did you mean '" + *meant + "'?";
  return {errc::invalid_config, std::move(text)};
}

const field* find(std::string_view name) {
  const auto at = std::ranges::find(fields(), name, &field::name);
  return at == fields().end() ? nullptr : &*at;
}

} // namespace

std::span<const setting> settings() {
  static const std::vector<setting> all{fields().begin(), fields().end()};
  return all;
}

status set_option(options& o, std::string_view name, std::string_view value) {
  const field* f = find(name);
  if (!f)
    return unknown(name);
  options changed = o;
  if (!f->read(changed, trim(value)))
    return {errc::invalid_config, std::string{name} + " is '" + std::string{trim(value)}
                                    + "'; allowed is " + f->allowed + " (" + f->type + ")"};
  o = std::move(changed);
  return done();
}

result<std::string> get_option(const options& o, std::string_view name) {
  const field* f = find(name);
  if (!f)
    return unknown(name);
  return f->write(o);
}

status validate(const options& o) {
  if (o.num_partition && (*o.num_partition < 1 || *o.num_partition > 4096))
    return {errc::invalid_config,
            "num_partition is " + std::to_string(*o.num_partition) + "; allowed is 1 to 4096"};
  for (const auto& [name, pos] :
       {std::pair{"key_pos", o.key_pos}, std::pair{"partition_pos", o.partition_pos}})
    if (pos > 65'535)
      return {errc::invalid_config,
              std::string{name} + " is " + std::to_string(pos) + "; allowed is 0 to 65535"};
  if (o.lazy_put_limit < 1 || o.lazy_put_limit > 10'000'000)
    return {errc::invalid_config,
            "lazy_put_limit is " + std::to_string(o.lazy_put_limit) + "; allowed is 1 to 10000000"};
  if (!detail::is_table_prefix(o.table_prefix))
    return {errc::invalid_config,
            "table_prefix is '" + o.table_prefix + "'; allowed is 1 to 64 letters, digits, _ or -"};
  if (!o.replication.node.name.empty() && !detail::is_table_prefix(o.replication.node.name))
    return {errc::invalid_config, "node.name is '" + o.replication.node.name
                                    + "'; allowed is 1 to 64 letters, digits, _ or -"};
  if (o.cluster == cluster_mode::distributed && o.replication.mode == replication_mode::strong)
    return {errc::invalid_config,
            "replication_mode is 'strong'; a cluster can do async and sync so far"};
  return validate(o.replication);
}

} // namespace supercache::inline SUPERCACHE_ABI
