#pragma once

#include <supercache/store/operation.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace supercache::detail {

/// The time for all durations and deadlines on this node, alone or in a cluster: milliseconds since
/// the epoch, by the wall clock at the first call and from then on by a clock that nobody sets. It
/// counts while the machine is suspended, too, so that what was to end meanwhile has ended, and a
/// node that wakes up knows that others may have taken over. Thread: any. Cost: some 30 ns.
std::int64_t system_ms() noexcept;

/// The deadline of a wait that begins now, however long it is.
inline std::int64_t deadline_in(std::chrono::milliseconds longest) noexcept {
  return end_of(system_ms(), longest.count());
}

/// Longer than any caller waits, and short enough for CAF to count it in nanoseconds.
inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours{24 * 365 * 10};

/// The length of a wait, as CAF can count it: nothing negative, and ten years at most.
constexpr std::chrono::milliseconds countable(std::chrono::milliseconds x) noexcept {
  return std::clamp(x, std::chrono::milliseconds{0}, longest_wait);
}

} // namespace supercache::detail
