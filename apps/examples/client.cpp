#include <supercache/kv.hpp>
#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>

#include <iostream>

// A program that holds no data: a client of a cluster, or, as here, of a single node. The node is
// in the same process, in an actor system of its own, so that the example runs by itself.

namespace sc = supercache;

struct network_config : caf::actor_system_config {
  network_config() {
    load<caf::io::middleman>();
    sc::add_message_types(*this);
  }
};

int main() {
  network_config node_config;
  caf::actor_system node_system{node_config};
  sc::options o;
  o.listen = true;
  o.replication.node.port = 0; // a free one
  auto node = sc::cache::start(node_system, o);
  const auto port = node.config().replication.node.port;

  network_config config;
  caf::actor_system system{config};
  try {
    auto cache = sc::cache::connect(system, {"127.0.0.1:" + std::to_string(port)});
    cache.put({"alice", 31});
    cache.kv("visits").increment("alice");
    std::cout << "the node has " << node.get("alice")[0] << '\n'
              << "alice came " << node.kv("visits").get("alice") << " time\n";
    cache.stop();
  } catch (const sc::error& e) { // nobody there, no SuperCache node, another version, …
    std::cerr << e.what() << '\n';
    return 1;
  }
  node.stop();
}
