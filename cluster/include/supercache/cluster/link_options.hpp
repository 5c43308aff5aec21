#pragma once

#include <cstddef>
#include <cstdint>

namespace supercache {

/// Bounds of a link. Sizes are bytes.
struct link_options {
  /// What may be with the network and not confirmed. A heartbeat passes all that waits for this, so
  /// no more than this is ever before it.
  std::uint64_t window = 512 << 10;
  /// The largest frame on the wire. One that is larger is cut into pieces of at most this size.
  std::size_t piece = 256 << 10;
  /// A smaller piece is not cut, unless it is the last of its frame: more room is waited for.
  std::size_t piece_least = 64 << 10;
  /// An item that is larger travels in a frame of its own, so that others do not wait for all of
  /// it. Two such items, or one and a gathering of small ones, fill a frame that is not cut.
  std::size_t item = 128 << 10;
  /// A node that has nothing to say confirms what came once it is more than this: early enough for
  /// the peer to go on with a whole piece while it hears of the one before.
  std::uint64_t owed = 128 << 10;
  /// The largest frame before it is cut: a value of a gibibyte, and what is sent along.
  std::size_t frame = (std::size_t{1} << 30) + (64 << 20);
  /// What may wait behind the window, besides the last item.
  std::size_t outbox = 16 << 20;
  /// The same before changes for listeners, which leave room for what others wait for.
  std::size_t changes = 4 << 20;
  /// A node that is silent for so long is down, in milliseconds.
  std::int64_t down_ms = 1'500;
};

} // namespace supercache
