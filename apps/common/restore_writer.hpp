#pragma once

#include "cache_facts.hpp"

#include <supercache/store/backup.hpp>
#include <supercache/store/operation.hpp>

#include <deque>
#include <set>

namespace supercache::app {

/// Sends what puts a backup back, some operations at once, each until it is known to be done.
///
/// Not thread-safe. All calls throw `error`.
class restore_writer {
public:
  explicit restore_writer(any_node& to) : to_(to) {}

  /// What an operation has to do with others.
  enum order {
    free,   ///< nothing: those sent before and behind it may overtake it
    behind, ///< all before it are done first
    resets  ///< likewise; and behind it come others that it must not come again after
  };
  void send(std::uint64_t partition, operation what, order is);
  /// Waits until all is done.
  void finish();
  /// Partitions in which something was not there that an operation stands on.
  const std::set<std::uint64_t>& incomplete() const noexcept { return incomplete_; }
  any_node& node() noexcept { return to_; }

private:
  struct sent {
    std::uint64_t partition;
    operation what;
    order is;
    any_node::clock::time_point when;
    client::answer done;
  };
  void begin(sent& s);
  void finish_oldest();
  void again(sent& s, const error& why);

  any_node& to_;
  std::deque<sent> under_way_;
  std::set<std::uint64_t> incomplete_;
};

/// Sorts what is in a backup by where it belongs now, and makes operations of it.
class restore_sorter {
public:
  /// `wanted`: only what belongs into these partitions; all if it is empty. `clear`: queues and
  /// stacks are emptied before.
  restore_sorter(restore_writer& to, const cache_facts& was, const cache_facts& is,
                 const std::set<std::uint64_t>& wanted, bool clear);

  void add(backup::rows& b);
  void add(backup::items& b);
  void finish();

private:
  using row_list = std::vector<op::restore::row>;
  struct bucket {
    row_list rows;
    std::size_t bytes = 0;
  };
  bool wants(std::uint64_t partition) const {
    return wanted_.empty() || wanted_.contains(partition);
  }
  std::uint64_t partition_of(const record& row) const;
  void add_group(std::uint64_t partition, row_list rows);
  void add_large_group(std::uint64_t partition, row_list rows);
  void add_to_what_is_there(std::uint64_t partition, row_list rows);
  void flush(std::uint64_t partition);

  restore_writer& to_;
  const cache_facts& is_;
  const std::set<std::uint64_t>& wanted_;
  const bool clear_;
  const bool many_;      ///< records of one key, in the table type
  const bool scattered_; ///< tuples of one key were in several partitions, and may meet in one now
  space where_;          ///< of what is gathered
  std::vector<bucket> buckets_;
  std::size_t gathered_ = 0; ///< bytes in all of them
};

} // namespace supercache::app
