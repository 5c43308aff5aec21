#pragma once

#include <supercache/metrics.hpp>
#include <supercache/store/reclaim.hpp>

#include <chrono>
#include <cstdint>
#include <utility>

namespace supercache {

/// Counts one call, for the time it lives.
class metrics::timed {
public:
  timed(metrics& m, metric what) noexcept : m_(m), what_(what) {
    if (m.begin(what)) [[unlikely]]
      start_ = std::chrono::steady_clock::now().time_since_epoch().count();
  }
  ~timed() {
    if (start_) [[unlikely]]
      m_.end(what_, start_);
  }
  timed(const timed&) = delete;
  timed& operator=(const timed&) = delete;
  void fail() noexcept { m_.fail(what_); }
  /// For a call that is not over yet: what `finish` needs when it is, on any thread.
  std::int64_t take() noexcept { return std::exchange(start_, 0); }
  static void finish(metrics& m, metric what, std::int64_t start, bool done) noexcept {
    if (start)
      m.end(what, start);
    if (!done)
      m.fail(what);
  }

private:
  metrics& m_;
  metric what_;
  std::int64_t start_ = 0;
};

inline metrics::shard& metrics::mine() noexcept {
  const std::size_t i = reclaim::thread_ordinal();
  shard* s = i < shards ? shards_[i].load(std::memory_order_acquire) : nullptr;
  return s ? *s : first_use(i);
}

inline bool metrics::begin(metric what) noexcept {
  shard& s = mine();
  return s.bump(s.of(what).calls, 1) % sampling == 0;
}

} // namespace supercache
