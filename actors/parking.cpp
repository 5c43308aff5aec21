#include "parking.hpp"

#include "clock.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace supercache::detail {

namespace {

/// How long a caller that may look has to take an item; if it is there still, the next one may
/// look.
constexpr std::chrono::milliseconds patience{20};

} // namespace

void parking::park(const std::string& queue, ticket place, milliseconds longest,
                   std::function<void()> look) {
  lines_[queue].emplace(place, parked{deadline_in(longest), std::move(look)});
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
  for (auto next = line.begin(); next != line.end();) {
    parked& p = next->second;
    if (items == 0 && p.until_ms > now) {
      ++next;
      continue;
    }
    items -= items > 0;
    looks.push_back(std::move(p.look));
    next = line.erase(next);
  }
  if (line.empty()) {
    lines_.erase(found);
    queues_.unwatch(queue);
  } else if (!looks.empty()) {
    compat::tell_later(self_, partition_actor{self_}, patience, ready_atom_v, queue);
  }
  for (const auto& look : looks)
    look();
}

void parking::tick() {
  const auto now = system_ms();
  std::vector<std::string> over;
  for (const auto& [queue, line] : lines_)
    if (std::ranges::any_of(line, [now](const auto& x) { return x.second.until_ms <= now; }))
      over.push_back(queue);
  for (const auto& queue : over)
    serve(queue);
}

} // namespace supercache::detail
