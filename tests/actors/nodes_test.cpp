#include "actors/asking.hpp"
#include "actors/cluster_fixture.hpp"
#include "log.hpp"

#include <supercache/kv.hpp>
#include <supercache/queue.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>

// What an application learns of nodes, and how it says how long it waits.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

using node_names = std::vector<std::string>;

/// A listener that is told of nodes: "+a", "-a".
struct listener {
  struct heard {
    std::mutex lock;
    node_names all;
  };
  std::shared_ptr<heard> told = std::make_shared<heard>();
  node_listener who;

  static node_listener::behavior_type listening(node_listener::pointer, std::shared_ptr<heard> to) {
    const auto note = [to](const char* sign, const std::string& node) {
      const std::lock_guard hold{to->lock};
      to->all.push_back(sign + node);
    };
    return {[note](node_up_atom, const std::string& node) { note("+", node); },
            [note](node_down_atom, const std::string& node) { note("-", node); }};
  }
  explicit listener(caf::actor_system& s) : who(s.spawn<caf::hidden>(listening, told)) {}
  ~listener() { compat::end(who); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  node_names all() const {
    const std::lock_guard hold{told->lock};
    return told->all;
  }
  bool hears(const node_names& expected) const {
    return eventually([&] { return all() == expected; });
  }
};

} // namespace

TEST_CASE("a cache that is alone is one node with all partitions") {
  options o;
  o.num_partition = 3;
  running r{o};
  CHECK(r.c.live_nodes() == node_names{"local"});
  const auto map = r.c.partition_map();
  REQUIRE(map.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(map[i].index == i);
    CHECK(map[i].primary == "local");
    CHECK(map[i].replicas.empty());
  }
  CHECK(r.c.primary_partitions() == std::vector<std::size_t>{0, 1, 2});
  CHECK(r.c.node_partitions() == r.c.primary_partitions());
  CHECK(r.c.replica_partitions().empty());
  CHECK(r.c.node_partitions("nobody").empty());
  CHECK_ERROR(r.c.try_get_replicas(3), errc::invalid_argument,
              "there is no partition 3; indexes go from 0 to 2");
  const listener l{r.system};
  r.c.watch_nodes(l.who);
  CHECK(l.hears({"+local"}));
}

TEST_CASE("every node knows where the copies of each partition are") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2)};
  for (std::size_t n = 0; n < 3; ++n) {
    const std::string self(1, static_cast<char>('a' + n));
    const auto map = nodes[n].partition_map();
    REQUIRE(map.size() == 8);
    CHECK(nodes[n].live_nodes() == node_names{"a", "b", "c"});
    std::size_t led = 0, copies = 0;
    for (const auto& p : map) {
      CHECK(p.replicas.size() == 1);
      CHECK(p.lost.empty());
      CHECK(p.coming.empty());
      CHECK(p.primary != p.replicas.front());
      CHECK(nodes[n].get_replicas(p.index).primary == p.primary);
      led += p.primary == self;
      copies += p.primary == self || p.replicas.front() == self;
    }
    CHECK(led > 0);
    CHECK(nodes[n].primary_partitions().size() == led);
    CHECK(nodes[n].primary_partitions(self).size() == led);
    CHECK(nodes[n].node_partitions().size() == copies);
    CHECK(nodes[n].replica_partitions().size() == copies - led);
    CHECK(nodes[(n + 1) % 3].node_partitions(self) == nodes[n].node_partitions());
  }
  const auto config = nodes[0].export_config();
  CHECK(config == nodes[1].export_config());
  CHECK(std::ranges::find(config, std::pair<std::string, std::string>{"num_partition", "8"})
        != config.end());
}

