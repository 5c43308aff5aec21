#pragma once

#include <supercache/store/operation.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/queue_map.hpp>
#include <supercache/store/table.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace supercache {

/// How a partition keeps its data. The same for all partitions of a cache.
struct store_options {
  table_type type = table_type::set;
  std::size_t key_pos = 0;
  /// Writers that can work side by side on one table of one partition; a power of two up to 512.
  std::size_t stripes = 16;
};

/// All data of one partition: its tuples, its share of every namespace and struct type, and the
/// queues and stacks that live in it.
///
/// Thread: any number at once; see `table` and `queue_map`. Spaces are made at their first write
/// and live as long as the store.
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

  /// The table of a namespace or struct type, made if need be. Records in it are {key, value} or
  /// {key, field…}. Cost: one hash lookup without a lock once it exists.
  table& open(space_kind kind, std::string_view name);
  /// The same, or nullptr when nothing was ever written to it.
  table* find(space_kind kind, std::string_view name) const noexcept;
  /// The least space above this one, in the order of kinds and names, that was ever written to;
  /// nothing at the end. Cost: O(spaces).
  std::optional<space> space_after(const space& s) const;
  /// Names of the namespaces or struct types in use here.
  std::vector<std::string> names(space_kind kind) const;

  /// Performs one write, whatever it is, and answers what `op` says. Deterministic: see
  /// `operation`. Errors: those of the operation; `invalid_argument` for one that does not fit
  /// its space (a push to a table, a record too short, …). `watched` is set when a push went to a
  /// queue somebody waits on.
  result<value> apply(const operation& o, const stamp& now, bool* watched = nullptr);

  /// Answers one read, whatever it is: see `ask`. Errors: `invalid_argument` for one that does not
  /// fit its space or whose pattern makes no sense.
  result<answer> ask(const query& q, const stamp& now);

  /// From now on `to` is told of all changes of tables, of those to come too; nullptr: nobody is.
  /// See `table::tell`. Queues and stacks tell nobody.
  void tell(change_sink* to);

  /// Frees up to `budget` expired records. Answers how many.
  std::size_t reclaim_expired(std::int64_t now_ms, std::size_t budget);
  /// The earliest deadline of anything, INT64_MAX if nothing expires.
  std::int64_t next_deadline() const;
  /// Removes everything.
  void clear(const stamp& now);
  /// Memory of all data, in bytes.
  std::size_t bytes() const;

private:
  struct named_table;
  struct directory;
  template <class F>
  void each_table(F&& f) const;

  store_options options_;
  table tuples_;
  queue_map queues_{queue_map::order::fifo};
  queue_map stacks_{queue_map::order::lifo};
  std::atomic<directory*> directory_; ///< of `spaces_`; read under a `reclaim::pin`
  mutable std::mutex adding_;
  std::vector<std::unique_ptr<named_table>> spaces_; ///< under `adding_`; only ever grows
  change_sink* told_ = nullptr;                      ///< likewise
};

} // namespace supercache
