#include "actors/fixture.hpp"
#include "timed.hpp"

#include <barrier>
#include <cmath>
#include <sstream>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::running;

TEST_CASE("calls and errors are exact under threads") {
  metrics m;
  constexpr int threads = 8, calls = 20'000;
  fixture::on_threads(threads, [&](int) {
    for (int i = 0; i < calls; ++i) {
      metrics::timed t{m, metric::put};
      if (i % 10 == 0)
        t.fail();
    }
    m.add(metric::update, 5);
  });
  const metric_summary put = m.read(metric::put);
  CHECK(put.calls == threads * calls);
  CHECK(put.errors == threads * calls / 10);
  CHECK(put.samples >= threads * calls / metrics::sampling - threads);
  CHECK(put.samples <= threads * (calls / metrics::sampling + 1));
  CHECK(m.read(metric::update).calls == threads * 5);
  CHECK(m.read(metric::get_local).calls == 0);
}

TEST_CASE("calls are exact with more threads at once than there are shards") {
  metrics m;
  constexpr int threads = 300;
  std::barrier all_there{threads};
  fixture::on_threads(threads, [&](int) {
    all_there.arrive_and_wait();
    for (int i = 0; i < 200; ++i)
      m.add(metric::put);
    all_there.arrive_and_wait();
  });
  CHECK(m.read(metric::put).calls == threads * 200);
}

