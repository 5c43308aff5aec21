#include "support/workload.hpp"

#include <supercache/store/hash_index.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

using namespace supercache;
using workload::dice;

namespace {

/// The things to which the index points in these tests. The index never looks inside.
struct thing {
  std::uint64_t hash;
  int id;
};

/// Hashes with `n` different home buckets, however large the index is.
std::uint64_t colliding_hash(dice& d, std::size_t n) {
  return static_cast<std::uint64_t>(d.below(n)) << 41 | (d.bits() & 0x1ffffffffff);
}

thing* find(const hash_index& index, const thing& wanted) {
  const reclaim::pin guard;
  return index.find<thing>(wanted.hash, [&](const thing* t) { return t == &wanted; });
}

void erase(hash_index& index, const thing& t) {
  const auto [at, found] = index.locate<thing>(t.hash, [&](const thing* x) { return x == &t; });
  REQUIRE(found == &t);
  index.erase(at, t.hash);
}

/// How often each entry is met by a walk of all cells of `bits` bits.
std::unordered_map<thing*, int> walk(const hash_index& index, unsigned bits) {
  std::unordered_map<thing*, int> met;
  const reclaim::pin guard;
  for (std::uint32_t cell = 0; cell < 1u << bits; ++cell)
    index.walk<thing>(cell, bits, [&](thing* t) { ++met[t]; });
  return met;
}

/// An index together with what should be in it.
struct twin {
  hash_index index;
  std::unordered_multimap<std::uint64_t, thing*> model;
  std::deque<thing> things; // addresses stay valid

  void insert(std::uint64_t hash) {
    things.push_back({hash, static_cast<int>(things.size())});
    index.insert(hash, &things.back());
    model.emplace(hash, &things.back());
  }
  void erase_one(dice& d) {
    if (model.empty())
      return;
    auto victim = model.begin();
    std::advance(victim,
                 static_cast<std::ptrdiff_t>(d.below(std::min<std::size_t>(model.size(), 16))));
    erase(index, *victim->second);
    model.erase(victim);
  }
  void replace_one() {
    if (model.empty())
      return;
    const auto entry = model.begin();
    const auto [at, found]
      = index.locate<thing>(entry->first, [&](const thing* x) { return x == entry->second; });
    REQUIRE(found == entry->second);
    things.push_back({entry->first, static_cast<int>(things.size())});
    index.replace(at, entry->first, &things.back());
    entry->second = &things.back();
  }
  /// Lookups find everything that should be there, and walks meet it exactly once; nothing else.
  void check_all() const {
    REQUIRE(index.size() == model.size());
    std::size_t found = 0;
    for (const auto& [hash, t] : model)
      found += find(index, *t) == t;
    REQUIRE(found == model.size());
    for (const unsigned bits : {0u, index.log2() / 2, index.log2(), index.log2() + 2}) {
      const auto met = walk(index, bits);
      REQUIRE(met.size() == model.size());
      for (const auto& [hash, t] : model)
        if (const auto at = met.find(t); at == met.end() || at->second != 1)
          FAIL("entry ", t->id, " was not met exactly once");
    }
  }
};

/// Random inserts, erasures, replacements and lookups on `homes` home buckets.
void run_model(std::uint64_t seed, std::size_t homes, std::size_t operations) {
  CAPTURE(seed);
  CAPTURE(homes);
  dice d{seed};
  twin t;
  for (std::size_t i = 0; i < operations; ++i) {
    // Grows for a while, then shrinks, then grows again.
    const std::size_t inserts = i / (operations / 5) % 2 == 0 ? 70 : 30;
    if (d.chance(inserts))
      t.insert(colliding_hash(d, homes));
    else if (d.chance(80))
      t.erase_one(d);
    else
      t.replace_one();
    const thing absent{colliding_hash(d, homes), -1};
    if (find(t.index, absent))
      FAIL("found what was never inserted");
    if (i % (operations / 15) == 0)
      t.check_all();
  }
  t.check_all();
  while (!t.model.empty())
    t.erase_one(d);
  t.check_all();
}

} // namespace

TEST_CASE("an index that was never written to is empty") {
  const hash_index index;
  const thing t{42, 0};
  CHECK(index.size() == 0);
  CHECK(index.array_bytes() == 0);
  CHECK(find(index, t) == nullptr);
  CHECK(walk(index, 0).empty());
  CHECK(walk(index, 4).empty());
  index.prefetch(42);
  index.prefetch_found<thing>(42);
}

TEST_CASE("an entry is found from its insertion to its erasure") {
  hash_index index;
  thing t{0xdeadbeefcafef00d, 1};
  index.insert(t.hash, &t);
  CHECK(find(index, t) == &t);
  CHECK(index.size() == 1);
  CHECK(index.array_bytes() == 64);
  erase(index, t);
  CHECK(find(index, t) == nullptr);
  CHECK(index.size() == 0);
}

