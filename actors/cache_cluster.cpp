#include "access.hpp"
#include "distributed/dial.hpp"

#include <supercache/cache.hpp>

#include <algorithm>

// What a handle does with the cluster, and says of it.

namespace supercache {

using detail::answer_of;
using detail::core;
using detail::to_plain;

caf::expected<void> cache::try_leave(std::chrono::milliseconds longest) const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return answer_of(core_->others().leave(longest));
}
void cache::leave(std::chrono::milliseconds longest) const { to_plain(try_leave(longest)); }

caf::expected<void> cache::try_full_sync(std::chrono::milliseconds longest) const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  const auto copies = core_->others().sync(longest).wait();
  return to_expected(copies ? ok() : status{copies.why()});
}
void cache::full_sync(std::chrono::milliseconds longest) const { to_plain(try_full_sync(longest)); }

caf::expected<void> cache::try_reconfigure(const std::vector<std::string>& nodes) const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return to_expected(core_->others().reconfigure(nodes));
}
void cache::reconfigure(const std::vector<std::string>& nodes) const {
  to_plain(try_reconfigure(nodes));
}

// -- where data is --------------------------------------------------------------------------------

caf::expected<std::vector<partition_place>> cache::try_partition_map() const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return core_->partition_map();
}
std::vector<partition_place> cache::partition_map() const { return to_plain(try_partition_map()); }

caf::expected<partition_place> cache::try_get_replicas(std::size_t index) const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  if (auto s = core_->check_index(index); !s)
    return to_caf(s.why());
  return core_->others().place_of(index);
}
partition_place cache::get_replicas(std::size_t index) const {
  return to_plain(try_get_replicas(index));
}

caf::expected<std::vector<std::string>> cache::try_live_nodes() const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return core_->others().stats().live_nodes;
}
std::vector<std::string> cache::live_nodes() const { return to_plain(try_live_nodes()); }

namespace {

/// The partitions for which `has(place, node)`.
template <class F>
std::vector<std::size_t> partitions_where(core& c, std::string_view node, F&& has) {
  static_cast<void>(c.check_running().value());
  const std::string name = node.empty() ? c.others().own_name() : std::string{node};
  std::vector<std::size_t> out;
  for (const partition_place& p : c.partition_map())
    if (has(p, name))
      out.push_back(p.index);
  return out;
}

bool is_primary(const partition_place& p, const std::string& node) { return p.primary == node; }
bool is_replica(const partition_place& p, const std::string& node) {
  return std::ranges::find(p.replicas, node) != p.replicas.end();
}

} // namespace

std::vector<std::size_t> cache::node_partitions(std::string_view node) const {
  return partitions_where(*core_, node, [](const auto& p, const auto& name) {
    return is_primary(p, name) || is_replica(p, name);
  });
}
std::vector<std::size_t> cache::primary_partitions(std::string_view node) const {
  return partitions_where(*core_, node, is_primary);
}
std::vector<std::size_t> cache::replica_partitions(std::string_view node) const {
  return partitions_where(*core_, node, is_replica);
}

std::vector<std::pair<std::string, std::string>> cache::export_config() const {
  return detail::structure_of(core_->config());
}

// -- at run time ----------------------------------------------------------------------------------

caf::expected<void> cache::try_watch_nodes(const node_listener& who) const {
  return to_expected(core_->watch_nodes(caf::actor_cast<caf::actor>(who)));
}
void cache::watch_nodes(const node_listener& who) const { to_plain(try_watch_nodes(who)); }
bool cache::unwatch_nodes(const node_listener& who) const {
  return core_->nodes().remove(who.address());
}

caf::expected<void> cache::try_debug_log(bool on) const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return to_expected(core_->log().log_decisions(on));
}
void cache::debug_log(bool on) const { to_plain(try_debug_log(on)); }

// -- names ----------------------------------------------------------------------------------------

inline namespace SUPERCACHE_ABI {

caf::expected<std::vector<std::string>> try_names(const cache& c, space_kind kind,
                                                  const list_options& o,
                                                  const std::optional<std::string>& from) {
  const auto found
    = detail::calls::names(c.internals(), kind, from ? value{*from} : value{}, o).wait();
  if (!found)
    return to_caf(found.why());
  std::vector<std::string> out;
  for (const value& name : *found)
    out.emplace_back(name.as_string());
  return out;
}
std::vector<std::string> names(const cache& c, space_kind kind, const list_options& o,
                               const std::optional<std::string>& from) {
  return to_plain(try_names(c, kind, o, from));
}

} // namespace SUPERCACHE_ABI

} // namespace supercache
