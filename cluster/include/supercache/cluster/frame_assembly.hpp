#pragma once

#include <supercache/store/encoding.hpp>
#include <supercache/store/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace supercache {

/// Puts the pieces of one frame together; see `frame::header::left`.
///
/// Memory grows with what came: at most twice as much is taken, never what was only announced.
/// Not thread-safe. Cost: each byte is copied twice on average.
class frame_assembly {
public:
  /// No frame may be larger than `most` bytes.
  explicit frame_assembly(std::size_t most) noexcept : most_(most) {}

  /// A piece came, in a session, before which `left` bytes of its frame were missing. The first of
  /// a later session makes it forget what it has. Answers the frame once it is whole.
  /// Errors: `malformed`: the peer does not keep to the rules, and its session has to end.
  result<std::optional<byte_buffer>> add(std::uint64_t session, std::uint64_t left,
                                         byte_view piece);
  /// A session is over: frees what it brought.
  void forget(std::uint64_t session) noexcept;
  /// What is here of a frame that is not whole.
  std::size_t size() const noexcept { return here_.size(); }
  std::size_t memory() const noexcept { return here_.capacity(); }

private:
  status check(std::uint64_t left, byte_view piece) const;
  void make_room(std::uint64_t left, std::size_t more);

  const std::size_t most_;
  std::uint64_t session_ = 0;
  std::uint64_t left_ = 0; ///< 0: no frame is under way
  byte_buffer here_;
};

} // namespace supercache
