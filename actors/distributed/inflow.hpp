#pragma once

#include "network_limits.hpp"

#include <supercache/store/abi.hpp>

#include <cstdint>
#include <map>
#include <vector>

namespace supercache::detail {

/// Large frames that come piece by piece, over many connections.
///
/// Memory is taken as bytes come: at most four times as much, never what was only announced. While
/// there is too little for all, only the frame that began first gets more; the others have to wait,
/// so each gets its turn. A frame that does not come on is to be given up.
///
/// Thread: one at a time.
class inflow {
public:
  using connection = std::int64_t;
  using bytes = std::vector<char>;

  explicit inflow(const network_limits& l) : limits_(l) {}

  /// A frame of so many bytes follows. @pre none is under way over this connection
  void begin(connection c, std::size_t length, std::int64_t now_ms);
  /// Bytes of it came, no more than are `missing`.
  void add(connection c, const bytes& some, std::int64_t now_ms);
  bool under_way(connection c) const { return frames_.contains(c); }
  /// How much is still to come; 0: it is whole, or none is under way.
  std::size_t missing(connection c) const;
  /// Whether it has to wait for memory; it counts as waiting from then on.
  bool must_wait(connection c);
  /// Answers the frame, and forgets it; nothing if it was given up.
  bytes take(connection c);
  /// Lets the rest of the frame come, and keeps nothing of it.
  void give_up(connection c);
  void forget(connection c);

  /// Those that waited and may go on now.
  std::vector<connection> released(std::int64_t now_ms);
  /// Those to give up.
  std::vector<connection> stalled(std::int64_t now_ms);
  /// The memory that all take together.
  std::size_t memory() const noexcept { return used_; }

private:
  struct frame {
    std::uint64_t number; ///< in the order in which they began
    std::size_t length;
    std::int64_t since_ms;  ///< when the present look at how it comes on began
    std::size_t before = 0; ///< the bytes that had come then
    std::size_t came = 0;
    bytes here;
    bool waits = false, given_up = false;
  };

  void keep(frame& f, const bytes& some);
  bool has_room(const frame& f, std::size_t more) const;
  void resize(frame& f, std::size_t capacity);

  const network_limits limits_;
  std::map<connection, frame> frames_;
  std::map<std::uint64_t, connection> order_;
  std::uint64_t last_ = 0;
  std::size_t used_ = 0;
};

} // namespace supercache::detail
