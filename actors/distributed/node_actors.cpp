#include "../core.hpp"
#include "../pool.hpp"
#include "../settings.hpp"
#include "dial.hpp"
#include "node.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <utility>

// The actors of a node: how they begin, are told, and end.

namespace supercache::detail {

namespace {

/// Waits until nothing refers to an actor that ended. CAF's clock keeps a detached actor that sent
/// a request until it has cancelled the time-out. If the clock is stopped before that, the actor
/// system waits for the actor's thread for ever.
void await_freed(const caf::actor_addr& who, std::chrono::milliseconds longest) {
  for (std::int64_t i = 0; i < longest.count() && caf::actor_cast<caf::strong_actor_ptr>(who); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

/// The nodes that the options name. None if a provider does: a node that went on without its list
/// might bootstrap half of a cluster, and lose it when it meets the other half.
std::vector<node_address> named_by(const cluster_options& o) {
  std::vector<node_address> out;
  auto texts = o.peers;
  if (o.node_monitor.source == monitor_source::nodes)
    texts.insert(texts.end(), o.node_monitor.nodes.begin(), o.node_monitor.nodes.end());
  for (const auto& text : texts)
    out.push_back(node_address_from(text).value()); // was checked
  return out;
}

} // namespace

void node::start() {
  if (const auto& o = core_.config().replication; o.node_monitor.source != monitor_source::provider)
    declare(named_by(o));
  {
    const auto me = std::weak_ptr{shared()};
    const std::lock_guard hold{actors_lock_};
    flusher_ = supervised<flusher_actor>::start(
      "the actor that sends what async writes left", core_.shared_log(), [me]() -> flusher_actor {
        const auto alive = me.lock();
        return alive ? alive->make_flusher() : flusher_actor{};
      });
    monitor_ = supervised<monitor_actor>::start(
      "the node monitor", core_.shared_log(), [me]() -> monitor_actor {
        const auto alive = me.lock();
        if (!alive)
          return {};
        return alive->system_.spawn<caf::hidden + caf::detached>(monitor_behavior, alive);
      });
  }
  const auto broker = compat::connections_of<caf::io::basp_broker>(system_.middleman());
  broker->attach_functor([me = std::weak_ptr{shared()}](const caf::error&) {
    if (const auto alive = me.lock())
      alive->end_with_network();
  });
}

/// CAF's networking ends, and with it the actor system: no node can be reached any more, this one
/// included. The monitor has to be gone while CAF's clock still runs, see `await_freed`; so the
/// networking waits for it.
void node::end_with_network() {
  caf::actor_addr monitor;
  {
    const std::lock_guard hold{actors_lock_};
    if (monitor_)
      if (const auto a = monitor_->get())
        monitor = a.address();
  }
  if (!monitor)
    return; // the cache was stopped
  tell_monitor(node_down_atom_v, std::string{});
  await_monitor(monitor);
}

void node::await_monitor(const caf::actor_addr& who) const {
  if (monitor_thread_ == std::this_thread::get_id())
    return;
  monitor_is_over_.wait_for(std::chrono::seconds{5}); // some milliseconds
  await_freed(who, 3 * handshake_wait(core_.config()));
}

std::shared_ptr<node> node::shared() { return {core_.shared_from_this(), this}; }

/// It begins to look at once, as one that ended may have left something.
flusher_actor node::make_flusher() {
  flushing_ = true;
  auto out = core_.pool().spawn<flusher_actor>(
    [me = shared()](flusher_actor::pointer self) { return flusher_behavior(self, me); });
  compat::tell_from_anywhere(out, caf::tick_atom_v);
  return out;
}

template <class... Ts>
void node::tell_monitor(Ts&&... xs) {
  const std::lock_guard hold{actors_lock_};
  if (!monitor_)
    return;
  if (const auto a = monitor_->get())
    compat::tell_from_anywhere(a, std::forward<Ts>(xs)...);
}

void node::ask_whether_dead(const std::string& name) { tell_monitor(node_down_atom_v, name); }

void node::stop() {
  ending_ = true;
  router_.stop();
  monitor_actor monitor;
  flusher_actor flusher;
  {
    const std::lock_guard hold{actors_lock_};
    if (monitor_)
      monitor = monitor_->let_go();
    if (flusher_)
      flusher = flusher_->let_go();
  }
  const bool watched = static_cast<bool>(monitor);
  const auto address = caf::actor_cast<caf::actor_addr>(monitor);
  if (watched)
    compat::tell_from_anywhere(std::exchange(monitor, {}), stop_atom_v);
  if (flusher)
    compat::end(std::exchange(flusher, {}));
  for (link* l : links()) {
    l->close(l->session());
    const std::lock_guard hold{actors_lock_};
    l->retire();
  }
  for (const auto& h : hosts_)
    h->abandon();
  waits_.look_at_all();
  if (watched)
    await_monitor(address);
}

status node::reconfigure(const std::vector<std::string>& nodes) {
  if (auto s = check_list(nodes); !s)
    return s;
  tell_monitor(caf::reset_atom_v, nodes);
  return ok();
}

} // namespace supercache::detail
