#include "parking.hpp"

#include <utility>
#include <vector>

namespace supercache::detail {

void parking::park(const std::string& queue, milliseconds longest, std::function<void()> look) {
  lines_[queue].push_back({clock::now() + longest, std::move(look)});
  if (queues_.watch(queue) > 0 || longest.count() <= 0)
    return serve(queue);
  compat::tell_later(self_, partition_actor{self_}, longest, ready_atom_v, queue);
}

void parking::serve(const std::string& queue) {
  const auto found = lines_.find(queue);
  if (found == lines_.end())
    return;
  auto& line = found->second;
  auto items = queues_.count(queue);
  const auto now = clock::now();
  std::vector<std::function<void()>> looks;
  std::erase_if(line, [&](parked& x) {
    if (items == 0 && x.until > now)
      return false;
    items -= items > 0;
    looks.push_back(std::move(x.look));
    return true;
  });
  if (line.empty()) {
    lines_.erase(found);
    queues_.unwatch(queue);
  }
  for (const auto& look : looks)
    look();
}

} // namespace supercache::detail
