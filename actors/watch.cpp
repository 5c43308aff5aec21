#include "access.hpp"

#include <supercache/cache.hpp>

#include <chrono>

// Watching: how it begins and ends, and WATCHES, which tells the listeners.

namespace supercache {

caf::expected<std::uint64_t> cache::try_watch(interest what, const change_listener& who) {
  return detail::answer_of(core_->watch(std::move(what), caf::actor_cast<caf::actor>(who)));
}
std::uint64_t cache::watch(interest what, const change_listener& who) {
  return detail::to_plain(try_watch(std::move(what), who));
}
bool cache::unwatch(std::uint64_t watch) { return core_->unwatch(watch); }

namespace detail {

future<std::uint64_t> core::watch(interest what, const caf::actor& who) {
  if (auto s = check_running(); !s)
    return s.why();
  if (auto there = others().watch_elsewhere(what, who))
    return *std::move(there);
  const auto id = feed_.add(std::move(what), who);
  if (!id)
    return id;
  if (!running()) { // a stop that came meanwhile may have let all go before
    feed_.clear();
    return check_running().why();
  }
  watch_over(who);
  watch_stores();
  auto spread = others().spread_interests();
  spread.observe([this, watch = *id](bool done) {
    if (!done)
      unwatch(watch);
  });
  return std::move(spread).map([watch = *id](unit) -> result<std::uint64_t> { return watch; });
}

status core::watch_nodes(const caf::actor& who) {
  if (auto s = check_running(); !s)
    return s;
  if (auto s = nodes_.add(who); !s)
    return s;
  watch_over(who);
  return ok();
}

/// Sees to it that a listener that ended is told no more.
void core::watch_over(const caf::actor& who) {
  {
    const std::lock_guard hold{listening_lock_};
    if (!listeners_.insert(who.address()).second)
      return;
  }
  who->attach_functor([c = weak_from_this(), gone = who.address()](const caf::error&) {
    if (const auto alive = c.lock())
      alive->forget_listener(gone);
  });
}

bool core::unwatch(std::uint64_t watch) {
  if (others().unwatch_elsewhere(watch))
    return true;
  if (!feed_.remove(watch))
    return false;
  watch_stores();
  others().send_interests();
  return true;
}

void core::forget_listener(const caf::actor_addr& who) {
  {
    const std::lock_guard hold{listening_lock_};
    listeners_.erase(who);
  }
  nodes_.remove(who);
  feed_.remove_all_of(who);
  watch_stores();
  others().send_interests();
}

void core::watch_stores() {
  const std::lock_guard hold{listening_lock_};
  const bool on = running() && feed_.anybody();
  if (on == listening_)
    return;
  listening_ = on;
  others().listen(on);
}

void core::wake_watches() {
  const std::lock_guard hold{actors_lock_};
  if (watches_)
    if (const auto a = watches_->get())
      compat::tell_from_anywhere(a, wake_atom_v);
}

namespace {

/// When a node that could not be told is told again.
constexpr std::chrono::milliseconds later_on{100};

/// Each listener has one message under way at most. There is no time-out after which it would get
/// another: for a listener that does not read, all of them would wait in the network. For one that
/// is gone CAF would wait for ever, so CAF is told.
class deliverer : public std::enable_shared_from_this<deliverer> {
public:
  deliverer(watch_actor::pointer self, std::shared_ptr<core> c)
    : self_(self), core_(std::move(c)) {}

  void look() {
    tell_changes();
    tell_nodes();
  }

private:
  using asked = std::map<std::uint64_t, caf::message_id>;

  void tell_changes() {
    auto out = core_->changes().take();
    for (const auto watch : out.gone)
      give_up(changes_, watch);
    for (auto& p : out.parcels)
      ask(
        changes_, p.watch, [id = p.watch](core& c) { c.changes().taken(id); }, p.to, changes_atom_v,
        p.watch, std::move(p.what));
    bool again = false;
    for (auto& l : out.letters) {
      if (core_->others().tell_changes(l.to, std::move(l.what)))
        continue;
      core_->changes().undelivered(l.to);
      again = true;
    }
    if (again)
      compat::tell_later(self_, watch_actor{self_}, later_on, wake_atom_v);
  }

  void tell_nodes() {
    auto out = core_->nodes().take();
    for (const auto listener : out.gone)
      give_up(nodes_, listener);
    for (auto& e : out.events) {
      const auto taken = [id = e.listener](core& c) { c.nodes().taken(id); };
      if (e.up)
        ask(nodes_, e.listener, taken, e.to, node_up_atom_v, std::move(e.node));
      else
        ask(nodes_, e.listener, taken, e.to, node_down_atom_v, std::move(e.node));
    }
  }

  template <class Taken, class... Ts>
  void ask(asked& open, std::uint64_t id, Taken taken, const caf::actor& to, Ts&&... xs) {
    auto reply = compat::ask_patiently(self_, to, std::forward<Ts>(xs)...);
    open[id] = reply.id();
    const auto over = [me = shared_from_this(), &open, id, taken] {
      open.erase(id);
      taken(*me->core_);
      me->look();
    };
    std::move(reply).then([over] { over(); }, [over](const caf::error&) { over(); });
  }

  void give_up(asked& open, std::uint64_t id) {
    if (const auto found = open.find(id); found != open.end())
      compat::give_up(self_, found->second);
  }

  watch_actor::pointer self_;
  std::shared_ptr<core> core_;
  asked changes_, nodes_;
};

} // namespace

watch_actor::behavior_type watch_behavior(watch_actor::pointer self, std::shared_ptr<core> c) {
  const auto d = std::make_shared<deliverer>(self, std::move(c));
  return {[d](wake_atom) { d->look(); }};
}

} // namespace detail

} // namespace supercache
