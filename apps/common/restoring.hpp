#pragma once

#include "backing_up.hpp"

#include <filesystem>

namespace supercache::app {

/// What becomes of what a cache has already.
enum class restore_into {
  empty,   ///< there must be nothing
  merged,  ///< it stays; keys, queues and stacks of the backup take the place of their namesakes
  replaced ///< it goes
};

struct restored {
  amount done;
  std::uint64_t collided = 0; ///< records that replaced others of their key
};

/// What `restore` is told of its way through the file: first it is checked, then put back.
using on_restore_progress = std::function<void(bool checking, const amount&)>;

/// Puts back what is in a backup. Nothing is changed before the whole file has been checked, and
/// that it fits the cache. Done again it comes to the same, so it goes on when a node dies; in a
/// cluster with replication mode async, partitions whose primary changed are put back once more.
/// Memory: some MiB. Throws `error` with a sentence that says what to do.
restored restore(any_node& into, const std::filesystem::path& file, restore_into how,
                 const on_restore_progress& progress);

} // namespace supercache::app
