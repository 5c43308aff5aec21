#include "stage.hpp"

#include <doctest/doctest.h>

// When records with a time to live are gone, for one copy and for all.

using namespace supercache;

namespace {

/// a leads, b and c follow; all of them know everything.
stage::play three() {
  stage::play p;
  p.add({"a", "b", "c"});
  p.bootstrap({"a", "b", "c"});
  p.run(200, true);
  return p;
}

} // namespace

TEST_CASE("an expired record is freed everywhere by an entry that says so") {
  stage::play p = three();
  REQUIRE(p.write("a", op::put{{"k", 1}, 1'000}).ok());
  p.settle();
  const auto last = p.core("a").log().last();
  p.run(900, true);
  CHECK(p.core("b").log().last() == last);
  p.run(1'200, true);
  CHECK(p.core("b").log().last().index > last.index);
  CHECK(p.get("b", "k").is_nil());
}

TEST_CASE("sync: clients are told of an expiry once a majority knows how late it is") {
  stage::play p = three();
  for (const char* key : {"k", "l"})
    REQUIRE(p.write("a", op::put{{key, 1}, 10}).ok());
  p.settle();
  const auto before = p.core("a").log().last();
  p.now += 50;
  const auto removed = p.write("a", op::remove{"k"});
  REQUIRE(removed.ok());
  CHECK(removed->unchanged);
  CHECK(removed->answer == value{0});
  CHECK(removed->at.index == before.index + 1); // an entry says how late it is
  CHECK(p.core("a").commit() < removed->at.index);
  const auto counted = p.write("a", op::update_counter{"l"});
  REQUIRE(counted.ok()); // the error, too, waits
  CHECK(counted->why.code != errc::none);
  CHECK(counted->at == removed->at);
  p.settle();
  CHECK(p.core("a").commit() == removed->at.index);
  CHECK_FALSE(p.write("a", op::update_counter{"l"}).ok());
  CHECK(p.core("a").log().last() == removed->at);
  p.core("b").receive(
    p.self("a").id,
    append{p.core("a").promised(), removed->at, removed->at.index, p.now - 1'000'000, {}}, p.now);
  CHECK(p.core("b").certain_ms() == p.core("a").certain_ms());
  CHECK(p.core("b").time_ms(p.now) >= p.core("b").stamp_ms()); // whatever its clock says
}

TEST_CASE("sync: a primary without a majority does not differ from others because time passes") {
  stage::play p = three();
  REQUIRE(p.write("a", op::put{{"k", 1}, 1'200}).ok());
  p.settle();
  p.cut("a", "b");
  p.cut("a", "c");
  const auto last = p.core("a").log().last();
  p.run(1'000, false);
  CHECK(p.core("a").leads());
  CHECK(p.core("a").log().last() == last);
}
