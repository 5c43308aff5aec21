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

bool node::heard_us(member_id incarnation, std::int64_t since_ms) const {
  return std::ranges::any_of(links_, [&](const auto& x) {
    return x.second.up && x.second.incarnation == incarnation && x.second.proven_ms >= since_ms;
  });
}

/// Calls `tell` with what is here: at once, if that is certain; as primary perhaps later, when no
/// other can have led, and never if its epoch ends before.
void node::read_here(std::size_t partition, const space& where, const value& key, read_mode how,
                     on_seen tell) {
  partition_core& core = *parts_[partition]->core;
  const table* t = store(partition).find(where.kind, where.name);
  const auto get = [&](const stamp& when) {
    const records r = t ? t->get(key, hash(key), when) : records{};
    return r.empty() ? value{} : r.front()[1];
  };
  seen x;
  auto f = core.begin_read(how == read_mode::primary, &x.at);
  if (!f)
    return;
  const stamp when{core.replica().time_ms(now())};
  x.what = get(when);
  if (x.what.is_nil())
    x.expired = get(stamp{std::int64_t{0}});
  core.end_read(*f, when.latest_over(), now());
  const auto may_tell = core.confirm(*f, now());
  after_step(partition);
  if (may_tell)
    tell(x);
  else if (how == read_mode::primary)
    core.await(*f, [x, tell = std::move(tell)](const status& s) {
      if (s)
        tell(x);
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
