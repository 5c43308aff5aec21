#include "model_table.hpp"
#include "support/table_types.hpp"
#include "support/workload.hpp"

#include <supercache/store/fair_lock.hpp>
#include <supercache/store/leftovers.hpp>
#include <supercache/store/partition_store.hpp>
#include <supercache/store/reclaim.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

// What is cleared is gone at once, and freed piece by piece.

using namespace supercache;
using workload::dice;

namespace {

const stamp t0{1'000};
constexpr std::size_t many = 50'000;
const std::string text = "a text that is not inline";

const space kv{space_kind::kv, "n"};
const space queue{space_kind::queue, "q"};
const space stack{space_kind::stack, "s"};

value done(partition_store& s, const space& where, operation_body what, const stamp& now = t0) {
  return s.apply({where, std::move(what)}, now).value();
}

void fill(partition_store& s, const space& where, std::size_t n, std::int64_t ttl_ms = 0) {
  if (is_table(where.kind))
    for (std::size_t i = 0; i < n; ++i)
      done(s, where, op::put{{i, text}, ttl_ms});
  else
    done(s, where, op::push{value_list(n, value{text})});
}

/// Calls `f(store, space)` with each kind of space in each type of store, full.
template <class F>
void with_every_space(F&& f) {
  for (const table_type type : all_types)
    for (const space& where : {space{}, kv, space{space_kind::structs, "t"}, queue, stack}) {
      CAPTURE(to_string(type));
      CAPTURE(to_string(where.kind));
      partition_store s{{.type = type}};
      fill(s, where, many);
      f(s, where);
    }
}

std::size_t free_all(partition_store& s, std::size_t budget) {
  std::size_t steps = 1;
  while (s.free_cleared(budget))
    ++steps;
  return steps;
}

} // namespace

TEST_CASE("a cleared space is empty at once, with the number of its records as the answer") {
  with_every_space([](partition_store& s, const space& where) {
    const auto full = s.held(where.kind, t0);
    REQUIRE(full.records == many);
    CHECK(done(s, where, op::clear{}) == value{many});
    CHECK(s.held(where.kind, t0).records == 0);
    CHECK(s.held(where.kind, t0).bytes < 500); // a queue itself is kept for a while
    CHECK(done(s, where, op::clear{}) == value{0});
    fill(s, where, 10);
    CHECK(s.held(where.kind, t0).records == 10);
    free_all(s, 1'000);
    CHECK(s.held(where.kind, t0).records == 10);
    CHECK(done(s, where, op::clear{}) == value{10});
  });
}

TEST_CASE("who clears does little, whatever there was; the memory is freed in steps") {
  with_every_space([](partition_store& s, const space& where) {
    reclaim::collect();
    const std::size_t before = s.bytes(), pending = reclaim::pending();
    done(s, where, op::clear{});
    CHECK(reclaim::pending() - pending < 1'000);
    CHECK(s.bytes() > before * 9 / 10);
    std::size_t last = s.bytes();
    for (int step = 0; step < 10; ++step) {
      CHECK(s.free_cleared(100));
      CHECK(s.bytes() < last);
      CHECK(s.bytes() + 200 * (before / many) > last);
      last = s.bytes();
    }
    CHECK(free_all(s, 1'000) < many / 500); // places of the index count, too
    CHECK(s.bytes() < 1'000);               // the namespace still exists
    CHECK_FALSE(s.free_cleared(1));
    reclaim::collect();
    CHECK(reclaim::pending() <= pending);
  });
}

TEST_CASE("wipe, and clear of a store, take everything away at once and free it in steps") {
  for (const bool wipe : {true, false}) {
    partition_store s{{}};
    for (const space& where : {space{}, kv, space{space_kind::structs, "t"}, queue, stack})
      fill(s, where, many);
    const std::size_t before = s.bytes();
    if (wipe)
      done(s, {}, op::wipe{});
    else
      s.clear(t0);
    for (const auto kind : {space_kind::tuples, space_kind::kv, space_kind::structs,
                            space_kind::queue, space_kind::stack})
      CHECK(s.held(kind, t0).records == 0);
    CHECK(s.bytes() > before * 9 / 10);
    CHECK(free_all(s, 1'000) > 5 * many / 2'000);
    CHECK(s.bytes() < 1'000);
  }
}

TEST_CASE("expired records do not count as cleared, and the answer rests on that time") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    partition_store s{{.type = type}};
    for (std::int64_t i = 0; i < 100; ++i) // half of them have expired at 1'050
      done(s, kv, op::put{{i, "x"}, 1 + i});
    fill(s, {}, 10);
    const stamp later{1'050};
    CHECK(done(s, kv, op::clear{}, later) == value{50});
    CHECK(later.latest_over() == 1'050);
    CHECK(s.held(space_kind::kv, later).records == 0);
    CHECK(s.find(kv.kind, kv.name)->next_deadline() == INT64_MAX);
    const stamp early{1'050};
    CHECK(done(s, {}, op::clear{}, early) == value{10});
    CHECK(early.latest_over() == 0);
    CHECK(s.reclaim_expired(2'000, 1'000) <= 1); // looks where something was due
    CHECK(s.next_deadline() == INT64_MAX);
  }
}

TEST_CASE("a key with very many records is freed in steps, too") {
  for (const table_type type : {table_type::bag, table_type::duplicate_bag}) {
    partition_store s{{.type = type}};
    for (std::size_t i = 0; i < many; ++i)
      done(s, kv, op::put{{"key", i}});
    CHECK(done(s, kv, op::clear{}) == value{many});
    const std::size_t steps = free_all(s, 1'000);
    CHECK(steps >= many / 1'000 - 1);
    CHECK(s.bytes() < 1'000);
  }
}

TEST_CASE("what a read found outlives clearing and freeing") {
  for (const table_type type : all_types) {
    partition_store s{{.type = type}};
    fill(s, kv, 5'000);
    std::vector<records> kept;
    for (std::size_t i = 0; i < 5'000; ++i)
      kept.push_back(s.find(kv.kind, kv.name)->get(i, hash(value{i}), t0));
    done(s, kv, op::clear{});
    free_all(s, 100);
    reclaim::collect();
    for (std::size_t i = 0; i < 5'000; ++i)
      CHECK(kept[i].front() == record{i, text});
  }
}

TEST_CASE("what is cleared again and again does not pile up, though nobody frees it") {
  struct {
    space where;
    std::int64_t ttl_ms;
  } const all[] = {{kv, 0}, {kv, 1'000}, {kv, 1}, {queue, 0}}; // 1: all expire before
  constexpr std::size_t rounds = 20, each = 1'000;
  const std::string large(10'000, 'x');
  static_assert(rounds * each * 10'000 > 2 * leftovers::plenty);
  for (const auto& [where, ttl_ms] : all) {
    CAPTURE(to_string(where.kind));
    CAPTURE(ttl_ms);
    partition_store s{{}};
    std::size_t most = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < each; ++i)
        if (is_table(where.kind))
          done(s, where, op::put{{i, large}, ttl_ms});
        else
          done(s, where, op::push{{value{large}}});
      done(s, where, op::clear{}, stamp{t0.ms() + 500});
      most = std::max(most, s.bytes());
    }
    CHECK(most > leftovers::plenty);
    CHECK(most < leftovers::plenty + 2 * each * large.size());
  }
}

TEST_CASE("a store that ends frees what was cleared before") {
  reclaim::collect();
  const std::size_t pending = reclaim::pending();
  for (const table_type type : all_types) {
    partition_store s{{.type = type}};
    for (const space& where : {space{}, kv, queue, stack})
      fill(s, where, many / 10, is_table(where.kind) ? 10 : 0);
    s.clear(t0);
    CHECK(s.free_cleared(100));
  }
  reclaim::collect();
  CHECK(reclaim::pending() <= pending); // and a sanitizer would find what is left
}

TEST_CASE("tables that are filled, cleared and freed at random are as a simple model says") {
  const std::uint64_t seed = workload::seed(21);
  for (std::size_t round = 0; round < 4 * workload::scaled(40); ++round) {
    CAPTURE(seed + round);
    dice d{seed + round};
    const table_type type = all_types[round % 4];
    partition_store s{{.type = type, .stripes = std::size_t{1} << d.below(5)}};
    table& real = s.open(kv.kind, kv.name);
    model_table model{type, 0};
    std::int64_t now = 1'000;
    for (std::size_t cleared = 0; cleared < 8; now += static_cast<std::int64_t>(d.below(60))) {
      const std::size_t keys = 1 + d.below(1'000);
      for (std::size_t n = d.below(2'000); n > 0; --n) {
        const record r{d.below(keys), d.below(3)};
        const auto ttl = static_cast<std::int64_t>(d.chance(50) ? 0 : 1 + d.below(100));
        real.put(r, hash(r[0]), ttl, stamp{now});
        model.put(r, ttl, now);
      }
      if (d.chance(60)) {
        ++cleared;
        REQUIRE(done(s, kv, op::clear{}, stamp{now}) == value{model.clear(now)});
        REQUIRE(real.stored() == 0);
      }
      s.free_cleared(1 + d.below(1'500));
      if (d.chance(30))
        s.reclaim_expired(now, 1 + d.below(200));
      REQUIRE(real.count(stamp{now}) == model.all(now).size());
      for (std::size_t key = 0; key < keys; ++key)
        REQUIRE(real.get(key, hash(value{key}), stamp{now}).to_vector() == model.get(key, now));
    }
    free_all(s, 100);
    CHECK(s.bytes() == real.bytes());
  }
}

namespace {

/// Counts how often the removal of each of some records is reported, by number.
struct removals final : change_sink {
  explicit removals(std::size_t n) : of(n) {}
  void changed(transition t) override {
    if (t.kind == change_kind::removed)
      ++of[static_cast<std::size_t>(t.before[0].as_int())];
    else
      ++others;
  }
  std::vector<std::atomic<int>> of;
  std::atomic<int> others{0};
};

} // namespace

TEST_CASE("who begins to watch during a clear is told of every record that is there from then on") {
  constexpr std::size_t n = 300;
  for (std::size_t round = 0; round < workload::scaled(2'000); ++round) {
    const table_type type = all_types[round % 4];
    CAPTURE(to_string(type));
    removals told{n};
    partition_store s{{.type = type, .stripes = 64}};
    fill(s, kv, n);
    std::vector<std::size_t> seen;
    value answer;
    workload::on_threads(2, [&](std::size_t me) {
      if (me == 0) {
        answer = done(s, kv, op::clear{});
        return;
      }
      for (std::size_t spins = round % 50; spins > 0; --spins)
        cpu_relax();
      s.tell(&told);
      s.find(kv.kind, kv.name)->each(t0, [&](const record& r) {
        seen.push_back(static_cast<std::size_t>(r[0].as_int()));
        return true;
      });
    });
    s.tell(nullptr);
    CHECK(answer == value{n});
    CHECK(told.others == 0);
    for (const std::size_t i : seen)
      CHECK(told.of[i] == 1);
    for (const auto& times : told.of)
      CHECK(times <= 1);
    CHECK(s.held(kv.kind, t0).records == 0);
  }
}

TEST_CASE("threads that read, write, clear and free side by side lose nothing, and free it once") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    partition_store s{{.type = type}};
    table& t = s.open(kv.kind, kv.name);
    const std::size_t rounds = workload::scaled(40'000);
    std::atomic<std::size_t> put{0}, cleared{0}, wrong{0}, writing{2};
    const auto right
      = [](const record& r) { return r[1].as_string() == std::to_string(r[0].as_int()) + text; };
    workload::on_threads(5, [&](std::size_t me) {
      dice d{me};
      for (std::size_t i = 0; me < 2 && i < rounds; ++i) { // each key once
        const std::size_t key = 2 * i + me;
        t.put(record{key, std::to_string(key) + text}, hash(value{key}), d.chance(50) ? 100 : 0,
              t0);
        ++put;
      }
      writing -= me < 2;
      while (me == 2 && writing > 0) { // the reader
        std::vector<records> kept;     // beyond clearing and freeing
        for (std::size_t i = 0; i < 50; ++i) {
          const std::size_t key = d.below(put + 1);
          kept.push_back(t.get(key, hash(value{key}), t0));
        }
        t.each(t0, [&](const record& r) {
          wrong += !right(r);
          return true;
        });
        for (const records& found : kept)
          for (const record& r : found)
            wrong += !right(r);
      }
      while (me > 2 && writing > 0) {
        if (d.chance(2))
          cleared += t.clear(t0);
        s.free_cleared(1 + d.below(50));
      }
    });
    cleared += t.clear(t0);
    CHECK(wrong == 0);
    CHECK(cleared == put);
    free_all(s, 100);
    CHECK(s.bytes() < 1'000);
    CHECK(s.next_deadline() >= 1'100);
  }
}
