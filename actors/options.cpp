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
  changed.named.emplace(name);
  o = std::move(changed);
  return ok();
}

result<std::string> get_option(const options& o, std::string_view name) {
  const field* f = find(name);
  if (!f)
    return unknown(name);
  return f->write(o);
}

namespace {

/// An empty word is no default: its writer meant something.
status check_named(const options& o) {
  for (const auto& name : o.named)
    if (const field* f = find(name); f && f->type != "list" && f->write(o).empty())
      return {errc::invalid_config,
              name + " is ''; allowed is " + f->allowed + " (" + f->type + ")"};
  return ok();
}

/// Refuses options by which users would believe that data outlives the processes that have it.
status check_promises(const options& o) {
  const auto& wal = o.replication.wal;
  const std::string no_log = ", but there is no log on disk so far: data is lost when the last "
                             "process that has it ends";
  if (o.replication.mode == replication_mode::strong)
    return {errc::invalid_config,
            o.cluster == cluster_mode::distributed
              ? "replication_mode is 'strong'; a cluster can do async and sync so far"
              : "replication_mode is 'strong'" + no_log};
  if (!wal.dir.empty())
    return {errc::invalid_config, "wal.dir is '" + wal.dir + "'" + no_log};
  const bool meant = o.named.contains("wal.fsync") || wal.fsync != options{}.replication.wal.fsync;
  if (meant && wal.fsync != fsync_policy::never)
    return {errc::invalid_config,
            "wal.fsync is '" + std::string{to_string(wal.fsync)} + "'" + no_log};
  return ok();
}

} // namespace

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
  if (!is_plain_name(o.table_prefix))
    return {errc::invalid_config,
            "table_prefix is '" + o.table_prefix + "'; allowed is 1 to 64 letters, digits, _ or -"};
  if (!o.replication.node.name.empty() && !is_plain_name(o.replication.node.name))
    return {errc::invalid_config, "node.name is '" + o.replication.node.name
                                    + "'; allowed is 1 to 64 letters, digits, _ or -"};
  for (const auto& check : {check_named(o), check_promises(o)})
    if (!check)
      return check;
  return validate(o.replication);
}

// -- options without effect ---------------------------------------------------------------------

namespace {

/// Of those names, the options that were set.
std::vector<std::string> set_among(const options& o, const std::vector<std::string>& names) {
  static const options defaults;
  std::vector<std::string> out;
  for (const auto& name : names) {
    const field& f = *find(name);
    if (o.named.contains(name) || f.write(o) != f.write(defaults))
      out.push_back(name);
  }
  return out;
}

/// The options whose names have this prefix.
std::vector<std::string> names_with(std::string_view prefix) {
  std::vector<std::string> out;
  for (const field& f : fields())
    if (f.name.starts_with(prefix))
      out.push_back(f.name);
  return out;
}

/// The options of a cluster, which mean nothing to a cache that stands alone; except where it
/// listens, if it does.
std::vector<std::string> of_clusters(const options& o) {
  std::vector<std::string> out{"replication_factor", "transfer_rate", "cluster_peers",
                               "wal.majority_timeout", "wal.max_pending"};
  for (const auto* prefix : {"node.", "node_monitor."})
    for (auto& name : names_with(prefix))
      if (!o.listen || (name != "node.host" && name != "node.port"))
        out.push_back(std::move(name));
  return out;
}

/// The options of sources of nodes other than the one that is asked.
std::vector<std::string> of_other_sources(const cluster_options& o) {
  std::vector<std::string> out;
  if (o.node_monitor.source == monitor_source::provider)
    out.emplace_back("cluster_peers");
  if (o.node_monitor.source != monitor_source::nodes)
    out.emplace_back("node_monitor.nodes");
  if (o.node_monitor.source != monitor_source::provider || o.node_monitor.ask)
    out.emplace_back("node_monitor.provider");
  if (o.node_monitor.source != monitor_source::provider)
    out.emplace_back("node_monitor.refresh_ms");
  return out;
}

} // namespace

std::vector<std::string> without_effect(const options& o) {
  std::vector<std::string> out;
  const auto note = [&](const std::vector<std::string>& names, const std::string& where) {
    std::string text;
    for (const auto& name : set_among(o, names))
      text += (text.empty() ? "" : ", ") + name;
    if (!text.empty())
      out.push_back("no effect" + where + ": " + text);
  };
  auto never = names_with("health.");
  for (const auto* name : {"wal.cleanup_interval", "wal.fsync"})
    never.emplace_back(name);
  note(never, " so far");
  if (o.cluster == cluster_mode::local) {
    note(of_clusters(o), " with cluster = local");
    if (o.replication.mode == replication_mode::sync)
      out.emplace_back("replication_mode is 'sync', but cluster is local: there is one copy, in "
                       "the memory of this process, and it ends with it");
  } else {
    note(of_other_sources(o.replication),
         " with node_monitor.source = "
           + std::string{to_string(o.replication.node_monitor.source)});
  }
  return out;
}

} // namespace supercache::inline SUPERCACHE_ABI
