#include "core.hpp"
#include "fixture.hpp"

#include <algorithm>

using namespace supercache;
using detail::feed;

// Bounds of what waits for listeners; in place of WATCHES is a test that delivers nothing.

namespace {

const space tuples;

transition stored(record row) {
  transition t;
  t.kind = change_kind::stored;
  t.after = std::move(row);
  return t;
}

/// A change of about so many bytes.
transition large(std::int64_t key, std::size_t bytes) {
  return stored({key, std::string(bytes, 'x')});
}

change_listener::behavior_type deaf(change_listener::pointer) {
  return {[](changes_atom, std::uint64_t, const std::vector<change>&) {}};
}

struct watched {
  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  feed f{0, [] {}};
  std::vector<change_listener> all;

  ~watched() {
    for (const auto& who : all)
      compat::end(who);
  }
  std::uint64_t add() {
    all.push_back(system.spawn<caf::hidden>(deaf));
    return *f.add({tuples}, caf::actor_cast<caf::actor>(all.back()));
  }
};

std::size_t bytes_of(const std::vector<change>& xs) {
  std::size_t n = 0;
  for (const change& x : xs)
    n += sizeof x + x.row.heap_bytes();
  return n;
}

bool is_missed(const change& c) { return c.kind == change_kind::missed; }

} // namespace

TEST_CASE("a listener that has not answered gets nothing; then it gets what waited, or missed") {
  watched w;
  const auto id = w.add();
  w.f.changed(stored({0, "a"}));
  REQUIRE(w.f.take().parcels.size() == 1); // under way from now on
  constexpr std::size_t size = 10'000, count = 3 * feed::most_of_one / size;
  for (std::size_t i = 1; i <= count; ++i) {
    w.f.changed(large(static_cast<std::int64_t>(i), size));
    CHECK(w.f.take().parcels.empty());
    CHECK(w.f.held() <= feed::most_of_one + 1'000);
  }
  std::vector<change> got;
  for (;;) {
    w.f.taken(id);
    auto out = w.f.take();
    if (out.parcels.empty())
      break;
    REQUIRE(out.parcels.size() == 1);
    CHECK(bytes_of(out.parcels[0].what) <= feed::most_at_once);
    std::ranges::move(out.parcels[0].what, std::back_inserter(got));
  }
  REQUIRE(!got.empty());
  CHECK(is_missed(got.front()));
  CHECK(std::ranges::count_if(got, is_missed) == 1);
  CHECK(got.back().row[0] == value{count});
  CHECK(w.f.held() == 0);
}

TEST_CASE("a change that is larger than what may wait is missed, a large one goes alone") {
  watched w;
  const auto id = w.add();
  w.f.changed(large(1, feed::most_of_one));
  w.f.changed(stored({2, "a"}));
  w.f.changed(large(3, feed::most_at_once));
  w.f.changed(stored({4, "a"}));
  auto out = w.f.take();
  REQUIRE(out.parcels.size() == 1);
  REQUIRE(out.parcels[0].what.size() == 2);
  CHECK(is_missed(out.parcels[0].what[0]));
  CHECK(out.parcels[0].what[1].row[0] == value{2});
  for (const int key : {3, 4}) {
    w.f.taken(id);
    out = w.f.take();
    REQUIRE(out.parcels.size() == 1);
    REQUIRE(out.parcels[0].what.size() == 1);
    CHECK(out.parcels[0].what[0].row[0] == value{key});
  }
}

TEST_CASE("all listeners together have a bound, and the one with most waiting gives up first") {
  watched w;
  std::vector<std::uint64_t> stuck;
  for (int i = 0; i < 30; ++i)
    stuck.push_back(w.add());
  w.f.changed(stored({0, "a"}));
  CHECK(w.f.take().parcels.size() == stuck.size());
  constexpr std::size_t size = 100'000;
  for (std::size_t i = 0; i < 2 * feed::most_of_one / size; ++i) {
    w.f.changed(large(1, size));
    CHECK(w.f.take().parcels.empty());
    CHECK(w.f.held() <= feed::most_of_all);
  }
  // A listener that answers is told what the others cannot be told any more.
  const auto quick = w.add();
  for (int key = 2; key < 100; ++key) {
    w.f.changed(large(key, size));
    const auto out = w.f.take();
    REQUIRE(out.parcels.size() == 1);
    CHECK(out.parcels[0].watch == quick);
    REQUIRE(out.parcels[0].what.size() == 1);
    CHECK(out.parcels[0].what[0].row[0] == value{key});
    w.f.taken(quick);
  }
  for (const auto id : stuck)
    CHECK(w.f.remove(id));
  CHECK(w.f.held() == 0);
  auto gone = w.f.take().gone; // what was under way to them is not waited for
  std::ranges::sort(gone);
  CHECK(gone == stuck);
}

TEST_CASE("large changes under way to listeners that do not answer have a bound of their own") {
  watched w;
  constexpr std::size_t size = feed::most_large / 8;
  for (int i = 0; i < 20; ++i)
    w.add();
  w.f.changed(large(1, size));
  const auto out = w.f.take();
  REQUIRE(out.parcels.size() == 20);
  const auto told = std::ranges::count_if(
    out.parcels, [](const feed::parcel& p) { return !is_missed(p.what.front()); });
  CHECK(told == 7); // a record takes more than its text
  const auto quick = w.add();
  w.f.changed(stored({2, "a"}));
  const auto next = w.f.take();
  REQUIRE(next.parcels.size() == 1);
  CHECK(next.parcels[0].watch == quick);
  CHECK(next.parcels[0].what.front().row[0] == value{2});
}

TEST_CASE("what gathers until it is sorted has a bound, and all listeners miss what is beyond") {
  watched w;
  w.add();
  constexpr std::size_t size = 1 << 20;
  for (std::size_t i = 0; i < 2 * feed::most_gathered / size; ++i)
    w.f.changed(large(1, size));
  const auto out = w.f.take();
  REQUIRE(out.parcels.size() == 1);
  CHECK(w.f.held() <= feed::most_of_one);
}
