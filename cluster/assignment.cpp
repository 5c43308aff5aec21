#include <supercache/cluster/assignment.hpp>

#include <algorithm>

namespace supercache {

std::vector<placement> assign(std::vector<std::string> nodes, std::size_t partitions,
                              std::size_t factor) {
  std::ranges::sort(nodes);
  const std::size_t n = nodes.size();
  const std::size_t copies = std::min(factor, n);
  std::vector<placement> map(partitions);
  for (std::size_t p = 0; p < partitions; ++p) {
    map[p].primary = nodes[p % n];
    for (std::size_t r = 1; r < copies; ++r)
      map[p].replicas.push_back(nodes[(p + r) % n]);
  }
  return map;
}

} // namespace supercache
