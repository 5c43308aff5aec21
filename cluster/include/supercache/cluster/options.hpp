#pragma once

#include <supercache/store/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

/// When a write is acknowledged; see the guarantees table in the README.
enum class replication_mode : std::uint8_t { async, sync, strong };
SUPERCACHE_API std::string_view to_string(replication_mode m) noexcept;
SUPERCACHE_API std::optional<replication_mode> replication_mode_from(
  std::string_view name) noexcept;

/// Where a read is served.
enum class read_mode : std::uint8_t {
  local,   ///< here; fastest, may be stale; at the primary where this node has no replica
  primary, ///< at the primary
  quorum,  ///< by a majority; the newest version wins
};
SUPERCACHE_API std::string_view to_string(read_mode m) noexcept;
SUPERCACHE_API std::optional<read_mode> read_mode_from(std::string_view name) noexcept;

/// Where the node monitor learns of other nodes.
enum class monitor_source : std::uint8_t {
  nodes,    ///< the list in `nodes`
  provider, ///< a callback or file, asked again every `refresh`
  all,      ///< nodes that connect, and nodes that members know
};
SUPERCACHE_API std::string_view to_string(monitor_source s) noexcept;
SUPERCACHE_API std::optional<monitor_source> monitor_source_from(std::string_view name) noexcept;

/// When the write-ahead log reaches the disk.
enum class fsync_policy : std::uint8_t {
  always,   ///< before a write is acknowledged: survives the crash of every node
  interval, ///< a few times a second: the crash of every node loses that much
  never,    ///< when the operating system decides to
};
SUPERCACHE_API std::string_view to_string(fsync_policy p) noexcept;
SUPERCACHE_API std::optional<fsync_policy> fsync_policy_from(std::string_view name) noexcept;

/// What the cluster needs to know. With one member the options are checked and have no effect.
struct cluster_options {
  using ms = std::chrono::milliseconds;

  replication_mode mode = replication_mode::async;
  /// Copies of each partition, the primary's included; 1 … 16.
  std::size_t replication_factor = 2;
  /// Nodes to join, each `name@host:port`.
  std::vector<std::string> peers;
  /// The highest rate of snapshots from one node to another, in MiB per second; 1 … 100 000.
  std::size_t transfer_rate = 64;

  struct node_settings {
    std::string name;               ///< unique in the cluster; default: node<port>
    std::string host = "127.0.0.1"; ///< where it listens
    std::uint16_t port = 0;         ///< 0 = any that is free
    /// Where other nodes find it, if not at `host` and `port`: `host` or `host:port`.
    std::string advertise;
  } node;

  struct wal_settings {
    ms majority_timeout{2000};        ///< how long a write waits for a majority; 1 … 600 000
    ms cleanup_interval{5000};        ///< between removals of old log segments; 1 … 3 600 000
    std::size_t max_pending = 10'000; ///< unacknowledged entries before writers are refused
    std::string dir;                  ///< where the log is; empty = the working directory
    fsync_policy fsync = fsync_policy::always;
  } wal;

  struct monitor_settings {
    monitor_source source = monitor_source::nodes;
    std::vector<std::string> nodes; ///< each `name@host:port`
    std::string provider;           ///< a file with one node per line
    /// Answers the nodes, each `name@host:port`; wins over the file. It is called before the node
    /// is made, by the caller that makes it, and then on a thread of its own, one call at a time.
    /// It may take its time, but stopping waits for it. An exception, an empty list, and a list
    /// with anything else in it count as failure, which changes nothing.
    std::function<result<std::vector<std::string>>()> ask;
    ms refresh{5000};  ///< between two questions to the provider; 10 … 3 600 000
    ms heartbeat{250}; ///< between two heartbeats to every other node; 25 … 60 000
    ms down{1500};     ///< a node silent for so long is down; 100 … 600 000; same on all nodes
    /// After how long people are told that a node may be down. Also for how long no other is
    /// elected in place of a primary that members have heard from, while connections hold; less
    /// than `down`.
    ms suspect() const noexcept { return down * 2 / 3; }
  } node_monitor;

  struct health_settings {
    ms interval{5000};                          ///< between two checks; 10 … 3 600 000
    ms latency_threshold{100};                  ///< slower round trips are degraded
    ms replication_lag_threshold{500};          ///< slower replicas are degraded
    double error_rate_threshold = 0.05;         ///< share of failed operations; 0 … 1
    double partition_imbalance_threshold = 0.3; ///< 0 … 1
  } health;
};

/// A node's address as people write it.
struct node_address {
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  static constexpr auto fields(auto&& f) {
    return f(&node_address::name, &node_address::host, &node_address::port);
  }
  bool operator==(const node_address&) const = default;
};
SUPERCACHE_API std::string to_string(const node_address& a);
/// Whether a text may name a node, or partitions: 1 to 64 letters, digits, _ or -, of ASCII.
SUPERCACHE_API bool is_plain_name(std::string_view text) noexcept;
/// Whether a text may be a host: a name, or an address of IPv4 or IPv6.
SUPERCACHE_API bool is_host(std::string_view text) noexcept;
/// Reads `name@host:port`; an IPv6 address may stand in brackets. Errors: `invalid_config` with the
/// text and the form expected.
SUPERCACHE_API result<node_address> node_address_from(std::string_view text);
/// Whether texts are addresses of nodes, and each node has only one. Errors: `invalid_config` with
/// the text and what is expected; also if there are none.
SUPERCACHE_API status check_list(const std::vector<std::string>& nodes);
/// Replaces the address where a node listens by the one where others find it, `host` or
/// `host:port`. Errors: `invalid_config` with the text and the form expected; nothing was changed.
status advertise(node_address& a, std::string_view text);
/// Where others find the node of these options; without a name it is `node<port>`. @pre valid
node_address announced(const cluster_options& o);

/// Whether the options make sense together. Errors: `invalid_config` naming key, value and range.
SUPERCACHE_API status validate(const cluster_options& o);

} // namespace supercache::inline SUPERCACHE_ABI
