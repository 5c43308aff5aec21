#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

/// How much random work tests do, from which seed, and on how many threads.
namespace workload {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#  else
inline constexpr bool sanitized = false;
#  endif
#else
inline constexpr bool sanitized = false;
#endif

/// `n`, or a tenth of it where sanitizers slow everything down.
constexpr std::size_t scaled(std::size_t n) { return sanitized ? n / 10 : n; }

/// `fixed`, unless the environment variable SUPERCACHE_SEED holds another. Print it on failure.
inline std::uint64_t seed(std::uint64_t fixed) {
  const char* given = std::getenv("SUPERCACHE_SEED");
  return given ? std::strtoull(given, nullptr, 0) : fixed;
}

/// A random source with the few questions that tests ask.
class dice {
public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 … n − 1. @pre n > 0
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  bool chance(std::size_t percent) { return below(100) < percent; }
  std::uint64_t bits() { return engine_(); }

private:
  std::mt19937_64 engine_;
};

/// A point where `n` threads wait for each other, any number of times. Early threads spin, so that
/// all continue at the same moment.
class meeting {
public:
  explicit meeting(std::size_t n) : n_(n) {}
  void wait() {
    const std::size_t round = round_.load();
    if (arrived_.fetch_add(1) + 1 == n_) {
      arrived_ = 0;
      ++round_;
      return;
    }
    for (std::size_t spins = 0; round_.load() == round; ++spins)
      if (spins > 2'000)
        std::this_thread::yield();
  }

private:
  std::size_t n_;
  std::atomic<std::size_t> arrived_{0};
  std::atomic<std::size_t> round_{0};
};

/// Runs `f(0)` … `f(n − 1)` on a thread each, all released at once, and waits for them.
template <class F>
void on_threads(std::size_t n, F f) {
  std::atomic<std::size_t> ready{0};
  std::vector<std::thread> all;
  for (std::size_t i = 0; i < n; ++i)
    all.emplace_back([&, i] {
      ++ready;
      while (ready.load() < n)
        std::this_thread::yield();
      f(i);
    });
  for (auto& t : all)
    t.join();
}

} // namespace workload
