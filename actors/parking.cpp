#include "parking.hpp"

#include "clock.hpp"

#include <utility>
#include <vector>

namespace supercache::detail {

namespace {

/// How long a caller that may look has to take an item; if it is there still, the next one may
/// look.
constexpr std::chrono::milliseconds patience{20};

} // namespace

void parking::park(const std::string& queue, milliseconds longest, std::function<void()> look) {
  lines_[queue].push_back({deadline_in(longest), std::move(look)});
  if (longest.count() > 0) // also if there are items: others may take them
    compat::tell_later(self_, partition_actor{self_}, longest, ready_atom_v, queue);
  if (queues_.watch(queue) > 0 || longest.count() <= 0)
    serve(queue);
}

void parking::serve(const std::string& queue) {
  const auto found = lines_.find(queue);
  if (found == lines_.end())
    return;
  auto& line = found->second;
  auto items = queues_.count(queue);
  const auto now = system_ms();
  std::vector<std::function<void()>> looks;
  std::erase_if(line, [&](parked& x) {
    if (items == 0 && x.until_ms > now)
      return false;
    items -= items > 0;
    looks.push_back(std::move(x.look));
    return true;
  });
  if (line.empty()) {
    lines_.erase(found);
    queues_.unwatch(queue);
  } else if (!looks.empty()) {
    compat::tell_later(self_, partition_actor{self_}, patience, ready_atom_v, queue);
  }
  for (const auto& look : looks)
    look();
}

} // namespace supercache::detail
