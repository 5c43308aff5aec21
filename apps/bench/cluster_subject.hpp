#pragma once

#include "baseline.hpp"
#include "cluster.hpp"
#include "common/child.hpp"
#include "pipeline.hpp"

#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <memory>

namespace bench {

/// Where the primary of the data is: in this process, or elsewhere.
enum class place { primary, other };

/// A cluster on this host. This process is a node; the others are its children.
class cluster_subject {
public:
  cluster_subject(const cluster_settings& s, supercache::replication_mode mode);
  ~cluster_subject();

  latencies one_by_one(const std::string& which, place where, double seconds);
  /// With several in flight: requests of one actor. Operations that end at once in this process run
  /// one after the other.
  throughput many(const std::string& which, place where, std::size_t in_flight, double seconds);

  /// Async writes here at full speed: `behind` is the largest number of entries that the slowest
  /// copy lacked, and `caught_up_ms` the time from the last write until it had them all.
  struct sustained {
    double per_sec = 0;
    std::uint64_t behind = 0;
    double caught_up_ms = 0;
  };
  sustained write_on(double seconds);
  /// Memory of all nodes, in bytes, before and after another node writes to the same keys.
  struct memory {
    std::size_t writes = 0, before = 0, after = 0;
  };
  memory forward(std::size_t writes);
  /// Kills a node and writes to its partitions: the time until the node is declared down, and the
  /// time until each of its partitions has taken a write.
  struct failover {
    double declared_ms = 0, accepted_ms = 0;
  };
  failover kill_one();

private:
  struct keys {
    std::vector<supercache::record> rows;
    std::vector<std::vector<supercache::record>> batches; ///< of 1000 each
    std::string queue;
  };
  struct config : caf::actor_system_config {
    config();
  };
  supercache::options options_of(const cluster_settings& s, supercache::replication_mode mode,
                                 const std::vector<std::string>& all) const;
  void start_children(const cluster_settings& s, supercache::replication_mode mode,
                      const std::vector<std::string>& all);
  void settle();
  void find_keys();
  const keys& at(place p) const { return p == place::primary ? here_ : there_; }
  /// The partitions as one node sees them: a list of maps.
  supercache::value placement(const supercache::cache_actor& of);
  std::vector<std::uint64_t> lasts(const supercache::cache_actor& of);
  std::uint64_t behind(const std::vector<std::uint64_t>& ours);

  config cfg_;
  caf::actor_system system_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<supercache::app::child>> children_;
  std::unique_ptr<supercache::cache> cache_;
  std::vector<supercache::cache_actor> others_;
  throughput blocking(const keys& k, double seconds);

  keys here_, there_;
  std::uint64_t turn_ = 0;
};

} // namespace bench
