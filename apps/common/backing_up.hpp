#pragma once

#include "any_node.hpp"
#include "whole_file.hpp"

namespace supercache::app {

/// How far work has come.
struct amount {
  std::uint64_t parts = 0, of_parts = 0; ///< partitions done, of all
  std::uint64_t records = 0, items = 0, bytes = 0;
};
using on_progress = std::function<void(const amount&)>;

/// Writes everything in a cache into `to`, partition after partition, each as of one moment. A
/// partition whose primary dies meanwhile is read again from the next one. Memory: some parts of
/// 256 KiB, or one key's records if they are more. Throws `error`; then the file is not complete.
amount back_up(any_node& from, whole_file& to, const std::string& program,
               const on_progress& progress);

} // namespace supercache::app
