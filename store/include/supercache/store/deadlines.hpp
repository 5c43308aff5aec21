#pragma once

#include <supercache/store/fair_lock.hpp>

#include <boost/intrusive/set.hpp>

#include <atomic>
#include <cstdint>

namespace supercache {

class table;

/// The part of a table that `deadlines` uses.
class due_table : public boost::intrusive::set_base_hook<
                    boost::intrusive::optimize_size<true>,
                    boost::intrusive::link_mode<boost::intrusive::normal_link>> {
protected:
  due_table() = default;
  ~due_table() = default;

private:
  friend class deadlines;
  /// The earliest deadline, as far as is known; INT64_MAX if the table is not registered.
  std::atomic<std::int64_t> due_ms_{INT64_MAX};
};

/// Tables of a partition with records that expire, in the order of their earliest deadlines, so
/// that no search over all tables is needed.
///
/// A table registers when its earliest deadline falls, and not when it rises: then its place here
/// is too early until it is taken out, once. So a record that is written again and again costs
/// nothing more. Thread: any. Cost: O(log tables) for a fall, nothing otherwise.
class deadlines {
public:
  /// No table has anything that expires before this. Cost: a load.
  std::int64_t first() const noexcept { return first_.load(std::memory_order_relaxed); }
  /// Whether the table is registered with a later deadline than this, or not at all.
  static bool fell(const due_table& t, std::int64_t deadline_ms) noexcept {
    return deadline_ms < t.due_ms_.load(std::memory_order_relaxed);
  }
  void lower(table& t, std::int64_t deadline_ms) noexcept;
  /// Takes out a table that may have something that expired by then; nullptr if there is none. The
  /// table must register again.
  table* take(std::int64_t now_ms) noexcept;

private:
  struct earlier {
    bool operator()(const due_table& a, const due_table& b) const noexcept;
  };
  using tree = boost::intrusive::multiset<due_table, boost::intrusive::compare<earlier>,
                                          boost::intrusive::constant_time_size<false>>;
  void remember_first() noexcept;

  fair_lock lock_;
  tree by_deadline_;
  std::atomic<std::int64_t> first_{INT64_MAX};
};

} // namespace supercache
