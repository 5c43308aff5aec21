#include "clock.hpp"

#include <ctime>

namespace supercache::detail {

namespace {

std::int64_t ns_of(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

/// How far the wall clock is ahead; in this order, so that `system_ms` is never ahead of it.
std::int64_t begin() {
  const auto wall = ns_of(CLOCK_REALTIME);
  return wall - ns_of(CLOCK_BOOTTIME);
}

} // namespace

std::int64_t system_ms() noexcept {
  static const std::int64_t ahead_ns = begin();
  return (ahead_ns + ns_of(CLOCK_BOOTTIME)) / 1'000'000;
}

} // namespace supercache::detail
