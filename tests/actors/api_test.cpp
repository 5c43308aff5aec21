#include "actors/asking.hpp"
#include "actors/fixture.hpp"

#include <supercache/structs.hpp>

#include <algorithm>

// Rules that hold for many operations: times to live, read modes, limits, order.

using namespace supercache;
using namespace std::chrono_literals;
using fixture::ask;
using fixture::running;
using fixture::with_type;

namespace {

struct asked : running {
  caf::scoped_actor self{system};
  cache_actor to = c.actor();
  explicit asked(const options& o = {}) : running(o) {}
};

constexpr write_options hour{.ttl = 1h};

bool is_an_hour(std::optional<std::chrono::milliseconds> left) {
  return left && *left > 50min && *left <= 1h;
}
/// Whether the only tuple under a key lives an hour.
bool lives_an_hour(const cache& c, const value& key) {
  const auto found = c.get(key);
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
    std::chrono::system_clock::now().time_since_epoch());
  return found.size() == 1 && is_an_hour(std::chrono::milliseconds{found.front().deadline()} - now);
}

struct job {
  int id = 0;
  std::string what;
};
SUPERCACHE_INSPECT(job, x.id, x.what)

} // namespace

TEST_CASE("every write of tuples takes a time to live") {
  running r;
  r.c.lazy_put(record{"lazy", 1}, hour);
  r.c.lazy_put(record{"lazy for ever", 1});
  r.c.flush();
  CHECK(lives_an_hour(r.c, "lazy"));
  CHECK(r.c.get("lazy for ever").front().deadline() == 0);
  CHECK(r.c.update_counter("n", 1, 1, record{"n", 0}, any_partition, hour) == 1);
  CHECK(lives_an_hour(r.c, "n"));
  r.c.put_partition_by_idx(record{"p", 1}, r.c.partition_of("p"), hour);
  CHECK(lives_an_hour(r.c, "p"));
  r.c.put_partition(record{"q", 1}, r.c.partition_name(r.c.partition_of("q")), hour);
  CHECK(lives_an_hour(r.c, "q"));
  CHECK(fixture::code(r.c.try_lazy_put(record{"x", 1}, {.ttl = -1ms})) == errc::invalid_argument);
}

TEST_CASE("lazy puts of one key with different times to live keep their order") {
  running r;
  for (int i = 0; i < 1000; ++i)
    r.c.lazy_put(record{"k", i}, {.ttl = std::chrono::hours{i % 3}});
  r.c.flush();
  CHECK(r.c.get("k").front() == record{"k", 999});
}

TEST_CASE("a time to live given to a change is the new one, none keeps the old one") {
  running r;
  auto n = r.c.kv("n");
  n.add("k", 1);
  const auto add = [](const value& x) { return value{x.as_int() + 1}; };
  CHECK(n.update("k", 0, add, hour) == value{2});
  CHECK(is_an_hour(n.ttl("k")));
  CHECK(n.increment("k") == 3);
  CHECK(n.update("k", 0, add) == value{4});
  CHECK(n.compare_exchange("k", 4, 5));
  CHECK(is_an_hour(n.ttl("k")));
  CHECK(n.compare_exchange("k", 5, 6, {.ttl = 3h}));
  CHECK(*n.ttl("k") > 2h);
  CHECK(n.increment("k", 0, 1, hour) == 7);
  CHECK(is_an_hour(n.ttl("k")));
  n.update("k", 8);
  CHECK(*n.ttl("k") == -1ms);
  n.update("k", 9, hour);
  CHECK(is_an_hour(n.ttl("k")));
}

TEST_CASE("in a bag an update with a time to live replaces all values") {
  running r{with_type(table_type::bag)};
  auto n = r.c.kv("n");
  n.add("k", 1);
  n.add("k", 2);
  n.update("k", 3, hour);
  CHECK(n.get_all("k") == value_list{3});
  CHECK(is_an_hour(n.ttl("k")));
}

TEST_CASE("a struct lives as long as it was told to") {
  running r;
  auto jobs = r.c.structs(&job::id);
  jobs.add({1, "short"}, {.ttl = 20ms});
  jobs.add({2, "long"}, hour);
  CHECK(jobs.get(2).what == "long");
  CHECK(fixture::eventually([&] { return fixture::code(jobs.try_get(1)) == errc::not_found; }));
}

TEST_CASE("range, select and lists of an ordered_set are in key order over all partitions") {
  asked a{with_type(table_type::ordered_set)};
  REQUIRE(a.c.partitions() > 1);
  for (int i = 99; i >= 0; --i) {
    a.c.put(record{i, i % 2});
    a.c.kv("n").add(i, -i);
  }
  const auto in_order = [](const auto& rows) { return std::ranges::is_sorted(rows); };
  CHECK(a.c.range(10, 89).size() == 80);
  CHECK(in_order(a.c.range(10, 89).to_vector()));
  const pattern odd{{any, 1}};
  CHECK(in_order(a.c.get_by_match_object(any_partition, odd).to_vector()));
  CHECK(a.c.get_by_match_object(any_partition, odd, {}, 3).to_vector()
        == record_list{{1, 1}, {3, 1}, {5, 1}});
  CHECK(in_order(a.c.kv("n").keys()));
  CHECK(a.c.kv("n").values().back() == value{-99});
  CHECK(in_order(a.c.kv("n").to_list()));
  CHECK(ask<record_list>(a, range_atom_v, value{3}, value{4})->size() == 2);
}

