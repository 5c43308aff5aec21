#include <supercache/cluster/assignment.hpp>

#include <algorithm>

namespace supercache {

placement assign_one(const std::vector<std::string>& nodes, std::size_t partition,
                     std::size_t factor) {
  const std::size_t n = nodes.size(), copies = std::min(factor, n);
  placement out{nodes[partition % n], {}};
  for (std::size_t r = 1; r < copies; ++r)
    out.replicas.push_back(nodes[(partition + r) % n]);
  return out;
}

std::vector<placement> assign(std::vector<std::string> nodes, std::size_t partitions,
                              std::size_t factor) {
  std::ranges::sort(nodes);
  std::vector<placement> map(partitions);
  for (std::size_t p = 0; p < partitions; ++p)
    map[p] = assign_one(nodes, p, factor);
  return map;
}

} // namespace supercache
