#include "cluster_fixture.hpp"

#include <supercache/kv.hpp>
#include <supercache/queue.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>

// Actors of the application that block, or use up, all threads of CAF's scheduler.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

/// What an actor does with the cache, again and again.
struct worker {
  cache c;
  int number;
  std::atomic<int>& done;
  std::atomic<int>& failed;

  void round(int i) {
    const value key{"worker " + std::to_string(number) + " round " + std::to_string(i)};
    count(c.try_put(record{key, i}));
    count(c.try_get(key, {.mode = read_mode::primary}));
    count(c.try_get(key, {.mode = read_mode::quorum}));
    count(c.try_get_by_match_object(any_partition, pattern{{key, any}}));
    auto ns = c.kv("numbers");
    count(ns.try_update("n" + std::to_string(number), 0,
                        [](const value& x) { return value{x.as_int() + 1}; }));
    count(ns.try_count());
    auto q = c.queue("line " + std::to_string(number));
    count(q.try_add(i));
    const auto item = q.try_out_wait(10s);
    count(item);
    if (item && *item != value{i})
      ++failed;
  }
  template <class T>
  void count(const caf::expected<T>& x) {
    ++(x ? done : failed);
    if (!x)
      MESSAGE(message_of(x.error()));
  }
};

/// Every worker of every node's scheduler runs an actor that blocks in calls.
void block_all(std::size_t threads) {
  constexpr int rounds = 15, calls = 8;
  const log_lines log;
  cluster nodes{cluster_options_with(replication_mode::sync), 3,
                [threads] { return std::make_unique<plain_config>(threads); }};
  std::atomic<int> done{0}, failed{0}, over{0};
  int number = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t t = 0; t < threads; ++t)
      nodes.system(i).spawn([c = nodes[i], n = number++, &done, &failed, &over] {
        worker w{c, n, done, failed};
        for (int r = 0; r < rounds; ++r)
          w.round(r);
        ++over;
      });
  REQUIRE(eventually([&] { return over == number; }, 120s));
  CHECK(failed == 0);
  CHECK(done == number * rounds * calls);
  INFO(log.text());
  CHECK_FALSE(log.has("cannot be reached"));
}

} // namespace

TEST_CASE("actors that block every thread of CAF's default scheduler in calls are all answered") {
  block_all(2);
}

TEST_CASE("an actor that blocks the only thread of its actor system in calls is answered") {
  block_all(1);
}

TEST_CASE("actors that use up every thread for ten seconds keep no node from its cluster") {
  const log_lines log;
  auto o = cluster_options_with(replication_mode::sync);
  o.replication.node_monitor.down = 4s; // the machine has fewer processors than nodes use up
  cluster nodes{o, 3, [] { return std::make_unique<plain_config>(1); }};
  std::atomic<bool> stop{false};
  for (std::size_t i = 0; i < nodes.size(); ++i)
    nodes.system(i).spawn([&stop] {
      while (!stop) {}
    });
  const auto until = std::chrono::steady_clock::now() + 10s;
  caf::scoped_actor self{nodes.system(0)};
  int written = 0;
  while (std::chrono::steady_clock::now() < until) {
    const value key{written};
    CHECK(nodes[0].try_put(record{key, 1}));
    CHECK(nodes[1].try_get_by_match_object(any_partition, pattern{{key, any}},
                                           {.mode = read_mode::primary}));
    self->request(nodes[2].actor(), caf::infinite, put_atom_v, record{key, 2})
      .receive([] {}, [](const caf::error& e) { FAIL(message_of(e)); });
    self
      ->request(nodes[0].actor(), caf::infinite, queue_atom_v, push_atom_v, std::string{"q"},
                value_list{key})
      .receive([](std::uint64_t) {}, [](const caf::error& e) { FAIL(message_of(e)); });
    CHECK(nodes[1].queue("q").try_out_wait(10s));
    ++written;
  }
  stop = true;
  CHECK(written > 0);
  INFO(log.text());
  CHECK_FALSE(log.has("cannot be reached"));
}

TEST_CASE("a node of a cluster has at most twelve threads of its own") {
  const auto threads = [] {
    const std::filesystem::directory_iterator all{"/proc/self/task"};
    return std::distance(begin(all), end(all));
  };
  const log_lines log;
  member_node first{cluster_options_with(replication_mode::sync)};
  auto o = cluster_options_with(replication_mode::sync);
  o.replication.node.name = "second";
  o.replication.peers = {first.address(), "x@127.0.0.1:1", "y@127.0.0.1:2",
                         "z@127.0.0.1:3", "u@127.0.0.1:4", "v@127.0.0.1:5"};
  o.log = log_lines::to();
  plain_config cfg{2};
  caf::actor_system system{cfg};
  const auto before = threads();
  auto c = cache::start(system, o);
  std::ptrdiff_t most = 0;
  for (int i = 0; i < 200; ++i, std::this_thread::sleep_for(5ms))
    most = std::max(most, threads() - before);
  CHECK(most <= 12);
  CHECK(most >= 3);
  c.stop();
}