TEST_CASE("an actor is told of the nodes there are, then of those that come and go") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  const listener l{nodes.system(0)}, by_message{nodes.system(0)};
  nodes[0].watch_nodes(l.who);
  nodes[0].watch_nodes(l.who); // once is enough
  CHECK(l.hears({"+a", "+b", "+c"}));
  caf::scoped_actor self{nodes.system(0)};
  self->request(nodes[0].actor(), 10s, watch_atom_v, caf::actor_cast<caf::actor>(by_message.who))
    .receive([] {}, [](caf::error& e) { FAIL(message_of(e)); });
  CHECK(by_message.hears({"+a", "+b", "+c"}));
  nodes.stop(2);
  CHECK(l.hears({"+a", "+b", "+c", "-c"}));
  CHECK(by_message.hears({"+a", "+b", "+c", "-c"}));
  CHECK(nodes[0].unwatch_nodes(l.who));
  CHECK_FALSE(nodes[0].unwatch_nodes(l.who));
  nodes.stop(1);
  CHECK(by_message.hears({"+a", "+b", "+c", "-c", "-b"}));
  CHECK(l.all() == node_names{"+a", "+b", "+c", "-c"});
}

TEST_CASE("each operation waits as long as its caller says") {
  cluster nodes{cluster_options_with(replication_mode::sync)};
  cache& c = nodes[0];
  c.put(record{"k", 1});
  nodes.stop(1);
  nodes.stop(2);
  // All of these are over while one that waits long still waits.
  std::atomic<bool> over{false};
  std::thread patient{[&] {
    CHECK_FALSE(ok(c.try_remove("k", {.timeout = 20s})));
    over = true;
  }};
  const wait_options soon{.timeout = 20ms};
  const auto failed = [](const auto& x) {
    const auto why = code(x);
    return why == errc::unavailable || why == errc::quorum_not_reached
           || why == errc::outcome_unknown;
  };
  CHECK(failed(c.try_take("k", any_partition, soon)));
  CHECK(failed(c.try_update_element("k", {{1, 2}}, any_partition, soon)));
  CHECK(failed(c.try_remove("k", soon)));
  CHECK(failed(c.try_remove(record{"k", 1}, soon)));
  CHECK(failed(c.try_remove_by_match(any_partition, pattern{{any, any}}, soon)));
  CHECK(failed(c.try_remove_all(soon)));
  CHECK(failed(c.try_remove_partition_by_idx("k", 0, soon)));
  kv ns = c.kv("ns");
  CHECK(failed(ns.try_replace("k", 1, soon)));
  CHECK(failed(ns.try_expire("k", 5s, soon)));
  CHECK(failed(ns.try_remove("k", soon)));
  CHECK(failed(ns.try_remove_all(soon)));
  queue q = c.queue("q");
  CHECK(failed(q.try_add(1, soon)));
  CHECK(failed(q.try_out({}, soon)));
  CHECK(failed(q.try_get_all(soon)));
  stack s = c.stack("s");
  CHECK(failed(s.try_push(1, soon)));
  CHECK(failed(s.try_pop_batch(2, soon)));
  CHECK_FALSE(over);
  c.stop();
  patient.join();
}

TEST_CASE("decisions are logged while that is switched on") {
  const log_lines log;
  {
    cluster nodes{cluster_options_with(replication_mode::sync), 2};
    CHECK_FALSE(log.has("partition 0: should be with"));
    nodes[0].debug_log(true);
    nodes[0].debug_log(true); // twice is as good
    nodes.stop(1);
    CHECK(eventually([&] { return log.has("partition 0: should be with"); }));
    CHECK(eventually([&] { return log.has("dials b@"); }));
    caf::scoped_actor self{nodes.system(0)};
    self
      ->request(nodes[0].actor(), 10s, config_atom_v, std::string{"debug_log"}, std::string{"off"})
      .receive([] {}, [](caf::error& e) { FAIL(message_of(e)); });
    self->request(nodes[0].actor(), 10s, config_atom_v, std::string{"key_pos"}, std::string{"1"})
      .receive([] { FAIL("it cannot be changed"); },
               [](caf::error& e) {
                 CHECK(message_of(e)
                       == "key_pos cannot be changed while the cache runs; only debug_log can be");
               });
  }
}
