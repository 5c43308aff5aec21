#include "actors/cluster_fixture.hpp"

#include <caf/scoped_actor.hpp>

#include <atomic>
#include <map>
#include <optional>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::error_of;
using fixture::running;

namespace {

struct point {
  std::int64_t id = 0;
};
SUPERCACHE_INSPECT(point, x.id)

constexpr auto not_there = "the cache is not started";

using calls = std::map<std::string, std::function<caf::error()>>;

calls writing_calls(cache c) {
  const pattern p{{"k", any}};
  return {
    {"put",
     [=]() mutable {
       return error_of(c.try_put(record{"k", 1}));
     }},
    {"put_batch",
     [=]() mutable {
       return error_of(c.try_put_batch({record{"k", 1}}));
     }},
    {"lazy_put",
     [=]() mutable {
       return error_of(c.try_lazy_put(record{"k", 1}));
     }},
    {"flush", [=]() mutable { return error_of(c.try_flush()); }},
    {"insert_new",
     [=]() mutable {
       return error_of(c.try_insert_new(record{"k", 1}));
     }},
    {"take", [=]() mutable { return error_of(c.try_take("k")); }},
    {"update_element",
     [=]() mutable {
       return error_of(c.try_update_element("k", {{1, 2}}));
     }},
    {"update_counter", [=]() mutable { return error_of(c.try_update_counter("k", 1, 1)); }},
    {"remove", [=]() mutable { return error_of(c.try_remove("k")); }},
    {"remove of a record",
     [=]() mutable {
       return error_of(c.try_remove(record{"k", 1}));
     }},
    {"remove_by_key_partition",
     [=]() mutable { return error_of(c.try_remove_by_key_partition("k", "k")); }},
    {"remove_same_key_partition",
     [=]() mutable { return error_of(c.try_remove_same_key_partition("k")); }},
    {"remove_by_match",
     [=]() mutable { return error_of(c.try_remove_by_match(any_partition, p)); }},
    {"remove_all", [=]() mutable { return error_of(c.try_remove_all()); }},
    {"put_partition",
     [=]() mutable {
       return error_of(c.try_put_partition(record{1, 2}, "a_0"));
     }},
    {"remove_partition", [=]() mutable { return error_of(c.try_remove_partition(1, "x_0")); }},
    {"put_partition_by_idx",
     [=]() mutable {
       return error_of(c.try_put_partition_by_idx(record{1, 2}, 0));
     }},
    {"remove_partition_by_idx",
     [=]() mutable { return error_of(c.try_remove_partition_by_idx(1, 0)); }},
  };
}

calls reading_calls(const cache& c) {
  const std::vector<value> keys{"k"};
  const pattern p{{"k", any}};
  const auto prepared = compiled_pattern::compile(p).value();
  const auto always = [](const record&) { return true; };
  return {
    {"get", [=] { return error_of(c.try_get("k")); }},
    {"get of a record",
     [=] {
       return error_of(c.try_get(record{"k", 1}));
     }},
    {"get_many", [=] { return error_of(c.try_get_many(keys)); }},
    {"get_by_key_partition", [=] { return error_of(c.try_get_by_key_partition("k", "k")); }},
    {"get_same_key_partition", [=] { return error_of(c.try_get_same_key_partition("k")); }},
    {"get_by_match", [=] { return error_of(c.try_get_by_match(any_partition, p)); }},
    {"get_by_match_object", [=] { return error_of(c.try_get_by_match_object(any_partition, p)); }},
    {"select", [=] { return error_of(c.try_select(any_partition, prepared)); }},
    {"scan",
     [=] {
       return error_of(c.try_scan(
         any_partition, [](auto&, int n) { return n; }, 0));
     }},
    {"each", [=] { return error_of(c.try_each(any_partition, always)); }},
    {"range", [=] { return error_of(c.try_range(1, 2)); }},
    {"get_partition", [=] { return error_of(c.try_get_partition(1, "supercache_0")); }},
    {"get_partition_by_idx", [=] { return error_of(c.try_get_partition_by_idx(1, 0)); }},
  };
}

calls kv_calls(const cache& c) {
  const std::vector<value> keys{"k"};
  const std::vector<std::pair<value, value>> pairs{{"k", 1}};
  const auto same = [](const value& x) { return x; };
  auto kv = c.kv("n");
  return {
    {"kv add", [=]() mutable { return error_of(kv.try_add("k", 1)); }},
    {"kv add_batch", [=]() mutable { return error_of(kv.try_add_batch(pairs)); }},
    {"kv add_new", [=]() mutable { return error_of(kv.try_add_new("k", 1)); }},
    {"kv replace", [=]() mutable { return error_of(kv.try_replace("k", 1)); }},
    {"kv get", [=] { return error_of(kv.try_get("k")); }},
    {"kv get_all", [=] { return error_of(kv.try_get_all("k")); }},
    {"kv get_many", [=] { return error_of(kv.try_get_many(keys)); }},
    {"kv update", [=]() mutable { return error_of(kv.try_update("k", 1)); }},
    {"kv update by function", [=]() mutable { return error_of(kv.try_update("k", 1, same)); }},
    {"kv increment", [=]() mutable { return error_of(kv.try_increment("k")); }},
    {"kv compare_exchange", [=]() mutable { return error_of(kv.try_compare_exchange("k", 1, 2)); }},
    {"kv ttl", [=] { return error_of(kv.try_ttl("k")); }},
    {"kv expire", [=]() mutable { return error_of(kv.try_expire("k", 1s)); }},
    {"kv touch", [=]() mutable { return error_of(kv.try_touch("k", 1s)); }},
    {"kv remove", [=]() mutable { return error_of(kv.try_remove("k")); }},
    {"kv remove_batch", [=]() mutable { return error_of(kv.try_remove_batch(keys)); }},
    {"kv remove_all", [=]() mutable { return error_of(kv.try_remove_all()); }},
    {"kv keys", [=] { return error_of(kv.try_keys()); }},
    {"kv values", [=] { return error_of(kv.try_values()); }},
    {"kv to_list", [=] { return error_of(kv.try_to_list()); }},
    {"kv count", [=] { return error_of(kv.try_count()); }},
  };
}

calls other_calls(const cache& c) {
  const std::vector<value> items{1, 2};
  auto q = c.queue("q");
  auto s = c.stack("s");
  auto t = c.structs<point>();
  return {
    {"queue add", [=]() mutable { return error_of(q.try_add(1)); }},
    {"queue add_batch", [=]() mutable { return error_of(q.try_add_batch(items)); }},
    {"queue out", [=]() mutable { return error_of(q.try_out()); }},
    {"queue out_batch", [=]() mutable { return error_of(q.try_out_batch(2)); }},
    {"queue out_wait", [=]() mutable { return error_of(q.try_out_wait(5s)); }},
    {"queue peek", [=] { return error_of(q.try_peek()); }},
    {"queue count", [=] { return error_of(q.try_count()); }},
    {"queue get_all", [=]() mutable { return error_of(q.try_get_all()); }},
    {"stack push", [=]() mutable { return error_of(s.try_push(1)); }},
    {"stack push_batch", [=]() mutable { return error_of(s.try_push_batch(items)); }},
    {"stack pop", [=]() mutable { return error_of(s.try_pop()); }},
    {"stack pop_batch", [=]() mutable { return error_of(s.try_pop_batch(2)); }},
    {"stack count", [=] { return error_of(s.try_count()); }},
    {"stack get_all", [=]() mutable { return error_of(s.try_get_all()); }},
    {"structs init", [=]() mutable { return error_of(t.try_init(&point::id)); }},
    {"structs add", [=]() mutable { return error_of(t.try_add(point{1})); }},
    {"structs get", [=] { return error_of(t.try_get(1)); }},
    {"structs get_all", [=] { return error_of(t.try_get_all()); }},
    {"structs remove", [=]() mutable { return error_of(t.try_remove(1)); }},
    {"structs remove_all", [=]() mutable { return error_of(t.try_remove_all()); }},
  };
}

void check_all_refused(const calls& made) {
  for (const auto& [name, call] : made) {
    CAPTURE(name);
    const caf::error e = call();
    CHECK(code_of(e) == errc::not_started);
    CHECK(message_of(e) == not_there);
  }
}

/// What the cache's actor answers when asked for a key, after the cache is gone.
errc code_from(caf::actor_system& system, const cache_actor& to) {
  errc code = errc::none;
  caf::scoped_actor self{system};
  compat::ask(self, to, 5s, get_atom_v, value{"k"})
    .receive([](const record_list&) {}, [&](const caf::error& e) { code = code_of(e); });
  return code;
}

} // namespace

