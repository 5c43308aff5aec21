#pragma once

#include <supercache/store/change.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/queue_map.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace supercache {

class partition_store;

/// Reading a partition as it was at one moment, in parts, while it is written to.
///
/// From that moment on every change is reported to the snapshot before it is made, under the locks
/// of what changes. The snapshot keeps the old contents, once, unless it has read that place
/// already. So what it reads and what it keeps are together the data of that moment. Nothing is
/// copied beforehand, writers wait for a reader only during one chunk of a walk (some dozen
/// records), and what is kept is bounded: a snapshot that needs more is given up, and the reader
/// begins another.
///
/// To every observer it shows one moment of the whole partition: after a change that is left out of
/// the snapshot, no later one is in it.
///
/// Thread: any.
class snapshots final : public queue_keeper {
public:
  /// Snapshots of one partition at once.
  static constexpr std::size_t most = 4;
  /// Bytes that one snapshot may keep.
  static constexpr std::size_t most_kept = std::size_t{64} << 20;
  /// Seconds without a read after which a snapshot is given up.
  static constexpr unsigned idle_most = 30;
  /// The largest part that can be requested, in bytes; one key's records may be more.
  static constexpr std::size_t most_budget = std::size_t{1} << 20;

  explicit snapshots(partition_store& of, std::size_t most_kept_each = most_kept);
  ~snapshots() override;
  snapshots(const snapshots&) = delete;
  snapshots& operator=(const snapshots&) = delete;

  /// Begins a snapshot, unless it has begun. @pre the store reports its changes here. Errors:
  /// `overloaded` if there are too many.
  status begin(std::uint64_t id, std::int64_t now_ms);
  /// Errors: `not_found` if there is none with this id, or no part with this number: begin again;
  /// `overloaded` if too much was written meanwhile.
  result<answer> read(const ask::snapshot& which);
  /// Call it every second.
  void age();
  /// Gives up all snapshots.
  void drop();
  /// Whether any snapshot needs reports of changes.
  bool any_open() const;

  /// The key is about to change: see `change_sink::changing`.
  void keep(const space& where, const value& key, std::uint64_t hash,
            const std::function<std::vector<record>()>& had);
  void changing(queue_map::order which, std::string_view name, const queue_map::items_type& items,
                std::uint64_t front, std::size_t taken) override;

private:
  struct one;
  struct part_writer;
  using one_ptr = std::shared_ptr<one>;

  one_ptr find(std::uint64_t id) const;
  void read_part(one& s, part_writer& out);
  void write_kept(one& s, part_writer& out);
  void read_table(one& s, part_writer& out);
  void read_queue(one& s, part_writer& out);
  void go_on(one& s);
  void account(one& s, std::size_t bytes);

  partition_store& store_;
  const std::size_t most_kept_;
  mutable std::mutex lock_; ///< of the list and of what each keeps; taken after those of keys
  std::vector<one_ptr> all_;
};

} // namespace supercache
