// What a node logs about the primaries of partitions.

#include "distributed/placement_log.hpp"

#include <doctest/doctest.h>

using supercache::member;
using supercache::detail::placement_log;

namespace {

const member a{"a", 1}, b{"b", 2}, b_anew{"b", 3};

/// A log, and what it said: `W ` before warnings.
struct told {
  placement_log log;
  std::vector<std::string> look(std::vector<placement_log::seen> partitions, std::int64_t now) {
    std::vector<std::string> out;
    for (const auto& line : log.look(partitions, now))
      out.push_back((line.warning ? "W " : "") + line.text);
    return out;
  }
};

using lines = std::vector<std::string>;
constexpr placement_log::seen nobody{};

} // namespace

TEST_CASE("that a cluster is usable is said when the last partition can be written") {
  told t;
  CHECK(t.look({nobody, nobody}, 0).empty());
  CHECK(t.look({{&a, true}, nobody}, 1).empty());
  CHECK(t.look({{&a, true}, {&b, false}}, 2).empty());
  CHECK_FALSE(t.log.rests());
  CHECK(t.look({{&a, true}, {&b, true}}, 3)
        == lines{"the cluster is usable: each of 2 partitions can be written"});
  CHECK(t.log.rests());
  CHECK(t.look({{&a, true}, {&b, true}}, 4).empty());
}

TEST_CASE("partitions that change their primary are named together") {
  told t;
  t.look({{&a, true}, {&b, true}, {&b, true}, {&b, true}}, 0);
  CHECK(t.look({{&a, true}, nobody, nobody, nobody}, 1'000).empty());
  CHECK_FALSE(t.log.rests());
  CHECK(t.look({{&a, true}, {&a, true}, nobody, {&b_anew, true}}, 1'100).empty());
  CHECK(t.look({{&a, true}, {&a, true}, {&a, true}, {&b_anew, true}}, 1'300)
        == lines{"node a leads partitions 1, 2 in place of node b",
                 "node b leads partition 3 in place of an earlier incarnation of it"});
  CHECK(t.log.rests());
}

TEST_CASE("a partition that the same node leads again is not worth a word") {
  told t;
  t.look({{&a, true}}, 0);
  CHECK(t.look({nobody}, 100).empty());
  CHECK(t.look({{&a, true}}, 200).empty());
  CHECK(t.look({{&a, true}}, 500).empty());
  CHECK(t.log.rests());
}

TEST_CASE("that partitions cannot be written is a warning, and when they can be again is said") {
  told t;
  t.look({{&a, true}, {&b, true}}, 0);
  CHECK(t.look({{&a, true}, nobody}, 1'000).empty());
  CHECK(t.look({{&a, true}, nobody}, 1'250) == lines{"W 1 of 2 partitions cannot be written: 1"});
  CHECK(t.look({{&a, false}, nobody}, 2'000).empty());
  CHECK(t.look({{&a, true}, {&a, true}}, 3'400).empty());
  CHECK(t.look({{&a, true}, {&a, true}}, 3'700)
        == lines{"node a leads partition 1 in place of node b",
                 "the cluster is usable again, after 2.7 s: each of 2 partitions can be written"});
}

TEST_CASE("a line names no more than sixteen partitions") {
  told t;
  t.look(std::vector<placement_log::seen>(20, {&a, true}), 0);
  const std::vector<placement_log::seen> headless(20);
  t.look(headless, 1'000);
  CHECK(
    t.look(headless, 2'000)
    == lines{"W 20 of 20 partitions cannot be written: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "
             "13, 14, 15 and 4 more"});
}
