#pragma once

#include <supercache/call_options.hpp>
#include <supercache/error.hpp>
#include <supercache/interfaces.hpp>
#include <supercache/metrics.hpp>
#include <supercache/options.hpp>
#include <supercache/stats.hpp>
#include <supercache/store/records.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {
class core;
struct handle;
} // namespace detail

class kv;
class queue;
class stack;
template <class T>
class structs_of;

/// A partitioned cache in this process.
///
/// A `cache` is a handle: cheap to copy, usable from any thread and inside actors. It needs no
/// thread of the application's scheduler. On a single node a call waits for nobody; in a cluster it
/// blocks its thread while another node is asked, so that actors with better things to do send
/// messages to `actor()`. The cache stops with `stop()`, or when the last handle goes; handles must
/// not outlive the actor system.
///
/// Every operation has two forms: the plain one throws `supercache::error`, `try_…` answers a
/// `caf::expected`. Errors common to all: `not_started` after `stop`; `invalid_argument` for a bad
/// option, or a record too short for `key_pos` or `partition_pos`. In a cluster a call may wait,
/// for the `timeout` of its options at most, and may also fail with `unavailable`, `timeout`,
/// `overloaded` (all: nothing was done), a write with `outcome_unknown`, `quorum_not_reached`.
///
/// A record lives in the partition `hash(record[partition_pos]) mod num_partition`, under the key
/// `record[key_pos]`. Where the two positions differ, an operation that is given a key alone asks
/// every partition if it reads or removes, and is an error otherwise.
class SUPERCACHE_API cache {
public:
  // -- life cycle ------------------------------------------------------------------------------

  /// Starts the cache of an actor system. Errors: `already_started`; `invalid_config` naming key,
  /// value and what is allowed. Nothing is left behind when it fails.
  static cache start(caf::actor_system& system, const options& o);
  static caf::expected<cache> try_start(caf::actor_system& system, const options& o);
  /// The same, with the options in the system's configuration (see `add_options`).
  static cache start(caf::actor_system& system);
  static caf::expected<cache> try_start(caf::actor_system& system);
  /// Connects as a client, which holds no data, to a cluster, or a single node that listens. Each
  /// address is `host:port`. See `connect_options`, also for errors.
  static cache connect(caf::actor_system& system, const std::vector<std::string>& addresses,
                       const connect_options& o = {});
  static caf::expected<cache> try_connect(caf::actor_system& system,
                                          const std::vector<std::string>& addresses,
                                          const connect_options& o = {});
  /// The running cache of an actor system, if any. Where none runs, and the system's configuration
  /// has `supercache.auto_start` on, this starts one; if that fails, the log says why.
  static std::optional<cache> of(caf::actor_system& system);

  /// Whether operations can be done.
  bool started() const noexcept;
  /// Writes what is buffered, refuses further operations, ends the actors, frees the data. A second
  /// call does nothing. Operations under way on other threads finish or fail with `not_started`.
  void stop();

  // -- writing tuples ---------------------------------------------------------------------------

  /// Stores a record. Cost: one lock, no message, no allocation beyond the record.
  void put(record r, const write_options& o = {});
  caf::expected<void> try_put(record r, const write_options& o = {});
  /// Stores many records; all are checked before any is stored. Order is kept per key.
  void put_batch(std::vector<record> rs, const write_options& o = {});
  caf::expected<void> try_put_batch(std::vector<record> rs, const write_options& o = {});
  /// Leaves a record to be written soon, in batches. Lazy puts of one key are written in the order
  /// in which they were made; a `put` of the same key may overtake them (`flush` first). When the
  /// buffer is full the caller writes. A time to live counts from this call on.
  void lazy_put(record r, const write_options& o = {});
  caf::expected<void> try_lazy_put(record r, const write_options& o = {});
  /// Writes everything that `lazy_put` left before this call.
  void flush();
  caf::expected<void> try_flush();
  /// Stores unless the key has a record; answers whether it did.
  bool insert_new(record r, const write_options& o = {});
  caf::expected<bool> try_insert_new(record r, const write_options& o = {});
  /// Removes the records under a key and answers them.
  records take(const value& key, const partition_filter& partition = any_partition,
               const wait_options& o = {});
  caf::expected<records> try_take(const value& key,
                                  const partition_filter& partition = any_partition,
                                  const wait_options& o = {});
  /// Replaces elements of a record; answers whether there was one. Not on bags.
  bool update_element(const value& key, std::vector<element_change> changes,
                      const partition_filter& partition = any_partition,
                      const wait_options& o = {});
  caf::expected<bool> try_update_element(const value& key, std::vector<element_change> changes,
                                         const partition_filter& partition = any_partition,
                                         const wait_options& o = {});
  /// Adds `step` to the integer at position `pos`; answers the sum. `initial`, if given, is what a
  /// missing record starts from. Not on bags. Errors: `not_found`, `type_mismatch`.
  std::int64_t update_counter(const value& key, std::uint32_t pos, std::int64_t step,
                              std::optional<record> initial = {},
                              const partition_filter& partition = any_partition,
                              const write_options& o = {});
  caf::expected<std::int64_t> try_update_counter(const value& key, std::uint32_t pos,
                                                 std::int64_t step,
                                                 std::optional<record> initial = {},
                                                 const partition_filter& partition = any_partition,
                                                 const write_options& o = {});

