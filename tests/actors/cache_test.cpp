#include "actors/fixture.hpp"

#include <algorithm>
#include <atomic>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::running;
using fixture::with_type;

namespace {

/// The deepest value there can be; no record can hold it.
value deepest() {
  value x = 1;
  for (unsigned i = 0; i < max_depth; ++i)
    x = value::list({x});
  return x;
}

std::vector<record> sorted(const records& found) {
  auto out = found.to_vector();
  std::ranges::sort(out);
  return out;
}

} // namespace

TEST_CASE("put replaces the record with its key, get finds it, remove says how many it removed") {
  running r;
  r.c.put(record{"user-1", 1, "Alice"});
  r.c.put(record{"user-1", 2, "Alice"});
  CHECK(r.c.get("user-1").size() == 1);
  CHECK(r.c.get("user-1").front() == record{"user-1", 2, "Alice"});
  CHECK(r.c.get(record{"user-1", nullptr}).front()[1] == value{2});
  CHECK(r.c.get("user-2").empty());
  CHECK(r.c.remove("user-1") == 1);
  CHECK(r.c.remove("user-1") == 0);
  CHECK(r.c.get("user-1").empty());
  r.c.put(record{"user-1", 3});
  CHECK(r.c.remove(record{"user-1", "whatever"}) == 1);
}

TEST_CASE("try_ forms do the same and answer instead of throwing") {
  running r;
  CHECK(fixture::ok(r.c.try_put(record{"k", 1})));
  const auto found = r.c.try_get("k");
  REQUIRE(fixture::ok(found));
  CHECK(found->front() == record{"k", 1});
  CHECK(*r.c.try_insert_new(record{"k", 2}) == false);
  CHECK(*r.c.try_update_element("k", {{1, "new"}}));
  CHECK(*r.c.try_update_counter("n", 1, 5, record{"n", 10}) == 15);
  CHECK(*r.c.try_remove("k") == 1);
  CHECK(r.c.try_take("n")->front() == record{"n", 15});
  CHECK(*r.c.try_remove_all() == 0);
}

TEST_CASE("a bag keeps many records per key in their order, without equal ones") {
  running r{with_type(table_type::bag)};
  for (const int x : {3, 1, 2, 1, 3})
    r.c.put(record{"k", x});
  CHECK(r.c.get("k").to_vector() == record_list{{"k", 3}, {"k", 1}, {"k", 2}});
  CHECK(r.c.remove("k") == 3);
}

TEST_CASE("a duplicate_bag keeps everything in its order") {
  running r{with_type(table_type::duplicate_bag)};
  r.c.put_batch({record{"k", 3}, record{"k", 1}, record{"k", 3}});
  CHECK(r.c.get("k").to_vector() == record_list{{"k", 3}, {"k", 1}, {"k", 3}});
  CHECK(r.c.take("k").size() == 3);
}

TEST_CASE("a negative time to live is an error and changes nothing") {
  running r;
  const write_options negative{.ttl = -1ms};
  constexpr auto sentence = "ttl is -1 ms; it cannot be negative";
  CHECK_ERROR(r.c.try_put(record{"k", 1}, negative), errc::invalid_argument, sentence);
  CHECK_ERROR(r.c.try_put_batch({record{"k", 1}}, negative), errc::invalid_argument, sentence);
  CHECK_ERROR(r.c.try_insert_new(record{"k", 1}, negative), errc::invalid_argument, sentence);
  CHECK_FAILS_WITH(r.c.put(record{"k", 1}, negative), errc::invalid_argument, sentence);
  CHECK(r.c.stats().records == 0);
}

TEST_CASE("a record is gone when its time to live is over") {
  running r;
  r.c.put(record{"short", 1}, {.ttl = 40ms});
  r.c.put_batch({record{"batch", 1}}, {.ttl = 40ms});
  r.c.insert_new(record{"new", 1}, {.ttl = 40ms});
  r.c.put(record{"long", 1}, {.ttl = 1h});
  r.c.put(record{"longest", 1}, {.ttl = std::chrono::milliseconds::max()});
  r.c.put(record{"for ever", 1});
  CHECK(r.c.stats().records == 6);
  std::this_thread::sleep_for(60ms);
  CHECK(r.c.get("short").empty());
  CHECK(r.c.get("batch").empty());
  CHECK(r.c.stats().records == 3);
  CHECK(r.c.insert_new(record{"new", 2}));
  CHECK(r.c.get("long").size() == 1);
  CHECK(r.c.get("longest").size() == 1);
}

