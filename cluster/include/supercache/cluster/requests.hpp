#pragma once

#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/options.hpp>
#include <supercache/cluster/partition_core.hpp>
#include <supercache/cluster/quorum_read.hpp>

#include <boost/container/small_vector.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace supercache {

/// What requests need to know of the node that makes them. Asked while a request is decided about,
/// and so under the lock of the requests: must be quick, and must not call them.
class surroundings {
public:
  virtual ~surroundings() = default;
  /// Whether this node is the primary.
  virtual bool leads(std::size_t partition) const = 0;
  /// Whether a read of this node's copy sees what callers on this node wrote.
  virtual bool serves(std::size_t partition) const = 0;
  /// Whether callers on this node wrote what its copy does not have yet.
  virtual bool lags(std::size_t partition) const = 0;
  /// The primary, this node or one that can be reached; 0: none is known.
  virtual member_id primary_of(std::size_t partition) const = 0;
  /// The members of the group, as far as is known here.
  virtual member_list members_of(std::size_t partition) const = 0;
  /// Whether an incarnation of another node can be reached.
  virtual bool reaches(member_id incarnation) const = 0;
  /// How long it took recently until it had confirmed what was sent, in milliseconds.
  virtual std::int64_t round_trip_ms(member_id incarnation) const = 0;
  virtual std::string name_of(member_id incarnation) const = 0;
  /// Why no node can be asked.
  virtual failure no_primary(std::size_t partition) const = 0;
};

/// Times in milliseconds of the node's own clock.
struct request_options {
  member self;
  std::size_t partitions = 64;
  /// Numbers of calls begin here. Drawn at random: answers to an earlier incarnation must not fit.
  std::uint64_t first_call = 1;
  std::int64_t retry_ms = 20; ///< between a failure for now and the next attempt
  /// How long an attempt at another node may take before it counts as lost, beside the time of two
  /// round trips: that node may have to ask others before it answers.
  std::int64_t attempt_ms = 1'000;
  std::size_t bytes_per_ms = 8 << 10; ///< so fast, at least, is a large write expected to travel
};

/// How long a primary keeps a question that finds nothing: less than an attempt may take.
inline constexpr std::int64_t hold_most_ms = 500;
/// How long one that has a deadline may be kept: its answer comes before that.
constexpr std::int64_t hold_of(std::int64_t deadline_ms, std::int64_t now) {
  constexpr std::int64_t margin_ms = 100;
  return std::clamp<std::int64_t>(deadline_ms - now - margin_ms, 0, hold_most_ms);
}

/// An attempt of a call, as it travels: the call's number, and the last digits of the attempt's.
using call_id = std::uint64_t;

/// What the owner of `requests` has to do, without its lock, in this order.
namespace effect {

/// Do a write on this node. The result goes to `requests::tried`, or, if it `waits`, the answer to
/// `requests::done_here`.
struct try_write {
  call_id id = 0;
  std::size_t partition = 0;
  request_id who;
  std::shared_ptr<const operation> what;
};
/// Read on this node; the answer goes to `requests::read_here`, now or later.
struct try_read {
  call_id id = 0;
  std::size_t partition = 0;
  read_mode mode = read_mode::local;
  std::shared_ptr<const query> what;
};
/// Send an item to a peer. If that cannot take it, `requests::not_sent` is told.
struct send {
  call_id id = 0;
  member_id to = 0;
  frame::item what;
};
/// A write of this node was committed at another: reads here have to see it.
struct wrote {
  std::size_t partition = 0;
  position at;
};
/// Answer a caller. The operation, which may be large, goes with it, to be freed without the lock.
struct answer_write {
  std::function<void(result<value>)> done;
  result<value> answer;
  std::shared_ptr<const operation> what{};
};
struct answer_read {
  std::function<void(result<supercache::answer>)> done;
  result<supercache::answer> answer;
};
/// A call failed for now and is tried again: for the log, and for whoever knows where data is.
struct retry {
  std::size_t partition = 0;
  bool is_write = false;
  failure why;
};

} // namespace effect

using request_effect
  = std::variant<effect::try_write, effect::try_read, effect::send, effect::wrote,
                 effect::answer_write, effect::answer_read, effect::retry>;
/// Most steps have one or two effects, or none, and take no memory for them.
using request_effects = boost::container::small_vector<request_effect, 2>;

/// Brings each write of this node's callers to the primary of its partition and each read to a node
/// that may answer it, again and again until there is an answer or the deadline passes. Pure:
/// events come in, effects go out; no lock, no clock, no randomness. Not thread-safe.
///
/// A write that was sent and not answered is sent again under the same `request_id`, so that it is
/// done once (Ongaro's dissertation, §6.3). Requests are not forwarded: a node that is not the
/// primary says so. Cost of a call: an entry in a table, and per attempt one effect.
class requests {
public:
  using on_value = std::function<void(result<value>)>;
  using on_answer = std::function<void(result<answer>)>;

  requests(request_options o, const surroundings& around)
    : options_(std::move(o)),
      around_(around),
      clients_(options_.partitions),
      next_call_(options_.first_call) {}

  /// The memory that the data of a write takes.
  static std::size_t size_of(const operation& what);
  /// Whether a frame can carry a write. Errors: `too_large`.
  static status check_size(const operation& what);
  /// Whether a call that was refused with this code may be done by a later attempt.
  static bool may_be_retried(errc code) noexcept {
    return code == errc::not_primary || code == errc::unavailable || code == errc::overloaded;
  }

