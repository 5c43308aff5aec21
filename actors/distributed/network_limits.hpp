#pragma once

#include <supercache/store/abi.hpp>

#include <cstddef>
#include <cstdint>

namespace supercache::detail {

/// What connections may take of a process.
///
/// What frames that have not come whole take together is at most `memory` + `frame`, and up to
/// `small` for each connection beside that.
struct network_limits {
  /// The largest frame: a value of a gibibyte, and what is sent along.
  std::size_t frame = (std::size_t{1} << 30) + (64 << 20);
  /// The largest of somebody who has not said who it is: more than any handshake needs.
  std::size_t handshake = 64 << 10;
  /// Up to this size the memory for a frame is there before the frame is.
  std::size_t small = 16 << 10;
  /// What comes of a larger frame is taken in pieces of at most this size. CAF takes up to 50 of
  /// them before it looks at the next connection.
  std::size_t piece = 16 << 10;
  /// For all larger frames together. Beyond it only the one that began first goes on.
  std::size_t memory = 256 << 20;
  /// How long nothing may come of a frame that has begun; while others wait for memory, in how long
  /// `fast` bytes have to come.
  std::int64_t stall_ms = 10'000;
  std::size_t fast = 1 << 20;
  /// How long a handshake may take; how long when there is no room for others.
  std::int64_t handshake_ms = 3'000, crowded_handshake_ms = 500;
  /// How many may be at their handshake.
  std::size_t handshakes = 256;
  /// Descriptors that no connection is accepted with.
  std::size_t spare_descriptors = 8;
  /// Actors of one node that it may make known; nodes that are reached through others.
  std::size_t actors_of_one = 250'000, nodes_behind_others = 1'000;
};

} // namespace supercache::detail
