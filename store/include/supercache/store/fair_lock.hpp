#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <thread>

namespace supercache {

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

/// A lock of two words for critical sections of about a microsecond. No waiting thread starves.
///
/// A thread that finds the lock taken spins for some microseconds, then stands in line, asleep.
/// Other threads may overtake those in line, so that the lock is not idle while a thread wakes up;
/// but only `most_overtake` times, or until the first in line is awake and has spun once more. Then
/// the lock is claimed: no later thread takes it; each stands in line, too, and leaves its
/// processor to the first. So for each thread before it, a thread waits for `most_overtake`
/// critical sections at most, and for the time that the system takes to run a thread.
///
/// The line is that of Mellor-Crummey and Scott, "Algorithms for scalable synchronization on
/// shared-memory multiprocessors" (1991). Cost: one atomic exchange to lock, one plain store to
/// unlock.
class fair_lock {
public:
  /// How often the first in line may be overtaken while it wakes up.
  static constexpr unsigned most_overtake = 256;

  [[gnu::always_inline]] void lock() noexcept {
    if (line_.load(std::memory_order_relaxed) != line::nobody
        || locked_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      wait();
  }
  bool try_lock() noexcept {
    const line before = line_.load(std::memory_order_relaxed);
    if (before == line::claims || !take())
      return false;
    if (before == line::waits && ++overtaken_ >= most_overtake)
      line_.store(line::claims, std::memory_order_relaxed);
    return true;
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }
  /// Whether a thread stands in line.
  bool awaited() const noexcept { return line_.load(std::memory_order_relaxed) != line::nobody; }
  /// Whether later threads can no longer overtake those in line.
  bool claimed() const noexcept { return line_.load(std::memory_order_relaxed) == line::claims; }

private:
  enum class line : std::uint8_t { nobody, waits, claims };
  struct place {
    std::atomic<place*> next{nullptr};
    std::atomic<int> first{0}; ///< set when no thread is before it any more
  };

  bool take() noexcept {
    return !locked_.load(std::memory_order_relaxed)
           && !locked_.exchange(true, std::memory_order_acquire);
  }
  template <class Try>
  static bool spin(Try&& got) noexcept {
    constexpr unsigned tries = 128;
    for (unsigned i = 0; i < tries; ++i) {
      if (got())
        return true;
      cpu_relax();
    }
    return false;
  }

  [[gnu::noinline]] void wait() noexcept {
    if (spin([this] { return try_lock(); }))
      return;
    place here;
    if (place* before = last_.exchange(&here, std::memory_order_acq_rel)) {
      before->next.store(&here, std::memory_order_release);
      while (!here.first.load(std::memory_order_acquire))
        here.first.wait(0, std::memory_order_acquire);
    } else {
      line_.store(line::waits, std::memory_order_relaxed);
    }
    if (!spin([this] { return take(); })) {
      line_.store(line::claims, std::memory_order_relaxed);
      while (!take())
        std::this_thread::yield(); // the holder needs a processor
    }
    leave_line(here);
  }

  /// Call with the lock. Only the first in line is marked as waiting: by itself when it finds the
  /// line empty, or by the thread that leaves the line before it.
  void leave_line(place& here) noexcept {
    overtaken_ = 0;
    line_.store(line::nobody, std::memory_order_relaxed);
    place* next = here.next.load(std::memory_order_acquire);
    if (!next) {
      place* last = &here;
      if (last_.compare_exchange_strong(last, nullptr, std::memory_order_acq_rel))
        return;
      while (!(next = here.next.load(std::memory_order_acquire)))
        std::this_thread::yield(); // that thread is about to link itself here
    }
    line_.store(line::waits, std::memory_order_relaxed);
    next->first.store(1, std::memory_order_release);
    next->first.notify_one();
  }

  std::atomic<bool> locked_{false};
  std::atomic<line> line_{line::nobody};
  std::uint16_t overtaken_ = 0; ///< how often the first in line was; under the lock
  std::atomic<place*> last_{nullptr};
};

/// The same for sections that may share. Sharing threads do not overtake exclusive ones.
class fair_shared_lock {
public:
  void lock() noexcept {
    const std::lock_guard hold{gate_};
    wanted_.store(true, std::memory_order_relaxed);
    all_.lock();
    wanted_.store(false, std::memory_order_relaxed);
  }
  void unlock() noexcept { all_.unlock(); }
  void lock_shared() noexcept {
    if (wanted_.load(std::memory_order_relaxed)) [[unlikely]] {
      const std::lock_guard in_line{gate_};
    }
    all_.lock_shared();
  }
  void unlock_shared() noexcept { all_.unlock_shared(); }

private:
  std::shared_mutex all_;
  fair_lock gate_; ///< held by an exclusive thread that waits for the sharing ones to leave
  std::atomic<bool> wanted_{false};
};

} // namespace supercache