  // -- reading tuples ---------------------------------------------------------------------------

  /// All records under a key. Cost on a `set`: two cache misses, no lock, no allocation.
  records get(const value& key, const read_options& o = {}) const;
  caf::expected<records> try_get(const value& key, const read_options& o = {}) const;
  /// The same for the key and partition element of `r` (or braces); the others do not matter.
  records get(const record& r, const read_options& o = {}) const;
  caf::expected<records> try_get(const record& r, const read_options& o = {}) const;
  records get(std::initializer_list<item> r, const read_options& o = {}) const {
    return get(record::of(r), o);
  }
  caf::expected<records> try_get(std::initializer_list<item> r, const read_options& o = {}) const {
    return try_get(record::of(r), o);
  }
  /// The record under a key, if any; in a bag the oldest.
  std::optional<record> find(const value& key, const read_options& o = {}) const;
  caf::expected<std::optional<record>> try_find(const value& key, const read_options& o = {}) const;
  std::optional<record> find(const record& r, const read_options& o = {}) const;
  caf::expected<std::optional<record>> try_find(const record& r, const read_options& o = {}) const;
  std::optional<record> find(std::initializer_list<item> r, const read_options& o = {}) const {
    return find(record::of(r), o);
  }
  caf::expected<std::optional<record>> try_find(std::initializer_list<item> r,
                                                const read_options& o = {}) const {
    return try_find(record::of(r), o);
  }
  /// Whether there is any. Errors and cost: as `get`; in a cluster the records travel, too.
  bool contains(const value& key, const read_options& o = {}) const;
  caf::expected<bool> try_contains(const value& key, const read_options& o = {}) const;
  bool contains(const record& r, const read_options& o = {}) const;
  caf::expected<bool> try_contains(const record& r, const read_options& o = {}) const;
  bool contains(std::initializer_list<item> r, const read_options& o = {}) const {
    return contains(record::of(r), o);
  }
  caf::expected<bool> try_contains(std::initializer_list<item> r,
                                   const read_options& o = {}) const {
    return try_contains(record::of(r), o);
  }
  /// See `kv::get_or_add`. Errors: `invalid_argument` for a record of another key or partition.
  record get_or_add(const value& key, const std::function<record()>& make,
                    const partition_filter& partition = any_partition, const write_options& o = {});
  caf::expected<record> try_get_or_add(const value& key, const std::function<record()>& make,
                                       const partition_filter& partition = any_partition,
                                       const write_options& o = {});
  /// The records under each key, in the order of the keys; overlaps their cache misses.
  std::vector<records> get_many(std::span<const value> keys, const read_options& o = {}) const;
  caf::expected<std::vector<records>> try_get_many(std::span<const value> keys,
                                                   const read_options& o = {}) const;
  std::vector<records> get_many(std::initializer_list<item> keys,
                                const read_options& o = {}) const {
    return get_many(detail::values_of(keys), o);
  }
  caf::expected<std::vector<records>> try_get_many(std::initializer_list<item> keys,
                                                   const read_options& o = {}) const {
    return try_get_many(detail::values_of(keys), o);
  }
  records get_by_key_partition(const value& key, const value& partition,
                               const read_options& o = {}) const;
  caf::expected<records> try_get_by_key_partition(const value& key, const value& partition,
                                                  const read_options& o = {}) const;
  /// For records whose key is their partition value too.
  records get_same_key_partition(const value& key, const read_options& o = {}) const;
  caf::expected<records> try_get_same_key_partition(const value& key,
                                                    const read_options& o = {}) const;
  /// What the pattern's variables bind, per record, in the order of their numbers. A literal key
  /// costs a lookup, anything else a scan; on an `ordered_set` only of the keys that can match, and
  /// the answers are in key order. `limit`: at most so many, 0 = all.
  std::vector<bindings> get_by_match(const partition_filter& partition, const pattern& p,
                                     const read_options& o = {}, std::size_t limit = 0) const;
  caf::expected<std::vector<bindings>> try_get_by_match(const partition_filter& partition,
                                                        const pattern& p,
                                                        const read_options& o = {},
                                                        std::size_t limit = 0) const;
  /// The records that match; of an `ordered_set` in key order, and with a limit the first ones.
  records get_by_match_object(const partition_filter& partition, const pattern& p,
                              const read_options& o = {}, std::size_t limit = 0) const;
  caf::expected<records> try_get_by_match_object(const partition_filter& partition,
                                                 const pattern& p, const read_options& o = {},
                                                 std::size_t limit = 0) const;
  /// The same with a pattern compiled once.
  records select(const partition_filter& partition, const compiled_pattern& p,
                 const read_options& o = {}, std::size_t limit = 0) const;
  caf::expected<records> try_select(const partition_filter& partition, const compiled_pattern& p,
                                    const read_options& o = {}, std::size_t limit = 0) const;
  /// How many records match; in a cluster no record travels for it.
  std::size_t count_by_match(const partition_filter& partition, const pattern& p,
                             const read_options& o = {}) const;
  caf::expected<std::size_t> try_count_by_match(const partition_filter& partition, const pattern& p,
                                                const read_options& o = {}) const;
  /// Folds `fn(record, acc) → acc` over all records, without locks; records stored or removed
  /// meanwhile may or may not be met. Partition after partition, each of an `ordered_set` in key
  /// order; in a cluster page by page, in mode `local` from this node's copy where it has one.
  template <class Acc, class Fn>
  Acc scan(const partition_filter& partition, Fn&& fn, Acc acc, const read_options& o = {}) const {
    const auto visit = [&](const record& r) { return acc = fn(r, std::move(acc)), true; };
    each(partition, visit, o);
    return acc;
  }
  template <class Acc, class Fn>
  caf::expected<Acc> try_scan(const partition_filter& partition, Fn&& fn, Acc acc,
                              const read_options& o = {}) const {
    const auto visit = [&](const record& r) { return acc = fn(r, std::move(acc)), true; };
    if (auto done = try_each(partition, visit, o); !done)
      return std::move(done.error());
    return acc;
  }
  /// Calls `visit` for every record until it answers false.
  void each(const partition_filter& partition, const std::function<bool(const record&)>& visit,
            const read_options& o = {}) const;
  caf::expected<void> try_each(const partition_filter& partition,
                               const std::function<bool(const record&)>& visit,
                               const read_options& o = {}) const;
  /// Records with keys from `low` to `high`, both included. On an `ordered_set` in key order, and
  /// no others are visited.
  records range(const value& low, const value& high, const read_options& o = {}) const;
  caf::expected<records> try_range(const value& low, const value& high,
                                   const read_options& o = {}) const;

