#include "support/checks.hpp"
#include "support/table_types.hpp"

#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

using namespace supercache;

namespace {

const stamp t0{1'000};

void put(table& t, record r, std::int64_t ttl_ms = 0) {
  const auto h = hash(r[t.key_pos()]);
  t.put(std::move(r), h, ttl_ms, t0);
}

std::vector<record> get(const table& t, const value& key) {
  return t.get(key, hash(key), t0).to_vector();
}

std::vector<record> all(const table& t, const key_range& range = {}) {
  std::vector<record> out;
  t.each_in(range, t0, [&](const record& r) {
    out.push_back(r);
    return true;
  });
  return out;
}

std::vector<record> matching(const table& t, pattern p) {
  std::vector<record> out;
  t.match(compiled_pattern::compile(std::move(p)).value(), t0,
          [&](record r) { out.push_back(std::move(r)); });
  return out;
}

/// Calls `f(table)` with an empty table of each type.
template <class F>
void for_each_type(F&& f, std::initializer_list<table_type> types
                          = {table_type::set, table_type::ordered_set, table_type::bag,
                             table_type::duplicate_bag}) {
  for (const table_type type : types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    f(t);
  }
}

} // namespace

TEST_CASE("table types have the names that configurations use") {
  CHECK(to_string(table_type::set) == "set");
  CHECK(to_string(table_type::ordered_set) == "ordered_set");
  CHECK(to_string(table_type::bag) == "bag");
  CHECK(to_string(table_type::duplicate_bag) == "duplicate_bag");
  for (const table_type type : all_types)
    CHECK(table_type_from(to_string(type)) == type);
  CHECK_FALSE(table_type_from("Set"));
  CHECK_FALSE(table_type_from(""));
}

TEST_CASE("an empty table answers every read and removal with nothing") {
  for_each_type([](table& t) {
    CHECK(get(t, "absent").empty());
    CHECK(all(t).empty());
    CHECK(matching(t, pattern{{any}}).empty());
    CHECK(t.remove("absent", hash(value{"absent"}), t0) == 0);
    CHECK(t.take("absent", hash(value{"absent"}), t0).empty());
    CHECK(t.count(t0) == 0);
    CHECK(t.clear(t0) == 0);
    CHECK(t.bytes() == 0);
    CHECK(t.next_deadline() == INT64_MAX);
  });
}

TEST_CASE("a set keeps the last record under a key, a bag all that differ, in their order") {
  for_each_type([](table& t) {
    for (const int x : {3, 1, 2, 1})
      put(t, record{"key", x});
    put(t, record{"other", 9});
    const auto found = get(t, "key");
    if (t.type() == table_type::duplicate_bag)
      CHECK(found
            == std::vector{record{"key", 3}, record{"key", 1}, record{"key", 2}, record{"key", 1}});
    else if (t.type() == table_type::bag)
      CHECK(found == std::vector{record{"key", 3}, record{"key", 1}, record{"key", 2}});
    else
      CHECK(found == std::vector{record{"key", 1}});
    CHECK(t.holds_many() == (t.type() >= table_type::bag));
    CHECK(t.count(t0) == found.size() + 1);
  });
}

TEST_CASE("a read is not changed by what happens to the table afterwards") {
  for_each_type([](table& t) {
    put(t, record{"key", std::string(40, 'x')});
    const records before = t.get("key", hash(value{"key"}), t0);
    t.clear(t0);
    put(t, record{"key", 2});
    CHECK(before.to_vector() == std::vector{record{"key", std::string(40, 'x')}});
  });
}

TEST_CASE("the key may be any element") {
  table t{table_type::set, 2, 1};
  put(t, record{"a", 1, "key"});
  put(t, record{"b", 2, "key"});
  CHECK(get(t, "key") == std::vector{record{"b", 2, "key"}});
  CHECK(get(t, "a").empty());
}

TEST_CASE("1 and 1.0 are different keys") {
  for_each_type([](table& t) {
    put(t, record{1, "integer"});
    put(t, record{1.0, "double"});
    CHECK(get(t, 1) == std::vector{record{1, "integer"}});
    CHECK(get(t, 1.0) == std::vector{record{1.0, "double"}});
  });
}

TEST_CASE("operations that need one record per key are refused on bags and change nothing") {
  for_each_type(
    [](table& t) {
      put(t, record{"key", 1});
      const auto h = hash(value{"key"});
      const std::string rest = " needs one record per key, and a bag can have many";
      CHECK_REFUSED(t.update_element({"key", {{1, 5}}}, h, t0), errc::type_mismatch,
                    "update_element" + rest);
      CHECK_REFUSED(t.update_counter({"key"}, h, t0), errc::type_mismatch, "update_counter" + rest);
      CHECK_REFUSED(t.compare_exchange({"key", record{"key", 1}, {}}, h, t0), errc::type_mismatch,
                    "compare_exchange" + rest);
      CHECK(get(t, "key") == std::vector{record{"key", 1}});
    },
    {table_type::bag, table_type::duplicate_bag});
}

TEST_CASE("an update of a missing element or of the key is refused and changes nothing") {
  for_each_type(
    [](table& t) {
      put(t, record{"key", 1, 2});
      const auto h = hash(value{"key"});
      CHECK_REFUSED(t.update_element({"key", {{1, 5}, {3, 5}}}, h, t0), errc::invalid_argument,
                    "record has 3 elements; there is none at position 3");
      CHECK_REFUSED(t.update_element({"key", {{1, 5}, {0, "x"}}}, h, t0), errc::invalid_argument,
                    "element 0 is the key and cannot be changed");
      CHECK_REFUSED(t.update_counter({"key", 0}, h, t0), errc::invalid_argument,
                    "element 0 is the key and cannot be changed");
      CHECK_REFUSED(t.update_counter({"key", 3}, h, t0), errc::invalid_argument,
                    "record has 3 elements; there is none at position 3");
      value deepest = 1;
      while (deepest.depth() < max_depth)
        deepest = value::list({deepest});
      CHECK_REFUSED(t.update_element({"key", {{1, 5}, {2, deepest}}}, h, t0), errc::too_large,
                    "value nested deeper than 128 levels");
      CHECK(get(t, "key") == std::vector{record{"key", 1, 2}});
      CHECK(t.update_element({"key", {{2, "x"}, {1, nullptr}}}, h, t0).value());
      CHECK(get(t, "key") == std::vector{record{"key", nullptr, "x"}});
      CHECK_FALSE(t.update_element({"absent", {{1, 5}}}, hash(value{"absent"}), t0).value());
    },
    {table_type::set, table_type::ordered_set});
}

TEST_CASE("a counter that is no integer, or would leave 64 bits, is refused and not changed") {
  for_each_type(
    [](table& t) {
      put(t, record{"key", "text", INT64_MAX, 1.0});
      const auto h = hash(value{"key"});
      CHECK_REFUSED(t.update_counter({"key", 1}, h, t0), errc::type_mismatch,
                    "cannot add to \"text\", a string; only integers count");
      CHECK_REFUSED(t.update_counter({"key", 3}, h, t0), errc::type_mismatch,
                    "cannot add to 1.0, a double; only integers count");
      CHECK_REFUSED(t.update_counter({"key", 2, 1}, h, t0), errc::invalid_argument,
                    "counter 9223372036854775807 plus 1 leaves the 64-bit range");
      CHECK_REFUSED(t.update_counter({"absent"}, hash(value{"absent"}), t0), errc::not_found,
                    "no record under key \"absent\"");
      CHECK(t.update_counter({"key", 2, -7}, h, t0).value() == INT64_MAX - 7);
      CHECK(t.count(t0) == 1);
    },
    {table_type::set, table_type::ordered_set});
}

TEST_CASE("a counter without a record starts from the initial one, a bad one is not stored") {
  for_each_type(
    [](table& t) {
      const auto h = hash(value{"key"});
      CHECK_REFUSED(t.update_counter({"key", 1, 1, record{"key", "x"}}, h, t0), errc::type_mismatch,
                    "cannot add to \"x\", a string; only integers count");
      CHECK(t.count(t0) == 0);
      CHECK(t.update_counter({"key", 1, 5, record{"key", 10}}, h, t0).value() == 15);
      CHECK(t.update_counter({"key", 1, 5, record{"key", 10}}, h, t0).value() == 20);
      CHECK(get(t, "key") == std::vector{record{"key", 20}});
    },
    {table_type::set, table_type::ordered_set});
}

TEST_CASE("an ordered set visits its records in key order, from a range only those inside") {
  table t{table_type::ordered_set, 0, 1};
  std::vector<record> expected;
  for (int i = 999; i >= 0; --i) // more than one chunk of a walk
    put(t, record{i, "x"});
  for (int i = 0; i < 1000; ++i)
    expected.emplace_back(i, "x");
  CHECK(all(t) == expected);
  for (const auto& [low, high] : std::vector<std::pair<int, int>>{
         {0, 999}, {0, 127}, {0, 128}, {128, 255}, {500, 500}, {-5, 3}, {990, 2000}, {7, 3}}) {
    std::vector<record> inside;
    std::ranges::copy_if(expected, std::back_inserter(inside), [&](const record& r) {
      return r[0] >= value{low} && r[0] <= value{high};
    });
    CHECK(all(t, key_range{value{low}, value{high}}) == inside);
    if (low <= high)
      CHECK(matching(t, pattern{{bind(1), any}, var(1) >= low && var(1) <= high}) == inside);
  }
}

TEST_CASE("an ordered set finds keys by a tuple's leading elements, in order") {
  table t{table_type::ordered_set, 0, 1};
  for (const char* user : {"a", "ann", "b"})
    for (int i = 0; i < 300; ++i)
      put(t, record{value::tuple({user, i}), "x"});
  put(t, record{value::tuple({"ann"}), "short"});
  put(t, record{value::list({"ann", 1}), "list"});
  put(t, record{"ann", "text"});
  const auto found = matching(t, pattern{{tuple_of({"ann", bind(1)}), any}});
  REQUIRE(found.size() == 300);
  for (int i = 0; i < 300; ++i)
    CHECK(found[static_cast<std::size_t>(i)][0] == value::tuple({"ann", i}));
}

TEST_CASE("a walk ends when the visitor has enough") {
  for_each_type([](table& t) {
    for (int i = 0; i < 500; ++i)
      put(t, record{i});
    int visited = 0;
    t.each(t0, [&](const record&) { return ++visited < 7; });
    CHECK(visited == 7);
  });
}

TEST_CASE("a pattern with a literal key finds that key's records only") {
  for_each_type([](table& t) {
    for (int i = 0; i < 300; ++i)
      put(t, record{i % 30, i});
    const auto found = matching(t, pattern{{7, bind(1)}, var(1) > 100});
    CHECK(found.size() == (t.holds_many() ? 6 : 1));
    for (const record& r : found)
      CHECK(r[0] == value{7});
    CHECK(matching(t, pattern{{7.0, any}}).empty());
    CHECK(matching(t, pattern{{7}}).empty());
  });
}

TEST_CASE("a visitor may use the table it walks over") {
  for_each_type([](table& t) {
    for (int i = 0; i < 500; ++i)
      put(t, record{i, "before"});
    std::size_t visited = 0;
    t.each(t0, [&](const record& r) {
      ++visited;
      t.remove(r[0], hash(r[0]), t0);
      return true;
    });
    CHECK(visited == 500);
    CHECK(t.count(t0) == 0);
  });
}

TEST_CASE("a batch has the same result as its records one by one") {
  for_each_type([](table& t) {
    table single{t.type(), 0, 4};
    std::vector<record> rows;
    std::vector<std::uint64_t> hashes;
    for (int i = 0; i < 1000; ++i) {
      rows.emplace_back(i * 7 % 300, i % 5);
      hashes.push_back(hash(rows.back()[0]));
      put(single, rows.back());
    }
    t.put_many(rows, hashes, 0, t0);
    for (int i = 0; i < 300; ++i)
      CHECK(get(t, i) == get(single, i));
    CHECK(t.count(t0) == single.count(t0));
  });
}

TEST_CASE("bytes follow the contents of the table") {
  for_each_type([](table& t) {
    for (int i = 0; i < 1000; ++i)
      put(t, record{i, std::string(1000, 'x')});
    CHECK(t.bytes() > 1'000'000);
    CHECK(t.bytes() < 1'300'000);
    for (int i = 0; i < 1000; ++i)
      t.remove(i, hash(value{i}), t0);
    CHECK(t.bytes() < 200'000); // the index keeps its size
    t.clear(t0);
    CHECK(t.bytes() == 0);
  });
}

TEST_CASE("exchange leaves one record under a key, with the deadline of the first") {
  for_each_type([](table& t) {
    const auto h = hash(value{"key"});
    CHECK_FALSE(t.exchange(record{"key", 1}, h, table::only_if_there, t0));
    CHECK(get(t, "key").empty());
    CHECK(t.exchange(record{"key", 1}, h, table::always, t0));
    CHECK(get(t, "key") == std::vector{record{"key", 1}});
    CHECK(t.next_deadline() == INT64_MAX);
    t.clear(t0);
    put(t, record{"key", 1}, 50);
    put(t, record{"key", 2}, 50);
    put(t, record{"key", 3}, 50);
    CHECK(t.exchange(record{"key", 4}, h, table::only_if_there, t0));
    CHECK(get(t, "key") == std::vector{record{"key", 4}});
    CHECK(t.next_deadline() == 1'050);
    CHECK(t.count(t0) == 1);
  });
}
