#pragma once

#include "host.hpp"

#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/options.hpp>
#include <supercache/cluster/replica.hpp>
#include <supercache/cluster/token_bucket.hpp>

#include <caf/actor.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace supercache::detail {

class node;

/// All that one node has for one other: the connection, in its present session, and what waits to
/// be sent.
///
/// One frame carries what all partitions and all requests have for the peer. At most `window` bytes
/// are under way; more waits here, in the replicas' logs, where it costs no memory twice. Lives as
/// long as the node. Thread: any.
class link {
public:
  static constexpr std::uint64_t window = 4 << 20;
  static constexpr std::size_t outbox_max = 16 << 20;
  /// Changes for listeners leave room for messages that others wait for.
  static constexpr std::size_t changes_max = 4 << 20;

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

  /// A frame of the present session came. Answers false if the frame is of another.
  bool received(const frame::header& h, std::size_t bytes, std::int64_t now);
  /// Whether the peer should be told what arrived, though there is nothing else to say.
  bool owes_acknowledgement() const noexcept;

  /// Puts an item behind those that wait. False: too much waits already, or it is not up.
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
  /// Whether two frames that ask for something have not been answered yet. Until they are, more
  /// waits, so that frames grow under load (after RFC 896, with a window of two).
  bool awaits_answers() const noexcept {
    return acknowledged_.load(std::memory_order_acquire)
           < answered_before_.load(std::memory_order_acquire);
  }

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
  /// Answers whether there is more; `asks` becomes true if what it wrote is to be answered.
  host::left collect(std::size_t partition, send_budget& budget, wire_writer& w, bool& asks);
  /// The same for all partitions. Answers whether there is more that may be sent now.
  bool collect_all(wire_writer& w, bool& asks);
  frame::header header() const noexcept;
  /// Sends a frame of a session, if that is the present one. If it is `awaited`, it is noted when
  /// the peer has received it.
  void post(byte_buffer bytes, std::uint64_t session, bool awaited);
  void note_sign(std::uint64_t end);

  node& node_;
  std::mutex dialling_lock_;
  dialling dialling_;
  std::string name_;
  std::atomic<bool> up_{false};
  std::atomic<bool> silent_{false}; ///< the peer has not said anything yet, so neither do we
  std::atomic<member_id> incarnation_{0};
  std::atomic<std::uint64_t> session_{0};
  std::atomic<std::int64_t> heard_ms_{0};
  std::atomic<std::uint64_t> sent_{0}, acknowledged_{0}, received_{0}, told_{0};
  /// Where the last and the last but one frame that asks for something end in the stream.
  std::atomic<std::uint64_t> asked_{0}, answered_before_{0};
  std::atomic<unsigned> patience_{0};
  /// A heartbeat: where it ends in the stream, and a time before which it did not leave. A peer
  /// that has received as much has received it, or what was sent after it.
  struct sign {
    std::uint64_t end = 0;
    std::int64_t sent_ms = 0;
  };
  std::atomic<std::int64_t> proven_ms_{0}, round_trip_ms_{0};
  std::mutex meeting_;
  std::mutex lock_; ///< of the next five, and of what counts bytes while it changes
  /// The last heartbeats, in a ring; so far apart that each is there until a peer that is slow but
  /// not down has confirmed it.
  std::array<sign, 32> signs_{};
  std::size_t signs_sent_ = 0;
  const std::int64_t signs_apart_ms_;
  caf::actor to_;
  byte_buffer outbox_;
  bool asks_ = false;                ///< `outbox_` has something to be answered
  std::atomic<bool> waiting_{false}; ///< `outbox_` has something
  std::mutex flushing_;              ///< of `pieces_`
  token_bucket pieces_;              ///< snapshots
  std::atomic<bool> again_{false};
  std::vector<std::atomic<std::uint64_t>> dirty_; ///< a bit per partition
};

} // namespace supercache::detail
