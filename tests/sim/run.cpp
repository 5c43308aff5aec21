#include "run.hpp"

#include <algorithm>

namespace sim {

namespace {

/// Misfortune: every now and then something fails, or is mended.
class nemesis {
public:
  nemesis(cluster& c, workload& load) : c_(c), load_(load) {}

  void start() {
    next();
    if (c_.p.hunt)
      c_.on_reign = [this](const std::string& name) { hunt(name); };
  }
  void stop() noexcept {
    stopped_ = true;
    c_.on_reign = {};
  }
  /// Whether everything that was acknowledged has to be there in the end.
  bool data_was_lost() const noexcept { return lost_; }

private:
  std::string any_name() { return c_.names()[c_.w.random.below(c_.names().size())]; }
  void next() {
    c_.w.after(static_cast<std::int64_t>(100'000 + c_.w.random.below(c_.p.calm_ms * 1'000)),
               [this] {
                 if (stopped_)
                   return;
                 strike();
                 next();
               });
  }
  void strike() {
    const plan& p = c_.p;
    switch (c_.w.random.below(9)) {
      case 0:
      case 1:
        if (p.crashes)
          crash();
        break;
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
  void crash() {
    const std::string name = any_name();
    if (!c_.alive(name))
      return;
    // Async mode promises nothing for what a dead node had not sent; sync nothing if more than a
    // minority lose their memory at once.
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
  void break_one() {
    lost_ = lost_ || c_.p.mode == replication_mode::async;
    c_.break_between(any_name(), any_name());
  }
  void cut() {
    if (c_.w.random.chance(30))
      split();
    lost_ = lost_ || c_.p.mode == replication_mode::async;
    const auto a = any_name(), b = any_name();
    c_.cut(a, b);
    if (c_.w.random.chance(50))
      c_.break_between(a, b);
  }
  void isolate() {
    const node* n = c_.leader(c_.w.random.below(c_.p.partitions));
    isolate(n && c_.w.random.chance(80) ? n->self().node : any_name());
  }
  /// Cuts it off from all others, or from some. Perhaps they notice at once, and it does not.
  void isolate(const std::string& name, std::size_t percent = 100) {
    lost_ = lost_ || c_.p.mode == replication_mode::async;
    const node* n = c_.alive(name);
    const bool noticed = n && c_.w.random.chance(70);
    for (const auto& other : c_.names())
      if (other != name && c_.w.random.chance(percent)) {
        c_.cut(name, other);
        if (noticed)
          c_.notice_soon(other, n->self(), false);
      }
  }
  /// Cuts all connections between two sets of nodes.
  void split() {
    std::vector<std::string> one, other;
    for (const auto& name : c_.names())
      (c_.w.random.chance(50) ? one : other).push_back(name);
    for (const auto& a : one)
      for (const auto& b : other)
        c_.cut(a, b);
  }
  /// Who has just begun to lead is cut off after a few messages, and comes back while others lead.
  void hunt(const std::string& name) {
    if (c_.w.random.chance(40))
      return;
    const auto soon
      = static_cast<std::int64_t>(c_.w.random.below(static_cast<std::size_t>(10 * c_.p.delay_us)));
    c_.w.after(soon, [this, name] {
      if (!stopped_)
        isolate(name, c_.w.random.chance(50) ? 100 : 60);
    });
    c_.w.after(soon + static_cast<std::int64_t>(c_.w.random.below(2'500'000)), [this, name] {
      for (const auto& other : c_.names())
        if (other != name && !stopped_)
          c_.heal(name, other);
    });
  }
  void pause() {
    const std::string name = any_name();
    lost_ = lost_ || c_.p.mode == replication_mode::async;
    c_.pause(name);
    c_.w.after(static_cast<std::int64_t>(c_.w.random.below(5'000'000)),
               [this, name] { c_.resume(name); });
  }
  /// A node joins, or leaves: it gives away what it has, and is gone. So many stay that groups keep
  /// their size, and while there are fewer nodes than copies wanted they come one at a time: nodes
  /// that start anew cannot know of a smaller group that they cannot reach. (README, Limits)
  void change_nodes() {
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
  /// Whether each partition has a group of so many members.
  bool everybody_joined(std::size_t nodes) {
    for (std::size_t i = 0; i < c_.p.partitions; ++i)
      if (std::ranges::none_of(c_.names(), [&](const std::string& name) {
            node* n = c_.alive(name);
            return n && n->copy(i).leads() && !n->copy(i).changing_members()
                   && n->copy(i).members().size() >= nodes;
          }))
        return false;
    return true;
  }
  void await_end(const member& who) {
    node* n = c_.alive(who.node);
    if (!n || n->self() != who) { // it crashed, and is back as if nothing had been
      leaving_.clear();
      return;
    }
    if (n->view().counting_on_self() > 0) {
      c_.w.after(20'000, [this, who] { await_end(who); });
      return;
    }
    leaving_.clear();
    c_.crash(who.node);
    auto names = c_.declared();
    std::erase(names, who.node);
    c_.declare(names);
  }

  cluster& c_;
  workload& load_;
  bool stopped_ = false;
  bool lost_ = false;
  std::string leaving_;
};

void heal(cluster& c) {
  c.heal_all();
  c.lossy = 0;
  for (const auto& name : c.names())
    c.resume(name);
  for (const auto& name : c.declared())
    if (!c.alive(name))
      c.start(name);
}

} // namespace

report run_seed(replication_mode mode, std::uint64_t seed, std::size_t trace_lines, bool deep) {
  world w{seed};
  w.trace_lines = trace_lines;
  const plan p = draw(mode, w.random);
  cluster c{w, p};
  c.deep = deep;
  workload load{c};
  nemesis n{c, load};
  for (std::size_t i = 0; i < 3 + w.random.below(6); ++i)
    load.start_client(i);
  w.after(5'000'000, [&] { n.start(); });
  w.run_until_ms(5'000 + p.chaos_ms);
  n.stop();
  w.note([] { return "LIVENESS"; });
  heal(c);
  std::string why = "not looked";
  // Clients go on for a while, then everything has to come to rest.
  w.run_until_ms(w.now_ms() + 3'000);
  load.stop();
  const std::int64_t deadline = w.now_ms() + 60'000;
  while (w.wrong.empty() && !(load.idle() && c.settled(&why))) {
    if (w.now_ms() >= deadline) {
      w.fail("liveness", "not at rest a minute after everything was healed: " + why);
      break;
    }
    w.run_until_ms(w.now_ms() + 500);
  }
  if (w.wrong.empty())
    load.check(mode != replication_mode::async || !n.data_was_lost());
  return {seed,      p.text(),     w.wrong,      w.trace,        w.events(),      w.now_ms(),
          load.done, load.refused, load.unknown, load.read_done, load.read_failed};
}

} // namespace sim
