#include "../clock.hpp"
#include "host.hpp"
#include "node.hpp"

#include <algorithm>
#include <thread>

namespace supercache::detail {

member_list node::bootstrappers() const {
  member_list out;
  for (const auto& h : hosts_)
    h->step([&](const replica& core) { out.push_back(core.bootstrapper()); });
  return out;
}

status node::leave(std::chrono::milliseconds longest) {
  view([&](membership& m) { m.node_leaves(self_.node); });
  next_beat_ms_ = 0;
  const auto stay = [&](const std::string& why) -> status {
    view([&](membership& m) { m.node_leaves(self_.node, false); });
    return {errc::unavailable, why};
  };
  constexpr std::int64_t alone_ms = 2'000; // long enough to connect again
  auto now = now_ms();
  const auto begun = now + 1; // what left within the same millisecond may have left before
  const auto until = deadline_in(longest);
  auto met_ms = now; // when another node could be reached last
  std::string left;
  do {
    const auto [counting, live, stays] = view([voted = bootstrappers()](const membership& m) {
      return std::tuple{m.counting_on_self(voted), m.live(), m.somebody_stays()};
    });
    const bool others = live.size() > 1;
    if (counting) {
      left = std::to_string(counting)
             + (counting == 1 ? " partition still counts on node "
                              : " partitions still count on node ")
             + self_.node;
      if (!stays)
        return stay(left + ", and no other node stays that could take its data");
      if (others)
        met_ms = now;
      else if (now - met_ms > alone_ms)
        return stay(left + ", and no other node can be reached");
    } else {
      // Some node has to know that this one left, and tells those that cannot be reached now.
      left.clear();
      const auto knows = [&](const member& m) { return m != self_ && heard_us(m.id, begun); };
      if (!others || std::ranges::any_of(live, knows) || now - begun > alone_ms)
        return ok();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    now = now_ms();
  } while (now < until && !ending_);
  return left.empty() ? ok() : status{errc::timeout, left};
}

} // namespace supercache::detail