TEST_CASE("a cache starts, says so, and is found by its actor system") {
  fixture::config cfg;
  caf::actor_system system{cfg};
  CHECK_FALSE(cache::of(system).has_value());
  cache c = cache::start(system, options{});
  CHECK(c.started());
  CHECK_FALSE(c.distributed());
  CHECK(c.partitions() == 4); // one per scheduler worker
  CHECK(c.config().num_partition == 4u);
  REQUIRE(cache::of(system).has_value());
  cache::of(system)->put(record{"k", 1});
  CHECK(c.get("k").front() == record{"k", 1});
}

TEST_CASE("starting twice is an error and the first cache keeps running") {
  running r;
  r.c.put(record{"k", 1});
  CHECK_ERROR(cache::try_start(r.system, options{}), errc::already_started,
              "this actor system already runs a cache");
  CHECK_FAILS_WITH(cache::start(r.system, options{}), errc::already_started,
                   "this actor system already runs a cache");
  CHECK(r.c.get("k").size() == 1);
}

TEST_CASE("stopping twice does nothing") {
  running r;
  cache copy = r.c;
  r.c.stop();
  r.c.stop();
  copy.stop();
  CHECK_FALSE(r.c.started());
  CHECK_FALSE(copy.started());
  CHECK_FALSE(cache::of(r.system).has_value());
}

