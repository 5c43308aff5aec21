#pragma once

#include <string_view>

/// Mistakes that one could make in the protocol. The simulator's own build of this folder
/// (SUPERCACHE_FAULTS, tests/sim) can switch one on, to prove that it would be found; everywhere
/// else `faulty` is a constant, and nothing of this is compiled.
namespace supercache {

enum class fault {
  none,
  acknowledge_early,     ///< a write counts as committed before a majority has it
  skip_matching,         ///< entries are taken whatever stands before them
  keep_old_epoch,        ///< a voter for a new epoch goes on in the old one
  drop_entry,            ///< of several entries that arrive at once the first is not applied
  vote_twice,            ///< a vote is given though a later epoch was promised
  vote_for_shorter,      ///< a vote is given to a candidate that has less
  commit_older,          ///< entries of former epochs are committed by counting copies
  forget_sessions,       ///< a new primary begins with no answers to repeat
  count_installing,      ///< a copy counts for a majority while it installs a snapshot
  take_late_piece,       ///< a piece of data is taken wherever the transfer stands
  keep_leading,          ///< a primary does not step down for a later epoch
  take_out_of_order,     ///< entries are taken though some before them are missing
  answer_from_own_clock, ///< an operation is applied at the replica's time
  change_alone,          ///< a change of the group needs only the new one
  elect_at_once,         ///< a member that lost the connection to the primary takes it for dead
  read_without_lease,    ///< a primary answers though others may have elected another
  read_from_one,         ///< the first answer to a read by quorum is enough
  tell_of_expiry_early,  ///< a reader is told that something expired before others know
  prove_by_arrival,      ///< a confirmation proves the time at which it arrives
  // In the requests of callers:
  answer_at_append,  ///< a write is answered before its entry is committed
  reuse_id,          ///< a new write gets the request id of the last one
  confirm_lost,      ///< a write whose entry was replaced counts as done
  send_anew,         ///< a write that is sent again gets another request id
  retry_without_id,  ///< a write that waited here, under no id, is done again
  refuse_open,       ///< a write under way when its deadline passes counts as refused
  forget_unanswered, ///< a later refusal stands for an earlier attempt without an answer
  forget_lost,       ///< an attempt that was lost counts as not made
  ask_anyone,        ///< a node that no longer leads answers what is for the primary
  read_behind,       ///< a copy answers that lacks what callers on its node wrote
};
inline constexpr std::string_view fault_names[] = {"none",
                                                   "acknowledge-early",
                                                   "skip-matching",
                                                   "keep-old-epoch",
                                                   "drop-entry",
                                                   "vote-twice",
                                                   "vote-for-shorter",
                                                   "commit-older",
                                                   "forget-sessions",
                                                   "count-installing",
                                                   "take-late-piece",
                                                   "keep-leading",
                                                   "take-out-of-order",
                                                   "answer-from-own-clock",
                                                   "change-alone",
                                                   "elect-at-once",
                                                   "read-without-lease",
                                                   "read-from-one",
                                                   "tell-of-expiry-early",
                                                   "prove-by-arrival",
                                                   "answer-at-append",
                                                   "reuse-id",
                                                   "confirm-lost",
                                                   "send-anew",
                                                   "retry-without-id",
                                                   "refuse-open",
                                                   "forget-unanswered",
                                                   "forget-lost",
                                                   "ask-anyone",
                                                   "read-behind"};

#ifdef SUPERCACHE_FAULTS
inline fault present_fault = fault::none;
inline bool faulty(fault f) noexcept { return f == present_fault; }
/// Whether a mistake is switched on: then what is asserted need not hold, as the checkers have to
/// find it.
inline bool is_planted() noexcept { return present_fault != fault::none; }
#else
constexpr bool faulty(fault) noexcept { return false; }
constexpr bool is_planted() noexcept { return false; }
#endif

} // namespace supercache
