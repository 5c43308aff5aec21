#include "cluster_fixture.hpp"

#include <supercache/structs.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

struct customer {
  std::int64_t id = 0;
  std::string name;
};
SUPERCACHE_INSPECT(customer, x.id, x.name)

constexpr replication_mode modes[] = {replication_mode::async, replication_mode::sync};

} // namespace

TEST_CASE("what is written through one node is read through every other") {
  for (const auto mode : modes) {
    cluster nodes{cluster_options_with(mode)};
    for (std::size_t writer = 0; writer < 3; ++writer) {
      cache& c = nodes[writer];
      const auto w = static_cast<std::int64_t>(writer);
      for (std::int64_t i = 0; i < 30; ++i)
        c.put(record{i, w});
      c.kv("ns").add("key", w);
      for (std::size_t reader = 0; reader < 3; ++reader)
        for (const auto read : {read_mode::primary, read_mode::quorum}) {
          for (std::int64_t i = 0; i < 30; ++i) {
            const records found = nodes[reader].get(i, {.mode = read});
            REQUIRE(found.size() == 1);
            CHECK(found.front() == record{i, w});
          }
        }
      for (std::int64_t i = 0; i < 30; ++i) // its own writes at once
        CHECK(c.get(i).front() == record{i, w});
      CHECK(c.kv("ns").get("key") == value{w});
    }
  }
}

TEST_CASE("all tuple operations work in a cluster as they do alone") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  cache& a = nodes[0];
  cache& b = nodes[1];
  std::vector<record> rows;
  std::vector<value> keys;
  for (int i = 0; i < 100; ++i) {
    rows.push_back(record{i, i * i});
    keys.emplace_back(i);
  }
  a.put_batch(rows);
  const auto found = b.get_many(keys, {.mode = read_mode::primary});
  for (int i = 0; i < 100; ++i)
    CHECK(found[static_cast<std::size_t>(i)].front() == record{i, i * i});
  CHECK(b.insert_new(record{"new", 1}));
  CHECK_FALSE(a.insert_new(record{"new", 2}));
  CHECK(a.update_counter("new", 1, 5) == 6);
  CHECK(b.update_element("new", {{1, 10}}));
  CHECK(a.take("new").front() == record{"new", 10});
  CHECK(b.take("new").empty());
  CHECK(a.get_by_match_object(any_partition, pattern{{any, bind(1)}}, {.mode = read_mode::primary})
          .size()
        == 100);
  CHECK(b.remove(value{5}) == 1);
  CHECK(a.remove_by_match(any_partition, pattern{{any, 36}}) == 1);
  CHECK(b.remove_all() == 98);
  CHECK(
    a.get_by_match(any_partition, pattern{{any, bind(1)}}, {.mode = read_mode::quorum}).empty());
}

TEST_CASE("key-value namespaces, queues, stacks and structs work in a cluster") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  auto ka = nodes[0].kv("n"), kb = nodes[1].kv("n");
  const std::vector<std::pair<value, value>> pairs{{"a", 1}, {"b", 2}, {"c", 3}};
  ka.add_batch(pairs);
  // What another node wrote is there at once at the primary, and soon elsewhere.
  CHECK(eventually([&] { return kb.count() == 3; }));
  CHECK(kb.add_new("d", 4));
  CHECK_FALSE(ka.add_new("d", 5));
  CHECK(ka.compare_exchange("d", 4, 6));
  CHECK(kb.replace("d", 7));
  CHECK_FALSE(kb.replace("nobody", 7));
  CHECK(ka.update("d", 0, [](const value& x) { return value{x.as_int() * 2}; }) == value{14});
  CHECK(kb.expire("d", 60s));
  CHECK(kb.ttl("d").value() > 50s);
  CHECK(eventually([&] { return ka.to_list().size() == 4; }));
  CHECK(kb.remove("a") == 1);
  CHECK(ka.remove_all() == 3);

  auto qa = nodes[0].queue("q"), qb = nodes[1].queue("q");
  qa.add(1);
  qb.add_batch(std::vector<value>{2, 3});
  CHECK(eventually([&] { return qa.count() == 3 && qa.peek() == value{1}; }));
  CHECK(qb.out() == value{1});
  CHECK(qa.get_all() == value_list{2, 3});
  CHECK(qb.out("none") == value{"none"});
  auto s = nodes[2].stack("s");
  s.push_batch(std::vector<value>{1, 2});
  CHECK(nodes[0].stack("s").pop() == value{2});

  auto ca = nodes[0].structs(&customer::id), cb = nodes[1].structs(&customer::id);
  ca.add({7, "Ada"});
  CHECK(eventually([&] { return cb.get_all().size() == 1; }));
  CHECK(cb.get(7).name == "Ada");
  CHECK(cb.remove(7));
}