  // -- calls --------------------------------------------------------------------------------------

  /// Errors that the caller is told: those of the operation; `unavailable` when no primary took it,
  /// `overloaded`: nothing was changed; `quorum_not_reached`, `outcome_unknown`: it may have
  /// happened, or may yet; `not_started` after `stop`.
  void write(std::size_t partition, operation what, std::int64_t deadline_ms, on_value done,
             std::int64_t now, request_effects& out);
  /// Errors that the caller is told: those of the query; `unavailable`, `quorum_not_reached` when
  /// no node, or too few, answered in time. `hold`: another node that is the primary answers a
  /// `peek` that finds nothing once there may be something, or after `hold_of`.
  void read(std::size_t partition, query what, read_mode mode, std::int64_t deadline_ms, bool hold,
            on_answer done, std::int64_t now, request_effects& out);

  // -- what this node's own copy says -------------------------------------------------------------

  /// How a `try_write` began, unless it has to wait.
  void tried(call_id id, partition_core::beginning b, std::int64_t now, request_effects& out);
  /// The answer of a `try_write` that had to wait.
  void done_here(call_id id, result<value> x, std::int64_t now, request_effects& out);
  /// The answer of a `try_read`; `at`: where the copy stood, for a read by quorum.
  void read_here(call_id id, result<answer> x, standing at, std::int64_t now, request_effects& out);
  /// A peer could not take what had to be sent.
  void not_sent(call_id id, failure why, std::int64_t now, request_effects& out);
  /// The same, and it will not take it later either.
  void denied(call_id id, failure why, request_effects& out);

  // -- what peers say -----------------------------------------------------------------------------

  void on(member_id from, frame::reply r, std::int64_t now, request_effects& out);
  void on(member_id from, frame::found f, std::int64_t now, request_effects& out);

  /// Attempts that are due or lost, deadlines that passed. Every 20 … 100 ms.
  void tick(std::int64_t now, request_effects& out);
  /// Another node can be reached, or is a primary now: what waits for its next attempt need not.
  void retry_all(std::int64_t now, request_effects& out);
  /// Ends everything that is under way; nothing begins any more.
  void stop(request_effects& out);
  std::size_t under_way() const noexcept { return writes_.size() + reads_.size(); }

private:
  struct call {
    std::uint64_t number = 0;
    std::size_t partition = 0;
    std::int64_t deadline_ms = 0;
    std::int64_t due_ms = INT64_MAX; ///< when the next attempt is, or the present one is lost
    member_id asked = 0;             ///< whose answer is waited for
    unsigned attempt = 0;            ///< what earlier ones bring is late: they cannot fail it
    failure last{errc::unavailable, "no primary can be reached"}; ///< why the last one failed
    call_id id() const noexcept { return number << 8 | (attempt & 255); }
    bool is_late(call_id x) const noexcept { return (attempt & 255) != (x & 255); }
  };
  struct write_call : call {
    std::shared_ptr<const operation> what;
    on_value done;
    request_id who;     ///< given when it is first sent
    bool maybe = false; ///< an earlier attempt may have done it
    bool open = false;  ///< the present attempt is under way
    bool here = false;  ///< and waits for a majority here
  };
  struct read_call : call {
    std::shared_ptr<const query> what;
    read_mode mode = read_mode::local;
    bool hold = false;
    on_answer done;
    quorum_read<answer> quorum;
    std::size_t waits_for = 0; ///< quorum: how many were asked and have not answered
    std::size_t members = 0;   ///< quorum: of the partition
    std::size_t reached = 0;   ///< quorum: how many of those were asked
    failure too_few() const;
  };
  /// The requests of this node to the primary of one partition; see `request_id`.
  struct client {
    std::uint64_t last = 0;
    std::set<std::uint64_t> open; ///< those whose answer is not known
  };

  // requests.cpp
  write_call* find_write(call_id id);
  void attempt(write_call& c, std::int64_t now, request_effects& out);
  void send(write_call& c, member_id to, std::int64_t now, request_effects& out);
  void again(write_call& c, failure why, std::int64_t now, request_effects& out);
  void refused(write_call& c, failure why, request_effects& out);
  void finish(write_call& c, result<value> x, request_effects& out);
  failure verdict(const write_call& c) const;
  std::int64_t patience_with(member_id peer) const;

  // requests_reads.cpp
  read_call* find_read(call_id id);
  void attempt(read_call& c, std::int64_t now, request_effects& out);
  void attempt_quorum(read_call& c, std::int64_t now, request_effects& out);
  void ask_elsewhere(read_call& c, failure why, std::int64_t now, request_effects& out);
  void take(read_call& c, member_id who, bool late, result<answer> x, standing at, std::int64_t now,
            request_effects& out);
  void again(read_call& c, failure why, std::int64_t now, request_effects& out);
  void finish(read_call& c, result<answer> x, request_effects& out);

  request_options options_;
  const surroundings& around_;
  std::vector<client> clients_; ///< of each partition
  std::unordered_map<std::uint64_t, write_call> writes_;
  std::unordered_map<std::uint64_t, read_call> reads_;
  std::uint64_t next_call_;
  bool stopped_ = false;
};

} // namespace supercache
