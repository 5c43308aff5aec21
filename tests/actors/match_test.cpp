#include "actors/fixture.hpp"

#include <algorithm>
#include <set>

using namespace supercache;
using fixture::running;
using fixture::with_type;

namespace {

/// People with their town and age: {name, town, age}.
void settle(cache c) {
  c.put_batch({record{"ann", "rome", 31}, record{"bob", "oslo", 17}, record{"cid", "rome", 64},
               record{"dan", "oslo", 45}, record{"eve", "rome", 12}});
}

std::vector<bindings> sorted(std::vector<bindings> xs) {
  std::ranges::sort(xs);
  return xs;
}
std::vector<record> sorted(const records& found) {
  auto out = found.to_vector();
  std::ranges::sort(out);
  return out;
}

} // namespace

TEST_CASE("get_by_match answers what the variables bind, in the order of their numbers") {
  running r;
  settle(r.c);
  CHECK(sorted(r.c.get_by_match(any_partition, pattern{{bind(2), "rome", bind(1)}}))
        == std::vector<bindings>{{12, "eve"}, {31, "ann"}, {64, "cid"}});
  CHECK(r.c.get_by_match(any_partition, pattern{{"dan", bind(1), any}})
        == std::vector<bindings>{{"oslo"}});
  CHECK(r.c.get_by_match(any_partition, pattern{{"nobody", bind(1), any}}).empty());
  CHECK(r.c.get_by_match(any_partition, pattern{{any, any}}).empty());
}

TEST_CASE("get_by_match_object answers the records, and a guard narrows them") {
  running r;
  settle(r.c);
  const pattern grown_up{{any, "rome", bind(1)}, var(1) >= 18};
  CHECK(sorted(r.c.get_by_match_object(any_partition, grown_up))
        == record_list{{"ann", "rome", 31}, {"cid", "rome", 64}});
  const auto prepared = compiled_pattern::compile(grown_up).value();
  CHECK(r.c.select(any_partition, prepared).size() == 2);
  CHECK(r.c.try_select(any_partition, prepared)->size() == 2);
}

TEST_CASE("a partition filter narrows a match to the partition of that value") {
  options o;
  o.num_partition = 5;
  o.partition_pos = 1;
  running r{o};
  settle(r.c);
  CHECK(sorted(r.c.get_by_match_object(value{"oslo"}, pattern{{any, "oslo", any}}))
        == record_list{{"bob", "oslo", 17}, {"dan", "oslo", 45}});
  CHECK(r.c.get_by_match(any_partition, pattern{{bind(1), "rome", any}}).size() == 3);
  if (r.c.partition_of("rome") != r.c.partition_of("oslo"))
    CHECK(r.c.get_by_match_object(value{"rome"}, pattern{{any, "oslo", any}}).empty());
  const auto ages = [](const record& x, std::int64_t sum) { return sum + x[2].as_int(); };
  CHECK(r.c.scan(any_partition, ages, std::int64_t{0}) == 169);
  CHECK(r.c.remove_by_match(value{"oslo"}, pattern{{any, "oslo", any}}) == 2);
}

TEST_CASE("remove_by_match says how many went and removes no others") {
  running r;
  settle(r.c);
  CHECK(r.c.remove_by_match(any_partition, pattern{{any, "rome", bind(1)}, var(1) < 40}) == 2);
  CHECK(r.c.stats().records == 3);
  CHECK(r.c.get("cid").size() == 1);
  CHECK(*r.c.try_remove_by_match(any_partition, pattern{{"cid", any, any}}) == 1);
}

TEST_CASE("a pattern that makes no sense is refused and nothing is removed") {
  running r;
  settle(r.c);
  const pattern senseless[] = {
    pattern{},
    pattern{{bind(0), any, any}},
    pattern{{bind(65), any, any}},
    pattern{{any, any, any}, var(1) > 3},
    pattern{{bind(1), any, any}, guard{7}},
  };
  for (const auto& p : senseless) {
    CHECK(fixture::code(r.c.try_get_by_match(any_partition, p)) == errc::invalid_argument);
    CHECK(fixture::code(r.c.try_get_by_match_object(any_partition, p)) == errc::invalid_argument);
    CHECK(fixture::code(r.c.try_remove_by_match(any_partition, p)) == errc::invalid_argument);
    CHECK_THROWS_AS(r.c.get_by_match(any_partition, p), error);
  }
  CHECK(r.c.stats().records == 5);
}

TEST_CASE("scan folds over everything, each stops when told to") {
  running r;
  for (int i = 1; i <= 1000; ++i)
    r.c.put(record{i, i});
  const auto add = [](const record& x, std::int64_t sum) { return sum + x[1].as_int(); };
  CHECK(r.c.scan(any_partition, add, std::int64_t{0}) == 500'500);
  CHECK(*r.c.try_scan(any_partition, add, std::int64_t{0}) == 500'500);
  int met = 0;
  r.c.each(any_partition, [&](const record&) { return ++met < 10; });
  CHECK(met == 10);
}

TEST_CASE("the visitor of a scan may write to the cache") {
  running r;
  for (int i = 0; i < 100; ++i)
    r.c.put(record{i, 0});
  r.c.each(any_partition, [&](const record& x) {
    r.c.put(record{x[0], 1});
    return true;
  });
  CHECK(r.c.get_by_match(any_partition, pattern{{bind(1), 1}}).size() == 100);
}

TEST_CASE("range answers the keys between two, both included") {
  for (const auto type : {table_type::ordered_set, table_type::set}) {
    auto o = with_type(type);
    o.num_partition = 3;
    running r{o};
    for (int i = 0; i < 100; ++i)
      r.c.put(record{i, i});
    std::set<std::int64_t> keys;
    for (const record& x : r.c.range(10, 20))
      keys.insert(x[0].as_int());
    CHECK(keys.size() == 11);
    CHECK(*keys.begin() == 10);
    CHECK(*keys.rbegin() == 20);
    CHECK(r.c.range(20, 10).empty());
    CHECK(r.c.try_range(99, 200)->size() == 1);
  }
}

TEST_CASE("an ordered_set of one partition is walked in key order") {
  auto o = with_type(table_type::ordered_set);
  o.num_partition = 1;
  running r{o};
  for (int i = 0; i < 500; ++i)
    r.c.put(record{i * 7 % 500, 1});
  std::vector<std::int64_t> keys;
  r.c.each(any_partition, [&](const record& x) {
    keys.push_back(x[0].as_int());
    return true;
  });
  CHECK(keys.size() == 500);
  CHECK(std::ranges::is_sorted(keys));
}

TEST_CASE("an ordered_set answers a prefix of tuple keys") {
  auto o = with_type(table_type::ordered_set);
  running r{o};
  for (int year = 2000; year < 2010; ++year)
    for (int day = 0; day < 20; ++day)
      r.c.put(record{value::tuple({year, day}), "x"});
  const pattern in_2003{{tuple_of({2003, bind(1)}), any}};
  CHECK(r.c.get_by_match(any_partition, in_2003).size() == 20);
}
