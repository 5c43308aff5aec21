#pragma once

#include "any_node.hpp"

namespace supercache::app {

/// What a cache is that a backup has to fit.
struct cache_facts {
  std::uint64_t partitions = 0, key_pos = 0, partition_pos = 0;
  std::string table_type;
  bool async = false; ///< a cluster in which a crash may lose what was acknowledged of late

  /// Asks. Throws `error`.
  explicit cache_facts(any_node& of);
  /// Of the head of a backup. Throws `error`.
  explicit cache_facts(const value& about);
  bool keeps_many() const { return table_type == "bag" || table_type == "duplicate_bag"; }
};

} // namespace supercache::app