TEST_CASE("after stop every kind of call says not_started") {
  running r;
  r.c.put(record{"k", 1});
  r.c.kv("n").add("k", 1);
  const auto actor = r.c.actor();
  r.c.stop();
  check_all_refused(kv_calls(r.c));
  check_all_refused(other_calls(r.c));
  check_all_refused(writing_calls(r.c));
  check_all_refused(reading_calls(r.c));
  CHECK_FAILS_WITH(r.c.put(record{"k", 1}), errc::not_started, not_there);
  CHECK_FAILS_WITH(r.c.lazy_put(record{"k", 1}), errc::not_started, not_there);
  CHECK_FAILS_WITH(r.c.get("k"), errc::not_started, not_there);
  CHECK_FAILS_WITH(r.c.stats(), errc::not_started, not_there);
  CHECK_FAILS_WITH(r.c.cluster_stats(), errc::not_started, not_there);
  CHECK_FAILS_WITH(r.c.node_partitions(), errc::not_started, not_there);
  CHECK_FAILS_WITH(r.c.primary_partitions("a"), errc::not_started, not_there);
  CHECK_FAILS_WITH(r.c.replica_partitions(), errc::not_started, not_there);
  CHECK_ERROR(r.c.try_debug_log(false), errc::not_started, not_there);
  CHECK_ERROR(r.c.try_partition_map(), errc::not_started, not_there);
  CHECK_ERROR(r.c.try_live_nodes(), errc::not_started, not_there);
  CHECK_ERROR(r.c.try_flush(), errc::not_started, not_there);
  CHECK_ERROR(r.c.try_leave(1s), errc::not_started, not_there);
  CHECK_ERROR(r.c.try_full_sync(1s), errc::not_started, not_there);
  CHECK_ERROR(r.c.try_reconfigure({}), errc::not_started, not_there);
  CHECK(code_from(r.system, actor) == errc::not_started);
}

TEST_CASE("after stop every kind of call says not_started in a cluster, too") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync, 1), 1};
  cache& c = nodes[0];
  c.put(record{"k", 1});
  c.queue("q").add(1);
  c.stack("s").push(1);
  c.kv("n").add("k", 1);
  c.stop();
  check_all_refused(kv_calls(c));
  check_all_refused(other_calls(c));
  check_all_refused(writing_calls(c));
  check_all_refused(reading_calls(c));
}

TEST_CASE("every kind of call works on a running cache") {
  options o;
  o.table_prefix = std::string{"x"};
  running r{o};
  for (const auto& made : {kv_calls(r.c), other_calls(r.c), writing_calls(r.c), reading_calls(r.c)})
    for (const auto& [name, call] : made) {
      CAPTURE(name);
      CHECK(code_of(call()) != errc::not_started);
    }
}

TEST_CASE("a cache starts again after stop, empty, with other options") {
  running r;
  r.c.put(record{"k", 1});
  r.c.stop();
  options o;
  o.num_partition = 7;
  cache again = cache::start(r.system, o);
  CHECK(again.partitions() == 7);
  CHECK(again.get("k").empty());
  again.put(record{"k", 2});
  CHECK(again.get("k").front() == record{"k", 2});
  CHECK_FALSE(r.c.started());
  CHECK_ERROR(r.c.try_get("k"), errc::not_started, not_there);
}

