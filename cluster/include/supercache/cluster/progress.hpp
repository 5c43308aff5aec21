#pragma once

#include <supercache/cluster/ids.hpp>
#include <supercache/store/transfer.hpp>

#include <deque>

namespace supercache {

/// What a primary knows about one other copy. Plain data; replica_lead.cpp has the transitions.
///
///     probe ── accepted ─────────────────────────────────────────────► stream
///     stream ── refused, silent ─────────────────────────────────────► probe
///     probe, stream ── the log does not reach back, or diverged ─────► snapshot
///     snapshot ── complete ──────────────────────────────────────────► stream
struct progress {
  enum class phases : std::uint8_t {
    probe,    ///< finding where its log and ours are the same: one message at a time
    stream,   ///< entries are sent as they come, without waiting
    snapshot, ///< it installs our data, with the entries that come meanwhile; counts for no
              ///< majority
  };

  member who;
  phases phase = phases::probe;
  bool up = false;     ///< as the node monitor sees it
  log_index match = 0; ///< its log is ours up to here; 0 while it installs a snapshot
  /// The entry that made it a member. Before it has that entry, nothing tells it that it counts,
  /// and an old message may tell it that it does not.
  log_index member_since = 0;
  log_index next = 1;        ///< the entry to send next; match < next
  bool waiting = false;      ///< probe: a message is under way
  bool ask = false;          ///< send a message without entries, to learn where it stands
  log_index told = 0;        ///< the commit index it was told last
  std::int64_t heard_ms = 0; ///< when it reported last, or could not yet, or we began to wait
  log_index seen = 0;        ///< the end of its log, as reported last; for flow control

  std::uint64_t given_up = 0; ///< how many logs it has given up, as far as is known
  bool whole = false;         ///< it has all data of a member, perhaps other than ours

  // -- snapshot ----------------------------------------------------------------------------------
  transfer_id transfer;   ///< the present one, or the last
  transfer_id reported;   ///< the latest that it took part in, as it reported
  bool complete = false;  ///< it had all of that; it never goes back
  bool begun = false;     ///< the first piece of the present one was sent
  bool confirmed = false; ///< and the copy confirmed that
  bool rewind = false;    ///< pieces may be lost: its next report says where to go on
  transfer_point sent;
  std::deque<transfer_point> under_way; ///< ends of the pieces sent and not reported

  bool expects_report() const noexcept { return waiting || next > seen + 1 || !under_way.empty(); }
};

} // namespace supercache
