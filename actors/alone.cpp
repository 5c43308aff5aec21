#include "alone.hpp"

#include "clock.hpp"
#include "core.hpp"
#include "service.hpp"

namespace supercache::detail {

alone::alone(core& c)
  : outsider({errc::invalid_argument, "this cache is no member of a cluster"}),
    core_(c),
    self_{own_name(), new_member_id()} {
  for (std::size_t i = 0; i < c.partitions(); ++i)
    written_.push_back(std::make_unique<written>());
}

std::int64_t alone::time_ms(std::size_t) const noexcept { return system_ms(); }

partition_place alone::place_of(std::size_t partition) {
  return {partition, own_name(), {}, {}, {}};
}

supercache::cluster_stats alone::stats() {
  supercache::cluster_stats out;
  out.node = own_name();
  out.live_nodes = {out.node};
  out.mode = to_string(core_.config().cluster);
  out.replication_mode = to_string(core_.config().replication.mode);
  out.partitions = out.writable = out.primaries_here = core_.partitions();
  return out;
}

bool alone::reclaim(std::size_t partition, std::size_t budget) {
  return core_.at(partition).reclaim_expired(system_ms(), budget) >= budget;
}

void alone::listen(bool on) {
  for (std::size_t i = 0; i < core_.partitions(); ++i)
    core_.at(i).tell(on ? &core_.changes() : nullptr);
}

// -- clients ------------------------------------------------------------------------------------

cluster_view alone::look() {
  cluster_view out;
  out.self = self_;
  const auto& at = core_.config().replication.node;
  out.nodes.push_back({self_, {own_name(), at.host, at.port}});
  out.partitions.assign(core_.partitions(), {{1, self_.id}, self_.id, {self_}});
  return out;
}

void alone::serve(frame::request r, const caf::actor& client) {
  written& w = *written_[r.partition];
  if (std::unique_lock hold{w.lock, std::defer_lock}; !is_long(r.what.body) && hold.try_lock())
    return write(w.by, r, client);
  core_.run_at(r.partition, [this, &w, r = std::move(r), client] {
    const std::lock_guard hold{w.lock};
    write(w.by, r, client);
  });
}

void alone::write(sessions& by, const frame::request& r, const caf::actor& client) {
  if (const auto* before = by.find(r.who))
    return tell_client(client, reply_to(r.id, before->answer, {}));
  if (by.over(r.who))
    return; // the client has the answer
  auto x = core_.executor().begin_write(r.partition, r.what, {}).wait();
  const auto now = system_ms();
  by.expire(now);
  if (x)
    by.done(r.who, 0, *x, now);
  tell_client(client, reply_to(r.id, std::move(x), {}));
}

void alone::serve(frame::question q, const caf::actor& client) {
  if (!is_long(q.what.body))
    return read(q, client);
  core_.run_at(q.partition, [this, q = std::move(q), client] { read(q, client); });
}

void alone::read(const frame::question& q, const caf::actor& client) {
  auto x = core_.executor().read(q.partition, q.what, {}).wait();
  if (!waits_for_item(q, x))
    return tell_client(client, found_for(q, {}, std::move(x)));
  auto again = q;
  again.hold_ms = 0;
  core_.when_items(q.partition, q.what.target.name, hold_of(q),
                   [this, again, client] { read(again, client); });
}

} // namespace supercache::detail
