#include "actors/fixture.hpp"
#include "core.hpp"

#include <algorithm>
#include <atomic>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::running;
using fixture::with_type;

namespace {

value_list sorted(value_list xs) {
  std::ranges::sort(xs);
  return xs;
}

} // namespace

TEST_CASE("a namespace stores, reads and removes values under keys") {
  running r;
  auto kv = r.c.kv("n");
  kv.add("k", 1);
  kv.add("k", 2);
  CHECK(kv.get("k") == value{2});
  CHECK(kv.get("nobody").is_nil());
  CHECK(kv.get("nobody", "otherwise") == value{"otherwise"});
  CHECK(kv.get_all("k") == value_list{2});
  CHECK(kv.get_all("nobody").empty());
  CHECK(kv.remove("k") == 1);
  CHECK(kv.remove("k") == 0);
}

TEST_CASE("namespaces never see each other nor the tuples") {
  running r;
  r.c.put(record{"k", "tuple"});
  auto a = r.c.kv("a"), b = r.c.kv("b"), empty = r.c.kv("");
  a.add("k", "of a");
  b.add("k", "of b");
  empty.add("k", "of the namespace without a name");
  CHECK(a.get("k") == value{"of a"});
  CHECK(b.get("k") == value{"of b"});
  CHECK(empty.count() == 1);
  CHECK(a.remove_all() == 1);
  CHECK(b.count() == 1);
  CHECK(r.c.get("k").front() == record{"k", "tuple"});
  CHECK(r.c.stats().namespaces.size() >= 2);
}

TEST_CASE("add_batch, get_many and remove_batch do many at once") {
  running r;
  auto kv = r.c.kv("n");
  std::vector<std::pair<value, value>> pairs;
  value_list keys;
  for (int i = 0; i < 1000; ++i) {
    pairs.emplace_back(i, i * i);
    keys.emplace_back(i);
  }
  kv.add_batch(pairs);
  CHECK(kv.count() == 1000);
  const auto xs = kv.get_many(keys);
  for (std::size_t i = 0; i < 1000; ++i)
    REQUIRE(xs[i] == value{i * i});
  CHECK(kv.get_many(value_list{"no", 3}, "none") == value_list{"none", 9});
  CHECK(kv.remove_batch(value_list{1, 2, "no"}) == 2);
  CHECK(kv.remove_all() == 998);
  CHECK(kv.count() == 0);
}

TEST_CASE("keys, values and to_list have everything in a namespace") {
  running r;
  auto kv = r.c.kv("n");
  for (int i = 0; i < 50; ++i)
    kv.add(i, -i);
  const auto keys = sorted(kv.keys());
  CHECK(keys.size() == 50);
  CHECK(keys.back() == value{49});
  CHECK(sorted(kv.values()).front() == value{-49});
  for (const auto& [k, x] : kv.to_list())
    CHECK(x == value{-k.as_int()});
}

