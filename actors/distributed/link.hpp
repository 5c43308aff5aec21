#pragma once

#include "host.hpp"

#include <supercache/cluster/frame_assembly.hpp>
#include <supercache/cluster/link_core.hpp>
#include <supercache/cluster/options.hpp>
#include <supercache/cluster/replica.hpp>
#include <supercache/cluster/token_bucket.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace supercache::detail {

class node;

/// All that one node has for one other: the connection, in its present session, and what waits to
/// be sent.
///
/// `link_core` decides what leaves when. This class is what it cannot be: the lock around it, the
/// actor that takes the frames, and what partitions have for the peer, which waits in their logs,
/// where it costs no memory twice. Lives as long as the node. Thread: any.
class link {
public:
  /// What may wait to be sent; the second is for changes for listeners.
  static constexpr std::size_t outbox_max = link_options{}.outbox;
  static constexpr std::size_t changes_max = link_options{}.changes;

  link(node& n, std::string name, std::size_t partitions);

  const std::string& name() const noexcept { return name_; }
  bool up() const noexcept { return up_.load(std::memory_order_acquire); }
  /// The peer's present or last incarnation.
  member_id incarnation() const noexcept { return incarnation_.load(std::memory_order_acquire); }
  member who() const { return {name_, incarnation()}; }
  std::uint64_t session() const noexcept { return session_.load(std::memory_order_acquire); }
  std::int64_t heard_ms() const noexcept { return heard_ms_.load(std::memory_order_relaxed); }
  /// The peer has proven that it heard from this node then, or later; 0: not yet in this session.
  std::int64_t proven_ms() const noexcept { return proven_ms_.load(std::memory_order_acquire); }
  /// How long it took recently until the peer had confirmed what was sent; 0: not known yet.
  std::int64_t round_trip_ms() const noexcept {
    return round_trip_ms_.load(std::memory_order_relaxed);
  }

  /// To be held by the thread that opens or closes the link, until all parts of the node know:
  /// otherwise they might learn of it in another order, and one of them might take the peer for
  /// gone while it is there.
  std::unique_lock<std::mutex> meet() { return std::unique_lock{meeting_}; }
  /// A new session with an incarnation of the peer, which was heard at `heard_ms`. Whatever was on
  /// its way is forgotten. A node that was `dialled` says nothing before the peer does, which could
  /// not take it yet.
  void open(member_id incarnation, std::uint64_t session, caf::actor to, std::int64_t heard_ms,
            bool dialled);
  /// Answers whether it was up, in this session.
  bool close(std::uint64_t session);

  /// A frame, or a piece of one, of so many bytes came.
  link_core::arrival received(const frame::header& h, std::size_t bytes, std::int64_t now);
  /// A piece came that counts. Answers the frame, without its header, once it is whole. Errors:
  /// `malformed`: the session has to end. Thread: the one that receives.
  result<std::optional<byte_buffer>> assemble(const frame::header& h, byte_view piece);
  /// Whether the peer should be told what arrived, though there is nothing else to say.
  bool owes_confirmation() const noexcept { return owes_.load(std::memory_order_relaxed); }
  /// Whether pieces of a frame wait, and may leave now.
  bool may_go_on() const noexcept { return may_go_on_.load(std::memory_order_relaxed); }
  /// As `link_core` says.
  std::vector<std::size_t> partitions_under_way(std::int64_t now);

  /// Puts an item behind those that wait. False: too much waits already, it is not up, or the item
  /// is larger than any frame.
  bool send(const frame::item& i, std::size_t most = outbox_max);
  /// Sends an item past all that waits: heartbeats.
  void send_now(const frame::item& i);
  /// A partition's replica has something for the peer.
  void mark(std::size_t partition) noexcept;
  bool has_work() const noexcept;
  /// Sends what waits, as far as the window allows. Returns at once if another thread does so.
  void flush();
  /// The same, unless the peer's answers are still awaited; then at the third call in a row.
  void flush_patiently();
  /// As `link_core` says.
  bool awaits_answers() const noexcept { return awaits_answers_.load(std::memory_order_acquire); }

  // -- how it is dialled ------------------------------------------------------------------------
  struct dialling {
    node_address address;    ///< no host: the peer has to come itself
    node_address said;       ///< where the peer says that it is, in its present or last incarnation
    bool configured = false; ///< people gave the address, so that it is not replaced by `said`
    bool under_way = false;
    /// The incarnation to which the connection broke last, until it is known to be dead, and until
    /// when that makes a difference; when to look.
    member_id in_doubt = 0;
    std::int64_t doubt_until_ms = 0, next_look_ms = 0;
    std::int64_t next_ms = 0, backoff_ms = 0;
    std::int64_t met_ms = 0; ///< when a handshake of this node opened the present session; else 0
    unsigned unanswered = 0; ///< handshakes in a row of a node that could be connected to
    std::string refused;     ///< why it failed last
  };
  template <class F>
  auto with_dialling(F&& f) {
    const std::lock_guard hold{dialling_lock_};
    return f(dialling_);
  }
  node_address address() {
    return with_dialling([](const dialling& d) { return d.address; });
  }
  /// Takes the peer's frames; made when it is needed.
  caf::actor endpoint;
  /// Ends the endpoint.
  void retire();

private:
  bool send_frame();
  /// Answers whether there is more.
  host::left collect(std::size_t partition, send_budget& budget, link_core::turn& t);
  /// The same for all partitions. Answers whether there is more that may be sent now.
  bool collect_all(link_core::turn& t, std::int64_t now);
  void publish() noexcept;

  node& node_;
  std::mutex dialling_lock_;
  dialling dialling_;
  const std::string name_;
  std::mutex meeting_;
  std::mutex lock_; ///< of the next two; for a moment only: heartbeats need it
  link_core core_;
  caf::actor to_;
  // What others ask for without the lock, as it was when the lock was given back.
  std::atomic<bool> up_{false};
  std::atomic<member_id> incarnation_{0};
  std::atomic<std::uint64_t> session_{0};
  std::atomic<std::int64_t> heard_ms_{0}, proven_ms_{0}, round_trip_ms_{0};
  std::atomic<std::size_t> waiting_{0}; ///< bytes of items
  std::atomic<bool> awaits_answers_{false}, owes_{false}, may_go_on_{false};

  std::mutex assembling_; ///< of the next; large frames are copied under it
  frame_assembly assembly_;

  std::mutex flushing_;    ///< of the next; frames leave in the order in which they are made
  token_bucket snapshots_; ///< how fast pieces of them may leave
  std::atomic<bool> again_{false};
  std::atomic<unsigned> patience_{0};
  std::vector<std::atomic<std::uint64_t>> dirty_; ///< a bit per partition
};

} // namespace supercache::detail
