#include <supercache/store/reclaim.hpp>

#include <linux/membarrier.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

// Why a batch may be freed. A collector unlinks, retires, then executes the heavy fence F, then
// increments the epoch to E. A reader that loaded a pointer to a retired block before its own share
// of F had pinned before F, so the pin is visible to the collector, with an epoch below E. A reader
// that loads after F sees the block unlinked. Hence once every announcement is 0 or at least E
// (acquire: the reader's accesses and hazard stores are visible, and how many slots it ever used),
// only hazard slots remain to be checked. Only the thread that retired fences for its own batch. It
// unlinked the blocks itself, or has seen by a lock that another thread did, so no other order is
// needed.

namespace supercache::reclaim {

namespace {

struct garbage {
  void* p;
  deleter free;
};

struct sealed_batch {
  std::uint64_t epoch;
  std::vector<garbage> items;
};

/// What one thread has retired. Owner only, but for `count`.
struct bin {
  std::vector<garbage> open;
  std::vector<sealed_batch> sealed;
  std::atomic<std::size_t> count{0};
  bool collecting = false; ///< deleters may retire in turn
};

/// An announcement and its bin are never freed and go to a new thread when their thread ends, so
/// collectors walk the list without a lock.
struct seat {
  announcement a;
  bin b;
  std::atomic<bool> taken{true};
  seat* next = nullptr;
};

std::atomic<seat*> seats{nullptr};
std::mutex enrolment;

bool register_membarrier() noexcept {
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED)
         && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void heavy_fence() noexcept {
  // ThreadSanitizer knows no fences; there the epoch's increment, a full barrier on x86, serves.
  if constexpr (!detail::tsan)
    std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!detail::readers_must_fence
      && syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
    std::abort(); // it was registered: readers rely on it
}

seat* seat_of(announcement& a) noexcept { return reinterpret_cast<seat*>(&a); }

void collect_bin(bin& b);

void leave(void*) noexcept {
  seat* s = seat_of(*detail::mine);
  collect_bin(s->b);
  detail::mine = &detail::nobody;
  s->taken.store(false, std::memory_order_release);
}

/// Calls `leave` at the end of a thread. A key's destructor runs after those of all thread_locals,
/// which may still read and retire, and runs again for a thread that comes back.
pthread_key_t end_of_thread() {
  static const pthread_key_t key = [] {
    pthread_key_t k;
    if (pthread_key_create(&k, leave) != 0)
      throw std::bad_alloc{};
    return k;
  }();
  return key;
}

/// The oldest epoch that a pinned thread announces; UINT64_MAX if none is.
std::uint64_t oldest_pin() noexcept {
  std::uint64_t oldest = UINT64_MAX;
  for (seat* s = seats.load(std::memory_order_acquire); s; s = s->next)
    if (const auto e = s->a.epoch.load(std::memory_order_acquire); e != 0)
      oldest = std::min(oldest, e);
  return oldest;
}

std::vector<const void*> held() {
  std::vector<const void*> all;
  for (seat* s = seats.load(std::memory_order_acquire); s; s = s->next) {
    const std::size_t used = s->a.used.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i)
      if (const void* p = s->a.hazard[i].load(std::memory_order_acquire))
        all.push_back(p);
  }
  std::ranges::sort(all);
  return all;
}

void seal(bin& b) {
  if (b.open.empty())
    return;
  heavy_fence();
  const auto epoch = detail::global_epoch.fetch_add(1, std::memory_order_acq_rel) + 1;
  b.sealed.push_back({epoch, std::exchange(b.open, {})});
  b.open.reserve(batch);
}

void collect_bin(bin& b) {
  if (b.collecting)
    return;
  b.collecting = true;
  seal(b);
  const auto oldest = oldest_pin();
  const auto in_use = held();
  std::vector<garbage> kept;
  std::size_t freed = 0;
  auto batches = std::exchange(b.sealed, {});
  for (auto& s : batches) {
    if (s.epoch > oldest) {
      b.sealed.push_back(std::move(s));
      continue;
    }
    for (const garbage& g : s.items) {
      if (std::ranges::binary_search(in_use, g.p)) {
        kept.push_back(g);
      } else {
        g.free(g.p);
        ++freed;
      }
    }
  }
  if (!kept.empty())
    b.sealed.push_back({1, std::move(kept)}); // no pin can reach them: only slots matter now
  b.count.store(b.count.load(std::memory_order_relaxed) - freed, std::memory_order_relaxed);
  b.collecting = false;
}

} // namespace

namespace detail {

std::atomic<std::uint64_t> global_epoch{2};
bool readers_must_fence = true;
constinit announcement nobody{.epoch = 1};
constinit thread_local announcement* mine __attribute__((tls_model("initial-exec"))) = &nobody;

namespace {

announcement* take_seat() {
  const std::lock_guard lock{enrolment};
  if (!seats.load(std::memory_order_relaxed))
    readers_must_fence = tsan || !register_membarrier();
  std::uint32_t ordinal = 0;
  for (seat* s = seats.load(std::memory_order_relaxed); s; s = s->next, ++ordinal)
    if (!s->taken.load(std::memory_order_acquire)) {
      s->taken.store(true, std::memory_order_relaxed);
      return mine = &s->a;
    }
  auto* s = new seat; // never freed: see `seat`
  s->a.enrolled = true;
  s->a.ordinal = ordinal;
  s->a.must_fence = readers_must_fence;
  s->next = seats.load(std::memory_order_relaxed);
  seats.store(s, std::memory_order_release);
  return mine = &s->a;
}

} // namespace

announcement* enroll() {
  const pthread_key_t key = end_of_thread();
  pthread_setspecific(key, take_seat());
  return mine;
}

std::atomic<const void*>* hold_in_next(announcement& a, const void* p) noexcept {
  constexpr std::size_t most_tries = 3;
  for (std::size_t tries = 0, i = a.last; tries < most_tries; ++tries) {
    i = (i + 1) % hazards_per_thread;
    if (a.hazard[i].load(std::memory_order_relaxed) != nullptr)
      continue;
    // Before the hazard: a collector for which it matters sees both; see the top of this file.
    if (i >= a.used.load(std::memory_order_relaxed))
      a.used.store(i + 1, std::memory_order_release);
    a.hazard[i].store(p, std::memory_order_release);
    a.last = i;
    return &a.hazard[i];
  }
  return nullptr;
}

} // namespace detail

void retire(void* p, deleter free) {
  bin& b = seat_of(self())->b;
  b.open.push_back({p, free});
  b.count.store(b.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (b.open.size() >= batch)
    collect_bin(b);
}

void collect() {
  collect_bin(seat_of(self())->b);
  // Adopt the bins of threads that have ended: no other thread would.
  const std::lock_guard lock{enrolment};
  for (seat* s = seats.load(std::memory_order_acquire); s; s = s->next)
    if (!s->taken.load(std::memory_order_acquire) && s->b.count.load(std::memory_order_relaxed))
      collect_bin(s->b);
}

std::size_t pending() noexcept {
  std::size_t n = 0;
  for (seat* s = seats.load(std::memory_order_acquire); s; s = s->next)
    n += s->b.count.load(std::memory_order_relaxed);
  return n;
}

} // namespace supercache::reclaim