TEST_CASE("a start with a bad option leaves nothing behind") {
  fixture::config cfg;
  caf::actor_system system{cfg};
  options bad;
  bad.num_partition = 0;
  const auto actors_before = system.registry().running();
  CHECK_ERROR(cache::try_start(system, bad), errc::invalid_config,
              "num_partition is 0; allowed is 1 to 4096");
  CHECK(system.registry().running() == actors_before);
  CHECK_FALSE(cache::of(system).has_value());
  CHECK(cache::start(system, options{}).started());
}

TEST_CASE("the cache stops with its last handle, and the actor system can end") {
  fixture::config cfg;
  caf::actor_system system{cfg};
  cache_actor actor;
  {
    const cache first = cache::start(system, options{});
    const cache second = first;
    actor = second.actor();
    CHECK(code_from(system, actor) == errc::none);
  }
  CHECK_FALSE(cache::of(system).has_value());
  CHECK(code_from(system, actor) == errc::not_started);
}

TEST_CASE("a namespace handle keeps the cache running") {
  fixture::config cfg;
  caf::actor_system system{cfg};
  auto kv = cache::start(system, options{}).kv("n");
  kv.add("k", 1);
  CHECK(kv.get("k") == value{1});
  CHECK(cache::of(system).has_value());
}

TEST_CASE("an actor can hold the last handle") {
  fixture::config cfg;
  caf::actor_system system{cfg};
  auto c = std::make_optional(cache::start(system, options{}));
  const auto holder = system.spawn([held = *c](caf::event_based_actor*) -> caf::behavior {
    return {[held](get_atom) { return held.started(); }};
  });
  const auto front = c->actor();
  c.reset();
  caf::scoped_actor self{system};
  bool started = false;
  compat::ask(self, holder, 5s, get_atom_v)
    .receive([&](bool x) { started = x; }, [](const caf::error&) {});
  CHECK(started);
  compat::end(holder);
  CHECK(fixture::eventually([&] { return !cache::of(system).has_value(); }));
  CHECK(fixture::eventually([&] { return code_from(system, front) == errc::not_started; }));
}

TEST_CASE("two actor systems in one process have caches of their own") {
  running a, b;
  a.c.put(record{"k", "of a"});
  b.c.put(record{"k", "of b"});
  a.c.stop();
  CHECK(b.c.get("k").front() == record{"k", "of b"});
}

TEST_CASE("under load, a stop lets every call succeed or say not_started") {
  for (int round = 0; round < 15; ++round) {
    running r;
    r.c.put(record{"known", 1});
    r.c.kv("n").add("known", 1);
    std::atomic<int> wrong{0};
    const auto known = [](cache c) {
      const auto found = c.try_get("known");
      return found && found->empty() ? make_error(errc::internal, "lost") : error_of(found);
    };
    const auto known_pair = [](const cache& c) {
      const auto found = c.kv("n").try_get("known");
      return found && found->is_nil() ? make_error(errc::internal, "lost") : error_of(found);
    };
    const std::function<caf::error(cache)> work[] = {
      known,
      known_pair,
      [](cache c) {
        return error_of(c.try_put(record{"k", 1}));
      },
      [](cache c) {
        return error_of(c.try_lazy_put(record{"k", 1}));
      },
      [](cache c) { return error_of(c.kv("n").try_increment("k")); },
      [](cache c) { return error_of(c.queue("q").try_add(1)); },
      [](cache c) {
        const auto e = error_of(c.queue("q").try_out_wait(1ms));
        return code_of(e) == errc::timeout ? caf::error{} : e;
      },
      [](cache c) {
        return error_of(c.try_remove_by_match(any_partition, pattern{{1, any}}));
      },
    };
    std::thread stopper{[c = r.c]() mutable {
      std::this_thread::sleep_for(5ms);
      c.stop();
    }};
    fixture::on_threads(static_cast<int>(std::size(work)), [&](int i) {
      for (caf::error e; code_of(e) != errc::not_started; e = work[i](r.c))
        wrong += code_of(e) != errc::none;
    });
    stopper.join();
    CHECK(wrong == 0);
  }
}
