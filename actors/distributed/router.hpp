#pragma once

#include "later.hpp"

#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/options.hpp>
#include <supercache/cluster/quorum_read.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <random>
#include <unordered_map>

namespace supercache::detail {

class link;
class node;

/// Brings each write to the primary of its partition and each read to a node that may answer it,
/// again and again until there is an answer or the deadline passes.
///
/// A write that was sent and not answered is sent again under the same `request_id`, so that it is
/// done once. Requests are not forwarded: a node that is not the primary says so. Thread: any.
class router {
public:
  using milliseconds = std::chrono::milliseconds;

  explicit router(node& n) : node_(n) {}

  /// Errors: those of the operation; `unavailable` when no primary took it, `overloaded`: nothing
  /// was changed; `quorum_not_reached`, `outcome_unknown`: it may have happened, or may yet.
  later<value> write(std::size_t partition, operation what, milliseconds timeout);
  /// Errors: those of the query; `unavailable`, `quorum_not_reached` when no node, or too few,
  /// answered in time.
  /// `hold`: another node that is the primary answers a `peek` that finds nothing once there may be
  /// something, or after `hold_of`.
  later<answer> ask(std::size_t partition, query what, read_mode mode, milliseconds timeout,
                    bool hold = false);

  // -- what peers say -----------------------------------------------------------------------------
  void on(link& from, const frame::request& r);
  void on(link& from, frame::reply r);
  void on(link& from, const frame::question& q);
  void on(link& from, frame::found f);

  /// Attempts that are due, deadlines that passed. Every 25 ms or so.
  void tick(std::int64_t now);
  /// Ends everything that is under way; and nothing begins any more.
  void stop();
  std::size_t under_way() const;

private:
  struct call;
  struct write_call;
  struct read_call;
  using write_ptr = std::shared_ptr<write_call>;
  using read_ptr = std::shared_ptr<read_call>;

  // writes.cpp
  void attempt(const write_ptr& c);
  void send(const write_ptr& c, link& to);
  void done_here(const write_ptr& c, unsigned attempt, result<value> x);
  void again(const write_ptr& c, failure why);
  void finish(const write_ptr& c, result<value> x);
  failure verdict(const write_call& c) const;

  // reads.cpp
  void attempt(const read_ptr& c);
  void attempt_quorum(const read_ptr& c);
  void take(const read_ptr& c, member_id who, bool late, failure why, standing at, answer what);
  void answer_to(link& from, member_id incarnation, const frame::question& q);
  void tell(link& from, member_id incarnation, const frame::question& q, standing at,
            result<answer> x);
  status try_here(const read_ptr& c);
  void found_here(const read_ptr& c, result<answer> x);
  void again(const read_ptr& c, failure why);
  void finish(const read_ptr& c, result<answer> x);
  member_id somebody_with(std::size_t partition, const read_call& c);

  node& node_;
  mutable std::mutex lock_; ///< of all below, and of the calls
  std::unordered_map<std::uint64_t, write_ptr> writes_;
  std::unordered_map<std::uint64_t, read_ptr> reads_;
  /// Not from 1: answers to an earlier incarnation of this node must not fit.
  std::uint64_t next_id_ = std::random_device{}() | 1;
  bool stopped_ = false;
};

/// Between the moment a call failed for now and its next attempt.
inline constexpr std::int64_t retry_ms = 20;
/// How long an attempt at another node may take before it counts as lost, beside the time of two
/// round trips: it may have to ask others before it answers.
inline constexpr std::int64_t attempt_ms = 1'000;
std::int64_t patience_with(const link& l);

/// How long a primary keeps a question that finds nothing: less than an attempt may take.
inline constexpr std::int64_t hold_most_ms = 500;
/// How long one that has a deadline may be kept: its answer comes before that.
inline std::int64_t hold_of(std::int64_t deadline_ms, std::int64_t now) {
  constexpr std::int64_t margin_ms = 100;
  return std::clamp<std::int64_t>(deadline_ms - now - margin_ms, 0, hold_most_ms);
}

/// What every call has.
struct router::call {
  std::uint64_t id = 0;
  std::size_t partition = 0;
  std::int64_t deadline_ms = 0;
  std::int64_t due_ms = 0; ///< when the next attempt is, or the present one is lost
  member_id asked = 0;     ///< whose answer is waited for
  unsigned attempt = 0;    ///< what earlier ones bring is late: they cannot fail it
  bool over = false;       ///< answered
  failure last{errc::unavailable, "no primary can be reached"}; ///< why the last one failed
};

struct router::write_call : call {
  operation what;
  later<value> out = later<value>::pending();
  request_id who;     ///< given when it is first sent
  bool maybe = false; ///< an attempt may have done it
  bool open = false;  ///< the present attempt is under way
  bool here = false;  ///< and waits for a majority here
};

struct router::read_call : call {
  query what;
  read_mode mode = read_mode::local;
  bool hold = false;
  later<answer> out = later<answer>::pending();
  quorum_read<answer> quorum;
  std::size_t waits_for = 0; ///< quorum: how many were asked and have not answered
  std::size_t members = 0;   ///< quorum: of the partition
  std::size_t reached = 0;   ///< quorum: how many of those were asked
  /// What a read by quorum lacks.
  failure too_few() const;
};

/// The number of an attempt, as it travels.
inline std::uint64_t wire_id(std::uint64_t id, unsigned attempt) {
  return id << 8 | (attempt & 255);
}

} // namespace supercache::detail