TEST_CASE("quantiles are within seven per cent of the truth") {
  metrics m;
  for (int us = 1; us <= 10'000; ++us)
    m.sample(metric::put, std::chrono::microseconds{us});
  const metric_summary s = m.read(metric::put);
  CHECK(s.samples == 10'000);
  CHECK(std::abs(static_cast<double>(s.p50_ns) / 5'000'000 - 1) < 0.125);
  CHECK(std::abs(static_cast<double>(s.p99_ns) / 9'900'000 - 1) < 0.125);
  CHECK(std::abs(s.average_ns / 5'000'500 - 1) < 0.001);
}

TEST_CASE("a histogram has every sample in a bucket that it fits") {
  metrics m;
  for (const std::int64_t ns : {0l, 1l, 7l, 8l, 9l, 1000l, 1'000'000l, 1'000'000'000'000'000l})
    m.sample(metric::put, std::chrono::nanoseconds{ns});
  m.sample(metric::put, -5ns);
  const auto h = m.histogram(metric::put);
  std::uint64_t sum = 0, last = 0;
  for (const auto& [upper, n] : h) {
    CHECK((sum == 0 || upper > last));
    last = upper;
    sum += n;
  }
  CHECK(sum == 9);
  CHECK(h.front() == std::pair<std::uint64_t, std::uint64_t>{0, 2});
  CHECK(h[1].first == 1);
  CHECK(last == (std::uint64_t{1} << 40) - 1);
}

TEST_CASE("reset starts again from zero") {
  metrics m;
  m.sample(metric::put, 5us);
  m.add(metric::put, 3);
  m.fail(metric::put);
  m.reset();
  const auto s = m.read(metric::put);
  CHECK(s.calls == 0);
  CHECK(s.errors == 0);
  CHECK(s.samples == 0);
  CHECK(s.p99_ns == 0);
  CHECK(m.histogram(metric::put).empty());
}

TEST_CASE("every operation of a cache is counted under its name") {
  running r;
  const auto calls = [&](metric what) { return r.c.metrics().read(what).calls; };
  r.c.put(record{"k", 1});
  r.c.insert_new(record{"k", 1});
  (void)r.c.try_put(record{"n", 1});
  CHECK(calls(metric::put) == 3);
  (void)r.c.get("k");
  (void)r.c.get("k", {.mode = read_mode::primary});
  (void)r.c.get("k", {.mode = read_mode::quorum});
  (void)r.c.get_many(value_list{"a", "b", "c"});
  CHECK(calls(metric::get_local) == 4);
  CHECK(calls(metric::get_primary) == 1);
  CHECK(calls(metric::get_quorum) == 1);
  r.c.update_counter("n", 1, 1);
  r.c.kv("n").increment("k");
  CHECK(calls(metric::update) == 2);
  (void)r.c.get_by_match(any_partition, pattern{{bind(1), any}});
  CHECK(calls(metric::match) == 1);
  r.c.each(any_partition, [](const record&) { return true; });
  CHECK(calls(metric::scan) == 1);
  r.c.lazy_put(record{"k", 1});
  CHECK(calls(metric::lazy_put) == 1);
  r.c.queue("q").add(1);
  (void)r.c.queue("q").out();
  r.c.stack("s").push(1);
  (void)r.c.stack("s").pop();
  for (const auto what :
       {metric::queue_push, metric::queue_pop, metric::stack_push, metric::stack_pop})
    CHECK(calls(what) == 1);
  r.c.remove("k");
  r.c.remove_by_match(any_partition, pattern{{any, any}});
  r.c.remove_all();
  CHECK(calls(metric::delete_) == 1);
  CHECK(calls(metric::delete_match) == 1);
  CHECK(calls(metric::delete_all) == 1);
}

TEST_CASE("an operation that fails is counted as an error") {
  running r;
  r.c.put(record{"k", "text"});
  (void)r.c.try_update_counter("k", 1, 1);
  const auto s = r.c.metrics().read(metric::update);
  CHECK(s.calls == 1);
  CHECK(s.errors == 1);
}

TEST_CASE("a read of many keys counts as so many, in its read mode") {
  const std::vector<value> keys{"a", "b", "c"};
  for (const std::size_t partition_pos : {0u, 1u}) {
    options o;
    o.partition_pos = partition_pos;
    running r{o};
    r.c.get_many(keys, {.mode = read_mode::quorum});
    r.c.kv("n").get_many(keys, {}, {.mode = read_mode::quorum});
    CHECK(r.c.metrics().read(metric::get_quorum).calls == 6);
    CHECK(r.c.metrics().read(metric::get_local).calls == 0);
    r.c.get_many(keys);
    r.c.get_many(std::span<const value>{});
    CHECK(r.c.metrics().read(metric::get_local).calls == 4); // the last is a call, too
    r.c.get_many(keys, {.mode = read_mode::primary});
    CHECK(r.c.metrics().read(metric::get_primary).calls == 3);
  }
}

TEST_CASE("statistics count the same things in records and in bytes") {
  running r;
  const auto empty = r.c.stats();
  r.c.kv("settings").add("k", std::string(100'000, 'x'));
  r.c.queue("q").add_batch(std::vector<value>{1, 2});
  const auto s = r.c.stats();
  CHECK(s.records == 0);
  CHECK(s.bytes == empty.bytes);
  REQUIRE(s.kinds.size() == 5);
  CHECK(s.kinds[1].kind == "namespaces");
  CHECK(s.kinds[1].records == 1);
  CHECK(s.kinds[1].bytes > 100'000);
  CHECK(s.kinds[2].records == 2);
  r.c.put(record{"k", std::string(50'000, 'x')});
  CHECK(r.c.stats().records == 1);
  CHECK(r.c.stats().bytes > s.bytes + 50'000);
}

TEST_CASE("statistics are printed as tables and told as maps") {
  running r;
  r.c.put(record{"k", 1});
  r.c.kv("settings").add("k", 1);
  std::ostringstream out;
  print(out, r.c.stats());
  print(out, r.c.cluster_stats());
  print(out, api(r.c.metrics()));
  for (const auto* word : {"supercache_0", "tuples", "namespaces", "settings", "local", "put"})
    CHECK_MESSAGE(out.str().find(word) != std::string::npos, word);
  const value stats = to_value(r.c.stats());
  CHECK(*stats.find("records") == value{1});
  const value all = to_value(api(r.c.metrics()));
  REQUIRE(all.find("put"));
  CHECK(*all.find("put")->find("calls") == value{2});
}
