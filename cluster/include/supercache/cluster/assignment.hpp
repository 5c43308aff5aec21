#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace supercache {

/// The nodes that hold one partition.
struct placement {
  std::string primary;
  std::vector<std::string> replicas; ///< without the primary
  bool operator==(const placement&) const = default;
};

/// The placement of one partition. @pre as at `assign`, and the nodes are sorted
placement assign_one(const std::vector<std::string>& nodes, std::size_t partition,
                     std::size_t factor);
/// The placement of every partition: the nodes, sorted, are rotated by the partition's index; the
/// first is primary, the next `min(factor, nodes) - 1` are replicas. Pure: every node that knows
/// the same members computes the same map.
/// @pre nodes has no duplicates and is not empty, factor ≥ 1.
std::vector<placement> assign(std::vector<std::string> nodes, std::size_t partitions,
                              std::size_t factor);

} // namespace supercache
