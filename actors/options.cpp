#include "settings.hpp"

#include <algorithm>

namespace supercache::inline SUPERCACHE_ABI {

using detail::field;
using detail::fields;
using detail::trim;

std::string_view to_string(cluster_mode m) noexcept {
  return m == cluster_mode::local ? "local" : "distributed";
}

namespace {

std::size_t distance(std::string_view a, std::string_view b) { // Levenshtein
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

failure unknown(std::string_view name) {
  const auto nearest = std::ranges::min_element(
    fields(), {}, [&](const field& f) { return distance(f.name, name); });
  std::string text = "unknown option '" + std::string{name} + "'";
  if (distance(nearest->name, name) <= std::max<std::size_t>(2, name.size() / 3))
    text += "; did you mean '" + nearest->name + "'?";
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