TEST_CASE("a limit ends a match, and a count ships no record") {
  for (const auto type : {table_type::set, table_type::bag, table_type::ordered_set}) {
    asked a{with_type(type)};
    for (int i = 0; i < 1000; ++i)
      a.c.put(record{i, i % 2});
    const pattern odd{{bind(1), 1}};
    CHECK(a.c.get_by_match(any_partition, odd, {}, 7).size() == 7);
    CHECK(a.c.get_by_match(any_partition, odd, {}, 0).size() == 500);
    CHECK(a.c.count_by_match(any_partition, odd) == 500);
    CHECK(a.c.count_by_match(value{3}, pattern{{3, any}}) == 1);
    CHECK(ask<std::vector<bindings>>(a, match_atom_v, odd, std::uint64_t{7})->size() == 7);
    CHECK(ask<record_list>(a, select_atom_v, odd, std::uint64_t{7})->size() == 7);
    CHECK(*ask<std::uint64_t>(a, count_atom_v, match_atom_v, odd) == 500);
  }
}

TEST_CASE("messages carry what the handle's options do") {
  asked a;
  const std::int64_t ttl = 3'600'000;
  const std::string ns = "n", near = "local";
  CHECK(fixture::ok(ask<void>(a, put_atom_v, batch_atom_v, record_list{{"b", 1}}, ttl)));
  CHECK(lives_an_hour(a.c, "b"));
  CHECK(*ask<std::int64_t>(a, counter_atom_v, value{"c"}, std::uint32_t{1}, std::int64_t{2},
                           record{"c", 5}, ttl)
        == 7);
  CHECK(lives_an_hour(a.c, "c"));
  const auto home = a.c.partition_name(a.c.partition_of("d"));
  CHECK(fixture::ok(ask<void>(a, put_atom_v, index_atom_v, home, record{"d", 1}, ttl)));
  CHECK(ask<record_list>(a, get_atom_v, index_atom_v, home, value{"d"})->size() == 1);
  CHECK(*ask<std::uint64_t>(a, remove_atom_v, index_atom_v, home, value{"d"}) == 1);
  CHECK(ask<record_list>(a, get_atom_v, value{"b"}, near)->size() == 1);
  CHECK(ask<record_list>(a, get_atom_v, value{"b"}, value{"b"}, std::string{"quorum"})->size()
        == 1);
  CHECK_ERROR(ask<record_list>(a, get_atom_v, value{"b"}, std::string{"x"}), errc::invalid_argument,
              "no read mode 'x'; there are local, primary, quorum");
  CHECK(fixture::ok(
    ask<void>(a, kv_atom_v, batch_atom_v, ns, value_list{"x", "y"}, value_list{1, 2}, ttl)));
  CHECK(fixture::ok(ask<void>(a, kv_atom_v, update_atom_v, ns, value{"x"}, value{3}, ttl)));
  CHECK(is_an_hour(a.c.kv(ns).ttl("x")));
  CHECK(*ask<value_list>(a, kv_atom_v, get_atom_v, batch_atom_v, ns, value_list{"y", "no", "x"},
                         value{0}, near)
        == value_list{2, 0, 3});
  CHECK(*ask<value_list>(a, kv_atom_v, get_atom_v, ns, value{"x"}, near) == value_list{3});
  CHECK(*ask<std::uint64_t>(a, kv_atom_v, remove_atom_v, batch_atom_v, ns, value_list{"x", "z"})
        == 1);
}

TEST_CASE("struct messages are counted, know which types are initialised, and end with the cache") {
  asked a;
  const std::string type = "person";
  const record ann{1, value::tuple({1, "Ann"})};
  CHECK(fixture::ok(ask<void>(a, struct_atom_v, init_atom_v, type, std::uint64_t{0})));
  CHECK(fixture::code(ask<void>(a, struct_atom_v, init_atom_v, type, std::uint64_t{1}))
        == errc::key_mismatch);
  const auto before = a.c.metrics().read(metric::put).calls;
  CHECK(fixture::ok(ask<void>(a, struct_atom_v, put_atom_v, type, ann)));
  CHECK(a.c.metrics().read(metric::put).calls == before + 1);
  CHECK_ERROR(ask<void>(a, struct_atom_v, put_atom_v, type, record{7, value::tuple({1, "Ann"})}),
              errc::key_mismatch, "person has field 0 as its key, which is not 7");
}

TEST_CASE("statistics of a stopped cache are an error, in both forms") {
  running r;
  CHECK(r.c.try_stats()->records == 0);
  CHECK(r.c.try_cluster_stats()->node == "local");
  r.c.stop();
  CHECK(fixture::code(r.c.try_stats()) == errc::not_started);
  CHECK(fixture::code(r.c.try_cluster_stats()) == errc::not_started);
}

TEST_CASE("a get does not wait for a match over everything") {
  asked a;
  std::vector<record> rows;
  for (int i = 0; i < 300'000; ++i)
    rows.emplace_back(i, "some text that takes a little time to copy");
  a.c.put_batch(std::move(rows));
  caf::scoped_actor other{a.system};
  const pattern all{{bind(1), bind(2)}};
  auto matched = compat::ask(other, a.to, 60s, match_atom_v, all);
  CHECK(ask<record_list>(a, get_atom_v, value{7})->size() == 1);
  // If one came after the other, the match's answer would be there.
  CHECK_FALSE(other->has_next_message());
  matched.receive([](const std::vector<bindings>& found) { CHECK(found.size() == 300'000); },
                  [](const caf::error&) { FAIL("the match was refused"); });
}
