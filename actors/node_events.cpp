#include "node_events.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <utility>

namespace supercache::detail {

namespace {
constexpr std::size_t listeners_most = 1'000;
} // namespace

status node_events::add(const caf::actor& who) {
  if (!who)
    return {errc::invalid_argument, "there is no listener"};
  {
    const std::lock_guard hold{lock_};
    if (std::ranges::any_of(listeners_,
                            [&](const auto& l) { return l.second.who == who.address(); }))
      return ok();
    if (listeners_.size() >= listeners_most)
      return {errc::overloaded,
              "there are " + std::to_string(listeners_most) + " listeners of nodes already"};
    listeners_.emplace(++last_, listener{who.address()});
  }
  wake_();
  return ok();
}

bool node_events::remove(const caf::actor_addr& who) {
  {
    const std::lock_guard hold{lock_};
    const auto found
      = std::ranges::find_if(listeners_, [&](const auto& l) { return l.second.who == who; });
    if (found == listeners_.end())
      return false;
    if (found->second.under_way)
      gone_.push_back(found->first);
    listeners_.erase(found);
  }
  wake_();
  return true;
}

void node_events::clear() {
  const std::lock_guard hold{lock_};
  listeners_.clear();
}

void node_events::now_live(const member_list& all) {
  nodes now;
  for (const member& m : all)
    now.emplace(m.node, m.id);
  {
    const std::lock_guard hold{lock_};
    if (now == live_)
      return;
    live_ = std::move(now);
  }
  wake_();
}

/// A node that is gone, or was restarted, comes first.
node_events::event node_events::next_for(listener& l) const {
  for (const auto& [name, incarnation] : l.knows)
    if (const auto at = live_.find(name); at == live_.end() || at->second != incarnation) {
      event e{0, {}, name, false};
      l.knows.erase(e.node);
      return e;
    }
  for (const auto& [name, incarnation] : live_)
    if (l.knows.emplace(name, incarnation).second)
      return {0, {}, name, true};
  return {};
}

node_events::outgoing node_events::take() {
  outgoing out;
  const std::lock_guard hold{lock_};
  out.gone = std::exchange(gone_, {});
  for (auto& [id, l] : listeners_) {
    if (l.under_way)
      continue;
    auto e = next_for(l);
    e.listener = id;
    e.to = caf::actor_cast<caf::actor>(l.who);
    if (e.node.empty() || !e.to)
      continue;
    l.under_way = true;
    out.events.push_back(std::move(e));
  }
  return out;
}

void node_events::forget_deliveries() {
  const std::lock_guard hold{lock_};
  for (auto& [id, l] : listeners_)
    l.under_way = false;
}

void node_events::taken(std::uint64_t id) {
  const std::lock_guard hold{lock_};
  if (const auto found = listeners_.find(id); found != listeners_.end())
    found->second.under_way = false;
}

} // namespace supercache::detail
