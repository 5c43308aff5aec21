#include "support/workload.hpp"

#include <supercache/store/hash_index.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <vector>

// Indexes with so many entries that they have several arrays.

using namespace supercache;
using workload::dice;

namespace {

struct thing {
  std::uint64_t hash;
  std::uint32_t met = 0;
  bool there = false;
};

/// An index of things that know whether they should be in it.
class world {
public:
  explicit world(std::size_t most) { things_.reserve(most); }

  thing& insert(std::uint64_t hash) {
    REQUIRE(things_.size() < things_.capacity()); // addresses stay valid
    thing& t = things_.emplace_back(thing{hash});
    index_.insert(hash, &t);
    t.there = true;
    return t;
  }
  void erase(thing& t) {
    const auto [at, found] = index_.locate<thing>(t.hash, [&](const thing* x) { return x == &t; });
    REQUIRE(found == &t);
    index_.erase(at, t.hash);
    t.there = false;
  }
  const thing* find(const thing& t) const {
    const reclaim::pin guard;
    return index_.find<thing>(t.hash, [&](const thing* x) { return x == &t; });
  }
  void walk_cell(std::uint32_t cell, unsigned bits) {
    const reclaim::pin guard;
    index_.walk<thing>(cell, bits, [](thing* t) { ++t->met; });
  }
  /// Lookups find everything that should be there and nothing else; walks meet it exactly once.
  void check() {
    const auto right = [&](const thing& t) { return (find(t) == &t) == t.there; };
    REQUIRE(std::ranges::all_of(things_, right));
    const auto there = std::ranges::count_if(things_, [](const thing& t) { return t.there; });
    REQUIRE(index_.size() == static_cast<std::size_t>(there));
    for (const unsigned bits : {0u, 3u, hash_index::segment_bits, index_.log2(), 20u}) {
      for (thing& t : things_)
        t.met = 0;
      for (std::uint32_t cell = 0; cell < 1u << bits; ++cell)
        walk_cell(cell, bits);
      REQUIRE(std::ranges::all_of(things_, [](const thing& t) { return t.met == t.there; }));
    }
  }
  thing& any(dice& d) { return things_[d.below(things_.size())]; }
  std::vector<thing>& things() { return things_; }
  hash_index& index() { return index_; }

private:
  std::vector<thing> things_;
  hash_index index_;
};

} // namespace

TEST_CASE("no insertion moves more than some thousand entries, however many there are") {
  // Moved entries go to arrays made for them.
  constexpr std::size_t segment = std::size_t{64} << hash_index::segment_bits;
  const std::size_t n = workload::scaled(600'000);
  world w{n};
  dice d{workload::seed(71)};
  std::size_t before = 0, largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    w.insert(d.bits());
    const std::size_t bytes = w.index().array_bytes();
    largest = std::max(largest, bytes - before);
    before = bytes;
  }
  CHECK(largest <= segment + 4'096); // one more, and the directory
  CHECK(before <= n * 64 / 7 * 5 / 2 + segment);
}

TEST_CASE("an index of many arrays finds and visits its entries while it grows and shrinks") {
  const std::size_t n = workload::scaled(200'000) + 60'000;
  world w{2 * n};
  dice d{workload::seed(72)};
  for (std::size_t i = 0; i < n; ++i) {
    w.insert(d.bits());
    if (d.chance(20))
      if (thing& t = w.any(d); t.there)
        w.erase(t);
  }
  w.check();
  for (thing& t : w.things())
    if (t.there && d.chance(90))
      w.erase(t);
  w.check();
  for (std::size_t i = 0; i < n / 10; ++i)
    w.insert(d.bits());
  w.check();
  for (thing& t : w.things())
    t.there = false;
  w.index().clear();
  CHECK(w.index().array_bytes() == 0);
  w.check();
  w.insert(1);
  w.check();
}

TEST_CASE("a walk meets lasting entries exactly once while arrays are split under it") {
  const auto seed = workload::seed(73);
  for (const std::size_t before : {5'000, 30'000, 90'000}) {
    CAPTURE(before);
    dice d{seed + before};
    world w{before + 200'000};
    for (std::size_t i = 0; i < before; ++i)
      w.insert(d.bits());
    std::vector<thing*> stays;
    for (thing& t : w.things())
      stays.push_back(&t);
    const unsigned bits = w.index().log2();
    const std::size_t between = 150'000 / (std::size_t{1} << bits) + 1;
    for (std::uint32_t cell = 0; cell < 1u << bits; ++cell) {
      w.walk_cell(cell, bits);
      for (std::size_t n = d.below(2 * between); n > 0 && w.things().size() < before + 190'000; --n)
        w.insert(d.bits());
    }
    CHECK(w.index().size() > before + 50'000);
    REQUIRE(std::ranges::all_of(stays, [](const thing* t) { return t->met == 1; }));
    REQUIRE(std::ranges::all_of(w.things(), [](const thing& t) { return t.met <= 1; }));
  }
}

TEST_CASE("hashes that crowd in one array cost time, but no memory out of proportion") {
  dice d{workload::seed(74)};
  world w{100'000};
  // Every bit that chooses an array is the same.
  const auto crowded = [&] { return (d.bits() & 0x1f'ffff'ffff'ffff) | std::uint64_t{0x55} << 53; };
  for (std::size_t i = 0; i < 30'000; ++i)
    w.insert(crowded());
  CHECK(w.index().array_bytes() <= 30'000 * 64 / 7 * 16);
  REQUIRE(std::ranges::all_of(w.things(), [&](const thing& t) { return w.find(t) == &t; }));
  for (std::size_t i = 0; i < 20'000; ++i)
    w.insert(d.bits());
  w.check();
}

TEST_CASE("readers find lasting entries while arrays are split") {
  constexpr std::size_t fixed = 2'000;
  const std::size_t n = workload::scaled(300'000) + 60'000;
  world w{fixed + n};
  dice d{workload::seed(75)};
  for (std::size_t i = 0; i < fixed; ++i)
    w.insert(d.bits());
  std::atomic<bool> done{false};
  std::atomic<std::size_t> missed{0};
  workload::on_threads(3, [&](std::size_t me) {
    if (me == 0) {
      for (std::size_t i = 0; i < n; ++i)
        w.insert(d.bits());
      done = true;
      return;
    }
    for (std::size_t i = me; !done; i = (i + 1) % fixed)
      missed += w.find(w.things()[i]) == nullptr;
  });
  CHECK(missed == 0);
}
