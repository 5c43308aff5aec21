#pragma once

#include "cache_facts.hpp"

#include <supercache/store/backup.hpp>
#include <supercache/store/operation.hpp>

#include <deque>
#include <set>

namespace supercache::app {

/// Sends the operations of a restore, several at once, each until it is known to be done.
///
/// Not thread-safe. All calls throw `error`.
class restore_writer {
public:
  explicit restore_writer(any_node& to) : to_(to) {}

  /// How an operation relates to others.
  enum order {
    free,   ///< not at all: operations before and after may overtake it
    behind, ///< all before it are done first
    resets  ///< the same; and a late repetition would undo operations after it
  };
  void send(std::uint64_t partition, operation what, order is);
  /// Waits until all operations are done.
  void finish();
  /// Partitions that lacked something on which an operation builds.
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

/// Sorts the contents of a backup by their partitions in this cache, and makes operations of them.
class restore_sorter {
public:
  /// `wanted`: only what belongs to these partitions; all if empty. `clear`: queues and stacks are
  /// emptied first.
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
  const bool many_;      ///< the table type keeps several records per key
  const bool scattered_; ///< tuples of one key were in several partitions, and may meet in one
  space where_;          ///< of the gathered records
  std::vector<bucket> buckets_;
  std::size_t gathered_ = 0; ///< bytes in all of them
};

} // namespace supercache::app
