#include "common/table.hpp"
#include "runner.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>
#include <thread>

// Conditions to wait for.

namespace supercache::app {

namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 50ms;

bool within(const bounds& b, std::size_t n) {
  const auto x = static_cast<std::int64_t>(n);
  return (!b.least || x >= *b.least) && (!b.most || x <= *b.most);
}

std::string partition_text(std::size_t i) { return "partition " + std::to_string(i); }

} // namespace

std::string runner::perform(const until_step& s) {
  const auto from = clock::now();
  std::string why = "no node runs";
  for (;;) {
    const auto at = at_or_awake(s.at);
    if (!at.empty())
      try {
        why = missing(s, at);
      } catch (const error& e) {
        why = e.what();
      }
    const auto ms = std::chrono::duration_cast<milliseconds>(clock::now() - from).count();
    if (why.empty())
      return "after " + std::to_string(ms) + " ms";
    if (ms >= s.within.count())
      throw error(errc::timeout, "not within " + std::to_string(s.within.count()) + " ms: " + why);
    std::this_thread::sleep_for(between_looks);
  }
}

std::string runner::missing(const until_step& s, const names& at) {
  using kind = until_step::kind;
  if (s.is == kind::settled)
    return unsettled(at);
  if (s.is == kind::primaries)
    return without_primary(at);
  if (s.is != kind::primary)
    return miscounted(s, at);
  const auto who = resolve(s.node);
  for (const auto& name : at) {
    const auto primary = cluster_.partitions(name).at(s.partition).primary;
    const bool is = primary && std::ranges::count(who, *primary);
    if (!primary || is == s.is_not)
      return name + " has " + primary.value_or("nobody") + " as primary of "
             + partition_text(s.partition);
  }
  return {};
}

std::string runner::miscounted(const until_step& s, const names& at) {
  for (const auto& name : at) {
    if (s.is == until_step::kind::members) {
      const auto seen = cluster_.members(name).size();
      const bool any = s.count.least || s.count.most;
      if (any ? !within(s.count, seen) : seen != cluster_.awake().size())
        return name + " sees " + amount_text(seen, "member", "members");
      continue;
    }
    const auto who = resolve(s.node).front();
    const auto views = cluster_.partitions(name);
    const auto copies
      = static_cast<std::size_t>(std::ranges::count_if(views, [&](const partition_view& p) {
          return p.primary == who || std::ranges::count(p.replicas, who);
        }));
    if (!within(s.count, copies))
      return name + " sees " + amount_text(copies, "copy", "copies") + " at " + who;
  }
  return {};
}

std::string runner::without_primary(const names& at) {
  const auto awake = cluster_.awake();
  for (const auto& name : at) {
    const auto views = cluster_.partitions(name);
    for (std::size_t i = 0; i < views.size(); ++i)
      if (!views[i].primary || !std::ranges::count(awake, *views[i].primary))
        return name + " knows no primary of " + partition_text(i);
  }
  return {};
}

/// Every node reaches all others and sees the same primaries, all possible copies, and none on the
/// way; and every copy has what its primary had committed a moment ago.
std::string runner::unsettled(const names& at) {
  if (auto why = without_primary(at); !why.empty())
    return why;
  const auto awake = cluster_.awake();
  for (const auto& name : at)
    for (const auto seen = cluster_.members(name); const auto& other : awake)
      if (!std::ranges::count(seen, other))
        return name + " does not reach " + other;
  const std::size_t copies = std::min(scenario_.cluster.factor, awake.size());
  std::map<std::string, std::vector<partition_view>> first, second;
  for (auto* views : {&first, &second})
    for (const auto& name : awake)
      (*views)[name] = cluster_.partitions(name);
  for (std::size_t i = 0; i < scenario_.cluster.partitions; ++i) {
    const std::string primary = first[at.front()][i].primary.value_or("");
    if (!std::ranges::count(awake, primary))
      return at.front() + " knows no primary of " + partition_text(i);
    const auto& led = first[primary];
    if (led.empty())
      return primary + " leads " + partition_text(i) + " and cannot be asked";
    for (const auto& name : at) {
      const auto& p = first[name][i];
      if (p.primary != primary)
        return name + " and " + at.front() + " see different primaries of " + partition_text(i);
      if (!p.coming.empty())
        return p.coming.front() + " does not have all of " + partition_text(i) + " yet";
      if (!p.lost.empty())
        return partition_text(i) + " still counts on a lost incarnation of " + p.lost.front();
      if (p.replicas.size() + 1 != copies)
        return partition_text(i) + " has " + amount_text(p.replicas.size() + 1, "copy", "copies")
               + ", says " + name;
    }
    for (const auto& name : led[i].replicas)
      if (second.contains(name) && second[name][i].last < led[i].commit)
        return name + " lags behind in " + partition_text(i);
  }
  return {};
}

} // namespace supercache::app
