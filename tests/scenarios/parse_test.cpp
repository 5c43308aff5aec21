#include "scenario/scenario.hpp"

#include <supercache/store/result.hpp>

#include <doctest/doctest.h>

using namespace supercache;
using namespace supercache::app;

namespace {

scenario read(const std::string& steps, const std::string& more = "") {
  return scenario_from_text(R"({"name": "x", )" + more + R"("steps": [)" + steps + "]}");
}

/// The error for a step that makes no sense.
std::string refusal(const std::string& steps, const std::string& more = "") {
  try {
    read(steps, more);
  } catch (const error& e) {
    CHECK(e.code() == errc::invalid_argument);
    return e.what();
  }
  return "nothing";
}

} // namespace

TEST_CASE("a scenario describes the cluster that it needs") {
  const auto s = read(R"({"start": "all"})",
                      R"("cluster": {"nodes": ["x", "y"], "partitions": 4, "factor": 2,
                         "mode": "async", "options": {"debug_log": true, "wal.max_pending": 7}},
                         "limit_ms": 5000, )");
  CHECK(s.cluster.nodes == names{"x", "y"});
  CHECK(s.cluster.partitions == 4);
  CHECK(s.cluster.factor == 2);
  CHECK(s.cluster.mode == "async");
  CHECK(s.cluster.options == node_options{{"debug_log", "true"}, {"wal.max_pending", "7"}});
  CHECK(s.limit == milliseconds{5'000});
}

TEST_CASE("steps know their numbers and their text") {
  const auto s = read(R"({"start": "all"}, {"repeat": 3, "steps": [
                           {"kill": "primary of 3"},
                           {"cut": ["a", ["b", "c"]], "how": "silent"}]})");
  REQUIRE(s.steps.size() == 2);
  const auto& inner = std::get<repeat_step>(s.steps[1].what);
  CHECK(inner.times == 3);
  CHECK(inner.steps[0].number == "2.1");
  CHECK(inner.steps[0].text == "kill primary of 3");
  CHECK(inner.steps[1].text == "cut [a,[b,c]] how=silent");
  const auto& kill = std::get<kill_step>(inner.steps[0].what);
  CHECK(kill.who.front().is == selector::kind::primary);
  CHECK(kill.who.front().partition == 3);
}

TEST_CASE("lists of nodes may be gone, garbled or empty") {
  const auto s = read(R"({"break_discovery": "a"}, {"break_discovery": "a", "how": "garbled"},
                         {"break_discovery": "a", "how": "empty"}, {"mend_discovery": "a"})");
  using list = app::cluster::list;
  const list wanted[] = {list::gone, list::garbled, list::empty, list::whole};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(std::get<discovery_step>(s.steps[i].what).found == wanted[i]);
  CHECK(refusal(R"({"break_discovery": "a", "how": "slow"})").find("gone, garbled, empty")
        != std::string::npos);
}

TEST_CASE("a node that joins is known from then on") {
  CHECK(
    refusal(R"({"kill": "d"})").starts_with("step 1: 'kill' is \"d\"; allowed is a, b, c, all,"));
  CHECK_NOTHROW(read(R"({"join": "d"}, {"kill": "d"})"));
}

TEST_CASE("nonsense in a scenario is refused in one sentence that names the step") {
  CHECK(refusal(R"({"kil": "a"})") == "step 1: 'kil' is nothing to do; did you mean 'kill'?");
  CHECK(refusal(R"({"start": "all"}, {"kill": "a", "after": 3})")
        == "step 2: 'after' means nothing here; there are kill");
  CHECK(refusal(R"({"kill": "primary of 8"})").find("N from 0 to 7") != std::string::npos);
  CHECK(refusal(R"({"repeat": 2, "steps": [{"wait_ms": -1}]})")
        == "step 1.1: 'wait_ms' is -1; allowed is a whole number from 1 to 3600000");
  CHECK(refusal(R"({"wait_until": "happy"})")
        == "step 1: 'wait_until' is \"happy\"; allowed is settled, members, primary, primaries, "
           "copies");
  CHECK(refusal(R"({"wait_until": "primary", "partition": 1})")
        == "step 1: 'is' or 'is_not' must say which node");
  CHECK(refusal(R"({"expect": "x"})")
        == "step 1: 'expect' is \"x\"; allowed is a load that was begun before; there is none");
  CHECK(refusal(R"({"load": "x", "kind": "queue", "workers": 1})")
        == "step 1: a queue needs two workers at least: one that puts in, one that takes out");
  CHECK(refusal(R"({"load": "x", "kind": "queue", "reads": 1})")
          .starts_with("step 1: 'reads' means nothing here"));
  CHECK(refusal(R"({"load": "x", "rate": "fast"})")
        == "step 1: 'rate' is \"fast\"; allowed is a whole number from 1 to 100000");
  CHECK(refusal(R"({"load": "x"}, {"expect": "x", "failed": {"least": 1}})")
        == "step 2, failed: 'least' means nothing here; there are min, max");
  CHECK(refusal(R"({"cut": ["a"]})")
        == "step 1: 'cut' is [\"a\"]; allowed is a list of two: [nodes, nodes]");
  CHECK(refusal(R"({"stop": "each"})").starts_with("step 1: 'stop' is \"each\"; allowed is"));
}

TEST_CASE("nonsense about the cluster is refused") {
  const auto start = R"({"start": "all"})";
  CHECK(refusal(start, R"("cluster": {"mode": "fast"}, )")
        == "cluster: 'mode' is \"fast\"; allowed is async, sync, strong");
  CHECK(refusal(start, R"("cluster": {"nodes": ["a", "a"]}, )")
        == "cluster: there are two nodes called \"a\"");
  CHECK(refusal(start, R"("cluster": {"nodes": ["all"]}, )")
          .starts_with("cluster: a node is called \"all\"; allowed are letters"));
  CHECK(refusal(start, R"("cluster": {"partition": 3}, )")
        == "cluster: 'partition' means nothing here; did you mean 'partitions'?");
  CHECK(refusal("") == "the scenario: 'steps' must be a list of at least one step");
  CHECK(refusal("3") == "step 1 is 3; an object is needed");
}

TEST_CASE("a file that is not JSON is refused with the place") {
  try {
    scenario_from_text("{\n  \"name\" 3}");
    FAIL("it was taken");
  } catch (const error& e) {
    CHECK(std::string{e.what()}.starts_with("no JSON: line 2, column"));
  }
}
