#pragma once

#include <supercache/store/operation.hpp>
#include <supercache/store/record.hpp>

#include <boost/container/set.hpp>

#include <atomic>
#include <memory>

namespace supercache {

/// What a part of a table knows about its records: their number, size and deadlines.
///
/// Each record with a deadline stands in `due_` exactly once and leaves it when it leaves the
/// table, so rewriting a key for ever leaves nothing behind. Cost: two plain stores for a record
/// without deadline, O(log n) for one with. Thread: writers under the part's lock; any thread may
/// read `count`, `bytes` and `next_deadline`.
class ledger {
public:
  /// Records that expire, by deadline; or nothing.
  using schedule = std::unique_ptr<boost::container::set<std::pair<std::int64_t, detail::block*>>>;

  void added(detail::block* b) {
    bump(count_, 1);
    bump(bytes_, bytes_of(b));
    if (b->deadline) [[unlikely]]
      add_deadline(b);
  }
  void removed(detail::block* b) noexcept {
    bump(count_, -1);
    bump(bytes_, -bytes_of(b));
    if (b->deadline) [[unlikely]]
      remove_deadline(b);
  }
  void replaced(detail::block* before, detail::block* after) {
    bump(bytes_, bytes_of(after) - bytes_of(before));
    if (before->deadline) [[unlikely]]
      remove_deadline(before);
    if (after->deadline) [[unlikely]]
      add_deadline(after);
  }
  /// Counts the growth of other memory than that of the records.
  void grew(std::size_t before, std::size_t after) noexcept {
    bump(bytes_, static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before));
  }
  /// Forgets everything; answers what is left to be freed, which may take long.
  schedule clear() noexcept {
    count_.store(0, std::memory_order_relaxed);
    bytes_.store(0, std::memory_order_relaxed);
    next_.store(INT64_MAX, std::memory_order_relaxed);
    return std::move(due_);
  }

  std::size_t count() const noexcept {
    return static_cast<std::size_t>(count_.load(std::memory_order_relaxed));
  }
  std::size_t bytes() const noexcept {
    return static_cast<std::size_t>(bytes_.load(std::memory_order_relaxed));
  }
  /// INT64_MAX when nothing expires.
  std::int64_t next_deadline() const noexcept { return next_.load(std::memory_order_relaxed); }
  /// The number of expired records. Cost: O(those).
  std::size_t overdue(const stamp& now) const { return overdue(due_, now); }
  static std::size_t overdue(const schedule& due, const stamp& now) {
    std::size_t n = 0;
    if (due)
      for (auto at = due->begin(); at != due->end() && now.over(at->first); ++at)
        ++n;
    return n;
  }
  /// The record that expires first, if that is not after `now_ms`, else nullptr.
  detail::block* first_due(std::int64_t now_ms) const noexcept {
    return next_deadline() <= now_ms && due_ && !due_->empty() ? due_->begin()->second : nullptr;
  }

private:
  using count_type = std::atomic<std::int64_t>;
  static void bump(count_type& c, std::int64_t by) noexcept {
    c.store(c.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  static std::int64_t bytes_of(const detail::block* b) noexcept {
    return static_cast<std::int64_t>(detail::bytes_of(b));
  }
  void add_deadline(detail::block* b) {
    if (!due_)
      due_ = std::make_unique<schedule::element_type>();
    due_->insert({b->deadline, b});
    next_.store(due_->begin()->first, std::memory_order_relaxed);
  }
  void remove_deadline(detail::block* b) noexcept {
    due_->erase({b->deadline, b});
    next_.store(due_->empty() ? INT64_MAX : due_->begin()->first, std::memory_order_relaxed);
  }

  count_type count_{0};
  count_type bytes_{0};
  count_type next_{INT64_MAX};
  schedule due_; ///< made for the first deadline
};

} // namespace supercache
