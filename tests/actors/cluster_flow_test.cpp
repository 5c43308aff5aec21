#include "cluster_fixture.hpp"

#include <algorithm>
#include <chrono>

// How much flows: writes that are buffered, that are too fast for copies, that are replicated.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {
constexpr replication_mode modes[] = {replication_mode::async, replication_mode::sync};
} // namespace

TEST_CASE("lazy writes reach the cluster, and flush waits for them") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  for (int i = 0; i < 500; ++i)
    nodes[0].lazy_put(record{i % 50, i});
  nodes[0].flush();
  for (int k = 0; k < 50; ++k)
    CHECK(nodes[1].get(k, {.mode = read_mode::primary}).front() == record{k, 450 + k});
}

TEST_CASE("lazy writes that no node takes are kept, and flush says so") {
  auto o = cluster_options_with(replication_mode::sync);
  o.lazy_put_limit = 20;
  cluster nodes{o};
  nodes.stop(1);
  nodes.stop(2);
  constexpr int n = 30;
  int taken = 0;
  for (; taken < n && nodes[0].try_lazy_put(record{taken, "x"}); ++taken) {}
  CHECK(taken >= 20);
  const auto flushed = nodes[0].try_flush();
  CAPTURE(message_of(error_of(flushed)));
  CHECK((code(flushed) == errc::unavailable || code(flushed) == errc::quorum_not_reached));
  // After as many again the buffer is full and says so.
  errc why = errc::none;
  for (int i = taken; i < taken + 100 && why == errc::none; ++i) {
    const auto put = nodes[0].try_lazy_put(record{i, "x"});
    why = code(put);
    taken += why == errc::none;
  }
  CHECK(why == errc::overloaded);
  caf::scoped_actor self{nodes.system(0)};
  for (std::int64_t i = 0; i < 8; ++i)
    self->request(nodes[0].actor(), 10s, admin_atom_v, std::string{"force-primary"}, value{i})
      .receive([](value&) {}, [](caf::error& e) { FAIL(message_of(e)); });
  nodes[0].flush();
  for (int i = 0; i < taken; ++i)
    CHECK(nodes[0].get(i).size() == 1);
}

TEST_CASE("a writer that copies cannot follow is told that it is too fast, and goes on later") {
  auto o = cluster_options_with(replication_mode::async);
  o.num_partition = 1;
  o.replication.wal.max_pending = 1;
  cluster nodes{o};
  std::size_t leads = 0;
  while (nodes[leads].cluster_stats().primaries_here == 0)
    leads = (leads + 1) % 3;
  int stored = 0, refused = 0;
  for (int i = 0; i < 20; ++i) {
    const std::chrono::milliseconds patience{1 << std::min(i, 12)}; // in the end it is enough
    const auto put = nodes[leads].try_put(record{i, 1}, {.timeout = patience});
    if (put) {
      ++stored;
      continue;
    }
    ++refused;
    CHECK(code(put) == errc::overloaded);
    CHECK(nodes[leads].get(i, {.mode = read_mode::primary}).empty()); // nothing was changed
    CHECK(ok(nodes[leads].try_put(record{i, 1})));
  }
  CHECK(refused > 0);
  CHECK(stored > 0);
  CHECK(eventually([&] { return nodes[(leads + 1) % 3].stats().records == 20; }));
}

TEST_CASE("a copy installs a snapshot no faster than it may, and writes go on meanwhile") {
  auto o = cluster_options_with(replication_mode::async, 2);
  o.num_partition = 2;
  o.replication.transfer_rate = 1;
  cluster first{o, 1};
  cache& a = first[0];
  constexpr int n = 600;
  for (int i = 0; i < n; ++i)
    a.put(record{i, std::string(5'000, 'x')});
  o.replication.node.name = "b";
  o.replication.peers = {a.cluster_stats().node};
  const auto began = std::chrono::steady_clock::now();
  member_node b{o};
  a.reconfigure({a.cluster_stats().node, b.address()});
  const auto coming = [&] {
    const auto map = a.partition_map();
    return std::ranges::any_of(map, [](const auto& p) { return !p.coming.empty(); });
  };
  REQUIRE(eventually(coming));
  int written = 0;
  for (; coming(); ++written)
    a.put(record{"while", written});
  CHECK(written > 100);
  a.full_sync(60s);
  // Three megabytes at one per second: no machine is too slow for this bound.
  CHECK(std::chrono::steady_clock::now() - began > 1500ms);
  CHECK(eventually([&] { return b.c.stats().records == n + 1; }));
}

TEST_CASE("writes that are replicated are counted and measured") {
  for (const auto mode : modes) {
    cluster nodes{cluster_options_with(mode)};
    constexpr int n = 1'000;
    for (int i = 0; i < n; ++i)
      nodes[0].put(record{i, 1});
    const bool async = mode == replication_mode::async;
    metric_summary all;
    for (std::size_t i = 0; i < 3; ++i) {
      const auto s
        = nodes[i].metrics().read(async ? metric::replicate_async : metric::replicate_sync);
      all.calls += s.calls;
      all.errors += s.errors;
      all.samples += s.samples;
      CHECK((s.samples == 0 || s.average_ns > 0));
      CHECK(nodes[i].metrics().read(async ? metric::replicate_sync : metric::replicate_async).calls
            == 0);
    }
    CHECK(all.calls == n);
    CHECK(all.errors == 0);
    CHECK(all.samples >= (async ? 1 : n));
  }
}

TEST_CASE("in a cluster, too, a waiter that dies takes no item with it") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2)};
  for (std::size_t i = 0; i < nodes.size(); ++i) { // one of them leads the queue's partition
    auto waiter = nodes.system(i).spawn([front = nodes[i].actor()](caf::event_based_actor* self) {
      compat::ask(self, front, 60s, queue_atom_v, wait_atom_v, std::string{"q"},
                  std::int64_t{60'000})
        .then([](const value&) {}, [](const caf::error&) {});
      self->set_default_handler(caf::drop);
    });
    std::this_thread::sleep_for(200ms); // it waits now
    caf::anon_send_exit(waiter, caf::exit_reason::kill);
  }
  std::this_thread::sleep_for(200ms);
  for (int i = 0; i < 5; ++i)
    nodes[0].queue("q").add(i);
  std::this_thread::sleep_for(300ms);
  CHECK(nodes[1].queue("q").count() == 5);
}

TEST_CASE("a caller that waits for an item when the cache stops is told so") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2)};
  std::vector<std::thread> waiters;
  std::mutex lock;
  std::vector<caf::error> told;
  const auto last = nodes.size() - 1;
  for (int i = 0; i < 16; ++i) // some of these queues are led there, others elsewhere
    waiters.emplace_back([&, name = "q" + std::to_string(i)] {
      const auto got = nodes[last].queue(name).try_out_wait(60s);
      const std::lock_guard hold{lock};
      told.push_back(got ? caf::error{} : got.error());
    });
  std::this_thread::sleep_for(200ms); // they wait now
  nodes[last].stop();
  for (auto& t : waiters)
    t.join();
  REQUIRE(told.size() == 16);
  for (const auto& e : told)
    CHECK(code_of(e) == errc::not_started);
}
