#pragma once

#include <supercache/interfaces.hpp>
#include <supercache/store/queue_map.hpp>

#include <chrono>
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

  /// A place in a line: the smaller one comes first.
  using ticket = std::uint64_t;
  ticket next_ticket() noexcept { return ++last_; }
  /// Calls `look`: at once if there are items, else when some come, or after `longest`. A caller
  /// that found that another was faster comes back with its ticket, and so to its place.
  void park(const std::string& queue, ticket place, milliseconds longest,
            std::function<void()> look);
  /// There may be items, or a caller's time is over.
  void serve(const std::string& queue);
  /// Ends waits that are over: CAF's clock, by which callers are told, stands still while the
  /// machine is suspended.
  void tick();
  /// Whether nobody waits at a queue.
  bool idle(const std::string& queue) const { return !lines_.contains(queue); }

private:
  struct parked {
    std::int64_t until_ms;
    std::function<void()> look;
  };

  partition_actor::pointer self_;
  queue_map& queues_;
  std::map<std::string, std::map<ticket, parked>> lines_;
  ticket last_ = 0;
};

} // namespace supercache::detail
