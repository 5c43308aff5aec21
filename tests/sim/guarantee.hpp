#pragma once

#include <supercache/cluster/replica.hpp>

#include <vector>

namespace sim {

/// A copy, and whether it will still be there.
struct witness {
  supercache::member self;
  const supercache::replica* core = nullptr;
  bool stays = true;
  bool heard_later = false; ///< what it has sent may arrive though it is lost
};

/// Sync: whether the partition must go on with the copies that stay. A minority of the group may be
/// lost; in the middle of a change, if it is a minority of the new group, too; or one copy, if the
/// new group has only two. A copy that installs a snapshot does not count.
bool must_survive(const std::vector<witness>& copies);

} // namespace sim