  // -- removing tuples: each answers how many went ----------------------------------------------

  std::size_t remove(const value& key, const wait_options& o = {});
  caf::expected<std::size_t> try_remove(const value& key, const wait_options& o = {});
  std::size_t remove(const record& r, const wait_options& o = {});
  caf::expected<std::size_t> try_remove(const record& r, const wait_options& o = {});
  std::size_t remove(std::initializer_list<item> r, const wait_options& o = {}) {
    return remove(record::of(r), o);
  }
  caf::expected<std::size_t> try_remove(std::initializer_list<item> r, const wait_options& o = {}) {
    return try_remove(record::of(r), o);
  }
  std::size_t remove_by_key_partition(const value& key, const value& partition,
                                      const wait_options& o = {});
  caf::expected<std::size_t> try_remove_by_key_partition(const value& key, const value& partition,
                                                         const wait_options& o = {});
  std::size_t remove_same_key_partition(const value& key, const wait_options& o = {});
  caf::expected<std::size_t> try_remove_same_key_partition(const value& key,
                                                           const wait_options& o = {});
  std::size_t remove_by_match(const partition_filter& partition, const pattern& p,
                              const wait_options& o = {});
  caf::expected<std::size_t> try_remove_by_match(const partition_filter& partition,
                                                 const pattern& p, const wait_options& o = {});
  /// Removes all tuples; namespaces, queues, stacks and structs stay.
  std::size_t remove_all(const wait_options& o = {});
  caf::expected<std::size_t> try_remove_all(const wait_options& o = {});

