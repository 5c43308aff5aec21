#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

struct cluster_settings {
  std::size_t nodes = 3;
  std::size_t replication_factor = 3;
  std::size_t in_flight = 64;
  double seconds = 1; ///< to measure each case
  std::vector<std::string> only;
  bool alone = false; ///< without baselines
  bool json = false;
};

/// The names of the cases, without the caller's place.
const std::vector<std::string>& cluster_cases();

/// Measures a cluster, of which this process is a node, and its baselines in turn, and prints the
/// result.
int run_cluster(const cluster_settings& s);

} // namespace bench