TEST_CASE("entries of one hash are told apart by what they point to") {
  hash_index index;
  std::deque<thing> things;
  for (int i = 0; i < 300; ++i) { // more than the overflow count of a bucket can hold
    things.push_back({7, i});
    index.insert(7, &things.back());
  }
  for (const thing& t : things)
    REQUIRE(find(index, t) == &t);
  for (std::size_t i = 0; i < things.size(); i += 2)
    erase(index, things[i]);
  for (std::size_t i = 0; i < things.size(); ++i)
    REQUIRE((find(index, things[i]) != nullptr) == (i % 2 == 1));
  const auto met = walk(index, index.log2());
  CHECK(met.size() == 150);
}

TEST_CASE("an entry behind a once full bucket is found when the bucket has room again") {
  hash_index index;
  std::deque<thing> things;
  for (int i = 0; i < 40; ++i) {
    things.push_back({std::uint64_t{3} << 41, i});
    index.insert(things.back().hash, &things.back());
  }
  for (int round = 0; round < 40; ++round) {
    erase(index, things.front());
    things.pop_front();
    for (const thing& t : things)
      REQUIRE(find(index, t) == &t);
    things.push_back({std::uint64_t{3} << 41, 100 + round});
    index.insert(things.back().hash, &things.back());
    for (const thing& t : things)
      REQUIRE(find(index, t) == &t);
  }
}

TEST_CASE("an index behaves like a multimap under random operations") {
  const auto seed = workload::seed(1);
  // On one home bucket, on few that overflow into each other, and on all.
  run_model(seed, 1, 1'500);
  run_model(seed + 1, 5, 5'000);
  run_model(seed + 2, 300, 10'000);
  run_model(seed + 3, std::size_t{1} << hash_index::position_bits, 100'000);
}

TEST_CASE("an index grows with its entries and gives its memory back when it is cleared") {
  twin t;
  dice d{workload::seed(5)};
  for (int i = 0; i < 50'000; ++i)
    t.insert(d.bits());
  t.check_all();
  // 64 bytes for 7 slots, between 13/32 and 13/16 of them in use
  CHECK(t.index.array_bytes() >= 50'000 * 64 / 7);
  CHECK(t.index.array_bytes() <= 50'000 * 64 / 7 * 5 / 2);
  t.index.clear();
  t.model.clear();
  CHECK(t.index.array_bytes() == 0);
  t.check_all();
  t.insert(1);
  t.check_all();
}

TEST_CASE("a walk meets what stays exactly once despite growth, erasure and clearing") {
  const auto seed = workload::seed(9);
  CAPTURE(seed);
  dice d{seed};
  for (std::size_t round = 0; round < 200; ++round) {
    twin t;
    const std::size_t before = d.below(400);
    for (std::size_t i = 0; i < before; ++i)
      t.insert(colliding_hash(d, 1 + d.below(1000)));
    std::map<const thing*, int> expected; // those that stay throughout
    for (const auto& [hash, x] : t.model)
      expected[x] = 0;
    std::map<const thing*, int> met;
    const unsigned bits = t.index.log2();
    const bool clears = d.chance(20);
    for (std::uint32_t cell = 0; cell < 1u << bits; ++cell) {
      {
        const reclaim::pin guard;
        t.index.walk<thing>(cell, bits, [&](thing* x) { ++met[x]; });
      }
      for (std::size_t n = d.below(30); n > 0; --n) {
        if (d.chance(80)) {
          t.insert(colliding_hash(d, 1000));
        } else if (!t.model.empty()) {
          const auto victim = t.model.begin();
          erase(t.index, *victim->second);
          expected.erase(victim->second);
          t.model.erase(victim);
        }
      }
      if (clears && cell == (1u << bits) / 2) {
        t.index.clear();
        t.model.clear();
        expected.clear();
      }
    }
    for (const auto& [x, times] : met)
      REQUIRE(times == 1);
    for (const auto& [x, unused] : expected)
      REQUIRE(met.contains(const_cast<thing*>(x)));
  }
}

TEST_CASE("the entries of a cleared index are out of reach before its memory is freed") {
  // A reader that begins after a collection must not find the old array any more. So the index has
  // to be empty when the collection that `clear` may start frees anything.
  static hash_index* watched = nullptr;
  static bool reachable = false;
  static thing entry{42, 0};
  hash_index index;
  watched = &index;
  reachable = false;
  reclaim::collect();
  std::vector<int> retired(2 * reclaim::batch);
  for (int& r : retired) { // one of these calls of clear() meets a full batch
    index.insert(entry.hash, &entry);
    reclaim::retire(&r, [](void*) noexcept { reachable |= find(*watched, entry) != nullptr; });
    index.clear();
  }
  CHECK_FALSE(reachable);
  reclaim::collect();
}
