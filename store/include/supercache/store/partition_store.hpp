#pragma once

#include <supercache/store/hash_index.hpp>
#include <supercache/store/leftovers.hpp>
#include <supercache/store/operation.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/queue_map.hpp>
#include <supercache/store/table.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace supercache {

class snapshots;

/// How a partition keeps its data. The same for all partitions of a cache.
struct store_options {
  table_type type = table_type::set;
  std::size_t key_pos = 0;
  /// Writers that can work side by side on one table of one partition; a power of two up to 512.
  std::size_t stripes = 16;
  /// Which tables users see; nullptr: all. Other tables are the cache's own: their names and
  /// contents are not shown, snapshots leave them out, and `op::wipe` leaves them as they are.
  bool (*shown)(space_kind, std::string_view name) noexcept = nullptr;
};

/// All data of one partition: its tuples, its share of every namespace and struct type, and the
/// queues and stacks that live in it.
///
/// Thread: any number at once; see `table` and `queue_map`. Namespaces and struct types are made
/// when something is first stored in them and live as long as the store; one costs some 400 bytes
/// here and its name. No operation holds a lock for longer because there are many of them;
/// operations that visit all of them say so.
class partition_store {
public:
  explicit partition_store(const store_options& o);
  ~partition_store();
  partition_store(const partition_store&) = delete;
  partition_store& operator=(const partition_store&) = delete;

  table& tuples() noexcept { return tuples_; }
  const table& tuples() const noexcept { return tuples_; }
  queue_map& queues() noexcept { return queues_; }
  queue_map& stacks() noexcept { return stacks_; }
  const queue_map& queues() const noexcept { return queues_; }
  const queue_map& stacks() const noexcept { return stacks_; }

  /// The table of a namespace or struct type, made if necessary. Records in it are {key, value} or
  /// {key, field…}. Cost: one hash lookup without a lock once it exists.
  table& open(space_kind kind, std::string_view name);
  /// The same, or nullptr when nothing was ever written to it.
  table* find(space_kind kind, std::string_view name) const noexcept {
    return find(kind, name, hash_of(kind, name));
  }
  /// For a caller that already has `hash_of`.
  table* find(space_kind kind, std::string_view name, std::uint64_t hash) const noexcept;
  static std::uint64_t hash_of(space_kind kind, std::string_view name) noexcept {
    return std::hash<std::string_view>{}(name) + static_cast<std::uint64_t>(kind);
  }
  /// The next spaces above this one, in the order of kinds and names: up to `most`, nothing at the
  /// end. Of queues and stacks, only those with items. Cost: O(log(spaces) + most).
  std::vector<space> spaces_after(const space& s, std::size_t most) const;
  /// Names of the spaces of a kind that are not empty and that users see, in order: those above
  /// this one, with this prefix, at most `most`. Cost: O(names that are passed).
  std::vector<std::string> names(space_kind kind, std::optional<std::string_view> above = {},
                                 std::string_view prefix = {}, std::size_t most = SIZE_MAX) const;

  /// Performs a write of any kind and answers what `op` says. Deterministic: see `operation`.
  /// Errors: those of the operation; `invalid_argument` for one that does not fit its space (a push
  /// to a table, a record too short, …). `watched` is set when a push went to a watched queue.
  result<value> apply(const operation& o, const stamp& now, bool* watched = nullptr);
  /// The same for an operation whose type is known, such as `op::put`, and that is given away: it
  /// costs no `std::visit` and no copy. `hash`: `hash_of(kind, name)`; unused for tuples, queues
  /// and stacks.
  template <class O>
  result<value> perform(space_kind kind, std::string_view name, std::uint64_t hash, O&& what,
                        const stamp& now, bool* watched = nullptr);

  /// Answers a read of any kind: see `ask`. Errors: `invalid_argument` for one that does not fit
  /// its space or whose pattern makes no sense.
  result<answer> ask(const query& q, const stamp& now);

  /// Reports to `to`, which outlives the store, every change of a table, including tables made
  /// later, that is not done when this returns; nullptr: no reports. Not reported: what `restore`
  /// of a table does, and changes of queues and stacks.
  void tell(change_sink* to);

