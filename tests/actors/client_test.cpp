#include "cluster_fixture.hpp"
#include "core.hpp"

#include <supercache/cluster/handshake.hpp>
#include <supercache/kv.hpp>
#include <supercache/queue.hpp>
#include <supercache/structs.hpp>

#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

// Clients: programs that hold no data.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

/// `host:port` of a node.
std::string address_of(const cache& c) {
  const auto& at = c.config().replication.node;
  return "127.0.0.1:" + std::to_string(at.port);
}

/// A client in an actor system of its own.
struct client_of {
  plain_config cfg;
  caf::actor_system system{cfg};
  cache c;
  explicit client_of(const std::vector<std::string>& addresses, std::size_t threads = 2)
    : cfg(threads), c(cache::connect(system, addresses, {.log = log_lines::to()})) {}
  ~client_of() { c.stop(); }
};

options lone_node() {
  options o;
  o.listen = true;
  o.num_partition = 4;
  o.replication.node.host = "127.0.0.1";
  o.replication.node.port = 0;
  return o;
}

/// Every operation of the handle, of which each answers what it should on a cache that is empty.
void use_everything(cache& c) {
  c.put({"k", 1});
  c.put_batch({{"a", 1}, {"b", 2}, {"c", 3}});
  CHECK(c.get("k").front() == record{"k", 1});
  CHECK(c.get("k", {.mode = read_mode::quorum}).front() == record{"k", 1});
  CHECK(c.get_many({"a", "nobody", "c"}).at(2).size() == 1);
  CHECK_FALSE(c.insert_new({"k", 2}));
  CHECK(c.update_counter("k", 1, 5) == 6);
  CHECK(c.get_by_match_object(any_partition, pattern{{any, 2}}).size() == 1);
  CHECK(c.count_by_match(any_partition, pattern{{any, any}}) == 4);
  CHECK(c.scan(
          any_partition, [](const record&, int n) { return n + 1; }, 0)
        == 4);
  c.lazy_put({"lazy", 1});
  c.flush();
  CHECK(c.contains("lazy"));
  CHECK(c.take("lazy").size() == 1);
  CHECK(c.remove("a") == 1);
  CHECK(c.remove_all() == 3);
  auto ns = c.kv("ns");
  ns.add("x", 1);
  CHECK(ns.increment("n", 10, 1) == 11);
  CHECK(ns.update("x", 0, [](const value& x) { return value{x.as_int() + 1}; }) == value{2});
  CHECK(ns.append("text", "abc") == 3);
  CHECK(ns.count() == 3);
  CHECK(names(c, space_kind::kv) == std::vector<std::string>{"ns"});
  CHECK(ns.remove_all() == 3);
  auto q = c.queue("q");
  q.add_batch(value_list{1, 2, 3});
  CHECK(q.out() == value{1});
  CHECK(q.peek() == value{2});
  CHECK(q.out_wait(5s) == value{2});
  CHECK(q.get_all() == value_list{3});
  CHECK_FALSE(q.try_out_wait(20ms));
  auto s = c.stack("s");
  s.push(1);
  s.push(2);
  CHECK(s.pop_batch(5) == value_list{2, 1});
}

/// What a listener was told, counted.
struct counter {
  std::atomic<int> stored{0}, missed{0};
};
change_listener::behavior_type counting(change_listener::pointer, std::shared_ptr<counter> to) {
  return {[to](changes_atom, std::uint64_t, const std::vector<change>& xs) {
    for (const change& x : xs)
      ++(x.kind == change_kind::missed ? to->missed : to->stored);
  }};
}

} // namespace

TEST_CASE("a client does all that a handle can do, at a cluster and at a single node") {
  cluster nodes{cluster_options_with(replication_mode::sync), 3};
  client_of of_cluster{{address_of(nodes[0])}};
  use_everything(of_cluster.c);
  CHECK(of_cluster.c.stats().records == 0); // it holds none
  CHECK(eventually([&] {
    return of_cluster.c.cluster_stats().live_nodes == std::vector<std::string>{"a", "b", "c"};
  }));
  CHECK(of_cluster.c.get_replicas(0).replicas.size() == 2);

  member_node alone{lone_node()};
  client_of of_one{{address_of(alone.c)}};
  use_everything(of_one.c);
  CHECK(alone.c.stats().records == 0);
  of_one.c.put({"there", 1});
  CHECK(alone.c.contains("there"));
  alone.c.put({"here", 1});
  CHECK(of_one.c.contains("here"));
}

TEST_CASE("large values travel to and from a client, beside small ones") {
  cluster nodes{cluster_options_with(replication_mode::sync), 3};
  client_of client{{address_of(nodes[0])}};
  const std::string large(std::size_t{24} << 20, 'x');
  std::thread beside{[&] {
    for (int i = 0; i < 50; ++i)
      CHECK(client.c.try_put({"small", i}));
  }};
  client.c.put({"large", large});
  CHECK(client.c.get("large").front()[1].as_string() == large);
  beside.join();
}

