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

/// Whether the partition must go on, sync mode, with those copies that stay: a minority of the
/// group may be lost; in the middle of a change, if it is a minority of the group to come, too; or
/// one copy, if those to come are only two. A copy that installs a snapshot is none.
bool must_survive(const std::vector<witness>& copies);

} // namespace sim
