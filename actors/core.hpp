#pragma once

#include "clock.hpp"
#include "distributed/provider.hpp"
#include "feed.hpp"
#include "lazy_buffer.hpp"
#include "log.hpp"
#include "node_events.hpp"

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

class node;

/// What is answered in place of `bad_alloc`.
inline failure out_of_memory() {
  return {errc::overloaded, "this node has not enough memory for it"};
}

/// Everything behind a `cache`, shared by its handles and actors.
///
/// Thread: any. The stores are safe in themselves; `phase_` is the only state that changes after
/// construction, and the actor handles, which `stop` lets go.
class core : public std::enable_shared_from_this<core> {
public:
  core(caf::actor_system& system, options o);
  ~core();

  /// Listens, in distributed mode or if the options say so. Errors: `io_error`.
  status listen();

  /// Makes the actors; the second half of construction, since they hold the core.
  void spawn_actors();
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

  /// What only a cache in a cluster has, else nullptr.
  node* cluster() const noexcept { return cluster_.load(std::memory_order_acquire); }
  const options& config() const noexcept { return options_; }
  caf::actor_system& system() const noexcept { return system_; }
  supercache::metrics& metrics() noexcept { return metrics_; }
  log_book& log() const noexcept { return *log_; }
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
  /// The partition of a queue or stack.
  partition_store& home_of(std::string_view name) noexcept;
  std::size_t home_index(std::string_view name) const noexcept;
  /// Whether a record has the elements it needs. Errors: `invalid_argument`.
  status check(const record& r) const;
  bool fits(const record& r) const noexcept { return r.size() > least_size_; }
  result<std::size_t> index_from_name(std::string_view partition) const;
  status check_index(std::size_t index) const;
  std::string partition_name(std::size_t index) const;

  // -- writes that more than one place needs ----------------------------------------------------
  /// Groups by partition and stores; all or, when `check` refuses one of them, none.
  status write_batch(std::vector<record>& rs, std::int64_t ttl_ms);
  /// Leaves in `rs` what is to be tried again.
  status write_lazily(std::vector<record>& rs, std::chrono::milliseconds longest);
  /// `ttl_ms` counts from now on, not from when it is written.
  status lazy_put(record r, std::int64_t ttl_ms);
  status flush();
  /// Wakes the buffers that could not be written.
  void retry_lazy();
  /// Tells the partition's actor that a queue that a caller waits on has items.
  void wake_waiters(const std::string& queue);

  // -- actors -----------------------------------------------------------------------------------
  const cache_actor& front() const noexcept { return front_; }
  partition_actor partition(std::size_t index) const;
  void wake_buffer(std::size_t index);
  status drain_buffer(std::size_t index);

  // -- watching ---------------------------------------------------------------------------------
  feed& changes() noexcept { return feed_; }
  /// See `cache::watch`. Blocks in a cluster.
  result<std::uint64_t> watch(interest what, const caf::actor& who);
  bool unwatch(std::uint64_t watch);
  /// Makes the stores tell of changes, if there is any watch.
  void watch_stores();
  /// See `cache::watch_nodes`.
  status watch_nodes(const caf::actor& who);

  /// The listeners that are told of nodes.
  node_events& nodes() noexcept { return nodes_; }

  cache_stats stats();
  /// @pre there is such a partition
  partition_place place_of(std::size_t index);
  std::vector<partition_place> partition_map();
  /// What this node is called; "local" if it is in no cluster.
  std::string own_name() const;
  supercache::cluster_stats cluster_stats();

  /// Which struct types are initialised, with the position of the key among the fields.
  std::mutex structs_lock;
  std::vector<std::pair<std::string, std::size_t>> struct_keys;

private:
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
  supercache::metrics metrics_;
  lazy_buffers buffers_;
  mutable std::mutex actors_lock_; ///< of the actors below; taken only for messages
  std::vector<partition_actor> partition_actors_;
  std::vector<buffer_actor> buffer_actors_;
  cache_actor front_;
  std::vector<server_actor> servers_; ///< do what would keep CACHE from other requests
  watch_actor watches_;
  feed feed_;
  node_events nodes_;
  std::mutex listening_lock_; ///< of the next two
  bool listening_ = false;
  std::set<caf::actor_addr> listeners_; ///< whose end is waited for
  std::unique_ptr<node> node_;
  std::atomic<node*> cluster_{nullptr}; ///< `node_`, for actors that run before it is there
  std::uint16_t port_ = 0;              ///< that `front_` is published at; 0 = it is not
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
/// CACHE, with its servers, which do what would keep it from other requests: in a cluster, or on
/// one node.
caf::actor spawn_distributor(caf::actor_system& system, std::shared_ptr<core> c,
                             std::vector<server_actor>& servers);
caf::actor spawn_front(caf::actor_system& system, std::shared_ptr<core> c,
                       std::vector<server_actor>& servers);
/// All requests that CACHE answers, except waiting for an item, which needs an actor.
caf::behavior cache_behavior(std::shared_ptr<core> c);
/// The part of them that takes no time on a single node, or has to be done in order.
caf::message_handler short_behavior(std::shared_ptr<core> c);

} // namespace supercache::detail
