#include "node_events.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>

#include <algorithm>

namespace supercache::detail {

namespace {
constexpr std::size_t listeners_most = 1'000;
} // namespace

void node_events::tell(const caf::actor& who, const std::string& node, bool up) const {
  if (up)
    compat::tell_from_anywhere(who, node_up_atom_v, node);
  else
    compat::tell_from_anywhere(who, node_down_atom_v, node);
}

status node_events::add(const caf::actor& who) {
  if (!who)
    return {errc::invalid_argument, "there is no listener"};
  const std::lock_guard hold{lock_};
  if (std::ranges::find(listeners_, who.address()) != listeners_.end())
    return done();
  if (listeners_.size() >= listeners_most)
    return {errc::overloaded,
            "there are " + std::to_string(listeners_most) + " listeners of nodes already"};
  listeners_.push_back(who.address());
  for (const auto& [name, life] : live_)
    tell(who, name, true);
  return done();
}

bool node_events::remove(const caf::actor& who) {
  const std::lock_guard hold{lock_};
  return who && std::erase(listeners_, who.address()) > 0;
}

void node_events::clear() {
  const std::lock_guard hold{lock_};
  listeners_.clear();
}

void node_events::now_live(const member_list& nodes) {
  std::map<std::string, member_id> now;
  for (const member& m : nodes)
    now.emplace(m.node, m.id);
  const std::lock_guard hold{lock_};
  if (now == live_)
    return;
  std::erase_if(listeners_, [&](const caf::actor_addr& a) {
    const auto who = caf::actor_cast<caf::actor>(a);
    if (!who)
      return true; // it ended
    for (const auto& [name, life] : live_)
      if (const auto at = now.find(name); at == now.end() || at->second != life)
        tell(who, name, false);
    for (const auto& [name, life] : now)
      if (const auto at = live_.find(name); at == live_.end() || at->second != life)
        tell(who, name, true);
    return false;
  });
  live_ = std::move(now);
}

} // namespace supercache::detail