TEST_CASE("what a client writes is read by members, and the other way round, by messages, too") {
  cluster nodes{cluster_options_with(replication_mode::async), 3};
  client_of client{{address_of(nodes[1])}};
  for (int i = 0; i < 200; ++i)
    client.c.put({i, "client"});
  for (int i = 0; i < 200; ++i)
    CHECK(nodes[2].get(i, {.mode = read_mode::primary}).size() == 1);
  nodes[2].put({"member", 1});
  CHECK(client.c.get("member").size() == 1);
  caf::scoped_actor self{client.system};
  self->request(client.c.actor(), 5s, get_atom_v, value{"member"})
    .receive([](const record_list& found) { CHECK(found.size() == 1); },
             [](const caf::error& e) { FAIL(message_of(e)); });
}

TEST_CASE("a client outlives the node that it was given, and does each write once") {
  cluster nodes{cluster_options_with(replication_mode::sync), 3};
  client_of client{{address_of(nodes[0])}};
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> done{0}, unknown{0}, refused{0};
  std::vector<std::thread> writers;
  for (int t = 0; t < 3; ++t)
    writers.emplace_back([&, t] {
      auto ns = client.c.kv("counters");
      for (int i = 0; !stop; ++i) {
        const auto x = ns.try_increment("n" + std::to_string((i + t) % 16), 0, 1);
        ++(x ? done : code_of(x.error()) == errc::outcome_unknown ? unknown : refused);
      }
    });
  std::this_thread::sleep_for(300ms);
  nodes.stop(0);
  std::this_thread::sleep_for(1500ms);
  const auto before = done.load();
  std::this_thread::sleep_for(500ms);
  stop = true;
  for (auto& w : writers)
    w.join();
  CHECK(done > before); // it goes on
  std::int64_t sum = 0;
  auto there = nodes[1].kv("counters");
  for (int i = 0; i < 16; ++i)
    sum += there.get("n" + std::to_string(i), 0, {.mode = read_mode::primary}).as_int();
  CHECK(sum >= done);
  CHECK(sum <= done + unknown);
  CHECK(client.c.cluster_stats().live_nodes == std::vector<std::string>{"b", "c"});
}

TEST_CASE("a client finds a node again that was restarted, and one that joined") {
  auto o = cluster_options_with(replication_mode::sync, 2);
  o.replication.node_monitor.source = monitor_source::all;
  o.replication.node.name = "a";
  auto first = std::make_unique<member_node>(o);
  first->c.full_sync(60s); // it waits for others at first
  client_of client{{address_of(first->c)}};
  client.c.put({"k", 1});
  o.replication.node.name = "b";
  o.replication.peers = {first->address()};
  member_node second{o};
  second.c.full_sync(60s);
  CHECK(eventually([&] { return client.c.cluster_stats().live_nodes.size() == 2; }));
  first->c.leave(30s);
  first.reset();
  CHECK(client.c.get("k").size() == 1);
  client.c.put({"k", 2});
  CHECK(second.c.get("k", {.mode = read_mode::primary}).front() == record{"k", 2});
}

TEST_CASE("a client of a single node waits for it while it is restarted") {
  auto o = lone_node();
  auto node = std::make_unique<member_node>(o);
  o.replication.node.port = node->c.config().replication.node.port;
  client_of client{{address_of(node->c)}};
  client.c.put({"k", 1});
  node.reset();
  CHECK(code_of(client.c.try_put({"k", 2}, {.timeout = 200ms}).error()) == errc::unavailable);
  std::thread again{[&] {
    std::this_thread::sleep_for(300ms);
    node = std::make_unique<member_node>(o);
  }};
  CHECK(client.c.try_put({"k", 3}, {.timeout = 20s}));
  again.join();
  CHECK(node->c.get("k").front() == record{"k", 3});
}

TEST_CASE("actors that block every thread of a client's scheduler in calls are all answered") {
  cluster nodes{cluster_options_with(replication_mode::sync), 3};
  client_of client{{address_of(nodes[0])}, 1};
  std::atomic<int> over{0}, failed{0};
  for (int n = 0; n < 4; ++n)
    client.system.spawn([c = client.c, n, &over, &failed] {
      auto mine = c;
      for (int i = 0; i < 50; ++i) {
        failed += !mine.try_put({std::to_string(n) + ' ' + std::to_string(i), i});
        failed += !mine.try_get_by_match_object(any_partition, pattern{{any, i}});
        auto q = mine.queue("q" + std::to_string(n));
        failed += !q.try_add(i);
        failed += !q.try_out_wait(10s);
      }
      ++over;
    });
  CHECK(eventually([&] { return over == 4; }, 60s));
  CHECK(failed == 0);
}

TEST_CASE("a watch of a client goes on at another node, and its listener is told that it missed") {
  cluster nodes{cluster_options_with(replication_mode::sync), 3};
  client_of client{{address_of(nodes[0])}};
  const auto told = std::make_shared<counter>();
  const auto who = client.system.spawn<caf::hidden>(counting, told);
  const auto watch = client.c.watch({}, who);
  nodes[2].put({"k", 1});
  CHECK(eventually([&] { return told->stored == 1; }));
  nodes.stop(0);
  CHECK(eventually([&] { return told->missed > 0; }));
  CHECK(eventually([&] {
    const int before = told->stored;
    nodes[1].put({"k", 2});
    return eventually([&] { return told->stored > before; }, 1s);
  }));
  CHECK(client.c.unwatch(watch));
  CHECK_FALSE(client.c.unwatch(watch));
  CHECK(code_of(client.c.try_watch({{space_kind::queue, "q"}}, who).error())
        == errc::invalid_argument);
  compat::end(who);
}

