#pragma once

#include "clock.hpp"
#include "distributed/provider.hpp"
#include "executor.hpp"
#include "feed.hpp"
#include "lazy_buffer.hpp"
#include "log.hpp"
#include "neighbours.hpp"
#include "node_events.hpp"
#include "supervised.hpp"

#include <supercache/interfaces.hpp>
#include <supercache/metrics.hpp>
#include <supercache/options.hpp>
#include <supercache/stats.hpp>
#include <supercache/store/partition_store.hpp>
#include <supercache/store/shelf_hashed.hpp>

#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/message_handler.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace supercache::detail {

class alone;
struct acquaintance;
class remote;
class dispatcher;
class node;
class pool;

/// Drawn again at every start; never 0. Thread: any.
member_id new_member_id();

/// What is answered in place of `bad_alloc`.
inline failure out_of_memory() {
  return {errc::overloaded, "this node has not enough memory for it"};
}

/// Records by the partition that they belong into, those of each in their order.
struct partitioned {
  std::vector<record> rows;
  std::vector<std::uint64_t> hashes; ///< of their partition values
  std::vector<std::size_t> begin;    ///< of each partition's rows; and the end of the last ones

  std::size_t count(std::size_t partition) const noexcept {
    return begin[partition + 1] - begin[partition];
  }
  /// The rows of a partition, once.
  std::vector<record> take(std::size_t partition) {
    const auto at = [&](std::size_t i) {
      return std::move_iterator{rows.begin() + static_cast<std::ptrdiff_t>(begin[i])};
    };
    return {at(partition), at(partition + 1)};
  }
};

/// Everything behind a `cache`, shared by its handles and actors.
///
/// Thread: any. The stores are safe in themselves; `phase_` is the only state that changes after
/// construction, and the actor handles, which `stop` lets go.
class core : public std::enable_shared_from_this<core> {
public:
  /// `first`: the cache is a client, and has no data.
  core(caf::actor_system& system, options o, std::unique_ptr<acquaintance> first = {});
  ~core();

  /// Listens, in distributed mode or if the options say so. Errors: `io_error`.
  status listen();

  /// Makes the actors; the second half of construction, since they hold the core.
  void spawn_actors();
  /// Looks for other nodes; CACHE answers from now on. @pre `listen` succeeded
  void begin();
  /// See `cache::node_at`.
  cache_actor node_at(const std::string& address) const;
  /// See `cache::stop`.
  void stop();
  /// Whether a read of one key may go straight to `set_of`: the cache runs, keeps sets, a power of
  /// two of them, and finds the partition by the key.
  bool reads_directly() const noexcept { return reads_directly_.load(std::memory_order_acquire); }
  const shelf::hashed::view& set_of(std::uint64_t hash) const noexcept {
    return sets_[hash & mask_];
  }
  bool running() const noexcept { return running_.load(std::memory_order_acquire); }
  status check_running() const;

  /// What does the operations. @pre `listen` succeeded
  supercache::detail::executor& executor() noexcept { return *executor_; }
  /// The threads for actors and long work of the cache; @pre `spawn_actors` was called
  supercache::detail::pool& pool() noexcept { return *pool_; }
  /// Other nodes. @pre as `executor`
  neighbours& others() const noexcept { return *others_; }
  const options& config() const noexcept { return options_; }
  caf::actor_system& system() const noexcept { return system_; }
  supercache::metrics& metrics() noexcept { return metrics_; }
  log_book& log() const noexcept { return *log_; }
  const std::shared_ptr<log_book>& shared_log() const noexcept { return log_; }
  std::size_t partitions() const noexcept { return stores_.size(); }
  bool same_position() const noexcept { return same_position_; }
  stamp now() const noexcept { return stamp{&system_ms}; }

  // -- where data is ----------------------------------------------------------------------------
  std::size_t index_of(std::uint64_t partition_hash) const noexcept {
    return power_of_two_ ? partition_hash & mask_ : partition_hash % stores_.size();
  }
  partition_store& at(std::size_t index) noexcept { return *stores_[index]; }
  partition_store& of(std::uint64_t partition_hash) noexcept {
    return at(index_of(partition_hash));
  }
  /// Whether a record has the elements it needs. Errors: `invalid_argument`.
  status check(const record& r) const;
  bool fits(const record& r) const noexcept { return r.size() > least_size_; }
  result<std::size_t> index_from_name(std::string_view partition) const;
  status check_index(std::size_t index) const;
  std::string partition_name(std::size_t index) const;

  /// Records by the partition that they belong into, those of each in their order.
  partitioned by_partition(std::vector<record> rs) const;

  // -- lazy_put: core_lazy.cpp --------------------------------------------------------------------
  /// `ttl_ms` counts from now on, not from when it is written.
  status lazy_put(record r, std::int64_t ttl_ms);
  /// Writes everything that was left before. Waits in a cluster.
  status flush();
  /// The same without waiting.
  future<unit> begin_flush();
  /// Wakes the buffers that could not be written.
  void retry_lazy();

