#include "actors/asking.hpp"
#include "actors/fixture.hpp"

#include <caf/io/middleman.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace supercache;
using fixture::ask;

namespace {

struct networked : fixture::config {
  networked() { load<caf::io::middleman>(); }
};

/// A cache in one actor system, and a client in another that reaches it over TCP.
struct over_network {
  networked server_config, client_config;
  caf::actor_system server{server_config}, client{client_config};
  cache c;
  cache_actor to;
  caf::scoped_actor self{client};

  explicit over_network(const options& o = {}) : c(cache::start(server, o)) {
    const auto port = server.middleman().publish(c.actor(), 0, "127.0.0.1", true);
    REQUIRE(port);
    auto found = client.middleman().remote_actor<cache_actor>("127.0.0.1", *port);
    REQUIRE(found);
    to = *found;
  }
};

using limits = std::numeric_limits<double>;

/// A value of every kind, and those that CAF's own format would spoil.
value_list every_kind() {
  return {
    nullptr,
    true,
    false,
    0,
    -1,
    INT64_MIN,
    INT64_MAX,
    0.1,
    limits::infinity(),
    -limits::infinity(),
    limits::quiet_NaN(),
    limits::denorm_min(),
    limits::max(),
    "",
    "short",
    std::string(1000, 'x'),
    std::string("\0\xff bytes", 8),
    value::list({}),
    value::list({1, "two", value::list({limits::infinity()})}),
    value::tuple({1, value::tuple({limits::quiet_NaN()})}),
    value::map({{"k", value::map({{1.5, nullptr}})}, {2, value::list({true})}}),
  };
}

} // namespace

TEST_CASE("values of every kind cross the network unchanged") {
  over_network n;
  const auto all = every_kind();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(to_string(all[i]));
    const record r{all[i], i, all[i]};
    REQUIRE(fixture::ok(fixture::ask<void>(n, put_atom_v, r)));
    CHECK(n.c.get(all[i]).front() == r);
    CHECK(*fixture::ask<record_list>(n, get_atom_v, all[i]) == record_list{r});
  }
  const auto many = fixture::ask<std::vector<record_list>>(n, get_atom_v, batch_atom_v, all);
  REQUIRE(fixture::ok(many));
  CHECK(many->size() == all.size());
  CHECK(std::ranges::all_of(*many, [](const record_list& x) { return x.size() == 1; }));
}

TEST_CASE("patterns and batches cross the network") {
  over_network n;
  record_list rs;
  for (int i = 0; i < 1000; ++i)
    rs.push_back(record{i, i % 2 ? "odd" : "even", i * 0.5});
  REQUIRE(fixture::ok(fixture::ask<void>(n, put_atom_v, batch_atom_v, rs)));
  const pattern p{{bind(1), "odd", bind(2)}, var(1) >= 900 && is_real(var(2))};
  CHECK(fixture::ask<std::vector<bindings>>(n, match_atom_v, p)->size() == 50);
  CHECK(fixture::ask<record_list>(n, select_atom_v, p)->size() == 50);
  CHECK(*fixture::ask<std::uint64_t>(n, remove_atom_v, match_atom_v, p) == 50);
  const pattern at_infinity{{any, any, limits::infinity()}};
  CHECK(fixture::ask<record_list>(n, select_atom_v, at_infinity)->empty());
}

TEST_CASE("namespaces, queues and pages work over the network") {
  over_network n;
  const std::string ns = "n";
  for (int i = 0; i < 3000; ++i)
    n.c.kv(ns).add(i, limits::infinity());
  CHECK(*fixture::ask<std::int64_t>(n, kv_atom_v, counter_atom_v, ns, value{"c"}, std::int64_t{1},
                                    std::int64_t{2})
        == 3);
  CHECK(*fixture::ask<value_list>(n, kv_atom_v, get_atom_v, ns, value{7})
        == value_list{limits::infinity()});
  std::size_t met = 0;
  value next;
  do {
    const auto p = fixture::ask<page>(n, page_atom_v, std::string{"kv"}, ns, next);
    REQUIRE(fixture::ok(p));
    met += p->rows.size();
    next = p->next;
  } while (!next.is_nil());
  CHECK(met == 3001);
  CHECK(*fixture::ask<std::uint64_t>(n, queue_atom_v, push_atom_v, ns, value_list{1}) == 1);
  CHECK(*fixture::ask<value>(n, queue_atom_v, wait_atom_v, ns, std::int64_t{5000}) == value{1});
  CHECK(fixture::ask<value>(n, stats_atom_v)->is_map());
}

TEST_CASE("a remote client waits for an item until it comes") {
  over_network n;
  std::thread later{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    n.c.queue("q").add("item");
  }};
  CHECK(*fixture::ask<value>(n, queue_atom_v, wait_atom_v, std::string{"q"}, std::int64_t{8000})
        == value{"item"});
  later.join();
}

TEST_CASE("errors cross the network with their code and sentence") {
  over_network n;
  CHECK_ERROR(fixture::ask<void>(n, put_atom_v, record{}), errc::invalid_argument,
              "tuple size (0) is lower than key_pos (0)");
  n.c.put(record{"k", "text"});
  CHECK(fixture::code(fixture::ask<std::int64_t>(n, counter_atom_v, value{"k"}, std::uint32_t{1},
                                                 std::int64_t{1}))
        == errc::type_mismatch);
  CHECK_ERROR(fixture::ask<value>(n, queue_atom_v, wait_atom_v, std::string{"q"}, std::int64_t{10}),
              errc::timeout, "no item came to queue 'q' in time");
}

TEST_CASE("a remote client can end a published actor of the application, but not the cache") {
  over_network n;
  n.c.put(record{"k", 1});
  const auto own = n.server.spawn(
    [](caf::event_based_actor*) -> caf::behavior { return {[](int x) { return x; }}; });
  const auto port = n.server.middleman().publish(own, 0, "127.0.0.1");
  REQUIRE(port);
  const auto far = n.client.middleman().remote_actor("127.0.0.1", *port);
  REQUIRE(far);
  for (const auto why : {caf::exit_reason::user_shutdown, caf::exit_reason::kill}) {
    caf::anon_send_exit(n.to, why);
    n.self->send_exit(n.to, why);
    n.self->link_to(n.to);
    n.self->unlink_from(n.to);
    CHECK(fixture::ask<record_list>(n, get_atom_v, value{"k"}) == record_list{{"k", 1}});
  }
  n.self->monitor(*far);
  caf::anon_send_exit(*far, caf::exit_reason::user_shutdown);
  n.self->receive([](const caf::down_msg&) {},
                  caf::after(std::chrono::seconds{20}) >> [] { FAIL("it goes on"); });
}

TEST_CASE("two caches in two actor systems serve each other's clients") {
  over_network a;
  cache mine = cache::start(a.client, options{});
  mine.put(record{"k", "client's"});
  a.c.put(record{"k", "server's"});
  CHECK(*fixture::ask<record_list>(a, get_atom_v, value{"k"}) == record_list{{"k", "server's"}});
  CHECK(mine.get("k").front() == record{"k", "client's"});
}
