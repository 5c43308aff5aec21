#pragma once

#include "batch.hpp"

#include <supercache/cluster/membership.hpp>
#include <supercache/cluster/partition_core.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <vector>

namespace supercache::detail {

class node;

/// One partition on this node: its replica, the lock that orders its steps, and the writes that
/// wait for their commit.
///
/// The store tells it of changes; it tells the feed of those that it makes as primary.
///
/// Thread: any. A step is some microseconds; nothing is sent and no callback is called under the
/// lock.
class host final : public change_sink {
public:
  /// The answer of a write, and the position of its entry.
  using on_done = partition_core::on_written;

  host(node& n, std::size_t index, partition_store& store, const partition_options& o);

  using beginning = partition_core::beginning;
  /// Does a write, as primary. `done` is called, without the lock, only if the beginning `waits`.
  beginning propose(const request_id& who, const operation& what, on_done done);

  // -- long work ----------------------------------------------------------------------------------
  // Work that takes long keeps the partition, and nothing else: threads that others wait for leave
  // what they have for it, and the thread that does the long work does it afterwards, in order.

  /// Whether no long work is under way. A thread that others wait for does not step otherwise.
  bool is_free() const noexcept { return long_works_.load(std::memory_order_acquire) == 0; }
  /// Does work now; after long work, if some is under way; or, if it takes long, on the pool.
  /// What comes so is done in its order, and nobody waits.
  void when_free(std::function<void()> work, bool longer = false);
  /// Does long work on this thread.
  void do_long(const std::function<void()>& work);

  /// Takes a step of the replica: `f(replica&)`, and what follows from it.
  template <class F>
  void step(F&& f);
  /// What is left to send to a peer: log entries or messages, or nothing but a snapshot.
  enum class left { nothing, pieces, more };
  /// What there is to send to a peer, within the budget.
  left collect(member_id to, send_budget& budget, std::vector<message>& out);
  void receive(member_id from, message m);
  /// Ends all waits: the node stops.
  void abandon();

  /// A read of the data that is here. Errors: `unavailable` if it is not all here, or, `as_primary`
  /// in sync mode, if another node may have been elected meanwhile; `not_primary` if `as_primary`
  /// and it does not lead. `at`, if it is wanted: where the copy stood before the read.
  result<answer> ask(const query& q, bool as_primary, standing* at = nullptr);
  using on_answer = std::function<void(result<answer>)>;
  /// The same as primary; but if another node may have been elected meanwhile, it waits until that
  /// is known. `done` is called then, without the lock, only if nothing is answered at once.
  std::optional<result<answer>> ask_as_primary(const query& q, on_answer done);
  /// Whether a read here sees what callers on this node wrote. Cost: two loads.
  bool serves() const noexcept {
    return readable_.load(std::memory_order_acquire) && !behind_.load(std::memory_order_acquire);
  }
  /// Whether callers on this node wrote what this copy does not have yet.
  bool behind() const noexcept { return behind_.load(std::memory_order_acquire); }
  bool leads() const noexcept { return leads_.load(std::memory_order_acquire); }
  /// Grows whenever the data stops being all here: a read across such a change means nothing.
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
  /// The present time for deadlines of this partition; never before that of an entry that is here.
  std::int64_t time_ms() const noexcept;
  /// Whether what was not found because its time is over, at `when`, is gone, whichever node leads.
  /// If not, no caller is told yet. Cost: one load.
  bool certain(const stamp& when) const noexcept {
    return when.latest_over() <= certain_ms_.load(std::memory_order_acquire);
  }
  partition_store& store() noexcept { return store_; }
  /// A write of this node was committed there, by another node: reads here have to see it.
  void wrote(const position& p);

  /// Whether the feed is told of changes that are made while it leads.
  void listen(bool on);
  void changed(transition t) override;

private:
  friend class node;
  using clock = std::chrono::steady_clock;
  using settled = partition_core::settled;

  void receive_now(member_id from, message m);
  void finish_long();
  void do_safely(const std::function<void()>& work) const noexcept;
  void after_step(settled& over);
  void publish();
  void announce();
  void tell(settled& over);
  struct found {
    answer what;
    partition_core::finding rests_on;
  };
  result<found> look(const query& q, bool as_primary, standing* at);

  node& node_;
  const std::size_t index_;
  partition_store& store_;
  std::mutex long_lock_;  ///< held while long work is done; comes before all others
  std::mutex inbox_lock_; ///< of the next two, and of what changes `long_works_`
  std::vector<std::function<void()>> inbox_; ///< what waits for long work
  std::vector<member_id> turned_away_;       ///< who could not be told what there is
  std::atomic<unsigned> long_works_{0};
  std::mutex lock_; ///< of all below that is not atomic
  partition_core core_;
  claim said_;
  position wrote_;
  bool listening_ = false;
  std::uint64_t steered_ = 0;
  std::uint32_t proposals_ = 0; ///< to measure some of them
  std::atomic<bool> readable_{false}, behind_{false}, leads_{false};
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::int64_t> offset_ms_{0}, stamp_ms_{0}, certain_ms_{0};
};

template <class F>
void host::step(F&& f) {
  const batch gather{node_};
  settled over;
  {
    const std::lock_guard hold{lock_};
    f(core_.replica());
    after_step(over);
  }
  tell(over);
}

} // namespace supercache::detail
