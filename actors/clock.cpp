#include "clock.hpp"

#include <ctime>

namespace supercache::detail {

namespace {

std::int64_t ms_of(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000 + t.tv_nsec / 1'000'000;
}

} // namespace

std::int64_t system_ms() noexcept {
  static const std::int64_t ahead_ms = ms_of(CLOCK_REALTIME) - ms_of(CLOCK_BOOTTIME);
  return ahead_ms + ms_of(CLOCK_BOOTTIME);
}

} // namespace supercache::detail
