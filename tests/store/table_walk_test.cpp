#include "support/checks.hpp"
#include "support/table_types.hpp"
#include "support/workload.hpp"

#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace supercache;
using workload::dice;

namespace {

const stamp t0{1'000};

void put(table& t, record r, std::int64_t ttl_ms = 0) {
  const auto h = hash(r[t.key_pos()]);
  t.put(std::move(r), h, ttl_ms, t0);
}

/// All pages; `between(n)` is called after the n-th.
template <class F>
std::vector<record> in_pages(const table& t, std::size_t& largest, F&& between) {
  std::vector<record> all;
  value from;
  largest = 0;
  for (std::size_t n = 0;; ++n) {
    const std::size_t before = all.size();
    from = t.next_page(from, t0, all).value();
    largest = std::max(largest, all.size() - before);
    REQUIRE(n < 100'000);
    if (from.is_nil())
      return all;
    between(n);
  }
}
std::vector<record> in_pages(const table& t) {
  std::size_t largest = 0;
  return in_pages(t, largest, [](std::size_t) {});
}

} // namespace

TEST_CASE("a match ends at its limit, and a count is of all that match") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    for (int i = 0; i < 2'000; ++i)
      put(t, record{i, i % 2});
    const auto odd = compiled_pattern::compile(pattern{{bind(1), 1}}).value();
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{700}, SIZE_MAX}) {
      std::size_t rows = 0, bound = 0;
      t.match(
        odd, t0, [&](const record&) { ++rows; }, limit);
      t.match_bindings(
        odd, t0, [&](const bindings&) { ++bound; }, limit);
      CHECK(rows == std::min<std::size_t>(limit, 1'000));
      CHECK(bound == rows);
    }
    CHECK(t.count_match(odd, t0) == 1'000);
    CHECK(t.count_match(compiled_pattern::compile(pattern{{7, any}}).value(), t0) == 1);
  }
}

TEST_CASE("pages are the whole table, each record once, in order if the table has one") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    for (const int n : {0, 1, 127, 128, 129, 3'000}) {
      CAPTURE(n);
      table t{type, 0, 4};
      std::vector<record> expected;
      for (int i = 0; i < n; ++i)
        expected.emplace_back(i, "x");
      for (auto at = expected.rbegin(); at != expected.rend(); ++at)
        put(t, *at);
      std::size_t largest = 0;
      auto found = in_pages(t, largest, [](std::size_t) {});
      if (type != table_type::ordered_set)
        std::ranges::sort(found);
      CHECK(found == expected);
      CHECK(largest <= 1'000); // a page has a bound, whatever the table's size
    }
  }
}

TEST_CASE("pages leave out expired records") {
  for (const table_type type : all_types) {
    table t{type, 0, 4};
    for (int i = 0; i < 500; ++i) {
      put(t, record{i, "stays"});
      t.put(record{i + 1'000, "expired"}, hash(value{i + 1'000}), 10, stamp{900});
    }
    CHECK(in_pages(t).size() == 500);
  }
}

TEST_CASE("a lasting record is on exactly one page while the table grows, shrinks and is cleared") {
  const auto seed = workload::seed(61);
  CAPTURE(seed);
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    dice d{seed};
    for (int round = 0; round < 20; ++round) {
      table t{type, 0, 4};
      std::map<value, int> stable;
      const auto first = static_cast<int>(d.below(2'000));
      for (int i = 0; i < first; ++i) {
        put(t, record{i * 2, "stays"});
        stable[i * 2] = 0;
      }
      const bool clears = d.chance(20);
      std::size_t largest = 0;
      const auto found = in_pages(t, largest, [&](std::size_t n) {
        for (std::size_t i = d.below(300); i > 0 && n < 50; --i) {
          const value other = static_cast<std::int64_t>(d.below(10'000) * 2 + 1);
          d.chance(70) ? put(t, record{other, "passes"}) : (void)t.remove(other, hash(other), t0);
        }
        if (clears && n == 3) {
          t.clear(t0);
          stable.clear();
        }
      });
      for (const record& r : found)
        if (const auto at = stable.find(r[0]); at != stable.end())
          ++at->second;
      REQUIRE(std::ranges::all_of(stable, [](const auto& x) { return x.second == 1; }));
    }
  }
}

TEST_CASE("a page that begins where none ended is refused") {
  for (const table_type type : all_types) {
    table t{type, 0, 4};
    put(t, record{1});
    std::vector<record> out;
    const value good = value::tuple({0, 0, 3, true, nullptr, false});
    CHECK(t.next_page(good, t0, out).ok());
    const std::vector<std::pair<std::size_t, value>> wrong = {
      {0, -1}, {0, "x"}, {1, -1}, {1, 8}, {1, 1.0}, {2, -1}, {2, 24}, {2, nullptr}, {3, 1}, {5, 0}};
    for (const auto& [at, x] : wrong) {
      value_list items(good.items().begin(), good.items().end());
      items[at] = x;
      const value from = value::tuple(items);
      CHECK_REFUSED(t.next_page(from, t0, out), errc::invalid_argument,
                    "no page ends at " + to_string(from));
    }
    for (const value& from : {value{1}, value{"x"}, value::tuple({}), value::list({1})})
      CHECK_REFUSED(t.next_page(from, t0, out), errc::invalid_argument,
                    "no page ends at " + to_string(from));
    // another table's page may lead nowhere, but does no harm
    for (const value& from : {value::tuple({1'000, 0, 0, true, nullptr, false}),
                              value::tuple({0, 0, 0, true, value::list({"z"}), true}),
                              value::tuple({3, 7, 3, false, 5, true})})
      CHECK(t.next_page(from, t0, out).ok());
  }
}

TEST_CASE("the beginning of a page can be a deep key, and the next page is found from it") {
  table t{table_type::ordered_set, 0, 1};
  value deepest = 1;
  while (deepest.depth() + 1 < max_depth)
    deepest = value::list({deepest});
  for (int i = 0; i < 127; ++i)
    put(t, record{i});
  put(t, record{deepest}); // the last key of the first page
  put(t, record{value::map({})});
  CHECK(in_pages(t).size() == 129);
}
