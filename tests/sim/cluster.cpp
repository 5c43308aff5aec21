#include "cluster.hpp"

#include <algorithm>

namespace sim {

cluster::cluster(world& world_, const plan& plan_)
  : w(world_), p(plan_), watches(plan_.partitions, partition_watch{plan_.mode}) {
  for (std::size_t i = 0; i < p.nodes + p.more_nodes; ++i)
    names_.push_back(std::string(1, static_cast<char>('a' + i)));
  declared_.assign(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(p.nodes));
  for (const auto& name : declared_)
    w.after(static_cast<std::int64_t>(w.random.below(w.random.chance(50) ? 1'000 : 4'000'000)),
            [this, name] {
              if (!alive(name))
                start(name);
            });
}

// -- the network --------------------------------------------------------------------------------

void cluster::send(const std::string& from, const std::string& to, member_id incarnation,
                   std::function<void(node&)> frame, bool once) {
  const auto hits = [&](unsigned percent) { return w.random.below(10'000) < percent * lossy; };
  if (is_cut(from, to) || hits(p.drop_percent))
    return;
  const int copies = !once && hits(p.duplicate_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    auto delay = p.delay_us / 2
                 + static_cast<std::int64_t>(w.random.below(static_cast<std::size_t>(p.delay_us)));
    if (i > 0 && hits(p.stray_percent)) // from another time
      delay = static_cast<std::int64_t>(w.random.below(5'000'000));
    else if (hits(p.reorder_percent))
      delay = hits(p.stray_percent) ? static_cast<std::int64_t>(w.random.below(5'000'000))
                                    : delay * static_cast<std::int64_t>(2 + w.random.below(60));
    w.after(delay, [this, from, to, incarnation, frame] {
      node* n = alive(to);
      if (n && n->self().id == incarnation && !is_cut(from, to))
        n->deliver(frame);
    });
  }
}

void cluster::carry(const member& from, const member& to, byte_buffer bytes) {
  const way where{from.node, to.node};
  auto& all = on_way_[where];
  all.push_back({from, to, std::move(bytes)});
  if (all.size() == 1)
    move_on(where, p.delay_us / 2);
}

/// The first frame on a way arrives, after a delay, and then those behind it.
void cluster::move_on(const way& where, std::int64_t delay_us) {
  const auto more = static_cast<std::int64_t>(w.random.below(static_cast<std::size_t>(p.delay_us)));
  w.after(delay_us + more, [this, where] {
    constexpr std::int64_t again_us = 20'000;
    if (cuts_.contains(where))
      return move_on(where, again_us);
    auto& all = on_way_[where];
    const parcel first = std::move(all.front());
    all.pop_front();
    if (!all.empty())
      move_on(where, 0);
    if (node* n = alive(where.second); n && n->self() == first.to)
      n->deliver([first](node& to) { to.arrive(first.from, first.bytes); });
  });
}

void cluster::cut(const std::string& a, const std::string& b, bool one_way) {
  w.note([&] { return "CUT " + a + (one_way ? " > " : " - ") + b; });
  cuts_.emplace(a, b);
  if (!one_way)
    cuts_.emplace(b, a);
}
void cluster::break_between(const std::string& a, const std::string& b) {
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}})
    if (node* n = alive(from); n && alive(to) && from != to && w.random.chance(60))
      notice_soon(from, alive(to)->self(), false);
}
void cluster::notice_soon(const std::string& who, const member& other, bool dead) {
  w.after(static_cast<std::int64_t>(w.random.below(50'000)), [this, who, other, dead] {
    if (node* n = alive(who))
      n->notice(other, dead);
  });
}
void cluster::heal(const std::string& a, const std::string& b) {
  w.note([&] { return "HEAL " + a + " - " + b; });
  cuts_.erase({a, b});
  cuts_.erase({b, a});
}
void cluster::heal_all() {
  w.note([] { return "HEAL everything"; });
  cuts_.clear();
}
bool cluster::is_cut(const std::string& from, const std::string& to) const {
  return cuts_.contains({from, to});
}

bool cluster::hold(std::size_t partition, const message& m, const std::string& from,
                   const std::string& to, member_id incarnation, std::function<void(node&)> frame) {
  constexpr std::size_t most = 1'000;
  if (lossy == 0 || p.held_kind != m.index() || !w.random.chance(p.held_percent)
      || held_.size() >= most)
    return false;
  held_.push_back({partition, from, to, incarnation, std::move(frame), 1 + w.random.below(3)});
  return true;
}

void cluster::arrive(const kept& k, std::int64_t delay_us) {
  w.after(delay_us, [this, k] {
    node* n = alive(k.to);
    if (!n || n->self().id != k.incarnation || is_cut(k.from, k.to))
      return;
    w.note([&] { return "what was held arrives from " + k.from + " at " + k.to; });
    n->deliver(k.frame);
  });
}

void cluster::changed(std::size_t partition) {
  std::erase_if(held_, [&](kept& k) {
    if (k.partition != partition || --k.changes > 0)
      return false;
    arrive(k, static_cast<std::int64_t>(w.random.below(100'000)));
    return true;
  });
}

void cluster::release_all() {
  for (const kept& k : std::exchange(held_, {}))
    arrive(k, static_cast<std::int64_t>(w.random.below(1'000'000)));
}

// -- the nodes ----------------------------------------------------------------------------------

node* cluster::alive(const std::string& name) {
  const auto at = nodes_.find(name);
  return at == nodes_.end() ? nullptr : at->second.get();
}

void cluster::start(const std::string& name) {
  // Incarnations differ in their low digits, which are what people see.
  const member self{name, (static_cast<member_id>(name[0]) << 32) + next_incarnation_++};
  w.note([&] { return "START " + to_string(self); });
  const auto skew
    = p.skew_ms ? static_cast<std::int64_t>(w.random.below(static_cast<std::size_t>(2 * p.skew_ms)))
                : 0;
  nodes_[name] = std::make_unique<node>(*this, self, declared_, skew);
}

void cluster::crash(const std::string& name) {
  const auto at = nodes_.find(name);
  if (at == nodes_.end())
    return;
  w.note([&] { return "CRASH " + to_string(at->second->self()); });
  for (const auto& other : names_)
    if (other != name && !is_cut(other, name) && w.random.chance(60)) {
      notice_soon(other, at->second->self(), false);
      notice_soon(other, at->second->self(), true);
    }
  at->second->end();
  dead_.push_back(std::move(at->second));
  nodes_.erase(at);
}

void cluster::pause(const std::string& name) {
  if (node* n = alive(name)) {
    w.note([&] { return "PAUSE " + name; });
    n->set_paused(true);
  }
}
void cluster::resume(const std::string& name) {
  if (node* n = alive(name); n && n->paused()) {
    w.note([&] { return "RESUME " + name; });
    n->set_paused(false);
  }
}

void cluster::declare(std::vector<std::string> names) {
  w.note([&] {
    std::string s = "DECLARE";
    for (const auto& n : names)
      s += ' ' + n;
    return s;
  });
  declared_ = std::move(names);
  for (auto& [name, n] : nodes_)
    n->declare(declared_);
}

} // namespace sim
