#pragma once

#include <supercache/store/record.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {

/// The same keys in the same orders for every subject: `"user-ID"` for IDs 0 … records − 1, visited
/// in random permutations, one after the other, `visits` in all. The keys lie in memory in the
/// order of the visits, so that no subject pays a cache miss to fetch the key itself.
struct workload {
  std::size_t records;
  std::vector<std::uint32_t> ids; ///< in the order of the visits
  std::vector<supercache::value> keys;
  std::vector<supercache::value> missing; ///< as many keys that are never stored
  std::vector<std::uint32_t> zipf;        ///< indexes into `ids`, Zipf-distributed (0.99)
  supercache::value name{"Alice"};

  explicit workload(std::size_t records);
  std::size_t visits() const noexcept { return ids.size(); }
  supercache::record row(std::size_t visit) const { return {keys[visit], ids[visit], name}; }
};

/// A timed slice: how many operations, in how many nanoseconds.
struct slice {
  std::uint64_t ops = 0;
  double ns = 0;
  double per_sec() const noexcept { return ns > 0 ? static_cast<double>(ops) / ns * 1e9 : 0; }
};

/// A subject of measurement: this cache or a baseline.
class subject {
public:
  virtual ~subject() = default;
  virtual std::string name() const = 0;
  /// Whether the subject supports this case with so many threads.
  virtual bool can(const std::string& which, std::size_t threads) const = 0;
  /// Prepares a case untimed, then runs about `ops` operations of it on `threads` threads.
  virtual slice run(const std::string& which, std::uint64_t ops, std::size_t threads) = 0;
  /// Latencies of single operations in ns, less the clock's overhead; empty if not supported.
  virtual std::vector<std::uint64_t> latencies(const std::string&, std::size_t) { return {}; }
};

std::unique_ptr<subject> make_flat_map(const workload& w);
std::unique_ptr<subject> make_tbb(const workload& w);
/// nullptr when no `escript` is installed.
std::unique_ptr<subject> make_ets(std::size_t records, std::size_t threads,
                                  const std::string& script);

/// Runs `body(thread)` on each of `threads` threads at once; answers the wall time in ns.
double time_threads(std::size_t threads, const auto& body);

/// Keeps the calling thread on one core, so that a slice does not include the time in which the
/// system spreads new threads. Thread `t` goes to core `t` modulo the number of cores.
void stay_on_core(std::size_t t);

} // namespace bench

#include <atomic>
#include <chrono>
#include <thread>

namespace bench {

inline double now_ns() {
  return static_cast<double>(std::chrono::steady_clock::now().time_since_epoch().count());
}

double time_threads(std::size_t threads, const auto& body) {
  if (threads == 1) {
    const double start = now_ns();
    body(std::size_t{0});
    return now_ns() - start;
  }
  std::atomic<std::size_t> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> all;
  for (std::size_t t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      stay_on_core(t);
      ++ready;
      while (!go.load(std::memory_order_acquire)) {}
      body(t);
    });
  while (ready != threads) {}
  const double start = now_ns();
  go = true;
  for (auto& t : all)
    t.join();
  return now_ns() - start;
}

/// Keeps the compiler from removing the computation of `x`.
template <class T>
void keep(const T& x) {
  asm volatile("" : : "g"(&x) : "memory");
}

} // namespace bench
