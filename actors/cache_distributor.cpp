#include "cache_async.hpp"
#include "clauses.hpp"
#include "clock.hpp"
#include "core.hpp"
#include "distributed/node.hpp"

#include <caf/actor.hpp>
#include <caf/skip.hpp>

#include <algorithm>
#include <utility>

// CACHE: an actor that does what it can in no time, and hands each other message to one of several
// servers, always the same for one sender. In a cluster those are threads, since operations wait
// for other nodes; on a single node, actors that walk over many records. A node that shakes hands,
// which operations may wait for, never queues behind them.

namespace supercache::detail {

namespace {

/// An actor that throws ends, and nobody could reach the cache any more: so an exception of a
/// clause becomes its answer.
class shielded final : public caf::detail::behavior_impl {
public:
  explicit shielded(const caf::message_handler& x) : clauses_(x.as_behavior_impl()) {}

  caf::match_case::result invoke(caf::detail::invoke_result_visitor& f,
                                 caf::type_erased_tuple& content) override {
    const auto answer_with = [&f](const failure& why) {
      auto e = to_caf(why);
      f(e);
      return caf::match_case::match;
    };
    try {
      return clauses_->invoke(f, content);
    } catch (const std::bad_alloc&) {
      return answer_with(out_of_memory());
    } catch (const std::exception& e) {
      return answer_with({errc::internal, e.what()});
    }
  }

private:
  pointer clauses_;
};

caf::behavior shield(const caf::message_handler& clauses) {
  return caf::message_handler{caf::detail::behavior_impl::pointer{new shielded(clauses), false}};
}

server_actor::behavior_type server_behavior(server_actor::pointer, std::shared_ptr<core> c) {
  auto clauses
    = std::make_shared<caf::behavior>(shield(cache_behavior(std::move(c)).as_behavior_impl()));
  return {[clauses](run_atom, const compat::deferred_request& r) {
    compat::answer(r, (*clauses)(r->content));
  }};
}

/// A server, which only the cache keeps: CACHE may still be there when an actor system ends, which
/// waits for the threads of servers.
using server_address = caf::actor_addr;

void give(const server_address& to, const compat::deferred_request& r) {
  if (const auto server = caf::actor_cast<caf::actor>(to))
    compat::tell_from_anywhere(server, run_atom_v, r);
  else
    compat::answer(r, caf::make_message(to_caf({errc::not_started, "the cache is stopped"})));
}

void hand_over(const std::vector<server_address>& servers, const compat::deferred_request& r) {
  const auto& from = r->source;
  const auto who = from ? from->id() + hash(value{to_string(from->node())}) : 0;
  give(servers[who % servers.size()], r);
}

/// No thread waits for an item.
caf::message_handler wait_clause(caf::event_based_actor* self, std::shared_ptr<core> c) {
  return {[self, c](queue_atom, wait_atom, std::string& name, std::int64_t timeout) {
    auto promise = self->make_response_promise();
    if (const auto p = c->partition(c->home_index(name)))
      promise.delegate(p, wait_atom_v, std::move(name), timeout);
    else
      promise.deliver(to_caf(c->check_running().why()));
    return promise;
  }};
}

caf::behavior front_behavior(caf::event_based_actor* self, std::vector<server_address> servers,
                             std::shared_ptr<core> c) {
  compat::defer_unmatched(self,
                          [servers](const compat::deferred_request& r) { hand_over(servers, r); });
  return shield(short_behavior(c).or_else(wait_clause(self, c)));
}

/// The servers of a cluster.
struct crew {
  server_address admin;               ///< for requests of nodes and operators: never waits
  server_address leaver;              ///< for one command, which waits for other nodes
  std::vector<server_address> others; ///< for operations

