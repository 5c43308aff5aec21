#include "node.hpp"

#include "cluster.hpp"

#include <supercache/store/wire_fields.hpp>

#include <algorithm>
#include <utility>

namespace sim {

namespace {

membership_options options_of(const plan& p, const member& self) {
  membership_options o;
  o.self = self;
  o.partitions = p.partitions;
  o.factor = p.factor;
  o.mode = p.mode;
  o.bootstrap_ms = 2'000;
  o.replace_ms = p.replace_ms;
  return o;
}

request_options request_options_of(const plan& p, const member& self) {
  request_options o;
  o.self = self;
  o.partitions = p.partitions;
  o.first_call = self.id << 16 | 1; // no two incarnations have the same
  o.attempt_ms = 700;
  return o;
}

} // namespace

node::node(cluster& c, member self, std::vector<std::string> declared, std::int64_t skew_ms)
  : c_(c),
    self_(std::move(self)),
    skew_ms_(skew_ms),
    membership_(options_of(c.p, self_), now()),
    requests_(request_options_of(c.p, self_), *this) {
  partition_options o;
  o.replica.self = self_;
  o.replica.mode = c.p.mode;
  o.replica.log_bytes_max = c.p.log_bytes;
  o.replica.stagger_ms = c.p.stagger_ms;
  o.replica.loyal_ms = o.down_ms = c.p.down_ms;
  o.lease_ms = c.p.down_ms * 2 / 3;
  store_options so;
  so.type = c.p.type;
  so.stripes = 2;
  for (std::size_t i = 0; i < c.p.partitions; ++i) {
    auto one = std::make_unique<part>();
    one->store = std::make_unique<partition_store>(so);
    one->core = std::make_unique<partition_core>(o, *this, *one->store);
    parts_.push_back(std::move(one));
  }
  membership_.declare(std::move(declared), now());
  c_.w.after(static_cast<std::int64_t>(c_.w.random.below(20'000)), [this] { tick(); });
}

std::int64_t node::now() const { return c_.w.now_ms() + skew_ms_ + 10'000'000; }

void node::declare(const std::vector<std::string>& names) { membership_.declare(names, now()); }

void node::leave() { // its heartbeats say so
  membership_.node_leaves(self_.node);
  left_ms_ = now();
  next_beat_ms_ = 0;
}

bool node::may_end() const {
  const auto knows = [&](const auto& x) { return x.second.up && x.second.proven_ms > left_ms_; };
  std::vector<member> bootstrappers;
  for (const auto& p : parts_)
    bootstrappers.push_back(p->copy().bootstrapper());
  return membership_.counting_on_self(bootstrappers) == 0 && std::ranges::any_of(links_, knows);
}

void node::set_paused(bool p) {
  paused_ = p;
  while (!paused_ && !held_.empty()) {
    auto frame = std::move(held_.front());
    held_.pop_front();
    frame(*this);
  }
}

void node::deliver(std::function<void(node&)> frame) {
  if (ended_)
    return;
  if (paused_)
    held_.push_back(std::move(frame));
  else
    frame(*this);
}

std::int64_t node::overdue_ms(std::size_t partition) {
  const auto first = store(partition).next_deadline();
  return first == INT64_MAX ? 0 : copy(partition).time_ms(now()) - first;
}

// -- time ---------------------------------------------------------------------------------------

void node::tick() {
  if (ended_)
    return;
  c_.w.after(c_.p.tick_ms * 1000, [this] { tick(); });
  if (paused_)
    return;
  dial();
  membership_.tick(now());
  tell_who_is_gone();
  tick_requests();
  for (auto& [name, l] : links_)
    if (l.up && now() - l.heard_ms > c_.p.down_ms)
      disconnect(name, true);
  for (const auto& [name, l] : links_)
    if (l.stream)
      for (const std::size_t i : l.stream->core.partitions_under_way(now()))
        parts_[i]->copy().still_sending(l.incarnation, now());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    part& p = *parts_[i];
    steer(i);
    p.copy().tick(now());
    p.store->reclaim_expired(p.copy().certain_ms(), 100);
    p.store->free_cleared(100);
    if (const leadership& l = membership_.leader_of(i); l.current && l.primary != self_)
      p.copy().heard_of(l.epoch, now());
    p.copy().know_of_group(membership_.group_exists(i, p.copy().bootstrapper(), now()));
    if (auto initial_members = membership_.to_bootstrap(i, p.copy().bootstrapper(), now());
        initial_members && p.copy().blank())
      p.copy().bootstrap(*initial_members, membership_.live(), membership_.leader_of(i).epoch,
                         now());
    announce(i);
    after_step(i);
  }
}

void node::dial() {
  const bool beats = c_.w.now_ms() >= next_beat_ms_;
  if (beats)
    next_beat_ms_ = c_.w.now_ms() + c_.p.down_ms / 6;
  for (const auto& name : c_.names()) {
    if (name == self_.node)
      continue;
    link& l = links_[name];
    const bool mine = membership_.declared().contains(name);
    if (c_.p.streams && !l.up && name < self_.node)
      continue; // it dials
    if (!l.up && mine && c_.w.random.chance(20)) {
      if (node* n = c_.alive(name); n && c_.meet(self_.node, name)) {
        l.dialled = c_.new_session();
        c_.send(self_.node, name, n->self().id,
                [m = self_, s = l.dialled](node& to) { to.hello(m, true, s); });
      }
    } else if (l.up && beats) {
      beat(name);
    }
  }
}

// -- partitions ---------------------------------------------------------------------------------

void node::steer(std::size_t i) {
  part& p = *parts_[i];
  if (p.steered == membership_.version())
    return;
  p.steered = membership_.version();
  p.copy().steer(membership_.wanted(i), now());
}

void node::after_step(std::size_t i) {
  part& p = *parts_[i];
  for (const member_id to : p.copy().take_addressees())
    flush_soon(to);
  const replica_news n = p.copy().take_news();
  discarded_ += n.discarded;
  if (n.discarded)
    c_.w.note([&] { return to_string(self_) + " gives up " + std::to_string(n.discarded); });
  if (n.role && p.copy().leads()) {
    c_.w.note([&] {
      return to_string(self_) + " leads partition " + std::to_string(i) + " in "
             + to_string(p.copy().promised());
    });
    if (p.led < p.copy().promised()) {
      c_.look_for_split(i, *this);
      if (c_.on_epoch)
        c_.on_epoch(self_.node);
      c_.changed(i);
    }
    p.led = p.copy().promised();
  }
  if (n.members) {
    c_.changed(i);
    if (c_.on_change && p.copy().leads() && p.copy().group().joint)
      c_.on_change(self_.node);
  }
  if (n.members)
    c_.w.note([&] {
      return to_string(self_) + " sees the group of partition " + std::to_string(i) + " as "
             + to_string(p.copy().group());
    });
  if (n.role || n.members || n.readable || n.bootstrapped || p.copy().promised() != p.said.epoch)
    announce(i);
  settle(i);
  if (c_.p.mode != replication_mode::async && p.copy().leads() && p.copy().commit() > p.committed)
    c_.check_commit(i, *this);
  p.committed = p.copy().commit();
  if (c_.deep)
    c_.compare_data(i, *this);
  for (const auto& what : c_.watches[i].look(self_.id, p.copy()))
    c_.w.fail("invariants", to_string(self_) + ", partition " + std::to_string(i) + ": " + what);
}

void node::announce(std::size_t i) {
  part& p = *parts_[i];
  const claim now_is = claim_of(i, p.copy());
  if (now_is == p.said)
    return;
  p.said = now_is;
  const auto version = membership_.own(now_is);
  for (const auto& [name, l] : links_)
    if (l.up)
      say({name, l.incarnation}, frame::one_claim{version, now_is});
}

} // namespace sim
