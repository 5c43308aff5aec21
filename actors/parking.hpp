#pragma once

#include <supercache/interfaces.hpp>
#include <supercache/store/queue_map.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>

namespace supercache::detail {

/// Callers that look into queues of a partition as soon as there may be an item, at its primary.
///
/// Of the callers parked at a queue as many may look as it has items, those that came first before
/// others; if an item is still there 20 ms later, the next one may look, too.
/// Thread: the partition's actor. Cost while nothing comes: one delayed message for each.
class parking {
public:
  using milliseconds = std::chrono::milliseconds;

  parking(partition_actor::pointer self, queue_map& queues) : self_(self), queues_(queues) {}

  /// Calls `look`: at once if there are items, else when some come, or after `longest`.
  void park(const std::string& queue, milliseconds longest, std::function<void()> look);
  /// There may be items, or a caller's time is over.
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
