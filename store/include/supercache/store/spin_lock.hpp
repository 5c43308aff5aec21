#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace supercache {

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

/// A lock of one byte for critical sections of well under a microsecond. Spins briefly, then
/// yields the processor, so a preempted holder costs a time slice, not a livelock.
/// Cost: one atomic exchange to lock, one plain store to unlock.
class spin_lock {
public:
  [[gnu::always_inline]] void lock() noexcept {
    while (locked_.exchange(true, std::memory_order_acquire))
      [[unlikely]] wait();
  }
  bool try_lock() noexcept {
    return !locked_.load(std::memory_order_relaxed)
           && !locked_.exchange(true, std::memory_order_acquire);
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

private:
  [[gnu::noinline]] void wait() noexcept {
    for (unsigned i = 0; locked_.load(std::memory_order_relaxed); ++i) {
      if (i < 128)
        cpu_relax();
      else
        std::this_thread::yield();
    }
  }

  std::atomic<bool> locked_{false};
};

} // namespace supercache
