#include "core.hpp"

#include <algorithm>
#include <iterator>

// What a cache holds on this node.

namespace supercache::detail {

cache_stats core::stats() {
  cache_stats out;
  std::vector<std::string>* const names[]
    = {&out.namespaces, &out.queues, &out.stacks, &out.structs};
  constexpr space_kind kinds[]
    = {space_kind::kv, space_kind::queue, space_kind::stack, space_kind::structs};
  out.kinds = {{"tuples"}, {"namespaces"}, {"queues"}, {"stacks"}, {"structs"}};
  for (std::size_t i = 0; i < partitions(); ++i) {
    const stamp when{others().time_ms(i)};
    const auto add = [&](kind_stats& to, space_kind kind) {
      const auto held = at(i).held(kind, when);
      to.records += held.records;
      to.bytes += held.bytes;
      return held;
    };
    const auto tuples = add(out.kinds[0], space_kind::tuples);
    out.partitions.push_back({i, partition_name(i), tuples.records, tuples.bytes});
    for (std::size_t k = 0; k < std::size(kinds); ++k) {
      add(out.kinds[k + 1], kinds[k]);
      std::ranges::copy(at(i).names(kinds[k]), std::back_inserter(*names[k]));
    }
  }
  out.records = out.kinds[0].records;
  out.bytes = out.kinds[0].bytes;
  for (auto* list : names) {
    std::ranges::sort(*list);
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return out;
}

} // namespace supercache::detail
