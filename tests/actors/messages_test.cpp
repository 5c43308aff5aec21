#include "actors/asking.hpp"
#include "actors/fixture.hpp"

#include <algorithm>

using namespace supercache;
using fixture::ask;
using fixture::running;

namespace {

/// A cache and a client of its actor; how most of these tests begin.
struct asked : running {
  caf::scoped_actor self{system};
  cache_actor to = c.actor();
  explicit asked(const options& o = {}) : running(o) {}
};

std::vector<record> sorted(caf::expected<record_list> found) {
  REQUIRE(fixture::ok(found));
  std::ranges::sort(*found);
  return *found;
}

const std::string ns = "n";
constexpr std::int64_t for_ever = 0;

} // namespace

TEST_CASE("messages put, get and remove tuples") {
  asked a;
  CHECK(fixture::ok(ask<void>(a, put_atom_v, record{"a", 1})));
  CHECK(fixture::ok(ask<void>(a, put_atom_v, record{"b", 2}, std::int64_t{60'000})));
  CHECK(fixture::ok(ask<void>(a, put_atom_v, batch_atom_v, record_list{{"c", 3}, {"d", 4}})));
  CHECK(fixture::ok(ask<void>(a, lazy_atom_v, record{"e", 5})));
  CHECK(fixture::ok(ask<void>(a, flush_atom_v)));
  CHECK(*ask<bool>(a, insert_atom_v, record{"a", 9}, for_ever) == false);
  CHECK(*ask<bool>(a, insert_atom_v, record{"f", 6}, for_ever));
  CHECK(*ask<record_list>(a, get_atom_v, value{"b"}) == record_list{{"b", 2}});
  CHECK(*ask<record_list>(a, get_atom_v, value{"b"}, value{"b"}) == record_list{{"b", 2}});
  CHECK(*ask<std::vector<record_list>>(a, get_atom_v, batch_atom_v, value_list{"e", "no", "a"})
        == std::vector<record_list>{{{"e", 5}}, {}, {{"a", 1}}});
  CHECK(*ask<record_list>(a, take_atom_v, value{"a"}) == record_list{{"a", 1}});
  CHECK(*ask<record_list>(a, take_atom_v, value{"b"}, value{"b"}) == record_list{{"b", 2}});
  CHECK(*ask<std::uint64_t>(a, remove_atom_v, value{"c"}) == 1);
  CHECK(*ask<std::uint64_t>(a, remove_atom_v, value{"d"}, value{"d"}) == 1);
  CHECK(*ask<std::uint64_t>(a, clear_atom_v) == 2);
}

TEST_CASE("messages update tuples") {
  asked a;
  a.c.put(record{"k", 1});
  using changes = std::vector<element_change>;
  CHECK(*ask<bool>(a, update_atom_v, value{"k"}, changes{{1, 5}}));
  CHECK(*ask<bool>(a, update_atom_v, value{"k"}, value{"k"}, changes{{1, 6}}));
  CHECK(*ask<std::int64_t>(a, counter_atom_v, value{"k"}, std::uint32_t{1}, std::int64_t{2}) == 8);
  CHECK(*ask<std::int64_t>(a, counter_atom_v, value{"k"}, value{"k"}, std::uint32_t{1},
                           std::int64_t{-3})
        == 5);
}

TEST_CASE("messages find and remove by pattern") {
  asked a;
  a.c.put_batch({record{"a", 1}, record{"b", 2}, record{"c", 3}});
  const pattern big{{bind(1), bind(2)}, var(2) > 1};
  auto found = *ask<std::vector<bindings>>(a, match_atom_v, big);
  std::ranges::sort(found);
  CHECK(found == std::vector<bindings>{{"b", 2}, {"c", 3}});
  CHECK(*ask<std::vector<bindings>>(a, match_atom_v, value{"a"}, pattern{{"a", bind(1)}})
        == std::vector<bindings>{{1}});
  CHECK(sorted(ask<record_list>(a, select_atom_v, big)) == record_list{{"b", 2}, {"c", 3}});
  CHECK(*ask<record_list>(a, select_atom_v, value{"a"}, pattern{{"a", any}})
        == record_list{{"a", 1}});
  CHECK(*ask<std::uint64_t>(a, remove_atom_v, match_atom_v, value{"a"}, pattern{{"a", any}}) == 1);
  CHECK(*ask<std::uint64_t>(a, remove_atom_v, match_atom_v, big) == 2);
}

TEST_CASE("messages reach a partition by its index") {
  asked a;
  const std::uint64_t index = 2;
  CHECK(fixture::ok(ask<void>(a, put_atom_v, index_atom_v, index, record{"k", 1})));
  CHECK(*ask<record_list>(a, get_atom_v, index_atom_v, index, value{"k"}) == record_list{{"k", 1}});
  CHECK(*ask<std::uint64_t>(a, remove_atom_v, index_atom_v, index, value{"k"}) == 1);
  CHECK_ERROR(ask<record_list>(a, get_atom_v, index_atom_v, std::uint64_t{99}, value{"k"}),
              errc::invalid_argument, "there is no partition 99; indexes go from 0 to 3");
}

TEST_CASE("messages do everything that a namespace can") {
  asked a;
  const value k = "k";
  CHECK(fixture::ok(ask<void>(a, kv_atom_v, put_atom_v, ns, k, value{1}, std::int64_t{60'000})));
  CHECK(
    fixture::ok(ask<void>(a, kv_atom_v, batch_atom_v, ns, value_list{"x", "y"}, value_list{1, 2})));
  CHECK(*ask<bool>(a, kv_atom_v, add_atom_v, ns, k, value{2}, for_ever) == false);
  CHECK(*ask<value_list>(a, kv_atom_v, get_atom_v, ns, k) == value_list{1});
  CHECK(*ask<bool>(a, kv_atom_v, replace_atom_v, ns, k, value{3}));
  CHECK(*ask<bool>(a, kv_atom_v, cas_atom_v, ns, k, value{3}, value{4}));
  CHECK(*ask<std::int64_t>(a, kv_atom_v, counter_atom_v, ns, k, std::int64_t{0}, std::int64_t{5})
        == 9);
  CHECK(*ask<std::int64_t>(a, kv_atom_v, ttl_atom_v, ns, k) > 50'000);
  CHECK(*ask<bool>(a, kv_atom_v, expire_atom_v, ns, k, for_ever));
  CHECK(*ask<std::int64_t>(a, kv_atom_v, ttl_atom_v, ns, k) == -1);
  CHECK(*ask<std::uint64_t>(a, kv_atom_v, count_atom_v, ns) == 3);
  CHECK(sorted(ask<record_list>(a, kv_atom_v, list_atom_v, ns))
        == record_list{{"k", 9}, {"x", 1}, {"y", 2}});
  CHECK(*ask<std::uint64_t>(a, kv_atom_v, remove_atom_v, ns, k) == 1);
  CHECK(*ask<std::uint64_t>(a, kv_atom_v, clear_atom_v, ns) == 2);
  CHECK_ERROR(ask<std::int64_t>(a, kv_atom_v, ttl_atom_v, ns, k), errc::not_found, "no key \"k\"");
  CHECK_ERROR(ask<void>(a, kv_atom_v, batch_atom_v, ns, value_list{1}, value_list{}),
              errc::invalid_argument, "as many keys as values are needed");
}

TEST_CASE("messages do everything that queues and stacks can") {
  asked a;
  const std::string q = "q";
  CHECK(*ask<std::uint64_t>(a, queue_atom_v, push_atom_v, q, value_list{1, 2, 3, 4}) == 4);
  CHECK(*ask<value_list>(a, queue_atom_v, peek_atom_v, q) == value_list{1});
  CHECK(*ask<value_list>(a, queue_atom_v, pop_atom_v, q, std::uint64_t{2}) == value_list{1, 2});
  CHECK(*ask<value>(a, queue_atom_v, wait_atom_v, q, std::int64_t{0}) == value{3});
  CHECK(*ask<std::uint64_t>(a, queue_atom_v, count_atom_v, q) == 1);
  CHECK(*ask<value_list>(a, queue_atom_v, drain_atom_v, q) == value_list{4});
  CHECK(ask<value_list>(a, queue_atom_v, peek_atom_v, q)->empty());
  CHECK_ERROR(ask<value>(a, queue_atom_v, wait_atom_v, q, std::int64_t{20}), errc::timeout,
              "no item came to queue 'q' in time");
  CHECK(*ask<std::uint64_t>(a, stack_atom_v, push_atom_v, q, value_list{1, 2, 3}) == 3);
  CHECK(*ask<value_list>(a, stack_atom_v, pop_atom_v, q, std::uint64_t{1}) == value_list{3});
  CHECK(*ask<std::uint64_t>(a, stack_atom_v, count_atom_v, q) == 2);
  CHECK(*ask<value_list>(a, stack_atom_v, drain_atom_v, q) == value_list{2, 1});
}

TEST_CASE("messages store structs as records") {
  asked a;
  const std::string type = "person";
  const record ann{1, value::tuple({1, "Ann"})};
  CHECK(fixture::ok(ask<void>(a, struct_atom_v, put_atom_v, type, ann)));
  CHECK(*ask<record_list>(a, struct_atom_v, get_atom_v, type, value{1}) == record_list{ann});
  CHECK(*ask<record_list>(a, struct_atom_v, list_atom_v, type) == record_list{ann});
  CHECK(*ask<std::uint64_t>(a, struct_atom_v, remove_atom_v, type, value{1}) == 1);
  CHECK(*ask<std::uint64_t>(a, struct_atom_v, clear_atom_v, type) == 0);
  CHECK(ask<record_list>(a, struct_atom_v, get_atom_v, type, value{1})->empty());
  CHECK_ERROR(ask<void>(a, struct_atom_v, put_atom_v, type, record{1}), errc::invalid_argument,
              "a struct is stored as {key, {field, ...}}");
}

TEST_CASE("messages tell about the cache") {
  asked a;
  a.c.put(record{"k", 1});
  a.c.queue("jobs").add(1);
  CHECK(*ask<value>(a, stats_atom_v)->find("records") == value{1});
  for (const std::string section : {"cache", "cluster", "api"})
    CHECK(ask<value>(a, stats_atom_v, section)->is_map());
  CHECK_ERROR(ask<value>(a, stats_atom_v, std::string{"x"}), errc::invalid_argument,
              "no statistics called 'x'; there are cache, cluster, api");
  CHECK(*ask<value>(a, config_atom_v)->find("num_partition") == value{"4"});
  CHECK(*ask<std::string>(a, config_atom_v, std::string{"table_type"}) == "set");
  CHECK(fixture::code(ask<std::string>(a, config_atom_v, std::string{"x"}))
        == errc::invalid_config);
  CHECK(*ask<value_list>(a, list_atom_v, std::string{"queue"}) == value_list{"jobs"});
  CHECK(fixture::code(ask<value_list>(a, list_atom_v, std::string{"x"})) == errc::invalid_argument);
  CHECK(fixture::ok(ask<void>(a, stats_atom_v, reset_atom_v)));
  CHECK(a.c.metrics().read(metric::put).calls == 0);
}

TEST_CASE("pages lead through everything, each record once") {
  asked a;
  for (int i = 0; i < 5000; ++i) {
    a.c.put(record{i, 1});
    a.c.kv(ns).add(i, 1);
  }
  for (const std::string kind : {"tuples", "kv"}) {
    std::vector<std::int64_t> keys;
    value next;
    do {
      const auto p = ask<page>(a, page_atom_v, kind, ns, next);
      REQUIRE_MESSAGE(fixture::ok(p), message_of(fixture::error_of(p)));
      for (const record& r : p->rows)
        keys.push_back(r[0].as_int());
      next = p->next;
    } while (!next.is_nil());
    std::ranges::sort(keys);
    CHECK(keys.size() == 5000);
    CHECK(std::ranges::adjacent_find(keys) == keys.end());
  }
  CHECK(
    ask<page>(a, page_atom_v, std::string{"structs"}, std::string{"none"}, value{})->rows.empty());
}

TEST_CASE("a beginning that no page answered and a kind that does not exist are errors") {
  asked a;
  a.c.put(record{"k", 1});
  for (const value& from : {value{1}, value{"x"}, value::tuple({1}), value::tuple({-1, nullptr}),
                            value::tuple({0, "nonsense"})})
    CHECK(fixture::code(ask<page>(a, page_atom_v, std::string{"tuples"}, ns, from))
          == errc::invalid_argument);
  CHECK_ERROR(ask<page>(a, page_atom_v, std::string{"x"}, ns, value{}), errc::invalid_argument,
              "cannot page through 'x'; allowed is tuples, kv, structs");
}

TEST_CASE("errors in answers are of our category and say what the handle says") {
  asked a;
  const auto answer = ask<void>(a, put_atom_v, record{});
  REQUIRE_FALSE(fixture::ok(answer));
  CHECK(compat::is_ours(answer.error()));
  CHECK(a.system.render(answer.error())
        == "invalid_argument: tuple size (0) is lower than key_pos (0)");
  CHECK_ERROR(answer, errc::invalid_argument, "tuple size (0) is lower than key_pos (0)");
  CHECK_ERROR(ask<void>(a, kv_atom_v, put_atom_v, ns, value{"k"}, value{1}, std::int64_t{-1}),
              errc::invalid_argument, "ttl is -1 ms; it cannot be negative");
}

TEST_CASE("no message can end the cache's actor") {
  asked a;
  value deep = 1;
  for (unsigned i = 0; i < max_depth; ++i)
    deep = value::list({deep});
  CHECK(fixture::code(ask<void>(a, kv_atom_v, put_atom_v, ns, value{"k"}, deep, for_ever))
        == errc::too_large);
  CHECK(fixture::code(ask<void>(a, kv_atom_v, batch_atom_v, ns, value_list{deep}, value_list{1}))
        == errc::too_large);
  CHECK(fixture::code(ask<bool>(a, kv_atom_v, cas_atom_v, ns, value{"k"}, value{1}, deep))
        == errc::too_large);
  a.c.put(record{"k", 1});
  CHECK(
    fixture::code(ask<bool>(a, update_atom_v, value{"k"}, std::vector<element_change>{{1, deep}}))
    == errc::too_large);
  CHECK(fixture::code(ask<std::uint64_t>(a, queue_atom_v, push_atom_v, ns, value_list{deep}))
        == errc::too_large);
  CHECK(fixture::code(a.c.queue(ns).try_add(deep)) == errc::too_large);
  CHECK(*ask<record_list>(a, get_atom_v, value{"k"}) == record_list{{"k", 1}});
}
