#pragma once

#include <supercache/store/operation.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace sim {

/// What users of a queue or stack did with one item, and when: moments are numbers that grow with
/// every call and every answer.
struct item_life {
  static constexpr std::uint64_t never = UINT64_MAX;
  std::uint64_t push_begin = 0;
  std::uint64_t push_end = never; ///< when its producer was told that it is there
  std::size_t push_place = 0;     ///< among what was pushed with it
  /// What is there in the end counts as taken by one last pop.
  std::uint64_t pop_begin = never, pop_end = never;
  std::size_t place = 0; ///< in the answer of its pop

  bool popped() const noexcept { return pop_end != never; }
};
using item_lives = std::map<std::int64_t, item_life>;

/// Why no queue, or stack, could have done this with its items, as far as pairs of items show it;
/// nothing if one could. Items that are not known to be taken say nothing.
/// After Henzinger, Sezgin, Vafeiadis: Aspect-Oriented Linearizability Proofs (CONCUR 2013), §4.
std::optional<std::string> order_fault(supercache::space_kind kind, const item_lives& items);

} // namespace sim
