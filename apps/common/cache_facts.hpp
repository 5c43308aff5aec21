#pragma once

#include "any_node.hpp"

namespace supercache::app {

/// The facts about a cache that a backup must match.
struct cache_facts {
  std::uint64_t partitions = 0, key_pos = 0, partition_pos = 0;
  std::string table_type;
  bool async = false; ///< a cluster in which a crash may lose what was acknowledged last

  /// Asks a node. Throws `error`.
  explicit cache_facts(any_node& of);
  /// Reads the head of a backup. Throws `error`.
  explicit cache_facts(const value& about);
  bool keeps_many() const { return table_type == "bag" || table_type == "duplicate_bag"; }
};

} // namespace supercache::app
