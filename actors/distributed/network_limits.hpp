#pragma once

#include <supercache/cluster/link_options.hpp>
#include <supercache/store/abi.hpp>

#include <cstddef>
#include <cstdint>

namespace supercache::detail {

/// How much of a process connections may take. Frames are those of CAF here: whole messages, or
/// pieces of what nodes say to each other.
///
/// Frames that have not come whole take at most `memory` + `frame` together, and besides up to
/// `small` for each connection.
struct network_limits {
  /// The largest frame: a value of a gibibyte, and what is sent along.
  std::size_t frame = link_options{}.frame;
  /// The largest frame of a peer that has not said what it is: more than any handshake needs.
  std::size_t handshake = 64 << 10;
  /// Up to this size memory for a frame is taken before the frame comes.
  std::size_t small = 16 << 10;
  /// A larger frame is read in pieces of at most this size. CAF takes up to 50 of them before it
  /// looks at the next connection.
  std::size_t piece = 16 << 10;
  /// For all larger frames together. Beyond it only the one that began first goes on.
  std::size_t memory = 256 << 20;
  /// How long a frame that has begun may bring nothing; while others wait for memory, the time in
  /// which `fast` bytes have to come.
  std::int64_t stall_ms = 10'000;
  std::size_t fast = 1 << 20;
  /// How long a handshake may take; how long when there is no room for others.
  std::int64_t handshake_ms = 3'000, crowded_handshake_ms = 500;
  /// How many connections may be at their handshake.
  std::size_t handshakes = 256;
  /// Descriptors that are kept free: no connection is accepted with them.
  std::size_t spare_descriptors = 8;
  /// How many of its actors a node may make known; how many nodes may be reached through others.
  std::size_t actors_of_one = 250'000, nodes_behind_others = 1'000;
};

} // namespace supercache::detail
