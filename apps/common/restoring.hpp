#pragma once

#include "backing_up.hpp"

#include <filesystem>

namespace supercache::app {

/// What happens to the data that a cache already has.
enum class restore_into {
  empty,   ///< the cache must be empty
  merged,  ///< it stays; the backup's keys, queues and stacks replace those of the same name
  replaced ///< it is removed
};

struct restored {
  amount done;
  std::uint64_t collided = 0; ///< records that replaced others of their key
};

/// Reports the progress of `restore`: first it checks the file, then it restores it.
using on_restore_progress = std::function<void(bool checking, const amount&)>;

/// Restores a backup. Nothing is changed before the whole file has been checked, and that it fits
/// the cache. A repetition has the same result, so it goes on when a node dies; in a cluster with
/// replication mode async, partitions whose primary changed are restored once more. Memory: some
/// MiB. Throws `error` with a sentence that says what to do.
restored restore(any_node& into, const std::filesystem::path& file, restore_into how,
                 const on_restore_progress& progress);

} // namespace supercache::app
