#pragma once

#include <supercache/cluster/quorum_read.hpp>
#include <supercache/cluster/replica.hpp>
#include <supercache/store/query.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace supercache {

/// Which peers this node is in touch with; implemented by the owner of the connections.
class contacts {
public:
  virtual ~contacts() = default;
  /// Whether an incarnation that can be reached has proven that it heard from this node then, or
  /// later. Called within steps of a partition, and so under its lock.
  virtual bool heard_us(member_id incarnation, std::int64_t since_ms) const = 0;
};

/// Times in milliseconds.
struct partition_options {
  replica_options replica;
  /// How long a write waits for a majority before its caller is told that none has it yet.
  std::int64_t majority_ms = 5'000;
  /// A member that heard from the primary less than this ago elects no other.
  std::int64_t lease_ms = 1'000;
  /// When a silent member is down.
  std::int64_t down_ms = 1'500;
};

/// One partition on one node as its callers see it: the replica, the writes that wait for their
/// commit, and the reads that wait until it is certain that no other node led. Pure: see `replica`.
///
/// A caller that has to wait leaves a function behind. The core never calls it: it comes back in
/// `settled`, with the answer, for the owner to call once it holds no lock.
///
/// A read happens outside: the store may be read while others take steps. `begin_read` says whether
/// this copy may answer, `end_read` what the answer rests on, `confirm` whether it may be told, and
/// `await` keeps it until it may.
class partition_core {
public:
  using on_written = std::function<void(result<value>, const position&)>;
  using on_confirmed = std::function<void(const status&)>;

  /// A write that waited, and its answer.
  struct written {
    on_written done;
    result<value> answer;
    position at;
    std::int64_t begun = 0; ///< as it was given to `propose`
    bool committed = false; ///< a majority has it, or it is not known to have needed one
    void tell() { done(std::move(answer), at); }
  };
  /// A read that waited, and whether what it found may be told.
  struct confirmed {
    on_confirmed done;
    status verdict;
  };
  struct settled {
    std::vector<written> writes;
    std::vector<confirmed> reads;
  };

  partition_core(partition_options o, const contacts& peers, partition_store& store)
    : options_(std::move(o)), peers_(peers), replica_(options_.replica, store) {}

  supercache::replica& replica() noexcept { return replica_; }
  const supercache::replica& replica() const noexcept { return replica_; }

  // -- writes -------------------------------------------------------------------------------------

  /// How a write began.
  struct beginning {
    enum kind : std::uint8_t { refused, done, waits } is = refused;
    failure why{errc::internal, {}};
    value answer;
    position at;
    bool watched = false; ///< a push went to a queue that a client waits on
  };
  /// Does a write, as primary. `done` comes back in `settled`, with `begun`, only if the beginning
  /// `waits`. Errors: those of `replica::propose`.
  beginning propose(const request_id& who, const operation& what, on_written done,
                    std::int64_t begun, std::int64_t now);

  // -- reads --------------------------------------------------------------------------------------

  /// What was found here, and what that rests on.
  struct finding {
    bool as_primary = false;
    epoch led_in;
    std::int64_t found_ms = 0;
    std::int64_t over_ms = 0; ///< see `stamp::latest_over`
  };
  /// Errors: `not_primary` if a primary has to answer and this copy does not lead; `unavailable`
  /// if its data is not all here. `at`, if it is wanted: where the copy stands before the read.
  result<finding> begin_read(bool as_primary, standing* at = nullptr) const;
  /// Notes when the read was done, and the latest deadline because of which something was not
  /// found. As primary, an entry is made to say so if no majority knows that it is over. Without
  /// such a deadline (0) this touches only `f`, and needs no lock.
  void end_read(finding& f, std::int64_t over_ms, std::int64_t now);
  /// Whether it may be told now. Errors: `not_primary`; `unavailable` if it may have to wait.
  status confirm(const finding& f, std::int64_t now) const;
  /// Keeps it until it may be told, or never may. @pre f.as_primary
  void await(const finding& f, on_confirmed done);
  /// Whether what is not found because its time is over, by then, is gone whichever node leads.
  bool certain(std::int64_t over_ms) const noexcept;

  // -- after every step ---------------------------------------------------------------------------

  /// Takes out all that no longer has to wait. To be called after every step of the replica, and
  /// every 20 … 100 ms. Cost: two comparisons when nothing waits.
  void settle(std::int64_t now, settled& over) {
    if (!pending_.empty())
      settle_writes(now, over);
    if (!findings_.empty())
      settle_reads(now, over);
  }
  /// Ends all waits: the node stops.
  void abandon(settled& over);
  bool waits() const noexcept { return !pending_.empty() || !findings_.empty(); }

private:
  struct waiting {
    position at;
    on_written done;
    value answer;
    failure why; ///< in place of the answer; see `proposal`
    std::int64_t begun;
    std::int64_t until_ms; ///< when its caller is told that no majority has it
    std::int64_t found_ms; ///< of one that changed nothing, and answers like a read; else 0
  };
  /// What waits for the proof that no other node led: a read, or a write that changed nothing.
  struct unproven {
    finding what;
    on_confirmed read;
    waiting write; ///< if there is no `read`
  };

  status leased(std::int64_t found_ms, std::int64_t now) const;
  void await_lease(unproven f);
  std::optional<errc> verdict(const waiting& x) const;
  void end(waiting x, errc code, std::int64_t now, settled& over);
  void settle_writes(std::int64_t now, settled& over);
  void settle_reads(std::int64_t now, settled& over);
  void tell(waiting x, errc code, settled& over) const;
  void tell(unproven x, const status& s, settled& over) const;

  partition_options options_;
  const contacts& peers_;
  supercache::replica replica_;
  std::deque<waiting> pending_;   ///< in the order of their entries
  std::deque<unproven> findings_; ///< in the order in which they were found
};

} // namespace supercache
