#include "actors/cluster_fixture.hpp"

#include <stdexcept>

// A node whose provider, a function of the application, has never answered a list.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

/// What a provider does, which may change.
struct provider {
  std::mutex lock;
  std::function<result<std::vector<std::string>>()> now;

  void does(std::function<result<std::vector<std::string>>()> f) {
    const std::lock_guard hold{lock};
    now = std::move(f);
  }
  result<std::vector<std::string>> answer() {
    const std::lock_guard hold{lock};
    return now();
  }
};

options with_provider(provider& p, const char* name, replication_mode mode) {
  auto o = cluster_options_with(mode, 2);
  o.replication.node.name = name;
  o.replication.node_monitor.source = monitor_source::provider;
  o.replication.node_monitor.refresh = 10ms;
  o.replication.node_monitor.ask = [&p] { return p.answer(); };
  return o;
}

} // namespace

TEST_CASE("a node waits while its provider throws, fails, or answers no list of nodes") {
  using list = std::vector<std::string>;
  const std::pair<std::function<result<list>()>, const char*> bad[] = {
    {[]() -> result<list> { throw std::runtime_error{"the registry is away"}; },
     "the provider failed: the registry is away"},
    {[]() -> result<list> { throw 2; }, "the provider failed"},
    {[]() -> result<list> {
       return {errc::io_error, "the registry says no"};
     },
     "the registry says no"},
    {[]() -> result<list> { return list{}; }, "the provider names no node"},
    {[]() -> result<list> {
       return list{"a@127.0.0.1:1", "b c@127.0.0.1:2"};
     },
     "the provider: node 'b c@127.0.0.1:2' is not of the form name@host:port; a name has 1 to 64 "
     "letters, digits, _ or -"},
    {[]() -> result<list> {
       return list{"a@127.0.0.1:1", "a@127.0.0.1:2"};
     },
     "the provider: node 'a' has two addresses: a@127.0.0.1:1 and a@127.0.0.1:2"},
  };
  for (const auto mode : {replication_mode::sync, replication_mode::async}) {
    provider p;
    p.does(bad[0].first);
    const member_node a{with_provider(p, "a", mode)}, b{with_provider(p, "b", mode)};
    cache of_a = a.c;
    for (const auto& [how, why] : bad) {
      CAPTURE(why);
      p.does(how);
      CHECK(eventually([&, text = why] { return a.c.cluster_stats().waits_for == text; }));
      const auto refused = of_a.try_put(record{1, "x"}, {.timeout = 200ms});
      CHECK(code(refused) == errc::unavailable);
      CHECK(message_of(error_of(refused))
            == std::string{"node a waits for its first list of nodes: "} + why
                 + " within the deadline");
    }
    p.does([both = list{a.address(), b.address()}]() -> result<list> { return both; });
    CHECK(ok(of_a.try_full_sync(60s)));
    CHECK(a.c.cluster_stats().waits_for.empty());
    CHECK(ok(of_a.try_put(record{1, "x"})));
    p.does(bad[0].first); // later this changes nothing
    CHECK(ok(of_a.try_put(record{2, "x"})));
    CHECK(a.c.cluster_stats().live_nodes.size() == 2);
  }
}

TEST_CASE("a list may be given while a node waits for its provider; an empty one is none") {
  provider p;
  p.does([]() -> result<std::vector<std::string>> { return {errc::io_error, "not yet"}; });
  const member_node a{with_provider(p, "a", replication_mode::sync)},
    b{with_provider(p, "b", replication_mode::sync)};
  CHECK_ERROR(a.c.try_reconfigure({}), errc::invalid_config, "the list names no node");
  CHECK_ERROR(a.c.try_reconfigure({"x y@h:1"}), errc::invalid_config,
              "node 'x y@h:1' is not of the form name@host:port; a name has 1 to 64 letters, "
              "digits, _ or -");
  CHECK(eventually([&] { return a.c.cluster_stats().waits_for == "not yet"; }));
  for (const auto* n : {&a, &b})
    n->c.reconfigure({a.address(), b.address()});
  CHECK(ok(a.c.try_full_sync(60s)));
  CHECK(a.c.cluster_stats().waits_for.empty());
}
