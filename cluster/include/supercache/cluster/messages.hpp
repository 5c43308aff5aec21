#pragma once

#include <supercache/cluster/log.hpp>
#include <supercache/store/transfer.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

/// What the copies of one partition say to each other. README.md has a table of the messages, with
/// senders and receivers. A message is addressed to an incarnation of a node (`member_id`), never
/// to a name.
namespace supercache {

/// A member asks for votes. With `pre`, asking and answering change nothing: it finds out whether a
/// vote could succeed, so that a node that was cut off does not end a good epoch when it returns.
struct vote_request {
  epoch proposed; ///< the epoch it would begin
  position last;  ///< the end of its log; a voter with more refuses
  bool pre = false;
  bool handed_over = false;     ///< the primary itself asked for this: it does not count as alive
  bool partial = false;         ///< it has only a part of the data (async, when no copy has all)
  member_list initial_members;  ///< not empty: bootstrap a group of these; no voter may have data
  std::uint64_t counted_ms = 0; ///< handed over: it may be elected for so long
  static constexpr auto fields(auto&& f) {
    return f(&vote_request::proposed, &vote_request::last, &vote_request::pre,
             &vote_request::handed_over, &vote_request::partial, &vote_request::initial_members,
             &vote_request::counted_ms);
  }
  bool operator==(const vote_request&) const = default;
};

struct vote_reply {
  epoch proposed; ///< that of the request
  bool pre = false;
  bool granted = false;
  epoch promised;        ///< the latest epoch the voter knows of
  bool has_data = false; ///< the voter is part of a group: nothing may be bootstrapped
  position last;         ///< the end of the voter's log, or of one that it gave up
  static constexpr auto fields(auto&& f) {
    return f(&vote_reply::proposed, &vote_reply::pre, &vote_reply::granted, &vote_reply::promised,
             &vote_reply::has_data, &vote_reply::last);
  }
  bool operator==(const vote_reply&) const = default;
};

/// The primary's entries, or, without any, a heartbeat that carries the commit index and asks
/// where the receiver stands.
struct append {
  supercache::epoch epoch; ///< the sender's epoch
  position previous;       ///< what stands before the first entry
  log_index commit = 0;
  std::int64_t time_ms = 0; ///< the primary's time, as in stamps
  entry_batch entries;
  static constexpr auto fields(auto&& f) {
    return f(&append::epoch, &append::previous, &append::commit, &append::time_ms,
             &append::entries);
  }
  bool operator==(const append&) const = default;
};

/// Where a replica stands; the answer to `append` and `install_snapshot`. A replica that asks also
/// gets it from a copy that knows of a later epoch.
struct progress_report {
  supercache::epoch epoch; ///< the latest epoch it knows of; later than the primary's: step down
  bool accepted = false;
  log_index match = 0;   ///< accepted: its log is the primary's up to here
  position last;         ///< the end of its log: refused, nothing behind this can match
  bool diverged = false; ///< refused for good: it has applied entries that are not the primary's
  bool asking = false;   ///< not an answer: it heard nothing for long; does the receiver lead?
  transfer_id transfer;  ///< the transfer it took part in last
  std::optional<transfer_point>
    installing;               ///< and that is not complete: it has the data up to here
  std::uint64_t given_up = 0; ///< how often it became blank: what it said before no longer counts
  static constexpr auto fields(auto&& f) {
    return f(&progress_report::epoch, &progress_report::accepted, &progress_report::match,
             &progress_report::last, &progress_report::diverged, &progress_report::asking,
             &progress_report::transfer, &progress_report::installing, &progress_report::given_up);
  }
  bool operator==(const progress_report&) const = default;
};

/// A piece of the primary's data for a replica that has none, or the wrong one.
struct install_snapshot {
  supercache::epoch epoch;
  transfer_id transfer; ///< what belongs to another transfer is late
  bool begin = false;   ///< forget everything; the piece is the first
  position at;          ///< the piece is what the primary has after this entry
  epoch_list epochs;    ///< begin: those of the log that ends at `at`
  log_index commit = 0;
  std::int64_t time_ms = 0;
  std::int64_t stamp_ms = 0; ///< begin: of the entry `at`
  replica_group who;         ///< begin: the group at `at`, and the entry that made it so
  log_index who_index = 0;
  transfer_point from, to;
  byte_buffer piece;
  byte_buffer sessions; ///< with the last piece
  static constexpr auto fields(auto&& f) {
    return f(&install_snapshot::epoch, &install_snapshot::transfer, &install_snapshot::begin,
             &install_snapshot::at, &install_snapshot::epochs, &install_snapshot::commit,
             &install_snapshot::time_ms, &install_snapshot::stamp_ms, &install_snapshot::who,
             &install_snapshot::who_index, &install_snapshot::from, &install_snapshot::to,
             &install_snapshot::piece, &install_snapshot::sessions);
  }
  bool operator==(const install_snapshot&) const = default;
};

/// The primary hands over: the receiver, which has every entry, asks for votes at once.
struct take_over {
  supercache::epoch epoch;
  static constexpr auto fields(auto&& f) { return f(&take_over::epoch); }
  bool operator==(const take_over&) const = default;
};

/// The receiver is no longer a member: it may free its data.
struct retire {
  supercache::epoch epoch;
  log_index index = 0; ///< of the entry that made it so: a replica called back since is not meant
  static constexpr auto fields(auto&& f) { return f(&retire::epoch, &retire::index); }
  bool operator==(const retire&) const = default;
};

using message = std::variant<vote_request, vote_reply, append, progress_report, install_snapshot,
                             take_over, retire>;

/// One line for people: traces of the simulator, debug logs.
std::string to_string(const message& m);

} // namespace supercache
