#include "access.hpp"
#include "distributed/node.hpp"

#include <supercache/cache.hpp>

#include <chrono>

// Watching: who begins and ends it, and WATCHES, who tells the listeners.

namespace supercache {

caf::expected<std::uint64_t> cache::try_watch(interest what, const change_listener& who) {
  return to_expected(core_->watch(std::move(what), caf::actor_cast<caf::actor>(who)));
}
std::uint64_t cache::watch(interest what, const change_listener& who) {
  return detail::to_plain(try_watch(std::move(what), who));
}
bool cache::unwatch(std::uint64_t watch) { return core_->unwatch(watch); }

namespace detail {

result<std::uint64_t> core::watch(interest what, const caf::actor& who) {
  if (auto s = check_running(); !s)
    return s.why();
  const auto id = feed_.add(std::move(what), who);
  if (!id)
    return id;
  bool fresh = false;
  {
    const std::lock_guard hold{listening_lock_};
    fresh = listeners_.insert(who.address()).second;
  }
  if (!running()) { // a stop that came meanwhile may have let all go before
    feed_.clear();
    return check_running().why();
  }
  if (fresh)
    who->attach_functor([c = weak_from_this(), gone = who.address()](const caf::error&) {
      if (const auto alive = c.lock())
        alive->forget_listener(gone);
    });
  watch_stores();
  if (!node_)
    return id;
  if (auto s = node_->spread_interests(); !s) {
    unwatch(*id);
    return s.why();
  }
  return id;
}

bool core::unwatch(std::uint64_t watch) {
  if (!feed_.remove(watch))
    return false;
  watch_stores();
  if (node_)
    node_->send_interests();
  return true;
}

void core::forget_listener(const caf::actor_addr& who) {
  {
    const std::lock_guard hold{listening_lock_};
    listeners_.erase(who);
  }
  feed_.remove_all_of(who);
  watch_stores();
  if (node_)
    node_->send_interests();
}

void core::watch_stores() {
  const std::lock_guard hold{listening_lock_};
  const bool on = running() && feed_.anybody();
  if (on == listening_)
    return;
  listening_ = on;
  for (std::size_t i = 0; i < stores_.size(); ++i)
    if (node_)
      node_->host_of(i).listen(on);
    else
      stores_[i]->tell(on ? &feed_ : nullptr);
}

void core::wake_watches() {
  const std::lock_guard hold{actors_lock_};
  if (watches_)
    compat::tell_from_anywhere(watches_, wake_atom_v);
}

namespace {

/// How long a listener may take for one message.
constexpr std::chrono::seconds longest_answer{10};
/// When a node that could not be told is told again.
constexpr std::chrono::milliseconds later_on{100};

void deliver(watch_actor::pointer self, const std::shared_ptr<core>& c) {
  auto out = c->changes().take();
  for (auto& p : out.parcels) {
    const auto over = [self, c, watch = p.watch](bool answered) {
      c->changes().taken(watch, answered);
      deliver(self, c);
    };
    compat::ask(self, p.to, longest_answer, changes_atom_v, p.watch, std::move(p.what))
      .then([over] { over(true); }, [over](const caf::error&) { over(false); });
  }
  bool again = false;
  for (auto& l : out.letters) {
    if (c->cluster()->tell_changes(l.to, std::move(l.what)))
      continue;
    c->changes().undelivered(l.to);
    again = true;
  }
  if (again)
    compat::tell_later(self, watch_actor{self}, later_on, wake_atom_v);
}

} // namespace

watch_actor::behavior_type watch_behavior(watch_actor::pointer self, std::shared_ptr<core> c) {
  return {[self, c](wake_atom) { deliver(self, c); }};
}

} // namespace detail

} // namespace supercache
