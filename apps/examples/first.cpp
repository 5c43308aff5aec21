#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <iostream>

int main() {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto cache = supercache::cache::start(system, {});

  cache.put({"alice", 30, {"chess", "go"}}); // a record; its first element is its key
  cache.put({"bob", 41, {"go"}});            // one of another key stays beside it
  cache.put({"alice", 31, {"chess"}});       // one of the same key takes its place
  std::cout << cache.get("alice")[0] << '\n';
  if (!cache.contains("carol"))
    std::cout << "who is carol?\n";

  using supercache::any, supercache::bind, supercache::var;
  for (const auto& found :
       cache.get_by_match(supercache::any_partition, {{bind(1), bind(2), any}, var(2) > 40}))
    std::cout << found[0] << " is " << found[1] << '\n';

  auto sessions = cache.kv("sessions");
  sessions.add("token-1", "alice", {.ttl = std::chrono::minutes{30}});
  sessions.increment("logins");
  // Made once, however many threads ask for it at the same time.
  std::cout << sessions.get_or_add("greeting", [] { return "good morning"; }) << '\n';

  cache.queue("jobs").add("first");
  std::cout << cache.queue("jobs").out() << '\n';
}
