#pragma once

#include <supercache/store/operation.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace supercache::detail {

/// The time for all that lasts or is due on this node, on its own or in a cluster: milliseconds
/// since the epoch by the wall clock when this was first asked, and from then on by one that nobody
/// sets. It counts while the machine is suspended, too, so that what was to end meanwhile has, and
/// who wakes up knows that others may have taken over. Thread: any. Cost: some 30 ns.
std::int64_t system_ms() noexcept;

/// When somebody's time is up who waits for so long from now on, whatever he says.
inline std::int64_t deadline_in(std::chrono::milliseconds longest) noexcept {
  return end_of(system_ms(), longest.count());
}

/// More than anybody waits, and little enough for CAF to count it in nanoseconds.
inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours{24 * 365 * 10};

/// How long somebody waits, as CAF can count it: nothing negative, and ten years at most.
constexpr std::chrono::milliseconds countable(std::chrono::milliseconds x) noexcept {
  return std::clamp(x, std::chrono::milliseconds{0}, longest_wait);
}

} // namespace supercache::detail
