#pragma once

#include <supercache/store/abi.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

/// Safe memory reclamation for reads that write no shared memory.
///
/// A reader *pins* its thread (one store to a cache line of its own), follows pointers, and may
/// *hold* what it found beyond the pin through one of its thread's hazard slots (one more store).
/// A writer that has unlinked a block *retires* it; the block is freed once no thread that was
/// pinned at that time still is, and no slot holds it.
///
/// The store of a pin must be visible before the loads that follow it. Readers would need a full
/// fence (20 ns) for this; instead the collector, which runs once in `batch` retirements, makes all
/// other threads of the process execute one (`membarrier(2)`, 0.5 µs). Where the kernel has none,
/// and under ThreadSanitizer, which cannot see it, readers fence themselves.
///
/// Sources: epochs after Fraser, "Practical lock-freedom" (2004), §5.2.3; holding a result through
/// a hazard slot after Anderson, Blelloch, Wei, "Concurrent Deferred Reference Counting with
/// Constant-Time Overhead" (PLDI 2021); asymmetric fences after Dice et al., "Asymmetric Dekker
/// synchronization" (2001).
namespace supercache::reclaim {

/// Results a thread may hold at once without counting references; a power of two.
inline constexpr std::size_t hazards_per_thread = 1024;
/// Retired blocks a thread gathers before it tries to free them; what an idle thread may keep.
inline constexpr std::size_t batch = 512;

/// One thread's announcement, read by collectors, written (but for the release of hazards) by its
/// owner only.
struct alignas(64) announcement {
  std::atomic<std::uint64_t> epoch{0}; ///< 0 = not pinned
  std::uint32_t ordinal = 0;           ///< small number of the thread, reused after its end
  bool enrolled = false;
  bool must_fence = false; ///< see `detail::readers_must_fence`
  std::size_t last = 0;    ///< the hazard slot used last, likely free again
  /// Slots at or behind this one were never used, so that collectors need not load them.
  std::atomic<std::size_t> used{1};
  alignas(64) std::array<std::atomic<const void*>, hazards_per_thread> hazard{};
};

namespace detail {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool tsan = true;
#else
inline constexpr bool tsan = false;
#endif

extern std::atomic<std::uint64_t> global_epoch;
extern bool readers_must_fence; ///< set once, before the first thread is enrolled
/// The announcement of threads that are not enrolled: collectors never read it, and it is pinned
/// for ever, so that code which must not nest need not check for enrolment.
extern announcement nobody;
extern constinit thread_local announcement* mine __attribute__((tls_model("initial-exec")));
announcement* enroll();
/// `pin::hold` when the last used slot is taken.
std::atomic<const void*>* hold_in_next(announcement& a, const void* p) noexcept;

} // namespace detail

/// The calling thread's announcement, enrolled at the first call.
[[gnu::always_inline]] inline announcement& self() {
  announcement* a = detail::mine;
  return __builtin_expect(a->enrolled, true) ? *a : *detail::enroll();
}

/// A small number that identifies the calling thread among the running ones.
inline std::uint32_t thread_ordinal() { return self().ordinal; }

/// Keeps everything reachable at its construction or later from being freed. Short-lived: nothing
/// retired meanwhile, by any thread, can be freed. Thread: stays on the one that made it. Nests.
class pin {
public:
  [[gnu::always_inline]] pin() : a_(self()), outer_(a_.epoch.load(std::memory_order_relaxed) == 0) {
    if (!outer_)
      return;
    a_.epoch.store(detail::global_epoch.load(std::memory_order_relaxed), std::memory_order_release);
    if (detail::tsan || a_.must_fence) [[unlikely]]
      a_.epoch.exchange(a_.epoch.load(std::memory_order_relaxed), std::memory_order_seq_cst);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  [[gnu::always_inline]] ~pin() {
    if (outer_)
      a_.epoch.store(0, std::memory_order_release);
  }
  pin(const pin&) = delete;
  pin& operator=(const pin&) = delete;

  /// Makes `p`, which must be protected by this pin, outlive it. Answers a slot, to which any
  /// thread stores nullptr when done, or nullptr when all slots are taken and the caller must count
  /// instead. Slots are tried from the one used last, a few only, so that the cost has a bound.
  [[gnu::always_inline]] std::atomic<const void*>* hold(const void* p) noexcept {
    auto& slot = a_.hazard[a_.last];
    if (slot.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
      return detail::hold_in_next(a_, p);
    slot.store(p, std::memory_order_release);
    return &slot;
  }

private:
  announcement& a_;
  bool outer_;
};

/// What `find()` answers, held as by `pin::hold` through the slot that goes with it. No slot when
/// nothing was found, `may(ordinal of the thread)` says no, or holding it needs more than this:
/// then the caller starts again with a `pin`. Calls nothing that is not inlined, so that a function
/// which consists of this and a tail call saves no register.
template <class T, class Find, class May>
[[gnu::always_inline]] inline std::pair<T*, std::atomic<const void*>*> find_and_hold(Find&& find,
                                                                                     May&& may) {
  announcement& a = *detail::mine;
  if (detail::tsan || a.must_fence || a.epoch.load(std::memory_order_relaxed) != 0) [[unlikely]]
    return {};
  a.epoch.store(detail::global_epoch.load(std::memory_order_relaxed), std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  T* found = find();
  auto* slot = &a.hazard[a.last];
  if (!found || slot->load(std::memory_order_relaxed) != nullptr || !may(a.ordinal)) [[unlikely]]
    slot = nullptr;
  else
    slot->store(found, std::memory_order_release);
  a.epoch.store(0, std::memory_order_release);
  return {found, slot};
}

using deleter = void (*)(void*) noexcept;

/// Calls `free(p)` once no reader can hold `p` any more. @pre `p` was unlinked by this thread, or
/// by one with which it has synchronised since, and is not yet retired. Never call with a lock held
/// that `free` would take. Cost: amortised 10 ns.
void retire(void* p, deleter free);

/// Frees what can be freed of the calling thread's retired blocks, and of threads that ended.
void collect();

/// Blocks retired and not yet freed, over all threads; for tests and statistics.
std::size_t pending() noexcept;

} // namespace supercache::reclaim