TEST_CASE("counters and updates lose nothing when all nodes write at once") {
  for (const auto mode : modes) {
    cluster nodes{cluster_options_with(mode)};
    constexpr int each = 100;
    on_threads(6, [&](int t) {
      auto k = nodes[static_cast<std::size_t>(t) % 3].kv("n");
      for (int i = 0; i < each; ++i) {
        k.increment("count", 0, 1);
        if (i % 5 == 0)
          k.update("sum", 0, [](const value& x) { return value{x.as_int() + 1}; });
      }
    });
    CHECK(nodes[0].kv("n").increment("count", 0, 0) == 6 * each);
    CHECK(nodes[1].kv("n").update("sum", 0, [](const value& x) { return x; })
          == value{6 * each / 5});
  }
}

TEST_CASE("each item of a queue comes out once, whichever nodes put in and take out") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  constexpr int each = 100;
  std::atomic<std::int64_t> sum{0};
  std::atomic<int> taken{0};
  on_threads(8, [&](int t) {
    auto q = nodes[static_cast<std::size_t>(t) % 3].queue("q");
    if (t < 4)
      for (int i = 1; i <= each; ++i)
        q.add(i);
    else
      for (int i = 0; i < each; ++i)
        if (const auto x = q.try_out_wait(20s)) {
          sum += x->as_int();
          ++taken;
        }
  });
  CHECK(taken == 4 * each);
  CHECK(sum == 4 * each * (each + 1) / 2);
}

TEST_CASE("a wait for an item ends with its deadline, or with the item another node adds") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  CHECK(code(nodes[0].queue("q").try_out_wait(50ms)) == errc::timeout);
  std::thread adds{[&] {
    std::this_thread::sleep_for(100ms);
    nodes[1].queue("q").add("here");
  }};
  CHECK(nodes[2].queue("q").out_wait(20s) == value{"here"});
  adds.join();
}

TEST_CASE("a node that leaves hands over everything first") {
  for (const auto mode : modes) {
    cluster nodes{cluster_options_with(mode, 2)};
    for (int i = 0; i < 200; ++i)
      nodes[0].put(record{i, "x"});
    nodes[0].leave(30s);
    nodes.stop(0);
    for (int i = 0; i < 200; ++i)
      CHECK(nodes[1].get(i, {.mode = read_mode::primary}).size() == 1);
    const auto s = nodes[1].cluster_stats();
    CHECK(s.live_nodes == std::vector<std::string>{"b", "c"});
  }
}

TEST_CASE("without a majority a sync write fails within its deadline, and says so") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  nodes[0].put(record{"k", 1});
  nodes.stop(1);
  nodes.stop(2);
  const auto started = std::chrono::steady_clock::now();
  const auto refused = nodes[0].try_put(record{"k", 2}, {.timeout = 3s});
  CHECK(std::chrono::steady_clock::now() - started < 30s);
  const auto why = code(refused);
  CAPTURE(message_of(error_of(refused)));
  CHECK((why == errc::quorum_not_reached || why == errc::unavailable));
}

TEST_CASE("expired records are gone on every node") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  nodes[0].put(record{"k", 1}, {.ttl = 300ms});
  nodes[0].put(record{"stays", 1}, {.ttl = 600s});
  CHECK(eventually([&] { return nodes[1].get("k").empty() && nodes[2].get("k").empty(); }));
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(nodes[i].get("stays", {.mode = read_mode::primary}).size() == 1);
}

