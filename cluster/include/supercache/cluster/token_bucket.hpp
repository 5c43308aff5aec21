#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace supercache {

/// A rate limit that allows bursts of a twentieth of a second: what is not used for so long is
/// lost. What is taken at once may exceed what there is by one piece; the debt is waited for
/// afterwards. (Turner, "New directions in communications", 1986.)
class token_bucket {
public:
  explicit token_bucket(std::size_t bytes_per_second) noexcept
    : rate_(static_cast<std::int64_t>(bytes_per_second)) {}

  /// How many bytes may be taken now; 0 while there is a debt. `now_ms` never runs backwards.
  std::size_t there_is(std::int64_t now_ms) noexcept {
    if (last_ms_ < 0)
      tokens_ = most();
    else // an hour is more than enough, and does not overflow
      tokens_ = std::min(
        most(), tokens_ + rate_ * std::min<std::int64_t>(now_ms - last_ms_, hour_ms) / 1000);
    last_ms_ = now_ms;
    return static_cast<std::size_t>(std::max<std::int64_t>(0, tokens_));
  }
  void take(std::size_t bytes) noexcept { tokens_ -= static_cast<std::int64_t>(bytes); }

private:
  static constexpr std::int64_t hour_ms = 3'600'000;
  std::int64_t most() const noexcept { return std::max<std::int64_t>(1, rate_ / 20); }

  std::int64_t rate_;
  std::int64_t tokens_ = 0;
  std::int64_t last_ms_ = -1; ///< not asked yet
};

} // namespace supercache
