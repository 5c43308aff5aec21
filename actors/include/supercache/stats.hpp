#pragma once

#include <supercache/metrics.hpp>
#include <supercache/store/value.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

/// What one partition holds on this node.
struct partition_stats {
  std::size_t index = 0;
  std::string name;
  std::size_t records = 0; ///< tuples
  std::size_t bytes = 0;   ///< their memory
};

/// How much there is of one kind of data on this node.
struct kind_stats {
  std::string kind;        ///< "tuples", "namespaces", "queues", "stacks" or "structs"
  std::size_t records = 0; ///< tuples, pairs, items or structs
  std::size_t bytes = 0;   ///< their memory, indexes included
};

/// What a cache holds on this node.
struct cache_stats {
  std::vector<partition_stats> partitions;
  std::size_t records = 0;                                      ///< tuples in all partitions
  std::size_t bytes = 0;                                        ///< their memory
  std::vector<kind_stats> kinds;                                ///< everything
  std::vector<std::string> namespaces, queues, stacks, structs; ///< names in use
};

/// Where the copies of one partition are. Nodes by name.
struct partition_place {
  std::size_t index = 0;
  std::string primary;               ///< empty: none that can be reached
  std::vector<std::string> replicas; ///< that can be reached
  std::vector<std::string> lost;     ///< that cannot be reached, or were restarted since
  std::vector<std::string> coming;   ///< that install a snapshot
};

/// The cluster as this node sees it.
struct cluster_stats {
  std::string node;
  std::vector<std::string> live_nodes;
  std::vector<std::string> unreachable;
  /// Why it has had no list of nodes yet and so takes part in nothing; empty: it has had one.
  std::string waits_for;
  std::string mode;             ///< "local" or "distributed"
  std::string replication_mode; ///< "async", "sync", "strong"
  std::size_t partitions = 0;
  /// Partitions that can be written: they have a primary and, in sync mode, a majority of their
  /// members within reach.
  std::size_t writable = 0;
  std::size_t replication_factor = 1; ///< copies wanted of each partition
  std::size_t primaries_here = 0;
  std::size_t replicas_here = 0;
  /// Writes that only this node had, given up since it started for those of a later primary.
  std::uint64_t discarded = 0;
};

/// Latencies and counts of one operation.
struct api_stats {
  std::string operation;
  metric_summary summary;
};
SUPERCACHE_API std::vector<api_stats> api(const metrics& m);

/// As tables for people.
SUPERCACHE_API void print(std::ostream& out, const cache_stats& s);
SUPERCACHE_API void print(std::ostream& out, const cluster_stats& s);
SUPERCACHE_API void print(std::ostream& out, const std::vector<api_stats>& s);

/// As maps, for messages and JSON.
SUPERCACHE_API value to_value(const cache_stats& s);
SUPERCACHE_API value to_value(const cluster_stats& s);
SUPERCACHE_API value to_value(const std::vector<api_stats>& s);

} // namespace supercache::inline SUPERCACHE_ABI