  // -- straight to one partition, by name (`<table_prefix>_<index>`) or index -------------------

  void put_partition(record r, std::string_view partition, const write_options& o = {});
  caf::expected<void> try_put_partition(record r, std::string_view partition,
                                        const write_options& o = {});
  records get_partition(const value& key, std::string_view partition,
                        const read_options& o = {}) const;
  caf::expected<records> try_get_partition(const value& key, std::string_view partition,
                                           const read_options& o = {}) const;
  std::size_t remove_partition(const value& key, std::string_view partition,
                               const wait_options& o = {});
  caf::expected<std::size_t> try_remove_partition(const value& key, std::string_view partition,
                                                  const wait_options& o = {});
  void put_partition_by_idx(record r, std::size_t index, const write_options& o = {});
  caf::expected<void> try_put_partition_by_idx(record r, std::size_t index,
                                               const write_options& o = {});
  records get_partition_by_idx(const value& key, std::size_t index,
                               const read_options& o = {}) const;
  caf::expected<records> try_get_partition_by_idx(const value& key, std::size_t index,
                                                  const read_options& o = {}) const;
  std::size_t remove_partition_by_idx(const value& key, std::size_t index,
                                      const wait_options& o = {});
  caf::expected<std::size_t> try_remove_partition_by_idx(const value& key, std::size_t index,
                                                         const wait_options& o = {});

  // -- watching ---------------------------------------------------------------------------------

  /// Tells an actor of changes of tuples, a namespace or structs: all of them, those of one key, or
  /// those that match a pattern. From the answer on every change is told, wherever in the cluster
  /// it is made, those of one key in their order. The primary tells a change when it does the
  /// write, which in `sync` may be before the writer has its acknowledgement. If changes may have
  /// been lost (8 MiB of them wait for the listener, 64 MiB for all listeners of a node; a record
  /// is larger; the primary changed; a connection broke) or were told and then undone, the
  /// listener is told `missed`, and should look at the data again. The watch ends with the
  /// listener, with `unwatch`, or with the cache. Answers the number of the watch, which comes with
  /// each message; in a cluster once all nodes that can be reached know. While there is any watch,
  /// a write costs some 200 ns more. Errors: `invalid_argument` for what cannot be watched;
  /// `overloaded` beyond 1000 watches on this node; `timeout` if a node does not answer.
  std::uint64_t watch(interest what, const change_listener& who);
  caf::expected<std::uint64_t> try_watch(interest what, const change_listener& who);
  /// Answers whether there was such a watch. Messages under way may still come.
  bool unwatch(std::uint64_t watch);

  // -- other structures -------------------------------------------------------------------------

  /// A namespace of keys and values; see kv.hpp. Names never share data.
  supercache::kv kv(std::string name) const;
  /// A first-in-first-out queue; see queue.hpp.
  supercache::queue queue(std::string name) const;
  /// A last-in-first-out stack; see queue.hpp.
  supercache::stack stack(std::string name) const;
  /// Structs of type T, which has a CAF `inspect`; see structs.hpp.
  template <class T>
  structs_of<T> structs() const;
  /// The same, initialised with the member that is the key.
  template <class T, class Key>
  structs_of<T> structs(Key T::*key) const;

  // -- the cluster ------------------------------------------------------------------------------

