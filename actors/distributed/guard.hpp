#pragma once

#include <supercache/store/abi.hpp>

#include <caf/actor_system.hpp>
#include <caf/node_id.hpp>

#include <cstdint>

namespace supercache::detail {

// A guard between CAF.io's broker, which has all connections of an actor system, and the network.
// CAF believes every process that connects: it allocates what a header announces, keeps connections
// that say nothing, what it knows of nodes that are gone, and buffers of the largest message ever,
// spins when descriptors run out, and ends when memory does. With the guard
//
// - a frame is bounded, and takes memory as it comes; all of them together are bounded, and what
//   does not come on is given up;
// - handshakes are bounded in number and time, and say what they should;
// - messages are delivered by the I/O thread, whatever workers the application configured, and
//   nothing in them is believed;
// - no connection is accepted while there are no descriptors for it;
// - an exception becomes a line in the log, and an answer if anybody asked.
//
// network_limits.hpp has the numbers.

/// Puts the guard before the broker of an actor system, unless it is there; it stays as long as the
/// actor system. Nothing to do without CAF.io. Thread: any.
void guard_network(caf::actor_system& system);

/// Which of the connections between two actor systems.
enum class connections : std::uint8_t {
  all,
  spare, ///< without the one over which CAF sends
};

/// Ends connections to another actor system over which nothing came for two seconds. CAF keeps to
/// the one it has, and the operating system may take a quarter of an hour to find that it leads
/// nowhere: until then no new one is made, and when the one in use breaks, CAF goes over to a dead
/// one and tells nobody. @pre the network is guarded. Thread: any.
void drop_silent(caf::actor_system& system, const caf::node_id& to, connections which);

} // namespace supercache::detail
