#include "actors/cluster_fixture.hpp"

#include <supercache/kv.hpp>
#include <supercache/queue.hpp>

#include <doctest/doctest.h>

// A caller may wait for any time at all: for the longest it waits for ever, for one that is over
// not at all.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

constexpr auto most = std::chrono::milliseconds::max();
constexpr auto least = std::chrono::milliseconds::min();

/// What CACHE answers, as an error or none.
template <class T, class... Ts>
caf::error ask_for(caf::scoped_actor& self, const cache_actor& to, T& out, Ts&&... xs) {
  caf::error why;
  self->request(to, 60s, std::forward<Ts>(xs)...)
    .receive([&](T& x) { out = std::move(x); }, [&](caf::error& e) { why = std::move(e); });
  return why;
}

/// All operations of a handle that take a time, with the longest.
void use(cache c) {
  const write_options w{.ttl = most, .timeout = most};
  const wait_options wait{.timeout = most};
  const read_options r{.mode = read_mode::primary, .timeout = most};
  for (int i = 0; i < 50; ++i)
    CHECK(ok(c.try_put(record{i, "x"}, w)));
  CHECK(ok(c.try_put_batch(std::vector{record{100, "x"}, record{101, "x"}}, w)));
  CHECK(c.try_insert_new(record{200, "x"}, w).value());
  for (const auto mode : {read_mode::local, read_mode::primary, read_mode::quorum})
    CHECK(c.try_get(7, {.mode = mode, .timeout = most}).value().size() == 1);
  CHECK(c.try_get_by_match_object(any_partition, pattern{{any, "x"}}, r).value().size() == 53);
  CHECK(c.try_take(7, any_partition, wait).value().size() == 1);
  CHECK(ok(c.try_lazy_put(record{300, "x"}, w)));
  CHECK(ok(c.try_flush()));
  auto names = c.kv("names");
  CHECK(ok(names.try_add("a", 1, w)));
  CHECK(names.try_expire("a", most, wait).value());
  CHECK(names.try_ttl("a", r).value().value() > 24h * 365 * 1'000);
  CHECK(names
          .try_update(
            "a", 0, [](const value& x) { return value{x.as_int() + 1}; }, w)
          .value()
        == value{2});
  auto q = c.queue("q");
  CHECK(ok(q.try_add(1, wait)));
  CHECK(q.try_out_wait(most).value() == value{1});
  std::thread later{[&] {
    std::this_thread::sleep_for(50ms);
    q.add(2);
  }};
  CHECK(q.try_out_wait(most).value() == value{2});
  later.join();
  CHECK(code(q.try_out_wait(least)) == errc::timeout);
}

} // namespace

TEST_CASE("the longest wait lasts, and one that is over is none, on a single node") {
  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  use(cache::start(system, {}));
}

TEST_CASE("the longest wait lasts, and one that is over is none, in a cluster") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  use(nodes[0]);
  CHECK(ok(nodes[1].try_full_sync(most)));
  // What is there already takes no time.
  CHECK(ok(nodes[1].try_full_sync(least)));
  // A write without time can only be done, unknown or refused.
  const auto c = code(nodes[1].try_put(record{8, "y"}, {.timeout = least}));
  CHECK((c == errc::none || c == errc::outcome_unknown || c == errc::unavailable
         || c == errc::quorum_not_reached));
  CHECK(ok(nodes[2].try_leave(most)));
}

TEST_CASE("messages may say any time, too") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  caf::scoped_actor self{nodes.system(0)};
  const auto& to = nodes[0].actor();
  value out;
  nodes[0].queue("q").add_batch(value_list{1, 2});
  CHECK(!ask_for(self, to, out, queue_atom_v, wait_atom_v, std::string{"q"}, INT64_MAX));
  CHECK(!ask_for(self, to, out, queue_atom_v, wait_atom_v, std::string{"q"}, INT64_MIN));
  CHECK(code_of(ask_for(self, to, out, queue_atom_v, wait_atom_v, std::string{"q"}, INT64_MIN))
        == errc::timeout);
  CHECK(!ask_for(self, to, out, admin_atom_v, std::string{"sync"}, value{INT64_MAX}));
  CHECK(!ask_for(self, to, out, admin_atom_v, std::string{"leave"}, value{INT64_MAX}));
}