TEST_CASE("the memory of expired records is reclaimed though nobody asks for them") {
  running r;
  for (int i = 0; i < 5000; ++i)
    r.c.put(record{i, std::string(100, 'x')}, {.ttl = 10ms});
  const auto bytes_of = [&] {
    std::size_t n = 0;
    for (const auto& p : r.c.stats().partitions)
      n += p.bytes;
    return n;
  };
  CHECK(fixture::eventually([&] { return bytes_of() < 500'000; }));
}

TEST_CASE("get_many answers in the order of the keys, whatever partitions they are in") {
  running r;
  std::vector<value> keys;
  for (int i = 0; i < 1000; ++i) {
    keys.emplace_back(i * 7 % 1000);
    if (i % 2)
      r.c.put(record{i, i * i});
  }
  const auto found = r.c.get_many(keys);
  REQUIRE(found.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto k = keys[i].as_int();
    REQUIRE(found[i].size() == static_cast<std::size_t>(k % 2));
    if (k % 2)
      CHECK(found[i].front() == record{k, k * k});
  }
  CHECK(r.c.get_many({}).empty());
}

TEST_CASE("insert_new lets exactly one of many threads in") {
  running r;
  for (int key = 0; key < 200; ++key) {
    std::atomic<int> in{0};
    fixture::on_threads(4, [&](int i) { in += r.c.insert_new(record{key, i}); });
    CHECK(in == 1);
  }
}

TEST_CASE("take gives each record to exactly one of many threads") {
  running r;
  for (int i = 0; i < 2000; ++i)
    r.c.put(record{i, 1});
  std::atomic<std::size_t> taken{0};
  fixture::on_threads(4, [&](int) {
    for (int i = 0; i < 2000; ++i)
      taken += r.c.take(i).size();
  });
  CHECK(taken == 2000);
  CHECK(r.c.stats().records == 0);
}

TEST_CASE("update_element replaces elements, but not the key") {
  running r;
  r.c.put(record{"k", 1, 2});
  CHECK(r.c.update_element("k", {{1, "one"}, {2, "two"}}));
  CHECK(r.c.get("k").front() == record{"k", "one", "two"});
  CHECK_FALSE(r.c.update_element("nobody", {{1, 1}}));
  CHECK(fixture::code(r.c.try_update_element("k", {{0, "other"}})) == errc::invalid_argument);
  CHECK(fixture::code(r.c.try_update_element("k", {{3, "none"}})) == errc::invalid_argument);
  CHECK(r.c.get("k").front() == record{"k", "one", "two"});
}

TEST_CASE("update_counter loses no step under threads") {
  running r;
  fixture::on_threads(4, [&](int) {
    for (int i = 0; i < 5000; ++i)
      r.c.update_counter("n", 1, 1, record{"n", 0});
  });
  CHECK(r.c.get("n").front() == record{"n", 20'000});
  CHECK(fixture::code(r.c.try_update_counter("nobody", 1, 1)) == errc::not_found);
}

TEST_CASE("a counter that is no integer, or a bag, is an error and changes nothing") {
  running r;
  r.c.put(record{"k", "text"});
  CHECK(fixture::code(r.c.try_update_counter("k", 1, 1)) == errc::type_mismatch);
  CHECK(r.c.get("k").front() == record{"k", "text"});
  CHECK_ERROR(r.c.try_update_counter("a", 1, 1, record{"b", 0}), errc::invalid_argument,
              "the initial record has another key");
  running bag{with_type(table_type::bag)};
  bag.c.put(record{"k", 1});
  CHECK(fixture::code(bag.c.try_update_counter("k", 1, 1)) == errc::type_mismatch);
  CHECK(bag.c.get("k").front() == record{"k", 1});
}

TEST_CASE("a partition is reached by its name and by its index, without routing") {
  options o;
  o.num_partition = 4;
  o.table_prefix = "people";
  running r{o};
  CHECK(r.c.partition_name(3) == "people_3");
  r.c.put_partition(record{"k", 1}, "people_2");
  CHECK(r.c.get_partition_by_idx("k", 2).front() == record{"k", 1});
  CHECK(r.c.get_partition("k", "people_2").size() == 1);
  CHECK(r.c.get_partition("k", "people_1").empty());
  r.c.put_partition_by_idx(record{"k", 2}, 1);
  CHECK(r.c.remove_partition("k", "people_2") == 1);
  CHECK(r.c.remove_partition_by_idx("k", 1) == 1);
  CHECK(r.c.remove_partition_by_idx("k", 0) == 0);
}

TEST_CASE("a partition that does not exist is named, with those that do") {
  options o;
  o.num_partition = 4;
  running r{o};
  for (const auto* name : {"supercache_4", "supercache_", "supercache_02", "people_0", ""})
    CHECK_ERROR(r.c.try_get_partition("k", name), errc::invalid_argument,
                "there is no partition '" + std::string{name}
                  + "'; they are called supercache_0 to supercache_3");
  CHECK_ERROR(r.c.try_put_partition_by_idx(record{"k", 1}, 4), errc::invalid_argument,
              "there is no partition 4; indexes go from 0 to 3");
  CHECK_FAILS_WITH(r.c.remove_partition_by_idx("k", 99), errc::invalid_argument,
                   "there is no partition 99; indexes go from 0 to 3");
}

TEST_CASE("remove_all empties the tuples and leaves everything else") {
  running r;
  for (int i = 0; i < 100; ++i)
    r.c.put(record{i, 1});
  r.c.kv("n").add("k", 1);
  r.c.queue("q").add(1);
  CHECK(r.c.remove_all() == 100);
  CHECK(r.c.stats().records == 0);
  CHECK(r.c.kv("n").count() == 1);
  CHECK(r.c.queue("q").count() == 1);
}

TEST_CASE("stats count records per partition and name what is in use") {
  options o;
  o.num_partition = 3;
  running r{o};
  CHECK(r.c.stats().records == 0);
  for (int i = 0; i < 300; ++i)
    r.c.put(record{i, "some text that is longer than what fits inline"});
  r.c.kv("settings").add("k", 1);
  r.c.queue("jobs").add(1);
  r.c.stack("undo").push(1);
  const cache_stats s = r.c.stats();
  CHECK(s.records == 300);
  CHECK(s.bytes > 300 * 48);
  REQUIRE(s.partitions.size() == 3);
  std::size_t sum = 0;
  for (const auto& p : s.partitions) {
    CHECK(p.name == "supercache_" + std::to_string(p.index));
    CHECK(p.records > 50);
    sum += p.records;
  }
  CHECK(sum == 300);
  CHECK(s.namespaces == std::vector<std::string>{"settings"});
  CHECK(s.queues == std::vector<std::string>{"jobs"});
  CHECK(s.stacks == std::vector<std::string>{"undo"});
  const cluster_stats cluster = r.c.cluster_stats();
  CHECK(cluster.mode == "local");
  CHECK(cluster.partitions == 3);
  CHECK(cluster.primaries_here == 3);
  CHECK(cluster.replication_factor == 1);
}

TEST_CASE("a value too deep for a record is an error of the try_ form, not an exception") {
  running r;
  const value deep = deepest();
  CHECK(fixture::code(r.c.kv("n").try_add("k", deep)) == errc::too_large);
  const std::vector<std::pair<value, value>> pairs{{"a", 1}, {"k", deep}};
  CHECK(fixture::code(r.c.kv("n").try_add_batch(pairs)) == errc::too_large);
  CHECK(fixture::code(r.c.kv("n").try_update("k", 1, [&](const value&) { return deep; }))
        == errc::too_large);
  r.c.put(record{"k", 1});
  CHECK(fixture::code(r.c.try_update_element("k", {{1, deep}})) == errc::too_large);
  CHECK(r.c.get("k").front() == record{"k", 1});
  CHECK(fixture::code(r.c.queue("q").try_add(deep)) == errc::too_large); // fits in no answer
}

TEST_CASE("what was read stays as it was when the store changes") {
  running r;
  r.c.put(record{"k", 1});
  const records before = r.c.get("k");
  r.c.put(record{"k", 2});
  r.c.remove("k");
  r.c.stop();
  CHECK(before.front() == record{"k", 1});
  CHECK(sorted(before) == record_list{{"k", 1}});
}
