#include "../clock.hpp"
#include "host.hpp"
#include "node.hpp"

#include <algorithm>

// A node that leaves, and callers that wait until all copies are there.

namespace supercache::detail {

namespace {

/// A node that is to leave.
struct leaving {
  std::int64_t begun;    ///< a peer that heard from this node then knows that it leaves
  std::int64_t until_ms; ///< when the caller is told what is left
  std::int64_t met_ms;   ///< when another node could be reached last
};

std::function<void()> answered(const future<unit>& to, status s) {
  return [to, s = std::move(s)] { to.set(s); };
}

} // namespace

member_list node::bootstrappers() const {
  member_list out;
  for (const auto& h : hosts_)
    h->step([&](const replica& core) { out.push_back(core.bootstrapper()); });
  return out;
}

future<unit> node::leave(milliseconds longest) {
  constexpr std::int64_t alone_ms = 2'000; // long enough to connect again
  view([&](membership& m) { m.node_leaves(self_.node); });
  next_beat_ms_ = 0;
  const auto now = now_ms();
  const auto out = future<unit>::pending();
  // What left within the same millisecond may have left before.
  waits_.add([this, out,
              l = leaving{now + 1, deadline_in(longest), now}]() mutable -> std::function<void()> {
    const auto time = now_ms();
    if (time < l.until_ms && !ending_
        && !std::ranges::all_of(hosts_, [](const auto& h) { return h->is_free(); }))
      return nullptr; // the node monitor waits for no long work
    const auto stay = [&](const std::string& why) {
      view([&](membership& m) { m.node_leaves(self_.node, false); });
      return answered(out, {errc::unavailable, why});
    };
    const auto [counting, live, stays] = view([voted = bootstrappers()](const membership& m) {
      return std::tuple{m.counting_on_self(voted), m.live(), m.somebody_stays()};
    });
    const bool others = live.size() > 1;
    if (!counting) {
      // Some node has to know that this one left, and tells those that cannot be reached now.
      const auto knows = [&](const member& m) { return m != self_ && heard_us(m.id, l.begun); };
      const bool over = !others || std::ranges::any_of(live, knows) || time - l.begun > alone_ms
                        || time >= l.until_ms || ending_;
      return over ? answered(out, ok()) : nullptr;
    }
    const auto left
      = std::to_string(counting)
        + (counting == 1 ? " partition still counts on node " : " partitions still count on node ")
        + self_.node;
    if (!stays)
      return stay(left + ", and no other node stays that could take its data");
    if (others)
      l.met_ms = time;
    else if (time - l.met_ms > alone_ms)
      return stay(left + ", and no other node can be reached");
    return time >= l.until_ms || ending_ ? answered(out, {errc::timeout, left}) : nullptr;
  });
  return out;
}

future<std::size_t> node::sync(milliseconds longest) {
  const auto out = future<std::size_t>::pending();
  waits_.add([this, out, until = deadline_in(longest)]() -> std::function<void()> {
    auto copies = check_settled();
    if (!copies && ending_)
      copies = failure{errc::not_started, "the cache was stopped"};
    if (copies || ending_ || now_ms() >= until)
      return [out, copies] { out.set(copies); };
    return nullptr;
  });
  return out;
}

} // namespace supercache::detail