TEST_CASE("keys of one namespace spread over all partitions") {
  running r;
  auto kv = r.c.kv("n");
  for (int i = 0; i < 4000; ++i)
    kv.add(i, std::string(100, 'x'));
  for (std::size_t i = 0; i < r.c.partitions(); ++i)
    CHECK(r.c.internals().at(i).held(space_kind::kv, stamp{std::int64_t{0}}).bytes > 50'000);
}

TEST_CASE("add_new stores only where there is nothing, replace only where there is something") {
  running r;
  auto kv = r.c.kv("n");
  CHECK_FALSE(kv.replace("k", 0));
  CHECK(kv.add_new("k", 1));
  CHECK_FALSE(kv.add_new("k", 2));
  CHECK(kv.replace("k", 3));
  CHECK(kv.get("k") == value{3});
  kv.update("k", 4);
  kv.update("fresh", 5);
  CHECK(kv.get("k") == value{4});
  CHECK(kv.get("fresh") == value{5});
}

TEST_CASE("update by function loses no update under threads") {
  running r;
  auto kv = r.c.kv("n");
  fixture::on_threads(4, [&](int) {
    for (int i = 0; i < 2000; ++i)
      r.c.kv("n").update("k", 0, [](const value& x) { return value{x.as_int() + 1}; });
  });
  CHECK(kv.get("k") == value{8000});
}

TEST_CASE("increment loses no step under threads") {
  running r;
  fixture::on_threads(8, [&](int i) {
    auto kv = r.c.kv("n");
    for (int n = 0; n < 5000; ++n)
      kv.increment("k", 100, i % 2 ? 3 : 1);
  });
  CHECK(r.c.kv("n").get("k") == value{100 + 4 * 5000 * 3 + 4 * 5000});
}

TEST_CASE("compare_exchange loses no exchange under threads") {
  running r;
  auto kv = r.c.kv("n");
  kv.add("k", 0);
  fixture::on_threads(4, [&](int) {
    for (int n = 0; n < 2000; ++n)
      for (value seen = kv.get("k"); !kv.compare_exchange("k", seen, seen.as_int() + 1);)
        seen = kv.get("k");
  });
  CHECK(kv.get("k") == value{8000});
  CHECK_FALSE(kv.compare_exchange("nobody", 1, 2));
  CHECK_FALSE(kv.compare_exchange("k", 1, 2));
}

TEST_CASE("increment of what is no integer is an error and changes nothing") {
  running r;
  auto kv = r.c.kv("n");
  for (const value& x : {value{"text"}, value{1.5}, value{}, value::list({1})}) {
    kv.add("k", x);
    CHECK(fixture::code(kv.try_increment("k")) == errc::type_mismatch);
    CHECK(kv.get("k") == x);
  }
  kv.add("k", INT64_MAX);
  CHECK_FALSE(fixture::ok(kv.try_increment("k")));
  CHECK(kv.get("k") == value{INT64_MAX});
}

TEST_CASE("in a bag a key has many values, and what needs one is an error") {
  for (const auto type : {table_type::bag, table_type::duplicate_bag}) {
    running r{with_type(type)};
    auto kv = r.c.kv("n");
    kv.add("k", 2);
    kv.add("k", 1);
    CHECK(kv.get_all("k") == value_list{2, 1});
    CHECK(kv.get("k") == value{2});
    CHECK(kv.keys() == value_list{"k"});
    CHECK(kv.count() == 2);
    CHECK(fixture::code(kv.try_increment("k")) == errc::type_mismatch);
    CHECK(fixture::code(kv.try_compare_exchange("k", 1, 2)) == errc::type_mismatch);
    CHECK(fixture::code(kv.try_update("k", 0, [](const value& x) { return x; }))
          == errc::type_mismatch);
    CHECK(kv.get_all("k") == value_list{2, 1});
    CHECK(kv.replace("k", 9));
    CHECK(kv.get_all("k") == value_list{9});
    kv.add("k", 10);
    kv.update("k", 11);
    CHECK(kv.get_all("k") == value_list{11});
    CHECK(kv.remove("k") == 1);
  }
}

TEST_CASE("a key lives as long as it was told to") {
  running r;
  auto kv = r.c.kv("n");
  kv.add("k", 1, {.ttl = 10s});
  kv.add("for ever", 1);
  CHECK(kv.ttl("for ever") == -1ms);
  CHECK_FALSE(kv.ttl("nobody").has_value());
  REQUIRE(kv.ttl("k").has_value());
  CHECK(*kv.ttl("k") > 5s);
  CHECK(*kv.ttl("k") <= 10s);
  CHECK(kv.expire("k", 30ms));
  CHECK_FALSE(kv.expire("nobody", 30ms));
  std::this_thread::sleep_for(50ms);
  CHECK(kv.get("k").is_nil());
  CHECK(kv.count() == 1);
  CHECK_FALSE(kv.ttl("k").has_value());
  CHECK_ERROR(kv.try_expire("for ever", -1ms), errc::invalid_argument,
              "ttl is -1 ms; it cannot be negative");
}

TEST_CASE("replace, increment and update by function keep the time to live, update ends it") {
  running r;
  auto kv = r.c.kv("n");
  kv.add("k", 1, {.ttl = 1h});
  kv.replace("k", 2);
  kv.increment("k");
  kv.update("k", 0, [](const value& x) { return value{x.as_int() + 1}; });
  CHECK(kv.compare_exchange("k", 4, 5));
  REQUIRE(kv.ttl("k").has_value());
  CHECK(*kv.ttl("k") > 59min);
  CHECK(kv.touch("k", 0ms));
  CHECK(kv.ttl("k") == -1ms);
  kv.expire("k", 1h);
  kv.update("k", 6);
  CHECK(kv.ttl("k") == -1ms);
}

TEST_CASE("an update by function that others always overtake says so in the end") {
  running r;
  auto kv = r.c.kv("n");
  int n = 0;
  const auto answer = kv.try_update("k", 0,
                                    [&](const value&) {
                                      kv.add("k", ++n); // another writer is faster every time
                                      return value{"mine"};
                                    },
                                    {.timeout = 20ms});
  CHECK_ERROR(answer, errc::overloaded, "others kept changing key \"k\" for 20 ms");
  CHECK(kv.get("k") == value{n});
}

TEST_CASE("an exception of an update's function reaches the caller and changes nothing") {
  running r;
  auto kv = r.c.kv("n");
  kv.add("k", 1);
  const auto throws = [](const value&) -> value { throw std::domain_error("mine"); };
  CHECK_THROWS_AS(kv.update("k", 0, throws), std::domain_error);
  CHECK(kv.get("k") == value{1});
}

TEST_CASE("append adds to a string or a list, and answers the new length") {
  running r;
  auto kv = r.c.kv("n");
  CHECK(kv.append("s", "ab") == 2);
  CHECK(kv.append("s", "cd") == 4);
  CHECK(kv.get("s") == value{"abcd"});
  CHECK(kv.append("l", value::list({1})) == 1);
  CHECK(kv.append("l", value::list({2, 3})) == 3);
  CHECK(kv.get("l") == value::list({1, 2, 3}));
  CHECK(fixture::code(kv.try_append("l", "ab")) == errc::type_mismatch);
  kv.add("k", "x", {.ttl = 1h});
  kv.append("k", "y");
  CHECK(*kv.ttl("k") > 59min);
  caf::scoped_actor self{r.system};
  self
    ->request(r.c.actor(), caf::infinite, kv_atom_v, append_atom_v, std::string{"n"}, value{"s"},
              value{"e"}, std::int64_t{0})
    .receive([](std::uint64_t length) { CHECK(length == 5); },
             [](const caf::error& e) { FAIL(message_of(e)); });
}