  /// Begins the snapshot that `ask::snapshot` reads. Construct it beforehand, as that costs
  /// O(spaces): from then on changes are reported to snapshots.
  class snapshot_start {
  public:
    explicit snapshot_start(partition_store& of);
    ~snapshot_start();
    snapshot_start(const snapshot_start&) = delete;
    snapshot_start& operator=(const snapshot_start&) = delete;
    /// Begins the snapshot, unless it has begun. It shows the moment of this call if no operation
    /// is being applied; otherwise it may contain a part of that operation. Errors: `overloaded` if
    /// there are too many. Cost: O(1).
    status begin(std::uint64_t id, const stamp& now);

  private:
    partition_store& of_;
  };
  /// Call it every second: gives up snapshots that are no longer read.
  void age_snapshots();

  /// Frees expired records; each record, and each table visited in vain, uses one of `budget`.
  /// Answers how much it used: less than all if nothing more has expired.
  std::size_t reclaim_expired(std::int64_t now_ms, std::size_t budget);
  /// Nothing expires before this; INT64_MAX if nothing ever does. It may be too early, because of a
  /// record that was removed or lives longer now, until `reclaim_expired` has been there. Cost: a
  /// load.
  std::int64_t next_deadline() const noexcept { return deadlines_.first(); }
  /// Removes everything. Cost: O(spaces), and as `table::clear` says.
  void clear(const stamp& now);
  /// Frees what was cleared (`clear`, `op::clear`, `op::wipe`), up to `budget` records, items,
  /// deadlines and places of an index, or a few more. Answers whether others may be left. Call it
  /// again and again. Cost: O(budget), without a lock that other operations than these wait for.
  bool free_cleared(std::size_t budget) { return left_.free_some(budget); }
  /// Whether users see a table: see `store_options`.
  bool shows(space_kind kind, std::string_view name) const noexcept {
    return !options_.shown || options_.shown(kind, name);
  }
  /// The amount of data of a kind, over all names that users see.
  struct amount {
    std::size_t records = 0; ///< tuples, pairs, structs or items
    std::size_t bytes = 0;   ///< their memory, indexes included
  };
  amount held(space_kind kind, const stamp& now) const;
  /// Memory of all data, and of what was cleared and is not freed yet, in bytes. Cost: O(spaces).
  std::size_t bytes() const;

private:
  struct named_table;
  class hub;
  struct by_name;
  named_table* look_up(space_kind kind, std::string_view name, std::uint64_t hash) const;
  std::vector<named_table*> tables_after(space_kind kind, std::optional<std::string_view> above,
                                         std::size_t most) const;
  table& table_for(space_kind kind, std::string_view name, std::uint64_t hash, bool may_store);
  template <class F>
  void each_above(space_kind kind, std::optional<std::string_view> last, F&& f) const;
  template <class F>
  void each_named(space_kind kind, F&& f) const;
  template <class F>
  void each_table(F&& f) const;
  void spread_hub();
  void expect_snapshot();
  void release_snapshots();
  void wipe(const stamp& now);
  template <class Wanted>
  void clear_if(const stamp& now, Wanted&& wanted);

  store_options options_;
  std::mutex telling_;       ///< guards the hub's receivers
  std::unique_ptr<hub> hub_; ///< passes changes on to the watcher and snapshots
  std::size_t expected_ = 0; ///< snapshots that are about to begin; under `telling_`
  std::unique_ptr<snapshots> snapshots_;
  deadlines deadlines_; ///< of all tables
  leftovers left_;      ///< of all tables and queues
  table tuples_;
  table no_pairs_, no_structs_; ///< stand in for tables never made; always empty
  queue_map queues_{queue_map::order::fifo, &left_};
  queue_map stacks_{queue_map::order::lifo, &left_};
  mutable fair_lock adding_;
  hash_index index_;                 ///< of named tables; written under `adding_`; only ever grows
  std::unique_ptr<by_name> ordered_; ///< of the same; under `adding_`
  change_sink* told_ = nullptr;      ///< the hub or nullptr; under `adding_`
};

} // namespace supercache
