#include "actors/cluster_fixture.hpp"

#include <supercache/queue.hpp>

#include <atomic>
#include <future>
#include <optional>

// Whatever an application captures, and where: the cache ends when it is stopped, and so does the
// actor system.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

/// Whether `f` returns. One that does not keeps its thread, and what it uses; so the process ends
/// soon after.
bool ends(std::function<void()> f) {
  std::packaged_task<void()> task{std::move(f)};
  auto over = task.get_future();
  std::thread{std::move(task)}.detach();
  return over.wait_for(60s) == std::future_status::ready;
}

change_listener::behavior_type holding(change_listener::pointer, cache c) {
  return {[c](changes_atom, std::uint64_t, std::vector<change>&) { (void)c.started(); }};
}

node_listener::behavior_type holding_of_nodes(node_listener::pointer, cache c) {
  return {[c](node_up_atom, const std::string&) { (void)c.started(); },
          [c](node_down_atom, const std::string&) { (void)c.started(); }};
}

options alone_in_cluster() {
  auto o = cluster_options_with(replication_mode::async, 1);
  o.replication.node.name = "a";
  return o;
}

} // namespace

TEST_CASE("a listener that holds the cache does not keep the actor system from ending") {
  for (const bool clustered : {false, true}) {
    CAPTURE(clustered);
    REQUIRE(ends([clustered] {
      node_config cfg;
      caf::actor_system system{cfg};
      cache c = cache::start(system, clustered ? alone_in_cluster() : options{});
      c.watch({}, system.spawn(holding, c));
      c.watch_nodes(system.spawn(holding_of_nodes, c));
      if (clustered)
        c.full_sync(20s);
      c.put({"k", 1});
      c.stop();
    }));
  }
}

TEST_CASE("a listener that comes while the cache stops is let go, too") {
  REQUIRE(ends([] {
    for (int i = 0; i < 50; ++i) {
      node_config cfg;
      caf::actor_system system{cfg};
      cache c = cache::start(system, {});
      std::thread watching{[&] {
        while (c.try_watch({}, system.spawn(holding, c))) {}
      }};
      c.put({"k", 1});
      c.stop();
      watching.join();
    }
  }));
}

TEST_CASE("a provider that holds the cache is let go when the cache stops") {
  auto held = std::make_shared<std::optional<cache>>();
  std::weak_ptr<std::optional<cache>> left = held;
  REQUIRE(ends([held = std::move(held)]() mutable {
    node_config cfg;
    caf::actor_system system{cfg};
    auto o = alone_in_cluster();
    o.replication.node_monitor.source = monitor_source::provider;
    o.replication.node_monitor.refresh = 10ms;
    o.replication.node_monitor.ask = [held]() -> result<std::vector<std::string>> {
      return std::vector<std::string>{"b@127.0.0.1:1"};
    };
    cache c = cache::start(system, o);
    *held = c;
    held.reset();
    o = {};
    c.stop();
  }));
  CHECK(eventually([&] { return left.expired(); }));
}

TEST_CASE("an actor system ends though a provider holds a cache that nobody stopped") {
  REQUIRE(ends([] {
    node_config cfg;
    caf::actor_system system{cfg};
    auto o = alone_in_cluster();
    const auto held = std::make_shared<std::optional<cache>>();
    o.replication.node_monitor.source = monitor_source::provider;
    o.replication.node_monitor.refresh = 10ms;
    o.replication.node_monitor.ask = [held]() -> result<std::vector<std::string>> {
      return std::vector<std::string>{"b@127.0.0.1:1"};
    };
    *held = cache::start(system, o);
  }));
}

TEST_CASE("a caller that waits for an item and holds the cache is told that it stops") {
  for (const bool clustered : {false, true}) {
    CAPTURE(clustered);
    std::atomic<int> told{0};
    REQUIRE(ends([clustered, &told] {
      node_config cfg;
      caf::actor_system system{cfg};
      cache c = cache::start(system, clustered ? alone_in_cluster() : options{});
      if (clustered)
        c.full_sync(20s);
      // One waits in a message's continuation, one on a thread of its own.
      system.spawn([c, &told](caf::event_based_actor* self) {
        compat::ask(self, caf::actor_cast<queue_actor>(c.actor()), 1h, queue_atom_v, wait_atom_v,
                    std::string{"q"}, std::int64_t{3'600'000})
          .then([c](const value&) {}, [c, &told](const caf::error&) { ++told; });
      });
      std::thread waiting{[c, &told]() mutable { told += !c.queue("q").try_out_wait(1h); }};
      std::this_thread::sleep_for(100ms);
      c.stop();
      waiting.join();
    }));
    CHECK(told == 2);
  }
}

TEST_CASE("a function that is applied holds the cache, and may stop it") {
  REQUIRE(ends([] {
    node_config cfg;
    caf::actor_system system{cfg};
    cache c = cache::start(system, {});
    auto kv = c.kv("n");
    kv.add("k", 1);
    (void)kv.try_update("k", 0, [c](const value& x) mutable {
      c.stop();
      return x;
    });
    CHECK_FALSE(c.started());
  }));
}
