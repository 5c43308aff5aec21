#pragma once

#include <supercache/store/abi.hpp>

#include <caf/actor_cast.hpp>
#include <caf/actor_companion.hpp>
#include <caf/exit_reason.hpp>

/// Actors of ours that take messages on the thread that sends them.
namespace supercache::detail {

/// @pre `who` was spawned as a companion in this process
template <class Handle>
caf::actor_companion& companion_behind(const Handle& who) {
  return *static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(who));
}

template <class Handle>
void end_companion(const Handle& who) {
  companion_behind(who).cleanup(caf::exit_reason::user_shutdown, nullptr);
}

} // namespace supercache::detail
