#include "support/workload.hpp"

#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

// Bags with so many records under one key that visiting all of them for each one would not end.

using namespace supercache;
using workload::dice;

namespace {

const stamp t0{1'000};
const std::size_t many = workload::scaled(200'000) + 20'000;
const value key = "key";
constexpr table_type bags[] = {table_type::bag, table_type::duplicate_bag};

void put(table& t, record r, std::int64_t ttl_ms = 0, const stamp& now = t0) {
  t.put(std::move(r), hash(key), ttl_ms, now);
}
record row(std::size_t i) { return record{key, static_cast<std::int64_t>(i)}; }
std::vector<record> found(const table& t, const stamp& now = t0) {
  return t.get(key, hash(key), now).to_vector();
}

} // namespace

TEST_CASE("records under one key are added at the same cost however many there are, in order") {
  for (const table_type type : bags) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    std::vector<record> expected;
    for (std::size_t i = 0; i < many; ++i) {
      expected.push_back(row(i * 7'919 % many));
      put(t, expected.back());
    }
    CHECK(found(t) == expected);
    for (std::size_t i = 0; i < many; ++i)
      put(t, row(i));
    CHECK(t.count(t0) == (type == table_type::bag ? many : 2 * many));
    const auto all = found(t);
    CHECK(std::equal(expected.begin(), expected.end(), all.begin()));
    CHECK(t.remove(key, hash(key), t0) == all.size());
    CHECK(t.count(t0) == 0);
    CHECK(t.bytes() < 10'000);
  }
}

TEST_CASE("one record is added to a duplicate bag again and again") {
  table t{table_type::duplicate_bag, 0, 4};
  const record r = row(1);
  for (std::size_t i = 0; i < many; ++i)
    put(t, r);
  CHECK(t.count(t0) == many);
  CHECK(t.take(key, hash(key), t0) == std::vector(many, r));
}

TEST_CASE("an equal record that is stored again keeps its place and gets the new time to live") {
  table t{table_type::bag, 0, 4};
  for (std::size_t i = 0; i < 100; ++i)
    put(t, row(i));
  put(t, row(50), 10);
  CHECK(found(t)[50] == row(50));
  CHECK(found(t)[50].deadline() == 1'010);
  CHECK(found(t).size() == 100);
  put(t, row(50), 0, stamp{1'010}); // it has expired: a new one comes last
  const auto all = found(t, stamp{1'010});
  CHECK(all.size() == 100);
  CHECK(all.back() == row(50));
  CHECK(all.back().deadline() == 0);
  CHECK(t.next_deadline() == INT64_MAX);
}

TEST_CASE("expired records in a long bag, in whatever order, are freed one by one") {
  for (const table_type type : bags) {
    CAPTURE(to_string(type));
    dice d{workload::seed(91)};
    table t{type, 0, 4};
    std::vector<std::int64_t> lives;
    for (std::size_t i = 0; i < many; ++i) {
      lives.push_back(static_cast<std::int64_t>(d.below(2'000))); // 0: for ever
      put(t, row(i), lives.back());
    }
    for (const std::int64_t age : {1, 500, 1'000, 1'999}) {
      const stamp now{1'000 + age};
      while (t.reclaim_expired(now.ms(), 50))
        ;
      std::vector<record> expected;
      for (std::size_t i = 0; i < many; ++i)
        if (lives[i] == 0 || lives[i] > age)
          expected.push_back(row(i));
      CHECK(t.stored() == expected.size());
      CHECK(found(t, now) == expected);
    }
    CHECK(t.next_deadline() == INT64_MAX);
  }
}

TEST_CASE("a key has few records again after it had many") {
  for (const table_type type : bags) {
    CAPTURE(to_string(type));
    table t{type, 0, 1};
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < 1'000; ++i)
        put(t, row(i));
      const auto low = compiled_pattern::compile([] {
        pattern p{{any, bind(1)}};
        p.when = var(1) >= 3;
        return p;
      }());
      CHECK(t.remove_match(*low, t0) == 997);
      CHECK(found(t) == std::vector{row(0), row(1), row(2)});
      CHECK(t.bytes() < 2'000);
      CHECK(t.exchange(row(7), hash(key), table::always, t0));
      CHECK(found(t) == std::vector{row(7)});
      t.remove(key, hash(key), t0);
    }
  }
}