  /// The server for a message that does not go to the server of its sender; null for others.
  const server_address* apart(const caf::message& m) const {
    if (m.match_elements<join_atom, wire_frame, caf::actor>()
        || m.match_elements<config_atom, std::string>())
      return &admin;
    if (!m.match_elements<admin_atom, std::string, value>())
      return nullptr;
    const auto& what = m.get_as<std::string>(1);
    return what == "leave" ? &leaver : &admin;
  }
};

/// Callers that wait until every partition has all its copies, each for as long as it said: none
/// waits for the time of another, which may be gone. Thread: CACHE's.
class syncs : public std::enable_shared_from_this<syncs> {
public:
  syncs(caf::event_based_actor* self, std::shared_ptr<core> c) : self_(self), core_(std::move(c)) {}

  static bool is_one(const caf::message& m) {
    return m.match_elements<admin_atom, std::string, value>() && m.get_as<std::string>(1) == "sync";
  }
  void add(const compat::deferred_request& r) {
    const bool idle = waiting_.empty();
    waiting_.push_back({r, deadline_in(wait_of(r->content.get_as<value>(2)))});
    if (idle)
      look();
  }
  /// The cache stops.
  void end() {
    for (const auto& w : std::exchange(waiting_, {}))
      answer(w, failure{errc::not_started, "the cache was stopped"});
  }

private:
  struct waiting {
    compat::deferred_request request;
    std::int64_t until_ms;
  };

  void answer(const waiting& w, const result<std::size_t>& copies) const {
    if (!copies) {
      compat::answer(w.request, caf::make_message(to_caf(copies.why())));
      return;
    }
    const auto asked_for = core_->config().replication.replication_factor;
    compat::answer(w.request,
                   caf::make_message(value::map({{"copies", *copies}, {"asked_for", asked_for}})));
  }

  void look() {
    constexpr std::chrono::milliseconds pause{20};
    const auto copies = core_->cluster()->check_settled();
    const auto now = system_ms();
    std::erase_if(waiting_, [&](const waiting& w) {
      const bool over = copies || now >= w.until_ms;
      if (over)
        answer(w, copies);
      return over;
    });
    if (!waiting_.empty())
      compat::tell_later(
        self_, caf::actor{self_}, pause, run_atom_v,
        std::make_shared<std::function<void()>>([me = shared_from_this()] { me->look(); }));
  }

  caf::event_based_actor* self_;
  std::shared_ptr<core> core_;
  std::vector<waiting> waiting_;
};

caf::behavior distributor_behavior(caf::event_based_actor* self, crew servers,
                                   std::shared_ptr<core> c) {
  const auto patient = std::make_shared<syncs>(self, c);
  self->attach_functor([patient] { patient->end(); });
  const auto take = [servers, patient,
                     fast = std::make_shared<asynchronous>(c)](const compat::deferred_request& r) {
    if (syncs::is_one(r->content))
      patient->add(r);
    else if (const auto* one = servers.apart(r->content))
      give(*one, r);
    else if (!fast->take(r))
      hand_over(servers.others, r);
  };
  const caf::behavior open
    = wait_clause(self, c).or_else([](run_atom, const local_job& work) { (*work)(); });
  // It can be reached before the node is complete, which has to know its port: early messages wait
  // until the node says that it is.
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
  const auto thread = [&] {
    servers.push_back(system.spawn<caf::hidden + caf::detached>(server_behavior, c));
    return servers.back().address();
  };
  crew all{thread(), thread(), {}};
  for (int i = 0; i < threads; ++i)
    all.others.push_back(thread());
  return system.spawn<caf::hidden>(distributor_behavior, std::move(all), c);
}

caf::actor spawn_front(caf::actor_system& system, std::shared_ptr<core> c,
                       std::vector<server_actor>& servers) {
  // Half of the workers at most, so that some are left for short requests.
  const auto walkers = std::max<std::size_t>(1, compat::workers_of(system) / 2);
  for (std::size_t i = 0; i < walkers; ++i)
    servers.push_back(system.spawn<caf::hidden>(server_behavior, c));
  std::vector<server_address> addresses;
  for (const auto& s : servers)
    addresses.push_back(s.address());
  return system.spawn<caf::hidden>(front_behavior, std::move(addresses), c);
}

} // namespace supercache::detail