  // -- actors -----------------------------------------------------------------------------------
  const cache_actor& front() const noexcept { return front_; }
  partition_actor partition(std::size_t index) const;
  /// All actors that are replaced when they end, each with what the log calls it.
  std::vector<std::pair<std::string, caf::actor>> actors() const;
  /// Tells a partition's actor that a queue that callers wait at has items.
  void items_came(std::size_t partition, const std::string& queue) const;
  /// Runs work on the partition's actor once a queue may have items, or after a time.
  void when_items(std::size_t partition, const std::string& queue,
                  std::chrono::milliseconds longest, std::function<void()> work) const;
  /// Runs work on the partition's actor, unless the cache stops: work that takes long, or touches
  /// what is the actor's.
  void run_at(std::size_t partition, std::function<void()> work) const;
  void wake_buffer(std::size_t index);
  status drain_buffer(std::size_t index);

  // -- watching ---------------------------------------------------------------------------------
  feed& changes() noexcept { return feed_; }
  /// See `cache::watch`.
  future<std::uint64_t> watch(interest what, const caf::actor& who);
  bool unwatch(std::uint64_t watch);
  /// Makes the stores tell of changes, if there is any watch.
  void watch_stores();
  /// See `cache::watch_nodes`.
  status watch_nodes(const caf::actor& who);

  /// The listeners that are told of nodes.
  node_events& nodes() noexcept { return nodes_; }

  cache_stats stats();
  std::vector<partition_place> partition_map();
  /// Which struct types are initialised, with the position of the key among the fields.
  std::mutex structs_lock;
  std::vector<std::pair<std::string, std::size_t>> struct_keys;

private:
  /// Leaves in `rs` what is to be tried again.
  status write_lazily(std::vector<record>& rs, std::chrono::milliseconds longest);
  status put_and_keep(std::vector<record>& rs, std::int64_t ttl_ms,
                      std::chrono::milliseconds longest);
  partition_actor make_partition(std::size_t index);
  buffer_actor make_buffer(std::size_t index);
  watch_actor make_watches();
  void watch_over(const caf::actor& who);
  void close_port();
  void forget_listener(const caf::actor_addr& who);
  void wake_watches();

  caf::actor_system& system_;
  options options_;
  const std::shared_ptr<log_book> log_;
  provider_holder provider_{options_.replication};
  bool same_position_;
  std::size_t least_size_; ///< the larger of the two positions
  bool power_of_two_;      ///< of partitions; then `mask_` is one less
  std::size_t mask_;
  std::atomic<bool> running_{true};
  std::atomic<bool> reads_directly_{false};
  std::vector<shelf::hashed::view> sets_; ///< of `stores_`, if they keep sets
  std::vector<std::unique_ptr<partition_store>> stores_;
  std::unique_ptr<supercache::detail::executor> executor_;
  std::shared_ptr<supercache::detail::pool> pool_;
  std::shared_ptr<supercache::detail::pool> patient_; ///< one thread, which may wait
  supercache::metrics metrics_;
  lazy_buffers buffers_;
  mutable std::mutex actors_lock_; ///< of the actors below; taken only for messages
  std::vector<std::shared_ptr<supervised<partition_actor>>> partition_actors_;
  std::vector<std::shared_ptr<supervised<buffer_actor>>> buffer_actors_;
  cache_actor front_;
  std::shared_ptr<supervised<watch_actor>> watches_;
  feed feed_;
  node_events nodes_;
  std::mutex listening_lock_; ///< of the next two
  bool listening_ = false;
  std::set<caf::actor_addr> listeners_;  ///< whose end is waited for
  std::shared_ptr<dispatcher> requests_; ///< behind `front_`
  std::unique_ptr<node> node_;           ///< null: it is no member of a cluster
  std::unique_ptr<alone> alone_;
  std::unique_ptr<acquaintance> first_; ///< of a client, until it has:
  std::unique_ptr<remote> remote_;
  neighbours* others_ = nullptr; ///< one of the three
  std::uint16_t port_ = 0;       ///< that `front_` is published at; 0 = it is not
};

/// What the user's handles share: the cache stops with the last of them.
struct handle {
  std::shared_ptr<core> c;
  explicit handle(std::shared_ptr<core> x) : c(std::move(x)) {}
  ~handle();
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;
};

// The actors' behaviours; each file of the name has one.
partition_actor::behavior_type partition_behavior(partition_actor::pointer self,
                                                  std::shared_ptr<core> c, std::size_t index);
buffer_actor::behavior_type buffer_behavior(buffer_actor::pointer self, std::shared_ptr<core> c,
                                            std::size_t index);
watch_actor::behavior_type watch_behavior(watch_actor::pointer self, std::shared_ptr<core> c);

} // namespace supercache::detail
