// The reads of a node's clients, as the router does them. As primary: by the node that leads the
// partition, if it has a lease once it has read, or once members confirm that it led then. By
// quorum: by all members, of which a majority has to answer. If that fails, it is tried again until
// the deadline.

#include "cluster.hpp"
#include "faults.hpp"
#include "node.hpp"

#include <algorithm>

namespace sim {

namespace {

constexpr std::int64_t attempt_ms = 700;
/// Time between two checks whether what was found is confirmed.
constexpr std::int64_t look_us = 25'000;

} // namespace

void node::read(reading what, std::int64_t timeout_ms) {
  const auto id = next_call_++;
  reads_.emplace(id, std::move(what));
  attempt_read(id);
  c_.w.after(timeout_ms * 1000, [this, id] {
    if (reads_.contains(id))
      end_read(id, std::nullopt);
  });
}

/// `delay_us`: until it is tried again, unless it is answered.
void node::again_read(std::uint64_t id, std::int64_t delay_us) {
  c_.w.after(delay_us, [this, id, number = reads_.at(id).attempt] {
    const auto at = reads_.find(id);
    if (at != reads_.end() && at->second.attempt == number && !ended_)
      attempt_read(id);
  });
}

void node::attempt_read(std::uint64_t id) {
  reading& r = reads_.at(id);
  ++r.attempt;
  const auto call_id = id << 8 | (r.attempt & 255);
  const auto mine = [this, call_id](const seen& x) { found(self_.id, call_id, x); };
  if (r.how == read_mode::local && !paused_) {
    read_here(r.partition, r.where, r.key, read_mode::local, mine);
    if (!reads_.contains(id))
      return;
  }
  const read_mode how = r.how == read_mode::local ? read_mode::primary : r.how;
  const leadership& l = membership_.leader_of(r.partition);
  member_list asked = how == read_mode::quorum ? r.answers.whom(l.members) : member_list{l.primary};
  if (how == read_mode::primary && copy(r.partition).leads())
    asked = {self_};
  const bool alone = asked.empty() || (asked.size() == 1 && asked.front() == self_);
  again_read(id, paused_ || alone ? 5'000 + static_cast<std::int64_t>(c_.w.random.below(30'000))
                                  : attempt_ms * 1000);
  if (paused_)
    return;
  for (const member& m : asked)
    if (m != self_ && membership_.is_live(m))
      c_.send(self_.node, m.node, m.id,
              [from = self_, call_id, part = r.partition, where = r.where, key = r.key,
               how](node& to) { to.question(from, call_id, part, where, key, how); });
  if (find_member(asked, self_.id))
    read_here(r.partition, r.where, r.key, how, mine);
}

void node::question(const member& from, std::uint64_t call_id, std::size_t partition,
                    const space& where, const value& key, read_mode how) {
  read_here(partition, where, key, how, [this, from, call_id](const seen& x) {
    c_.send(self_.node, from.node, from.id,
            [me = self_.id, call_id, x](node& to) { to.found(me, call_id, x); });
  });
}

/// Whether what was found by `found_ms`, or before now, may be told.
bool node::has_lease(std::size_t partition, std::int64_t found_ms) const {
  const replica& core = *parts_[partition]->core;
  const auto since_ms = std::min(now() - c_.p.down_ms * 2 / 3, found_ms);
  const auto heard = [&](member_id incarnation) {
    return std::ranges::any_of(links_, [&](const auto& x) {
      return x.second.up && x.second.incarnation == incarnation && x.second.proven_ms >= since_ms;
    });
  };
  if (c_.p.mode == replication_mode::async || faulty(fault::read_without_lease))
    return core.accepts_writes();
  return core.has_lease(heard, now());
}

/// Calls `tell` with what is here: at once, if that is certain; as primary perhaps later, when no
/// other can have led, and never if its epoch ends before. What has expired is certain when a
/// majority has an entry that says how late it is.
void node::read_here(std::size_t partition, const space& where, const value& key, read_mode how,
                     on_seen tell) {
  replica& core = copy(partition);
  const table* t = store(partition).find(where.kind, where.name);
  const auto get = [&](const stamp& when) {
    const records r = t ? t->get(key, hash(key), when) : records{};
    return r.empty() ? value{} : r.front()[1];
  };
  if (!core.readable() || (how == read_mode::primary && !core.accepts_writes()))
    return;
  const stamp when{core.time_ms(now())};
  seen x{{core.log().last(), core.group()}, get(when), {}};
  if (x.what.is_nil())
    x.expired = get(stamp{std::int64_t{0}});
  const auto over_ms = when.latest_over();
  if (!is_certain(partition, over_ms) && core.accepts_writes()) {
    core.state_time(over_ms);
    after_step(partition);
  }
  if (is_certain(partition, over_ms) && (how != read_mode::primary || has_lease(partition)))
    return tell(x);
  if (how == read_mode::primary)
    tell_later(partition, {now() + 1, core.promised(), over_ms, x, std::move(tell)});
}

bool node::is_certain(std::size_t partition, std::int64_t over_ms) const {
  return over_ms <= parts_[partition]->core->certain_ms() || faulty(fault::tell_of_expiry_early);
}

/// Looks again and again, for twice as long as it takes until a silent node is down.
void node::tell_later(std::size_t partition, finding f) {
  c_.w.after(look_us, [this, partition, f = std::move(f)]() mutable {
    const replica& core = copy(partition);
    if (ended_ || now() > f.found_ms + 2 * c_.p.down_ms || !core.leads()
        || core.promised() != f.led_in)
      return;
    if (!paused_ && is_certain(partition, f.over_ms) && has_lease(partition, f.found_ms))
      f.tell(f.what);
    else
      tell_later(partition, std::move(f));
  });
}

/// One node's answer.
void node::found(member_id from, std::uint64_t call_id, const seen& x) {
  const auto at = reads_.find(call_id >> 8);
  if (at == reads_.end())
    return;
  reading& r = at->second;
  const bool enough = r.answers.take(from, x.at, x);
  if (r.how != read_mode::quorum)
    end_read(at->first, x);
  else if (enough || faulty(fault::read_from_one))
    end_read(at->first, r.answers.newest());
}

void node::end_read(std::uint64_t id, const std::optional<seen>& x) {
  c_.w.note([&] {
    const reading& r = reads_.at(id);
    return to_string(self_) + " reads " + to_string(r.key) + " of partition "
           + std::to_string(r.partition) + ", " + std::string{to_string(r.how)} + ": "
           + (x ? to_string(x->what) : "no answer") + " as of "
           + to_string(r.answers.stands().last);
  });
  const auto done = std::move(reads_.at(id).done);
  reads_.erase(id);
  done(ended_ ? std::nullopt : x);
}

std::int64_t node::overdue_ms(std::size_t partition) {
  const auto first = store(partition).next_deadline();
  return first == INT64_MAX ? 0 : copy(partition).time_ms(now()) - first;
}

} // namespace sim
