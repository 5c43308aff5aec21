#pragma once

#include <supercache/interfaces.hpp>
#include <supercache/store/queue_map.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>

namespace supercache::detail {

/// Those who look into queues of a partition as soon as there may be an item, at its primary.
///
/// Of those who park at a queue as many may look as it has items, who came first before others; if
/// one is still there 20 ms later, so may the next.
/// Thread: the partition's actor. Cost while nothing comes: one delayed message for each.
class parking {
public:
  using milliseconds = std::chrono::milliseconds;

  parking(partition_actor::pointer self, queue_map& queues) : self_(self), queues_(queues) {}

  /// Calls `look`: at once if there are items, else when some come, or after `longest`.
  void park(const std::string& queue, milliseconds longest, std::function<void()> look);
  /// There may be items, or somebody's time is over.
  void serve(const std::string& queue);

private:
  struct parked {
    std::int64_t until_ms;
    std::function<void()> look;
  };

  partition_actor::pointer self_;
  queue_map& queues_;
  std::map<std::string, std::deque<parked>> lines_;
};

} // namespace supercache::detail
