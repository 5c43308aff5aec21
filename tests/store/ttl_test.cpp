#include "support/table_types.hpp"
#include "support/workload.hpp"

#include <supercache/store/reclaim.hpp>
#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

using namespace supercache;

namespace {

constexpr table_type one_per_key[] = {table_type::set, table_type::ordered_set};
constexpr table_type many_per_key[] = {table_type::bag, table_type::duplicate_bag};

void put(table& t, record r, std::int64_t ttl_ms, std::int64_t now) {
  const auto h = hash(r[0]);
  t.put(std::move(r), h, ttl_ms, stamp{now});
}

std::vector<record> get(const table& t, const value& key, std::int64_t now) {
  return t.get(key, hash(key), stamp{now}).to_vector();
}

std::vector<record> walk(const table& t, std::int64_t now) {
  std::vector<record> out;
  t.each(stamp{now}, [&](const record& r) {
    out.push_back(r);
    return true;
  });
  return out;
}

std::vector<record> matching(const table& t, pattern p, std::int64_t now) {
  std::vector<record> out;
  t.match(compiled_pattern::compile(std::move(p)).value(), stamp{now},
          [&](record r) { out.push_back(std::move(r)); });
  return out;
}

int clock_asked = 0;
std::int64_t counting_clock() {
  ++clock_asked;
  return 1'000;
}

} // namespace

