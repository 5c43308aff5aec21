#include "support/workload.hpp"

#include <supercache/store/reclaim.hpp>
#include <supercache/store/shelf_striped.hpp>
#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <vector>

// Tables that begin with one stripe and have several once they have some records.

using namespace supercache;
using shelf::width;
using workload::dice;

namespace {

const stamp t0{1'000};
constexpr table_type striped[] = {table_type::set, table_type::bag, table_type::duplicate_bag};

struct narrow_table : table {
  explicit narrow_table(table_type type) : table(type, 0, 8, width::narrow, {}, nullptr) {}
};

void put(table& t, std::int64_t key, std::int64_t ttl_ms = 0) {
  t.put(record{key, "x"}, hash(value{key}), ttl_ms, t0);
}
bool has(const table& t, std::int64_t key) { return !t.get(key, hash(value{key}), t0).empty(); }

/// How often a walk in pages meets each key; `between()` is called after each page.
template <class F>
std::map<std::int64_t, int> walk(const table& t, value from, F&& between) {
  std::map<std::int64_t, int> met;
  do {
    std::vector<record> page;
    from = t.next_page(from, t0, page).value();
    for (const record& r : page)
      ++met[r[0].as_int()];
    between();
  } while (!from.is_nil());
  return met;
}

} // namespace

TEST_CASE("a narrow table keeps everything when it becomes wide, and when records expire") {
  for (const table_type type : striped) {
    CAPTURE(to_string(type));
    narrow_table t{type};
    for (std::int64_t i = 0; i < 500; ++i) {
      put(t, i, i % 3 ? 0 : 50);
      REQUIRE(t.count(t0) == static_cast<std::size_t>(i + 1));
      REQUIRE(t.next_deadline() == 1'050);
      for (std::int64_t k = 0; k <= i; k += 7)
        REQUIRE(has(t, k));
    }
    CHECK(t.reclaim_expired(1'050, 1'000) == 167);
    CHECK(t.stored() == 333);
    CHECK(t.clear(t0) == 333);
    CHECK(t.bytes() == 0);
  }
}

TEST_CASE("a walk meets lasting records exactly once while a table becomes wide") {
  for (const table_type type : striped) {
    CAPTURE(to_string(type));
    for (std::int64_t before = 0; before < 130; before += 3) {
      narrow_table t{type};
      for (std::int64_t i = 0; i < before; ++i)
        put(t, i);
      std::int64_t next = 1'000;
      const auto met = walk(t, {}, [&] {
        for (int i = 0; i < 50; ++i)
          put(t, next++);
      });
      for (std::int64_t i = 0; i < before; ++i)
        REQUIRE(met.at(i) == 1);
      for (const auto& [key, times] : met)
        REQUIRE(times == 1);
    }
  }
}

TEST_CASE("a walk that began in another table continues in a narrow one") {
  // As when a copy installs a snapshot of a primary that now has fewer records than the one before.
  for (const table_type type : striped) {
    CAPTURE(to_string(type));
    table wide{type, 0, 8};
    narrow_table t{type};
    for (std::int64_t i = 0; i < 60; ++i)
      put(t, i);
    for (std::int64_t i = 0; i < 3'000; ++i)
      put(wide, i);
    std::vector<record> before;
    for (value from = wide.next_page({}, t0, before).value(); !from.is_nil();
         from = wide.next_page(from, t0, before).value()) {
      auto met = walk(t, from, [] {});
      for (const record& r : before)
        if (r[0].as_int() < 60)
          ++met[r[0].as_int()];
      REQUIRE(met.size() == 60);
      REQUIRE(std::ranges::all_of(met, [](const auto& x) { return x.second == 1; }));
    }
  }
}

TEST_CASE("readers and walkers find lasting records while tables become wide") {
  for (const table_type type : striped) {
    CAPTURE(to_string(type));
    std::atomic<std::size_t> wrong{0};
    for (std::size_t round = 0; round < workload::scaled(1'000); ++round) {
      narrow_table t{type};
      for (std::int64_t i = 0; i < 60; ++i)
        put(t, i);
      std::atomic<bool> done{false};
      workload::on_threads(3, [&](std::size_t me) {
        if (me == 0) {
          for (std::int64_t i = 60; i < 70; ++i)
            put(t, i);
          done = true;
          return;
        }
        do {
          if (me == 1) {
            for (std::int64_t i = 0; i < 60; ++i)
              wrong += !has(t, i);
            wrong += t.count(t0) < 60;
          } else {
            const auto met = walk(t, {}, [] {});
            wrong += std::ranges::count_if(met, [](const auto& x) { return x.second != 1; }) != 0;
            wrong += std::ranges::count_if(met, [](const auto& x) { return x.first < 60; }) != 60;
          }
        } while (!done);
      });
    }
    CHECK(wrong == 0);
  }
  reclaim::collect();
}

TEST_CASE("no write is lost, counted twice or left unreported while a table becomes wide") {
  struct counter : change_sink {
    std::atomic<std::size_t> stored{0};
    void changed(transition) override { ++stored; }
  };
  for (const table_type type : striped) {
    CAPTURE(to_string(type));
    for (std::size_t round = 0; round < workload::scaled(500); ++round) {
      narrow_table t{type};
      counter told;
      t.tell(&told);
      workload::on_threads(4, [&](std::size_t me) {
        for (std::int64_t i = 0; i < 40; ++i)
          put(t, static_cast<std::int64_t>(me) * 1'000 + i);
      });
      REQUIRE(t.count(t0) == 160);
      REQUIRE(told.stored == 160);
      t.tell(nullptr);
    }
  }
}
