#include <supercache/cluster/assignment.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace supercache;

namespace {

/// "n00", "n01", …
std::vector<std::string> nodes(std::size_t n) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back((i < 10 ? "n0" : "n") + std::to_string(i));
  return out;
}

std::vector<std::string> holders(const placement& p) {
  auto all = p.replicas;
  all.insert(all.begin(), p.primary);
  return all;
}

/// Calls `f(nodes, partitions, factor)` with many combinations.
template <class F>
void for_each_cluster(F&& f) {
  for (std::size_t n = 1; n <= 12; ++n)
    for (const std::size_t partitions : {1, 5, 64})
      for (std::size_t factor = 1; factor <= 5; ++factor) {
        CAPTURE(n);
        CAPTURE(partitions);
        CAPTURE(factor);
        f(nodes(n), partitions, factor);
      }
}

} // namespace

TEST_CASE("three nodes, five partitions, two copies: the sorted nodes are rotated by the index") {
  const std::vector<placement> expected
    = {{"a", {"b"}}, {"b", {"c"}}, {"c", {"a"}}, {"a", {"b"}}, {"b", {"c"}}};
  CHECK(assign({"c", "a", "b"}, 5, 2) == expected);
}

TEST_CASE("one copy means no replicas, and one node holds everything") {
  for (const placement& p : assign({"a", "b"}, 8, 1))
    CHECK(p.replicas.empty());
  for (const placement& p : assign({"a"}, 8, 3)) {
    CHECK(p.primary == "a");
    CHECK(p.replicas.empty());
  }
  CHECK(assign({"a"}, 0, 1).empty());
}

TEST_CASE("every partition has as many different holders as asked for or as there are nodes") {
  for_each_cluster([](const auto& all, std::size_t partitions, std::size_t factor) {
    const auto map = assign(all, partitions, factor);
    CHECK(map.size() == partitions);
    for (const placement& p : map) {
      const auto who = holders(p);
      CHECK(who.size() == std::min(factor, all.size()));
      CHECK(std::set<std::string>(who.begin(), who.end()).size() == who.size());
      for (const auto& node : who)
        CHECK(std::ranges::find(all, node) != all.end());
    }
  });
}

TEST_CASE("the order in which nodes are listed does not matter") {
  for_each_cluster([](auto all, std::size_t partitions, std::size_t factor) {
    const auto map = assign(all, partitions, factor);
    std::ranges::reverse(all);
    CHECK(assign(all, partitions, factor) == map);
  });
}

TEST_CASE("nodes hold equally many partitions, give or take one, as primary and in all") {
  for_each_cluster([](const auto& all, std::size_t partitions, std::size_t factor) {
    std::map<std::string, std::size_t> as_primary, in_all;
    for (const auto& node : all)
      as_primary[node] = in_all[node] = 0;
    for (const placement& p : assign(all, partitions, factor)) {
      ++as_primary[p.primary];
      for (const auto& node : holders(p))
        ++in_all[node];
    }
    const auto spread = [](const auto& counts) {
      const auto [low, high]
        = std::ranges::minmax_element(counts, {}, [](const auto& c) { return c.second; });
      return high->second - low->second;
    };
    CHECK(spread(as_primary) <= 1);
    CHECK(spread(in_all) <= std::min(factor, all.size()));
  });
}
