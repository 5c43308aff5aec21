#pragma once

#include <supercache/options.hpp>

#include <caf/actor_system.hpp>

#include <string_view>

namespace supercache::detail {

/// Whether an actor system can talk to others about a cache. Errors: `invalid_config` with the line
/// to write; `who` is what needs it.
status check_network(const caf::actor_system& system, std::string_view who);

/// What can be checked before a node of a cluster is made: that CAF can talk to others, and that
/// every peer that can be reached has the same structural options and knows no other node of this
/// name. Asks all peers at once; one that does not answer costs a second. Errors: `invalid_config`
/// with every option that differs, or with where the other node of the name is.
status check_cluster(caf::actor_system& system, const options& o);

} // namespace supercache::detail
