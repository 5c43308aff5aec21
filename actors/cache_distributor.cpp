#include "cache_async.hpp"
#include "core.hpp"

#include <caf/actor.hpp>
#include <caf/skip.hpp>

// CACHE in a cluster, where operations wait for other nodes: an actor that does what it can without
// a thread that waits, and hands each other message to one of several threads, always the same for
// one sender.

namespace supercache::detail {

namespace {

server_actor::behavior_type server_behavior(server_actor::pointer, std::shared_ptr<core> c) {
  auto clauses = std::make_shared<caf::behavior>(cache_behavior(nullptr, std::move(c)).unbox());
  return {[clauses](run_atom, const compat::deferred_request& r) {
    compat::answer(r, (*clauses)(r->content));
  }};
}

caf::behavior distributor_behavior(caf::event_based_actor* self, std::vector<server_actor> servers,
                                   std::shared_ptr<core> c) {
  const auto take
    = [servers, fast = std::make_shared<asynchronous>(c)](const compat::deferred_request& r) {
        if (fast->take(r))
          return;
        const auto& from = r->source;
        const auto who = from ? from->id() + hash(value{to_string(from->node())}) : 0;
        compat::tell_from_anywhere(servers[who % servers.size()], run_atom_v, r);
      };
  caf::behavior open{[self, c](queue_atom, wait_atom, std::string& name, std::int64_t timeout) {
    // No thread waits for an item.
    auto promise = self->make_response_promise();
    if (const auto p = c->partition(c->home_index(name)))
      promise.delegate(p, wait_atom_v, std::move(name), timeout);
    else
      promise.deliver(to_caf(c->check_running().why()));
    return promise;
  }};
  // It can be reached before the node is complete, which has to know its port: who comes so early
  // waits until the node says that it is.
  self->set_default_handler(caf::skip);
  return {[self, take, open](tick_atom) {
    compat::defer_unmatched(self, take);
    self->become(open);
  }};
}

} // namespace

caf::actor spawn_distributor(caf::actor_system& system, std::shared_ptr<core> c,
                             std::vector<server_actor>& servers) {
  constexpr int threads = 16;
  for (int i = 0; i < threads; ++i)
    servers.push_back(system.spawn<caf::hidden + caf::detached>(server_behavior, c));
  return system.spawn<caf::hidden>(distributor_behavior, servers, c);
}

} // namespace supercache::detail
