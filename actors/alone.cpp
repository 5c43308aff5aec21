#include "alone.hpp"

namespace supercache::detail {

partition_place alone::place_of(std::size_t partition) {
  return {partition, own_name(), {}, {}, {}};
}

supercache::cluster_stats alone::stats() {
  supercache::cluster_stats out;
  out.node = own_name();
  out.live_nodes = {out.node};
  out.mode = to_string(options_.cluster);
  out.replication_mode = to_string(options_.replication.mode);
  out.partitions = out.writable = out.primaries_here = stores_.size();
  return out;
}

bool alone::reclaim(std::size_t partition, std::size_t budget) {
  return stores_[partition]->reclaim_expired(system_ms(), budget) >= budget;
}

void alone::listen(bool on) {
  for (const auto& s : stores_)
    s->tell(on ? &changes_ : nullptr);
}

result<std::pair<byte_buffer, caf::actor>> alone::welcome(byte_view, const caf::actor&) {
  return {errc::invalid_config, "this node is no member of a cluster"};
}

} // namespace supercache::detail