TEST_CASE("a node answers for partitions of which it has no copy") {
  cluster nodes{cluster_options_with(replication_mode::sync, 1)};
  constexpr int n = 200;
  for (int i = 0; i < n; ++i) {
    nodes[0].put(record{i, "x"});
    nodes[0].kv("n" + std::to_string(i % 20)).add(i, i);
    nodes[0].queue("q" + std::to_string(i % 20)).add(i);
  }
  for (std::size_t node = 0; node < 3; ++node) {
    caf::scoped_actor self{nodes.system(node)};
    const auto& to = nodes[node].actor();
    const auto failed = [](caf::error& e) { FAIL(message_of(e)); };
    std::size_t rows = 0;
    for (value from; true;) {
      page p;
      self->request(to, 10s, page_atom_v, std::string{"tuples"}, std::string{}, from)
        .receive([&](page& x) { p = std::move(x); }, failed);
      rows += p.rows.size();
      from = p.next;
      if (from.is_nil())
        break;
    }
    CHECK(rows == n);
    for (const auto* kind : {"kv", "queue"})
      self->request(to, 10s, list_atom_v, std::string{kind})
        .receive([](value_list& names) { CHECK(names.size() == 20); }, failed);
    for (int i = 0; i < 20; ++i)
      self->request(to, 10s, queue_atom_v, peek_atom_v, "q" + std::to_string(i))
        .receive([&](value_list& front) { CHECK(front == value_list{i}); }, failed);
    CHECK(nodes[node].get_by_match_object(any_partition, pattern{{any, "x"}}).size() == n);
    std::size_t met = 0;
    nodes[node].each(any_partition, [&](const record&) { return ++met > 0; });
    CHECK(met == n);
    CHECK(nodes[node].kv("n0").count() == 10);
    CHECK(nodes[node].kv("n0").keys().size() == 10);
  }
}

TEST_CASE("a function may say which nodes there are; when it fails, nothing changes") {
  const auto o = cluster_options_with(replication_mode::sync, 2);
  cluster nodes{o, 2};
  struct {
    std::mutex lock;
    std::vector<std::string> names;
    int calls = 0, failing = 0;
  } known;
  known.names = {nodes[0].cluster_stats().node, nodes[1].cluster_stats().node};
  auto third = o;
  third.replication.node.name = "c";
  third.replication.node_monitor.source = monitor_source::provider;
  third.replication.node_monitor.refresh = 10ms;
  third.replication.node_monitor.ask = [&known]() -> result<std::vector<std::string>> {
    const std::lock_guard hold{known.lock};
    ++known.calls;
    switch (known.failing) {
      case 1: throw std::runtime_error{"the registry is away"};
      case 2: throw 2;
      case 3: return {errc::io_error, "the registry says no"};
      case 4: return std::vector<std::string>{};
      case 5: return std::vector<std::string>{known.names[0], "<html>"};
      default: return known.names;
    }
  };
  const auto asked_again = [&known] {
    const auto calls = [&known] {
      const std::lock_guard hold{known.lock};
      return known.calls;
    };
    return eventually([&, until = calls() + 3] { return calls() >= until; });
  };
  const member_node c{third};
  const auto sees = [&c] {
    auto s = c.c.cluster_stats();
    return s.live_nodes.size() + s.unreachable.size();
  };
  CHECK(eventually([&] { return c.c.cluster_stats().live_nodes.size() == 3; }));
  for (int how = 1; how <= 5; ++how) {
    {
      const std::lock_guard hold{known.lock};
      known.failing = how;
    }
    CAPTURE(how);
    CHECK(asked_again());
    CHECK(sees() == 3);
    CHECK(c.c.cluster_stats().replication_factor == 2);
  }
  {
    const std::lock_guard hold{known.lock};
    known.failing = 0;
    known.names.push_back("d@127.0.0.1:1");
  }
  CHECK(
    eventually([&] { return c.c.cluster_stats().unreachable == std::vector<std::string>{"d"}; }));
}

TEST_CASE("a node with other options is refused before anything is made") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  auto o = cluster_options_with(replication_mode::async);
  o.num_partition = 16;
  o.replication.node.name = "d";
  o.replication.peers = {nodes[0].cluster_stats().node};
  node_config cfg;
  caf::actor_system system{cfg};
  const auto refused = cache::try_start(system, o);
  CHECK(code(refused) == errc::invalid_config);
  const auto text = message_of(error_of(refused));
  CAPTURE(text);
  CHECK(text.find("num_partition: 16 here, 8 at a@") != std::string::npos);
  CHECK(text.find("replication_mode: async here, sync at a@") != std::string::npos);
}