  /// Hands this node's partitions over and waits until other nodes have them, or `longest` passes;
  /// then stop it. Blocks. Errors: `timeout` with what is left; `unavailable` if no node can be
  /// reached that could take it; `invalid_argument` in local mode.
  void leave(std::chrono::milliseconds longest) const;
  caf::expected<void> try_leave(std::chrono::milliseconds longest) const;
  /// Waits until every partition has a primary and all its copies: `replication_factor`, or one on
  /// every declared node of a cluster that has fewer. Blocks. Errors: as `leave`.
  void full_sync(std::chrono::milliseconds longest) const;
  caf::expected<void> try_full_sync(std::chrono::milliseconds longest) const;
  /// Where the copies of every partition are, as this node sees it. With one member all are on
  /// "local", as in the rest of this group. Cost: some locks, no message.
  std::vector<partition_place> partition_map() const;
  caf::expected<std::vector<partition_place>> try_partition_map() const;
  /// The same for one partition. Errors: `invalid_argument` if there is no such index.
  partition_place get_replicas(std::size_t index) const;
  caf::expected<partition_place> try_get_replicas(std::size_t index) const;
  /// The nodes that can be reached, this one among them, by name.
  std::vector<std::string> live_nodes() const;
  caf::expected<std::vector<std::string>> try_live_nodes() const;
  /// The partitions of which a node has a copy; of this node if no other is named.
  std::vector<std::size_t> node_partitions(std::string_view node = {}) const;
  /// Those of which it is the primary, or one of the replicas.
  std::vector<std::size_t> primary_partitions(std::string_view node = {}) const;
  std::vector<std::size_t> replica_partitions(std::string_view node = {}) const;
  /// What must be the same on every node: names of options, and their values as texts.
  std::vector<std::pair<std::string, std::string>> export_config() const;
  /// Tells an actor of each node that can be reached, this one included, then of nodes that come
  /// and go. A node that was restarted goes and comes; one that came and went before the last
  /// message was answered is left out. Ends as a watch does. Errors: as `watch`.
  void watch_nodes(const node_listener& who) const;
  caf::expected<void> try_watch_nodes(const node_listener& who) const;
  /// Answers whether it was a listener.
  bool unwatch_nodes(const node_listener& who) const;
  /// Switches the log of decisions. Errors: `invalid_argument` if the library was built without it.
  void debug_log(bool on) const;
  caf::expected<void> try_debug_log(bool on) const;
  /// The nodes to have from now on, each `name@host:port`; for a cluster of one, this node. Errors:
  /// `invalid_config` for no node, a text of another form, or two addresses of one node;
  /// `invalid_argument` in local mode; nothing was changed.
  void reconfigure(const std::vector<std::string>& nodes) const;
  caf::expected<void> try_reconfigure(const std::vector<std::string>& nodes) const;

  // -- about the cache --------------------------------------------------------------------------

  /// The cache for actors: every operation as a message, see interfaces.hpp.
  const cache_actor& actor() const;
  /// Of a client: the same of the node at an address, `host:port`, for what is about one node; null
  /// while it is not connected.
  cache_actor node_at(const std::string& address) const;
  /// A partition for actors; null after `stop`. Errors: `invalid_argument` for no such index.
  partition_actor partition(std::size_t index) const;
  /// Records per partition and in total. Cost: O(partitions).
  cache_stats stats() const;
  caf::expected<cache_stats> try_stats() const;
  supercache::cluster_stats cluster_stats() const;
  caf::expected<supercache::cluster_stats> try_cluster_stats() const;
  bool distributed() const noexcept;
  std::size_t partitions() const noexcept;
  /// The partition that a partition value belongs to.
  std::size_t partition_of(const value& partition) const noexcept;
  std::string partition_name(std::size_t index) const;
  /// The options in force, defaults filled in.
  const options& config() const noexcept;
  supercache::metrics& metrics() const noexcept;
  /// For code that has to go beneath the handle; not stable.
  detail::core& internals() const noexcept;

private:
  explicit cache(std::shared_ptr<detail::handle> h);
  friend struct detail::handle;
  std::shared_ptr<detail::handle> handle_;
  detail::core* core_;
};

} // namespace supercache::inline SUPERCACHE_ABI
