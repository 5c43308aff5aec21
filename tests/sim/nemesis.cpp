#include "nemesis.hpp"

#include <algorithm>

namespace sim {

void nemesis::start() {
  next();
  if (!c_.p.hunt)
    return;
  c_.on_epoch = [this](const std::string& name) { hunt_primary(name); };
  c_.on_change = [this](const std::string& name) { hunt_changer(name); };
}

void nemesis::stop() noexcept {
  stopped_ = true;
  c_.on_epoch = c_.on_change = {};
}

void nemesis::next() {
  c_.w.after(static_cast<std::int64_t>(100'000 + c_.w.random.below(c_.p.calm_ms * 1'000)), [this] {
    if (stopped_)
      return;
    strike();
    next();
  });
}

void nemesis::strike() {
  const plan& p = c_.p;
  switch (c_.w.random.below(9)) {
    case 0:
    case 1: crash(any_name()); break;
    case 2:
      if (p.cuts)
        isolate();
      break;
    case 3:
      if (p.cuts)
        cut();
      break;
    case 4: c_.heal_all(); break;
    case 5:
      if (p.pauses)
        pause();
      break;
    case 6:
      if (p.joins)
        change_nodes();
      break;
    case 7:
      if (p.cuts)
        break_one();
      break;
    default: break;
  }
}

/// Async mode promises nothing about what a dead node had not sent; sync mode promises nothing if
/// more than a minority lose their memory at once.
void nemesis::crash(const std::string& name) {
  if (!c_.p.crashes || !c_.alive(name))
    return;
  if (c_.p.mode == replication_mode::async)
    lost_ = true;
  else if (!c_.can_lose(name))
    return;
  c_.crash(name);
  c_.w.after(static_cast<std::int64_t>(c_.w.random.below(6'000'000)), [this, name] {
    if (!c_.alive(name))
      c_.start(name);
  });
}

// -- the network --------------------------------------------------------------------------------

void nemesis::break_one() {
  lost_ = lost_ || c_.p.mode == replication_mode::async;
  c_.break_between(any_name(), any_name());
}

void nemesis::cut() {
  if (c_.w.random.chance(30))
    split();
  lost_ = lost_ || c_.p.mode == replication_mode::async;
  const auto a = any_name(), b = any_name();
  c_.cut(a, b, one_way());
  if (c_.w.random.chance(50))
    c_.break_between(a, b);
}

void nemesis::isolate() {
  const node* n = c_.leader(c_.w.random.below(c_.p.partitions));
  isolate(n && c_.w.random.chance(80) ? n->self().node : any_name());
}

/// Cuts a node off from all others, or from some; perhaps it hears nothing, or is not heard.
/// Perhaps the others notice at once, and it does not.
void nemesis::isolate(const std::string& name, std::size_t percent) {
  lost_ = lost_ || c_.p.mode == replication_mode::async;
  const node* n = c_.alive(name);
  const bool noticed = n && c_.w.random.chance(70);
  const bool half = one_way(), deaf = half && c_.w.random.chance(50);
  for (const auto& other : c_.names())
    if (other != name && c_.w.random.chance(percent)) {
      c_.cut(deaf ? other : name, deaf ? name : other, half);
      if (noticed)
        c_.notice_soon(other, n->self(), false);
    }
}

/// Cuts all connections between two sets of nodes.
void nemesis::split() {
  std::vector<std::string> one, other;
  for (const auto& name : c_.names())
    (c_.w.random.chance(50) ? one : other).push_back(name);
  const bool half = one_way();
  for (const auto& a : one)
    for (const auto& b : other)
      c_.cut(a, b, half);
}

void nemesis::pause() {
  const std::string name = any_name();
  lost_ = lost_ || c_.p.mode == replication_mode::async;
  c_.pause(name);
  c_.w.after(static_cast<std::int64_t>(c_.w.random.below(5'000'000)),
             [this, name] { c_.resume(name); });
}

void nemesis::heal_later(const std::string& name, std::int64_t in_us) {
  c_.w.after(in_us, [this, name] {
    for (const auto& other : c_.names())
      if (other != name && !stopped_)
        c_.heal(name, other);
  });
}

/// A node that has just begun to lead is cut off after a few messages, and comes back while others
/// lead.
void nemesis::hunt_primary(const std::string& name) {
  if (c_.w.random.chance(40))
    return;
  const auto soon
    = static_cast<std::int64_t>(c_.w.random.below(static_cast<std::size_t>(10 * c_.p.delay_us)));
  c_.w.after(soon, [this, name] {
    if (!stopped_)
      isolate(name, c_.w.random.chance(50) ? 100 : 60);
  });
  heal_later(name, soon + static_cast<std::int64_t>(c_.w.random.below(2'500'000)));
}

/// A node that has just begun to change the group is cut off from some others, or dies.
void nemesis::hunt_changer(const std::string& name) {
  if (c_.w.random.chance(60))
    return;
  const bool dies = c_.w.random.chance(30);
  const auto soon
    = static_cast<std::int64_t>(c_.w.random.below(static_cast<std::size_t>(10 * c_.p.delay_us)));
  c_.w.after(soon, [this, name, dies] {
    if (stopped_)
      return;
    if (dies)
      crash(name);
    else
      isolate(name, 50);
  });
  if (!dies)
    heal_later(name, soon + static_cast<std::int64_t>(c_.w.random.below(2'500'000)));
}

// -- nodes that come and go -----------------------------------------------------------------------

/// A node joins, or leaves: it gives away its data, and is gone. So many stay that groups keep
/// their size. While there are fewer nodes than copies wanted, nodes join one at a time: nodes that
/// start again cannot know of a smaller group that they cannot reach. (README, Limits)
void nemesis::change_nodes() {
  auto names = c_.declared();
  if (!leaving_.empty())
    return;
  const std::string name = any_name();
  node* n = c_.alive(name);
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) {
    if (names.size() < c_.p.factor && !everybody_joined(names.size()))
      return;
    names.push_back(name);
    c_.declare(names);
    if (!n)
      c_.start(name);
  } else if (names.size() > c_.p.factor && n && !n->paused()) {
    leaving_ = name;
    n->leave();
    await_end(n->self());
  }
}

/// Whether each partition has a group of at least so many members.
bool nemesis::everybody_joined(std::size_t nodes) {
  for (std::size_t i = 0; i < c_.p.partitions; ++i)
    if (std::ranges::none_of(c_.names(), [&](const std::string& name) {
          node* n = c_.alive(name);
          return n && n->copy(i).leads() && !n->copy(i).changing_members()
                 && n->copy(i).members().size() >= nodes;
        }))
      return false;
  return true;
}

void nemesis::await_end(const member& who) {
  node* n = c_.alive(who.node);
  if (!n || n->self() != who) { // it crashed, and is back as if nothing had happened
    leaving_.clear();
    return;
  }
  if (!n->may_end()) {
    c_.w.after(20'000, [this, who] { await_end(who); });
    return;
  }
  leaving_.clear();
  c_.crash(who.node);
  auto names = c_.declared();
  std::erase(names, who.node);
  c_.declare(names);
}

} // namespace sim