TEST_CASE("a stamp asks its clock once, and only if the time matters") {
  clock_asked = 0;
  const stamp now{counting_clock};
  CHECK(now.after(0) == 0);
  CHECK(clock_asked == 0);
  CHECK(now.ms() == 1'000);
  CHECK(now.ms() == 1'000);
  CHECK(now.after(50) == 1'050);
  CHECK(clock_asked == 1);
  CHECK(stamp{7}.ms() == 7);
}

TEST_CASE("a deadline beyond the end of time is the end of time") {
  CHECK(stamp{1'000}.after(INT64_MAX) == INT64_MAX);
  CHECK(stamp{1'000}.after(INT64_MAX - 1'000) == INT64_MAX);
  CHECK(stamp{1'000}.after(INT64_MAX - 1'001) == INT64_MAX - 1);
}

TEST_CASE("operations on records without a time to live ask no clock") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    clock_asked = 0;
    const stamp now{counting_clock};
    const record r{"key", 1};
    const auto h = hash(r[0]);
    t.put(r, h, 0, now);
    t.insert_new(r, h, 0, now);
    CHECK(t.get("key", h, now).size() == 1);
    CHECK(t.count(now) == 1);
    CHECK(t.take("key", h, now).size() == 1);
    t.put(r, h, 0, now);
    CHECK(t.clear(now) == 1);
    CHECK(clock_asked == 0);
  }
}

TEST_CASE("an expired record is invisible to every read from its deadline on") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    put(t, record{"key", 1}, 50, 1'000);
    for (const std::int64_t now : {1'000, 1'049}) {
      CHECK(get(t, "key", now) == std::vector{record{"key", 1}});
      CHECK(walk(t, now).size() == 1);
      CHECK(matching(t, pattern{{any, any}}, now).size() == 1);
      CHECK(matching(t, pattern{{"key", any}}, now).size() == 1);
    }
    for (const std::int64_t now : {1'050, 9'999}) {
      CHECK(get(t, "key", now).empty());
      CHECK(walk(t, now).empty());
      CHECK(matching(t, pattern{{any, any}}, now).empty());
      CHECK(matching(t, pattern{{"key", any}}, now).empty());
      const value keys[] = {"key"};
      const std::uint64_t hashes[] = {hash(keys[0])};
      records found[] = {records{record{"left over"}}};
      t.get_many(keys, hashes, found, stamp{now});
      CHECK(found[0].empty());
    }
    CHECK(t.count(stamp{1'049}) == 1);
    CHECK(t.count(stamp{1'050}) == 0);
  }
}

TEST_CASE("an expired record counts for no write") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    const auto h = hash(value{"key"});
    const stamp late{1'050};
    const auto with_expired = [&](auto&& f) {
      table t{type, 0, 4};
      put(t, record{"key", 1}, 50, 1'000);
      f(t);
    };
    with_expired([&](table& t) { CHECK(t.remove("key", h, late) == 0); });
    with_expired([&](table& t) { CHECK(t.take("key", h, late).empty()); });
    with_expired([&](table& t) { CHECK(t.clear(late) == 0); });
    with_expired([&](table& t) { CHECK(t.expire("key", h, 9, late) == 0); });
    with_expired([&](table& t) {
      CHECK(t.remove_match(compiled_pattern::compile(pattern{{any, any}}).value(), late) == 0);
      CHECK(t.next_deadline() == INT64_MAX); // it is gone nevertheless
    });
    with_expired([&](table& t) {
      CHECK(t.insert_new(record{"key", 2}, h, 0, late));
      CHECK(get(t, "key", 1'050) == std::vector{record{"key", 2}});
    });
    with_expired([&](table& t) {
      put(t, record{"key", 2}, 0, 1'050);
      CHECK(get(t, "key", 1'050) == std::vector{record{"key", 2}});
      CHECK(t.next_deadline() == INT64_MAX);
    });
  }
}

TEST_CASE("an expired record is absent for updates") {
  for (const table_type type : one_per_key) {
    const auto h = hash(value{"key"});
    const stamp late{1'050};
    table t{type, 0, 4};
    put(t, record{"key", 1}, 50, 1'000);
    CHECK_FALSE(t.update_element({"key", {{1, 2}}}, h, late).value());
    put(t, record{"key", 1}, 50, 1'000);
    CHECK(t.update_counter({"key"}, h, late).why().code == errc::not_found);
    put(t, record{"key", 1}, 50, 1'000);
    CHECK(t.update_counter({"key", 1, 5, record{"key", 0}}, h, late).value() == 5);
    t.clear(late);
    put(t, record{"key", 1}, 50, 1'000);
    CHECK_FALSE(t.compare_exchange({"key", record{"key", 1}, {}}, h, late).value());
    CHECK(t.compare_exchange({"key", {}, record{"key", 2}}, h, late).value());
  }
}

TEST_CASE("updates keep the deadline, writes set it, expire changes it") {
  for (const table_type type : one_per_key) {
    CAPTURE(to_string(type));
    const auto h = hash(value{"key"});
    table t{type, 0, 4};
    put(t, record{"key", 1}, 50, 1'000);
    CHECK(t.update_element({"key", {{1, 2}}}, h, stamp{1'020}).value());
    CHECK(t.next_deadline() == 1'050);
    CHECK(t.update_counter({"key"}, h, stamp{1'020}).value() == 3);
    CHECK(t.next_deadline() == 1'050);
    CHECK(t.update_counter({"key", 1, 0, {}, 40}, h, stamp{1'020}).value() == 3);
    CHECK(t.next_deadline() == 1'060);
    CHECK(t.expire("key", h, 30, stamp{1'020}) == 1);
    op::compare_exchange swap{"key", record{"key", 3}, record{"key", 4}, -1};
    CHECK(t.compare_exchange(swap, h, stamp{1'020}).value());
    CHECK(t.next_deadline() == 1'050);
    swap = {"key", record{"key", 4}, record{"key", 5}, 100};
    CHECK(t.compare_exchange(swap, h, stamp{1'020}).value());
    CHECK(t.next_deadline() == 1'120);
    CHECK(t.expire("key", h, 10, stamp{1'030}) == 1);
    CHECK(t.next_deadline() == 1'040);
    CHECK(t.expire("key", h, 0, stamp{1'030}) == 1);
    CHECK(t.next_deadline() == INT64_MAX);
    put(t, record{"key", 1}, 50, 1'000);
    put(t, record{"key", 1}, 0, 1'000);
    CHECK(t.next_deadline() == INT64_MAX);
    CHECK(get(t, "key", 99'999).size() == 1);
  }
}

TEST_CASE("expired records, and only those, are freed in portions of the budget") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    for (int i = 0; i < 100; ++i) {
      put(t, record{i, "expires"}, 10 + i % 3, 1'000);
      put(t, record{i + 1'000, "expires later"}, 5'000, 1'000);
      put(t, record{i + 2'000, "stays"}, 0, 1'000);
    }
    CHECK(t.next_deadline() == 1'010);
    CHECK(t.reclaim_expired(1'009, 1'000) == 0);
    const auto before = t.bytes();
    for (int i = 0; i < 14; ++i)
      CHECK(t.reclaim_expired(1'012, 7) == 7);
    CHECK(t.reclaim_expired(1'012, 7) == 2);
    CHECK(t.reclaim_expired(1'012, 7) == 0);
    CHECK(t.reclaim_expired(1'012, 0) == 0);
    CHECK(t.bytes() + 100 * record{1, "expires"}.heap_bytes() <= before);
    CHECK(t.next_deadline() == 6'000);
    CHECK(t.count(stamp{1'012}) == 200);
  }
}

TEST_CASE("the budget also holds for many expired records under one key") {
  for (const table_type type : many_per_key) {
    table t{type, 0, 4};
    for (int i = 0; i < 100; ++i)
      put(t, record{"key", i}, i % 2 ? 10 : 0, 1'000);
    CHECK(t.reclaim_expired(1'010, 20) == 20);
    CHECK(t.reclaim_expired(1'010, 20) == 20);
    CHECK(t.reclaim_expired(1'010, 20) == 10);
    CHECK(t.reclaim_expired(1'010, 20) == 0);
    CHECK(get(t, "key", 1'010).size() == 50);
  }
}

TEST_CASE("each record of a bag has its own deadline") {
  for (const table_type type : many_per_key) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    put(t, record{"key", 1}, 30, 1'000);
    put(t, record{"key", 2}, 0, 1'000);
    put(t, record{"key", 3}, 10, 1'000);
    put(t, record{"key", 4}, 20, 1'000);
    const auto second = [&](std::int64_t now) {
      value_list out;
      for (const record& r : get(t, "key", now))
        out.push_back(r[1]);
      return out;
    };
    CHECK(second(1'009) == value_list{1, 2, 3, 4});
    CHECK(second(1'010) == value_list{1, 2, 4});
    CHECK(t.count(stamp{1'010}) == 3);
    CHECK(t.next_deadline() == 1'010); // counting changes nothing
    CHECK(t.reclaim_expired(1'010, 10) == 1);
    CHECK(t.next_deadline() == 1'020);
    CHECK(second(1'020) == value_list{1, 2});
    CHECK(second(1'030) == value_list{2});
    put(t, record{"key", 5}, 0, 1'030); // a write also removes the expired ones
    CHECK(t.next_deadline() == INT64_MAX);
    CHECK(second(1'030) == value_list{2, 5});
  }
}

TEST_CASE("a bag keeps one of two equal records, with the later write's deadline") {
  table t{table_type::bag, 0, 4};
  put(t, record{"key", 1}, 10, 1'000);
  put(t, record{"key", 1}, 50, 1'000);
  CHECK(t.count(stamp{1'000}) == 1);
  CHECK(t.next_deadline() == 1'050);
  CHECK(get(t, "key", 1'020).size() == 1);
  put(t, record{"key", 1}, 0, 1'020);
  CHECK(t.next_deadline() == INT64_MAX);
}

TEST_CASE("one record stored twice has two deadlines") {
  table t{table_type::duplicate_bag, 0, 4};
  const record r{"key", 1};
  put(t, r, 10, 1'000);
  put(t, r, 10, 1'000);
  put(t, r, 20, 1'000);
  put(t, r, 0, 1'000);
  CHECK(get(t, "key", 1'009).size() == 4);
  CHECK(get(t, "key", 1'010).size() == 2);
  CHECK(t.reclaim_expired(1'010, 100) == 2);
  CHECK(t.reclaim_expired(1'020, 100) == 1);
  CHECK(get(t, "key", 1'020).size() == 1);
  CHECK(r.deadline() == 0);
}

TEST_CASE("rewriting a key with a time to live a million times leaves nothing behind") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    const auto n = static_cast<std::int64_t>(workload::scaled(1'000'000));
    const record r{"key", std::string(40, 'x')};
    std::size_t largest_pending = 0;
    if (type == table_type::duplicate_bag)
      put(t, r, 1'000, 0);
    else
      put(t, r, n + 1'000, 0);
    const std::size_t bytes = t.bytes();
    for (std::int64_t now = 1; now <= n; ++now) {
      if (type == table_type::duplicate_bag)
        t.take("key", hash(r[0]), stamp{now});
      put(t, r, 1'000, now);
      if (now % 1'024 == 0)
        largest_pending = std::max(largest_pending, reclaim::pending());
    }
    CHECK(t.bytes() == bytes);
    CHECK(t.next_deadline() == n + 1'000);
    CHECK(t.count(stamp{n}) == 1);
    CHECK(largest_pending <= 2 * reclaim::batch);
    CHECK(t.reclaim_expired(n + 999, 1'000) == 0);
    CHECK(t.reclaim_expired(n + 1'000, 1'000) == 1);
    CHECK(t.reclaim_expired(INT64_MAX, 1'000) == 0);
    CHECK(t.next_deadline() == INT64_MAX);
  }
}

TEST_CASE("clearing a table forgets its deadlines") {
  for (const table_type type : all_types) {
    table t{type, 0, 4};
    for (int i = 0; i < 100; ++i)
      put(t, record{i}, 10, 1'000);
    CHECK(t.clear(stamp{1'000}) == 100);
    CHECK(t.next_deadline() == INT64_MAX);
    CHECK(t.reclaim_expired(INT64_MAX, 1'000) == 0);
    CHECK(t.bytes() == 0);
  }
}
