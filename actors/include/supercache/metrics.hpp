#pragma once

#include <supercache/store/abi.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

/// The operations that are counted.
enum class metric : std::uint8_t {
  put,
  get_local,
  get_primary,
  get_quorum,
  delete_,
  delete_all,
  delete_match,
  replicate_async,
  replicate_sync,
  replicate_strong,
  update,
  match,
  scan,
  lazy_put,
  queue_push,
  queue_pop,
  stack_push,
  stack_pop,
  count_ ///< not a metric: how many there are
};
SUPERCACHE_API std::string_view to_string(metric m) noexcept;

/// What is known of one operation.
struct metric_summary {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t samples = 0; ///< calls whose latency was measured: one in `metrics::sampling`
  double average_ns = 0;
  std::uint64_t p50_ns = 0;
  std::uint64_t p99_ns = 0;
};

/// Counters and latency histograms per operation.
///
/// Each thread counts in a shard of its own with plain stores; reading merges the shards. Calls and
/// errors are exact; reading the clock twice would cost more than a `get`, so latency is measured
/// for one call in `sampling` of each thread. Histograms are log-linear with 8 buckets per power of
/// two (relative error below 7 %), up to 2^40 ns, as HdrHistogram's.
/// Thread: any. Cost of a call: 2 ns.
class SUPERCACHE_API metrics {
public:
  static constexpr std::uint32_t sampling = 64;
  metrics();
  ~metrics();

  /// Counts and measures one call of the cache.
  class timed;

  /// Counts `n` calls without measuring.
  void add(metric what, std::uint64_t n = 1) noexcept;
  void fail(metric what) noexcept;
  /// Counts one call of the calling thread, whose ordinal this is, unless the call is to be
  /// measured; answers whether it did. If not, use `timed`.
  [[gnu::always_inline]] bool count_unless_sampled(metric what, std::uint32_t i) noexcept {
    shard* s = i < shards - 1 ? shards_[i].load(std::memory_order_acquire) : nullptr;
    if (!s) [[unlikely]]
      return false;
    counter& calls = s->of(what).calls;
    const auto now = calls.load(std::memory_order_relaxed) + 1;
    if (now % sampling == 0) [[unlikely]]
      return false;
    calls.store(now, std::memory_order_relaxed);
    return true;
  }
  /// Adds a latency measured elsewhere.
  void sample(metric what, std::chrono::nanoseconds latency) noexcept;

  metric_summary read(metric what) const;
  /// The histogram, as (upper bound in ns, count) pairs of its non-empty buckets. Single latencies
  /// are not kept.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> histogram(metric what) const;
  /// Starts again from zero. Calls under way on other threads may be lost or kept.
  void reset() noexcept;

private:
  static constexpr std::size_t shards = 256;
  static constexpr std::size_t kinds = static_cast<std::size_t>(metric::count_);
  static constexpr unsigned sub_bits = 3; ///< buckets per power of two, as a power of two
  static constexpr unsigned max_bits = 40;
  static constexpr std::size_t buckets = (max_bits - sub_bits + 1) << sub_bits;
  using counter = std::atomic<std::uint64_t>;

  /// One thread's counters; the last shard is shared by the 256th thread and all later ones.
  struct alignas(64) shard {
    struct one {
      counter calls{0};
      counter errors{0};
      counter samples{0};
      counter sum_ns{0};
    };
    std::array<one, kinds> ops;
    std::array<std::array<counter, buckets>, kinds> histograms{};
    bool exclusive = true;

    std::uint64_t bump(counter& c, std::uint64_t n) noexcept {
      if (!exclusive) [[unlikely]]
        return c.fetch_add(n, std::memory_order_relaxed) + n;
      const auto now = c.load(std::memory_order_relaxed) + n;
      c.store(now, std::memory_order_relaxed);
      return now;
    }
    one& of(metric what) noexcept { return ops[static_cast<std::size_t>(what)]; }
    void record(metric what, std::uint64_t ns) noexcept;
  };

  static std::size_t bucket_of(std::uint64_t ns) noexcept;
  static std::uint64_t upper_bound_of(std::size_t bucket) noexcept;

  /// Counts and says whether this call is to be measured.
  bool begin(metric what) noexcept;
  void end(metric what, std::int64_t start) noexcept;
  shard& mine() noexcept;
  shard& first_use(std::size_t thread) noexcept;

  std::array<std::atomic<shard*>, shards> shards_{};
};

} // namespace supercache::inline SUPERCACHE_ABI
