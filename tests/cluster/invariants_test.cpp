#include "stage.hpp"

#include <supercache/cluster/invariants.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace supercache;

namespace {

/// A group of one, whose primary wrote `x`.
void begin(stage::play& p, const std::string& name, const value& x) {
  p.add({name});
  p.bootstrap({name});
  REQUIRE(p.put(name, "k", x).ok());
}

bool says(const std::vector<std::string>& wrong, const std::string& part) {
  return std::ranges::any_of(wrong, [&](const auto& s) { return s.find(part) != s.npos; });
}

} // namespace

TEST_CASE("copies that behave as they should break no invariant") {
  stage::play p;
  partition_watch watch{p.mode};
  p.add({"a", "b", "c"});
  p.bootstrap({"a", "b", "c"});
  for (int i = 0; i < 5; ++i) {
    REQUIRE(p.put("a", "k", i).ok());
    p.settle();
    for (const char* name : {"a", "b", "c"})
      CHECK(watch.look(p.self(name).id, p.core(name)).empty());
  }
  CHECK(p.wrong().empty());
}

TEST_CASE("two copies that lead in one epoch are found") {
  stage::play p;
  begin(p, "a", 1);
  partition_watch watch{p.mode};
  CHECK(watch.look(1, p.core("a")).empty());
  CHECK(says(watch.look(2, p.core("a")), "two lead in 1/001a"));
}

TEST_CASE("a promised epoch that falls is found") {
  stage::play p, q;
  begin(p, "a", 1);
  REQUIRE(p.core("a").force(p.now).ok());
  begin(q, "a", 1);
  partition_watch watch{p.mode};
  CHECK(watch.look(1, p.core("a")).empty());
  const auto wrong = watch.look(1, q.core("a"));
  CHECK(says(wrong, "the promised epoch fell from 2/001a to 1/001a"));
  CHECK(says(wrong, "the commit index fell from 3 to 2"));
}

TEST_CASE("an entry that differs from what it is elsewhere is found") {
  stage::play p, q;
  begin(p, "a", 1);
  begin(q, "a", 2);
  partition_watch watch{p.mode};
  CHECK(watch.look(1, p.core("a")).empty());
  CHECK(says(watch.look(2, q.core("a")), "the entry 2@1/001a differs from what it is elsewhere"));
}

TEST_CASE("two committed entries in one place, and a primary without one, are found") {
  stage::play p, q;
  begin(p, "a", 1);
  begin(q, "b", 1);
  partition_watch watch{p.mode};
  CHECK(watch.look(1, p.core("a")).empty());
  const auto wrong = watch.look(2, q.core("b"));
  CHECK(says(wrong, "both 1@1/001a and 1@1/001b are committed"));
  CHECK(says(wrong, "begins to lead without the committed entry 1@1/001a"));
  partition_watch async{replication_mode::async};
  CHECK(async.look(1, p.core("a")).empty());
  CHECK(async.look(2, q.core("b")).empty());
}

TEST_CASE("a copy that begins an epoch late need not have what a later one committed meanwhile") {
  stage::play later, p;
  begin(later, "b", 1);
  begin(p, "a", 1);
  partition_watch watch{p.mode};
  CHECK(watch.look(2, later.core("b")).empty());
  CHECK(!says(watch.look(1, p.core("a")), "begins to lead"));
}
