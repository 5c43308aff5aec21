// The reads of a node's clients, as primary: by the node that leads the partition, if it has a
// lease once it has read; else again until the deadline.

#include "cluster.hpp"
#include "faults.hpp"
#include "node.hpp"

#include <algorithm>

namespace sim {

namespace {

constexpr std::int64_t attempt_ms = 700;

} // namespace

void node::read(std::size_t partition, space where, value key, std::int64_t timeout_ms,
                on_found done) {
  const auto id = next_call_++;
  reads_.emplace(id, reading{partition, std::move(where), std::move(key), std::move(done)});
  attempt_read(id);
  c_.w.after(timeout_ms * 1000, [this, id] { found(id, std::nullopt); });
}

/// Asks itself or who leads; again, if there is no answer in time.
void node::attempt_read(std::uint64_t id) {
  const auto at = reads_.find(id);
  if (at == reads_.end() || ended_)
    return;
  const reading& r = at->second;
  const leadership& l = membership_.leader_of(r.partition);
  if (!paused_ && copy(r.partition).leads()) {
    if (auto x = read_here(r.partition, r.where, r.key)) {
      found(id, std::move(x));
      return;
    }
  } else if (!paused_ && l.current && membership_.is_live(l.primary)) {
    c_.send(self_.node, l.primary.node, l.primary.id,
            [from = self_, id, part = r.partition, where = r.where, key = r.key](node& to) {
              to.question(from, id, part, where, key);
            });
    c_.w.after(attempt_ms * 1000, [this, id] { attempt_read(id); });
    return;
  }
  c_.w.after(5'000 + static_cast<std::int64_t>(c_.w.random.below(30'000)),
             [this, id] { attempt_read(id); });
}

void node::question(const member& from, std::uint64_t call_id, std::size_t partition,
                    const space& where, const value& key) {
  if (auto x = read_here(partition, where, key))
    c_.send(self_.node, from.node, from.id, [call_id, x](node& to) { to.found(call_id, x); });
}

/// The second field of a record, nil if there is none; nothing without a lease.
std::optional<value> node::read_here(std::size_t partition, const space& where, const value& key) {
  const replica& core = copy(partition);
  const table* t = store(partition).find(where.kind, where.name);
  const stamp when{core.stamp_ms()};
  const records r = t ? t->get(key, hash(key), when) : records{};
  const auto heard = [&](member_id life) {
    const std::int64_t lease_ms = c_.p.down_ms * 2 / 3;
    return std::ranges::any_of(links_, [&](const auto& x) {
      return x.second.up && x.second.life == life && x.second.proven_ms >= now() - lease_ms;
    });
  };
  const bool needs_lease
    = c_.p.mode == replication_mode::sync && !faulty(fault::read_without_lease);
  if (needs_lease ? !core.has_lease(heard, now()) : !core.leads())
    return {};
  return r.empty() ? value{} : r.front()[1];
}

void node::found(std::uint64_t call_id, const std::optional<value>& x) {
  const auto at = reads_.find(call_id);
  if (at == reads_.end())
    return;
  const auto done = std::move(at->second.done);
  reads_.erase(at);
  done(ended_ ? std::nullopt : x);
}

} // namespace sim
