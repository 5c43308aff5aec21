#pragma once

#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/link_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace supercache {

/// The flow control of a link, on one side: what is sent when, in which frames, and what the peer
/// has proven by what it confirms. Pure: time, items and headers come in, frames go out.
///
/// A link carries a stream of frames in each direction, whole and in order. Every frame says how
/// many bytes of the other direction have arrived. At most a window of bytes is under way; more
/// waits here, or where it comes from. Frames grow under load (after RFC 896, with a window of
/// two): see `awaits_answers`. A large frame leaves in pieces, as the window opens. What has to
/// arrive in time passes all that waits: heartbeats, and confirmations that are due.
///
/// Not thread-safe. Cost: no allocation but of the frames; a piece is copied once.
class link_core {
public:
  explicit link_core(const link_options& o);

  // -- sessions -----------------------------------------------------------------------------------

  /// A new session: whatever was on its way is forgotten. A node that was `dialled` says nothing
  /// before the peer does, which could not take it yet.
  void open(std::uint64_t session, bool dialled);
  void close();
  bool up() const noexcept { return up_; }
  std::uint64_t session() const noexcept { return session_; }

  // -- what waits to be sent ----------------------------------------------------------------------

  /// Puts an encoded item behind those that wait; `asks`: it is to be answered. Takes the memory of
  /// a large one. Answers false, and takes nothing, if it is not up, more than `most` bytes wait,
  /// or the item is larger than a frame.
  bool put(byte_buffer&& item, bool asks, std::size_t most);
  /// The bytes that were put and are in no frame yet.
  std::size_t waiting() const noexcept { return waiting_; }

  // -- frames -------------------------------------------------------------------------------------

  static constexpr std::size_t no_partition = SIZE_MAX;
  /// Items of a frame, or of several, before they leave.
  struct load {
    byte_buffer bytes;
    std::size_t begin = 0; ///< of the items in `bytes`
    bool asks = false;
    std::size_t partition = no_partition; ///< whose large item it is
  };
  /// What is to be done next.
  struct turn {
    enum class kind : std::uint8_t {
      nothing,
      post,   ///< give `now.bytes`, a frame, to the network
      gather, ///< put items behind `now.bytes`, calling `took` after each, and call `finish`
    };
    kind is = kind::nothing;
    bool more = false;    ///< after this, more may be sent at once
    std::size_t room = 0; ///< gather: so many bytes make a frame that need not be cut
    load now;

    /// An item of a partition was put behind `now.bytes`, from `from` on; `asks`: it is to be
    /// answered.
    void took(std::size_t from, bool asks, std::size_t partition);
    /// Nothing has been gathered.
    bool empty() const noexcept { return before.empty() && now.bytes.size() == now.begin; }

  private:
    friend class link_core;
    void part(std::size_t from);
    std::uint64_t session = 0, told = 0;
    std::size_t item = 0, piece = 0; ///< as the options say
    std::vector<load> before;        ///< frames that are full, or are one large item
  };
  turn next(std::int64_t now_ms);
  /// What has been gathered is complete. If the session is another by now, it is dropped.
  turn finish(turn gathered, std::int64_t now_ms);
  /// A frame with this item that passes all that waits; none if nothing may be said. The time is
  /// one before which it does not leave.
  byte_buffer beat(byte_view item, std::int64_t now_ms);

  // -- what arrives -------------------------------------------------------------------------------

  enum class arrival : std::uint8_t {
    counts,
    late,       ///< it belongs to another session
    impossible, ///< it confirms what was not sent
  };
  /// A frame, or a piece of one, of so many bytes came.
  arrival received(const frame::header& h, std::size_t bytes, std::int64_t now_ms);

  // -- questions ----------------------------------------------------------------------------------

  /// Whether the peer should be told what arrived, though there is nothing else to say.
  bool owes_confirmation() const noexcept { return received_ - told_ > options_.owed; }
  /// Whether two frames that ask for something have not been confirmed yet. Until they are, more
  /// should wait.
  bool awaits_answers() const noexcept { return confirmed_ < answered_before_; }
  /// Whether frames, or pieces of one, wait for room in the window.
  bool is_leaving() const noexcept { return !leaving_.empty(); }
  /// The same, and there is room.
  bool may_go_on() const noexcept { return is_leaving() && may_cut(); }
  /// The partitions of which a large item has not arrived whole, as far as is known. What answers
  /// it cannot be expected yet, and if it was sent again, it would arrive behind. None if the peer
  /// has not proven for `down_ms` that it hears: it may hang, though it is not silent.
  std::vector<std::size_t> partitions_under_way(std::int64_t now_ms) const;
  /// The bytes that were sent and are not confirmed.
  std::uint64_t unconfirmed() const noexcept { return sent_ - confirmed_; }
  /// The peer has proven that it heard from this node then, or later; 0: not yet in this session.
  std::int64_t proven_ms() const noexcept { return proven_ms_; }
  /// How long it took recently until the peer had confirmed what was sent; 0: not known yet.
  std::int64_t round_trip_ms() const noexcept { return round_trip_ms_; }

private:
  /// A heartbeat: where it ends in the stream, and a time before which it did not leave. A peer
  /// that has received as much has received it, or what was sent after it.
  struct sign {
    std::uint64_t end = 0;
    std::int64_t sent_ms = 0;
  };

  std::size_t room() const noexcept;
  bool may_cut() const noexcept;
  turn gather();
  turn confirm(std::int64_t now_ms);
  turn cut(std::int64_t now_ms);
  turn posted(byte_buffer bytes, std::int64_t now_ms);
  void note_sign(std::int64_t now_ms);

  const link_options options_;
  bool up_ = false;
  bool silent_ = false; ///< the peer has not said anything yet, so neither do we
  std::uint64_t session_ = 0;
  std::uint64_t sent_ = 0, confirmed_ = 0, received_ = 0, told_ = 0;
  /// Where the last and the last but one frame that asks for something end in the stream.
  std::uint64_t asked_ = 0, answered_before_ = 0;

  std::deque<load> full_; ///< waits before `open_`: full ones, and large items
  load open_;             ///< takes small items
  std::size_t waiting_ = 0;
  std::deque<load> leaving_; ///< frames on their way, the first perhaps in pieces
  bool begun_ = false;       ///< a piece of the first has been sent
  struct arriving {
    std::size_t partition = no_partition;
    std::uint64_t end = 0; ///< in the stream
  };
  std::deque<arriving> arriving_; ///< large items that have left; no more than a window has

  /// The last heartbeats, in a ring; so far apart that each is there until a peer that is slow but
  /// not down has confirmed it.
  std::array<sign, 32> signs_{};
  std::size_t signs_sent_ = 0;
  std::int64_t proven_ms_ = 0, round_trip_ms_ = 0;
};

} // namespace supercache
