#pragma once

#include "session.hpp"

#include <string>
#include <vector>

namespace supercache::app {

/// A member of a cluster, as a node sees it.
struct member_row {
  std::string node, state, address;
  std::uint64_t primaries = 0, replicas = 0;
  bool unreachable() const noexcept { return state == "down"; }
  bool present() const noexcept { return state != "down" && state != "left"; }
};

/// The place of a partition, as a node sees it.
struct partition_row {
  std::uint64_t partition = 0;
  std::string primary; ///< empty: none
  std::vector<std::string> replicas, coming;
  std::vector<std::string> lost; ///< members whose incarnation is over or out of reach
  std::uint64_t epoch = 0, last = 0, commit = 0, records = 0;
};

/// A node's view of its cluster, read from `client::members` and `client::placement`.
std::vector<member_row> members_from(const value& list);
std::vector<partition_row> partitions_from(const value& list);
std::vector<std::string> unreachable_of(const std::vector<member_row>& members);
/// The nodes that can be reached. A node may count neither as reachable nor as unreachable: one
/// that is dead and not expected.
std::vector<std::string> present_of(const std::vector<member_row>& members);

/// `b, c`; `nothing` when there are none.
std::string names_text(const std::vector<std::string>& names, const char* nothing = "-");

/// A member of a map; nil when it is missing, as another version of a node may not send it.
value member(const value& map, const char* name);
std::string text_of(const value& x);
std::uint64_t whole_of(const value& map, const char* name);

} // namespace supercache::app
