#include "storm.hpp"

#include "cluster/stage.hpp"
#include "guarantee.hpp"

#include <supercache/cluster/invariants.hpp>

#include <algorithm>
#include <array>

namespace sim {

namespace {

using ::workload::dice;

const std::array<std::string, 5> names{"a", "b", "c", "d", "e"};

class storm {
public:
  storm(replication_mode mode, std::uint64_t seed, std::size_t trace_lines)
    : mode_(mode), d_(seed), watch_(mode), trace_lines_(trace_lines) {
    play_.mode = mode;
    play_.budget.entries = 1 + d_.below(200);
    play_.budget.pieces = 1 + d_.below(100);
    play_.log_bytes = std::size_t{1} << (8 + d_.below(6));
    nodes_ = 3 + d_.below(3);
    const std::vector<std::string> all(names.begin(),
                                       names.begin() + static_cast<std::ptrdiff_t>(nodes_));
    play_.add(all);
    play_.bootstrap({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(1 + d_.below(3))});
    look();
  }

  void rage() {
    for (std::size_t steps = 300 + d_.below(1'200); steps > 0 && wrong_.empty(); --steps) {
      ++steps_;
      step();
      look();
    }
  }

  /// Everything is healed; some copy has to lead, and to commit, before long.
  void calm() {
    const bool lost = mode_ == replication_mode::async && !somebody_is_whole();
    note([&] { return "CALM\n" + show(); });
    for (std::size_t i = 0; i < nodes_; ++i)
      for (std::size_t k = 0; k < i; ++k)
        play_.heal(names[i], names[k]);
    for (std::size_t i = 0; i < nodes_; ++i)
      if (!play_.alive(names[i]))
        play_.restart(names[i]);
    wanted_ = {0, 1, 2};
    std::string said;
    for (int i = 0; i < 400 && wrong_.empty() && !lost; ++i) {
      hear();
      play_.run(100, true);
      look();
      said = unrest();
      if (said.empty())
        return;
    }
    if (wrong_.empty() && !lost)
      wrong_.push_back("liveness: not at rest when all was healed: " + said);
  }

  report result(std::uint64_t seed) {
    note([&] { return show(); });
    report r;
    r.seed = seed;
    r.plan = std::string{to_string(mode_)} + ", " + std::to_string(nodes_) + " nodes";
    r.wrong = wrong_;
    r.trace = trace_;
    r.events = steps_;
    r.simulated_ms = play_.now;
    r.done = written_;
    return r;
  }

private:
  template <class F>
  void note(F&& text) {
    if (trace_lines_ == 0)
      return;
    trace_.push_back(std::to_string(play_.now) + " ms  " + text());
    if (trace_.size() > trace_lines_)
      trace_.pop_front();
  }
  std::string show() {
    std::string s;
    for (std::size_t i = 0; i < nodes_; ++i)
      s += "    " + play_.show(names[i]) + '\n';
    return s;
  }

  const std::string& any() { return names[d_.below(nodes_)]; }
  bool leads(const std::string& name) { return play_.alive(name) && play_.core(name).leads(); }
  /// A node that leads, drawn at random; empty: none does.
  std::string primary() {
    std::string best;
    for (std::size_t i = 0; i < nodes_; ++i)
      if (leads(names[i]) && (best.empty() || d_.chance(50)))
        best = names[i];
    return best;
  }
  bool somebody_is_whole() {
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(nodes_);
    return std::any_of(names.begin(), end, [&](const auto& name) { return is_whole(name); });
  }
  bool is_whole(const std::string& name) {
    return play_.alive(name) && !play_.core(name).blank() && !play_.core(name).installing();
  }

  void step() {
    const std::string a = any(), b = any();
    const auto what = d_.below(100);
    if (what < 30)
      pass(a, b);
    else if (what < 55)
      talk(d_.chance(60) && !primary().empty() ? primary() : a);
    else if (what < 70)
      pass_time();
    else if (what < 76)
      write();
    else if (what < 80)
      want_others();
    else if (what < 82)
      part(a, b);
    else if (what < 90)
      play_.heal(a, b);
    else if (what < 92)
      lose(d_.chance(60) && !primary().empty() ? primary() : a);
    else if (what < 95)
      restart(a);
    else if (what < 98)
      come_late();
    else
      hear();
  }

  void pass_time() {
    play_.run(static_cast<std::int64_t>(1 + d_.below(d_.chance(10) ? 1'500 : 80)), false);
  }
  void write() {
    if (const auto p = primary(); !p.empty())
      (void)play_.put(p, 1, static_cast<std::int64_t>(++written_));
  }
  void want_others() {
    wanted_.clear();
    for (std::size_t n = 1 + d_.below(3); wanted_.size() < n;)
      if (const auto i = d_.below(nodes_); std::ranges::find(wanted_, i) == wanted_.end())
        wanted_.push_back(i);
    hear();
  }
  void part(const std::string& a, const std::string& b) {
    if (a == b)
      return;
    note([&] { return "CUT " + a + " - " + b; });
    d_.chance(70) ? play_.cut(a, b) : play_.break_between(a, b);
  }
  void restart(const std::string& name) {
    if (play_.alive(name))
      return;
    note([&] { return "START " + name; });
    play_.restart(name);
  }

  /// One node and some others exchange the messages that they have.
  void talk(const std::string& a) {
    for (std::size_t i = 0; i < nodes_; ++i)
      if (d_.chance(70)) {
        pass(a, names[i]);
        pass(names[i], a);
      }
  }
  /// `a` sends the messages that it has for `b` now; perhaps they are lost, or kept.
  void pass(const std::string& a, const std::string& b) {
    if (a == b)
      return;
    auto said = play_.take(a, b);
    if (!play_.reaches(a, b) || d_.chance(7))
      return;
    for (auto& e : said)
      if (d_.chance(4) && held_.size() < 50)
        held_.push_back(std::move(e));
      else
        deliver(e, "");
  }
  void come_late() {
    if (held_.empty())
      return;
    const auto i = held_.begin() + static_cast<std::ptrdiff_t>(d_.below(held_.size()));
    deliver(*i, "late: ");
    held_.erase(i);
  }
  void deliver(const stage::envelope& e, const char* how) {
    note([&] { return how + e.from.node + " -> " + e.to.node + ": " + to_string(e.what); });
    play_.deliver({e});
    look(e.to.node);
  }

  /// What nodes learn from claims: which members are wanted, and which one leads.
  void hear() {
    std::vector<std::string> wanted;
    for (const auto i : wanted_)
      wanted.push_back(names[i]);
    for (std::size_t i = 0; i < nodes_; ++i) {
      if (!play_.alive(names[i]))
        continue;
      play_.core(names[i]).steer(play_.selves(wanted), play_.now);
      epoch latest;
      for (std::size_t k = 0; k < nodes_; ++k)
        if (play_.reaches(names[i], names[k]) && leads(names[k]))
          latest = std::max(latest, play_.core(names[k]).promised());
      if (latest != epoch{})
        play_.core(names[i]).heard_of(latest, play_.now);
    }
  }

  /// Messages that the node has sent, and that have not arrived yet, are gone with it.
  void lose(const std::string& name) {
    if (!play_.alive(name))
      return;
    std::vector<witness> copies;
    bool another = false;
    for (std::size_t i = 0; i < nodes_; ++i)
      if (play_.alive(names[i])) {
        copies.push_back({play_.self(names[i]), &play_.core(names[i]), names[i] != name});
        another = another || (names[i] != name && is_whole(names[i]));
      }
    if (mode_ == replication_mode::async ? !another : !must_survive(copies))
      return;
    note([&] { return "CRASH " + name + '\n' + show(); });
    play_.crash(name);
    std::erase_if(held_, [&](const auto& e) { return e.from.node == name; });
  }

  void look() {
    for (std::size_t i = 0; i < nodes_; ++i)
      look(names[i]);
  }
  void look(const std::string& name) {
    if (play_.alive(name))
      for (const auto& what : watch_.look(play_.self(name).id, play_.core(name)))
        wrong_.push_back("invariants: " + name + ": " + what);
  }

  std::string unrest() {
    const std::string p = primary();
    if (p.empty())
      return "nobody leads";
    replica& r = play_.core(p);
    if (r.changing_members() || r.commit() != r.log().last().index)
      return p + " does not commit";
    if (r.members().size() != 3)
      return "the group is " + to_string(r.group());
    for (std::size_t i = 0; i < nodes_; ++i)
      if (!r.is_member(play_.self(names[i]).id) && !play_.core(names[i]).blank())
        return names[i] + " keeps data though it is no member";
    return "";
  }

  replication_mode mode_;
  dice d_;
  stage::play play_;
  partition_watch watch_;
  std::size_t nodes_ = 3, written_ = 0, steps_ = 0;
  std::vector<std::size_t> wanted_{0}; ///< indices of names
  std::vector<stage::envelope> held_;
  std::vector<std::string> wrong_;
  std::size_t trace_lines_;
  std::deque<std::string> trace_;
};

} // namespace

report run_storm(replication_mode mode, std::uint64_t seed, std::size_t trace_lines) {
  storm s{mode, seed, trace_lines};
  s.rage();
  s.calm();
  return s.result(seed);
}

} // namespace sim