TEST_CASE("calls of a client end when it is stopped, and a client that is stopped does no more") {
  cluster nodes{cluster_options_with(replication_mode::sync), 3};
  client_of client{{address_of(nodes[0])}};
  std::thread waits{[&] {
    const auto x = client.c.queue("empty").try_out_wait(60s);
    CHECK_FALSE(x);
  }};
  std::this_thread::sleep_for(100ms);
  client.c.stop();
  waits.join();
  CHECK(code_of(client.c.try_put({"k", 1}).error()) == errc::not_started);
}

TEST_CASE("a client of another version of the protocol is refused with both versions") {
  member_node node{lone_node()};
  client_of client{{address_of(node.c)}};
  caf::scoped_actor self{client.system};
  self->request(client.c.node_at(address_of(node.c)), 5s, view_atom_v, std::uint64_t{99})
    .receive([](const wire_frame&) { FAIL("it was let in"); },
             [](const caf::error& e) {
               CHECK(code_of(e) == errc::invalid_config);
               CHECK(message_of(e)
                     == "the client speaks version 99 of the protocol; this node speaks "
                          + std::to_string(hello::present_version));
             });
  CHECK_FALSE(client.c.node_at("127.0.0.1:1"));
}

TEST_CASE("every actor of a client that is killed is replaced, and it finds nodes as before") {
  auto o = lone_node();
  auto node = std::make_unique<member_node>(o);
  o.replication.node.port = node->c.config().replication.node.port;
  client_of client{{address_of(node->c)}};
  node.reset(); // so that it dials, again and again
  for (const auto& [name, actor] : client.c.internals().actors()) {
    CAPTURE(name);
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    CHECK(eventually([&, n = name, a = actor] {
      return std::ranges::any_of(client.c.internals().actors(),
                                 [&](const auto& x) { return x.first == n && x.second != a; });
    }));
  }
  node = std::make_unique<member_node>(o);
  CHECK(client.c.try_put({"k", 1}, {.timeout = 20s}));
  CHECK(node->c.contains("k"));
}

TEST_CASE("what only a member can do, a client refuses") {
  member_node node{lone_node()};
  client_of client{{address_of(node.c)}};
  for (const auto& why : {client.c.try_leave(1s).error(), client.c.try_full_sync(1s).error(),
                          client.c.try_reconfigure({"a@b:1"}).error()})
    CHECK(message_of(why) == "this is a client, no member of a cluster; ask one of its nodes");
}

TEST_CASE("whoever cannot connect is told in one sentence why") {
  plain_config cfg{2};
  caf::actor_system system{cfg};
  const auto why = [&](const std::vector<std::string>& addresses, std::chrono::milliseconds wait) {
    const auto x = cache::try_connect(system, addresses, {.timeout = wait});
    REQUIRE_FALSE(x);
    return message_of(x.error());
  };
  CHECK(why({}, 1s) == "no address of a node is given; expected is host:port");
  CHECK(why({"nowhere"}, 1s) == "'nowhere' is no address of a node; expected is host:port");
  CHECK(why({"127.0.0.1:1"}, 1s) == "cannot connect to 127.0.0.1:1: Connection refused");
  CHECK(why({"127.0.0.1:1", "127.0.0.1:2"}, 1s)
        == "cannot connect to 127.0.0.1:1: Connection refused; "
           "cannot connect to 127.0.0.1:2: Connection refused");
  // Somebody who listens and says nothing.
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(::listen(fd, 8) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  const auto silent = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  CHECK(why({silent}, 300ms) == "no answer from " + silent + " within 300 ms");
  ::close(fd);
}

TEST_CASE("a client needs CAF's networking and our message types, and says which line is missing") {
  fixture::config no_network;
  caf::actor_system without{no_network};
  const auto x = cache::try_connect(without, {"127.0.0.1:1"});
  CHECK(message_of(x.error())
        == "a client needs CAF's networking: write load<caf::io::middleman>(); in the constructor "
           "of your actor_system_config");
  struct bare : caf::actor_system_config {
    bare() { load<caf::io::middleman>(); }
  } no_types;
  caf::actor_system untyped{no_types};
  const auto y = cache::try_connect(untyped, {"127.0.0.1:1"});
  CHECK(message_of(y.error())
        == "a client needs its message types: write supercache::add_message_types(*this); in the "
           "constructor of your actor_system_config");
  options o;
  o.cluster = cluster_mode::distributed;
  o.replication.node.name = "a";
  CHECK(message_of(cache::try_start(untyped, o).error())
        == "a cache of a cluster needs its message types: write "
           "supercache::add_message_types(*this); in the constructor of your actor_system_config");
}
