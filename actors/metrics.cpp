#include "timed.hpp"

#include <algorithm>
#include <bit>

namespace supercache::inline SUPERCACHE_ABI {

namespace {
std::int64_t now_ns() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}
} // namespace

std::size_t metrics::bucket_of(std::uint64_t ns) noexcept {
  if (ns < (1u << sub_bits))
    return ns;
  const auto high = std::min(static_cast<unsigned>(std::bit_width(ns)) - 1, max_bits - 1);
  const auto sub = (std::min(ns, (std::uint64_t{1} << max_bits) - 1) >> (high - sub_bits))
                   & ((1u << sub_bits) - 1);
  return ((high - sub_bits + 1) << sub_bits) + sub;
}

std::uint64_t metrics::upper_bound_of(std::size_t bucket) noexcept {
  if (bucket < (1u << sub_bits))
    return bucket;
  const auto high = (bucket >> sub_bits) + sub_bits - 1;
  const auto sub = bucket & ((1u << sub_bits) - 1);
  return (((std::uint64_t{1} << sub_bits) + sub + 1) << (high - sub_bits)) - 1;
}

void metrics::shard::record(metric what, std::uint64_t ns) noexcept {
  bump(of(what).samples, 1);
  bump(of(what).sum_ns, ns);
  bump(histograms[static_cast<std::size_t>(what)][bucket_of(ns)], 1);
}

metrics::metrics() = default;

metrics::~metrics() {
  for (auto& s : shards_)
    delete s.load();
}

metrics::shard& metrics::first_use(std::size_t thread) noexcept {
  const auto i = std::min(thread, shards - 1);
  shard* s = shards_[i].load(std::memory_order_acquire);
  if (s)
    return *s;
  auto* fresh = new shard;
  fresh->exclusive = i != shards - 1;
  if (shards_[i].compare_exchange_strong(s, fresh))
    return *fresh;
  delete fresh;
  return *s;
}

void metrics::end(metric what, std::int64_t start) noexcept {
  mine().record(what, static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ns() - start)));
}

void metrics::add(metric what, std::uint64_t n) noexcept {
  shard& s = mine();
  s.bump(s.of(what).calls, n);
}

void metrics::fail(metric what) noexcept {
  shard& s = mine();
  s.bump(s.of(what).errors, 1);
}

void metrics::sample(metric what, std::chrono::nanoseconds latency) noexcept {
  mine().record(what, static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency.count())));
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> metrics::histogram(metric what) const {
  std::array<std::uint64_t, buckets> sum{};
  for (const auto& p : shards_)
    if (const shard* s = p.load(std::memory_order_acquire))
      for (std::size_t b = 0; b < buckets; ++b)
        sum[b] += s->histograms[static_cast<std::size_t>(what)][b].load(std::memory_order_relaxed);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  for (std::size_t b = 0; b < buckets; ++b)
    if (sum[b])
      out.emplace_back(upper_bound_of(b), sum[b]);
  return out;
}

metric_summary metrics::read(metric what) const {
  metric_summary out;
  std::uint64_t total_ns = 0;
  for (const auto& p : shards_)
    if (const shard* s = p.load(std::memory_order_acquire)) {
      const auto& one = s->ops[static_cast<std::size_t>(what)];
      out.calls += one.calls.load(std::memory_order_relaxed);
      out.errors += one.errors.load(std::memory_order_relaxed);
      total_ns += one.sum_ns.load(std::memory_order_relaxed);
    }
  const auto h = histogram(what);
  for (const auto& [ns, n] : h)
    out.samples += n;
  const auto quantile = [&](double q) {
    auto left = static_cast<double>(out.samples) * q;
    for (const auto& [ns, n] : h)
      if ((left -= static_cast<double>(n)) <= 0)
        return ns;
    return std::uint64_t{0};
  };
  if (out.samples) {
    out.average_ns = static_cast<double>(total_ns) / static_cast<double>(out.samples);
    out.p50_ns = quantile(0.5);
    out.p99_ns = quantile(0.99);
  }
  return out;
}

void metrics::reset() noexcept {
  for (auto& p : shards_)
    if (shard* s = p.load(std::memory_order_acquire)) {
      for (auto& one : s->ops)
        for (counter* c : {&one.calls, &one.errors, &one.samples, &one.sum_ns})
          c->store(0, std::memory_order_relaxed);
      for (auto& h : s->histograms)
        for (auto& c : h)
          c.store(0, std::memory_order_relaxed);
    }
}

std::string_view to_string(metric m) noexcept {
  constexpr std::string_view names[] = {"put",
                                        "get_local",
                                        "get_primary",
                                        "get_quorum",
                                        "delete",
                                        "delete_all",
                                        "delete_match",
                                        "replicate_async",
                                        "replicate_sync",
                                        "replicate_strong",
                                        "update",
                                        "match",
                                        "scan",
                                        "lazy_put",
                                        "queue_push",
                                        "queue_pop",
                                        "stack_push",
                                        "stack_pop"};
  static_assert(std::size(names) == static_cast<std::size_t>(metric::count_));
  return names[static_cast<std::size_t>(m)];
}

} // namespace supercache::inline SUPERCACHE_ABI
