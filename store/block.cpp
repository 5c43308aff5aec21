#include <supercache/store/fair_lock.hpp>
#include <supercache/store/memory.hpp>
#include <supercache/store/value.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <vector>

// Memory of records, long strings and other numerous objects.
//
//   chunk (2 MiB, huge page)   = 32 spans
//   span (64 KiB, aligned)     | header | objects of one size class … |
//   size classes               16, 32, … 512 bytes; anything larger is malloc's business
//
// A thread allocates from and frees to its own lists, one per class, without a lock; it trades
// batches with the spans under one lock per class. A span whose objects are all free goes back to
// the pool, to serve any class; spans in the pool beyond `pool_spans` are given back to the system.
// Compared with malloc: no header of 8–16 bytes, a 64-byte record (three values) is exactly one
// cache line, and huge pages spare a TLB miss per access in large caches.
//
// Under AddressSanitizer every object is malloc's, so that errors are found.

namespace supercache::detail {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t largest_class = 0;
#else
constexpr std::size_t largest_class = 512;
#endif
constexpr std::size_t grain = 16;
constexpr std::size_t classes = 512 / grain + 1;
constexpr std::size_t span_bytes = 64 * 1024;
constexpr std::size_t chunk_bytes = 2 * 1024 * 1024;
constexpr std::size_t pool_spans = 64;

/// Objects of a class that a thread takes from the spans at a time.
constexpr std::uint32_t refill_of(std::size_t i) noexcept {
  return std::clamp<std::uint32_t>(static_cast<std::uint32_t>(16 * 1024 / (i * grain)), 32, 256);
}
/// Objects of a class that a thread keeps; with one more it gives half back. Several times what
/// `reclaim` frees at once, so that a thread that replaces records rarely trades with the spans.
constexpr auto most_kept = [] {
  std::array<std::uint32_t, classes> n{};
  for (std::size_t i = 1; i < classes; ++i)
    n[i]
      = std::clamp<std::uint32_t>(static_cast<std::uint32_t>(128 * 1024 / (i * grain)), 64, 2048);
  return n;
}();

struct object {
  object* next;
};

struct span {
  span* next = nullptr; ///< in its class's list of spans with free objects, or in the pool
  span* previous = nullptr;
  object* free = nullptr;
  std::uint32_t live = 0;   ///< objects handed out
  std::uint32_t carved = 0; ///< objects that were ever handed out stand before this index
  std::uint32_t capacity = 0;
  std::uint32_t size = 0;
  bool listed = false;

  static span* of(const void* p) noexcept {
    return reinterpret_cast<span*>(reinterpret_cast<std::uintptr_t>(p) & ~(span_bytes - 1));
  }
  char* at(std::uint32_t i) noexcept {
    return reinterpret_cast<char*>(this) + first_offset() + std::size_t{i} * size;
  }
  std::size_t first_offset() const noexcept { return 64; }
};
static_assert(sizeof(span) <= 64);

/// Spans that belong to no class.
class span_pool {
public:
  span* take() {
    const std::lock_guard hold{lock_};
    if (!first_)
      add_chunk();
    span* s = first_;
    first_ = s->next;
    --count_;
    return s;
  }
  void give(span* s) noexcept {
    const std::lock_guard hold{lock_};
    if (count_ >= pool_spans)
      madvise(s, span_bytes, MADV_DONTNEED); // reads as zeros when it is used again
    s->next = first_;
    first_ = s;
    ++count_;
  }

private:
  void add_chunk() {
    void* raw = mmap(nullptr, 2 * chunk_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED)
      throw std::bad_alloc{};
    auto* begin = static_cast<char*>(raw);
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const std::size_t skip = (chunk_bytes - address % chunk_bytes) % chunk_bytes;
    if (skip)
      munmap(begin, skip);
    munmap(begin + skip + chunk_bytes, chunk_bytes - skip);
    begin += skip;
    madvise(begin, chunk_bytes, MADV_HUGEPAGE);
    for (std::size_t i = chunk_bytes / span_bytes; i-- > 0;) {
      auto* s = new (begin + i * span_bytes) span;
      s->next = first_;
      first_ = s;
      ++count_;
    }
  }

  fair_lock lock_;
  span* first_ = nullptr;
  std::size_t count_ = 0;
};

constinit span_pool* pool = nullptr;

/// The spans of one size class that have free objects.
class alignas(64) size_class {
public:
  /// A list of up to `wanted` objects; at least one.
  object* take(std::uint32_t size, std::uint32_t wanted, std::uint32_t& got) {
    const std::lock_guard hold{lock_};
    object* list = nullptr;
    for (got = 0; got < wanted;) {
      if (!first_) {
        if (got)
          break; // enough for now; a new span comes with the next call
        add_span(size);
      }
      span* s = first_;
      for (; got < wanted && s->live < s->capacity; ++got, ++s->live)
        list = take_one(*s, list);
      if (s->live == s->capacity)
        unlist(s);
    }
    return list;
  }
  void give(object* list) noexcept {
    const std::lock_guard hold{lock_};
    while (list) {
      object* x = list;
      list = list->next;
      span* s = span::of(x);
      x->next = s->free;
      s->free = x;
      if (--s->live == 0 && (first_ != s || s->next)) { // the last span stays
        if (s->listed)
          unlist(s);
        s->~span();
        pool->give(new (s) span);
      } else if (!s->listed) {
        enlist(s);
      }
    }
  }

private:
  static object* take_one(span& s, object* list) noexcept {
    object* x = s.free;
    if (x)
      s.free = x->next;
    else
      x = reinterpret_cast<object*>(s.at(s.carved++));
    x->next = list;
    return x;
  }
  void add_span(std::uint32_t size) {
    span* s = new (pool->take()) span;
    s->size = size;
    s->capacity = static_cast<std::uint32_t>((span_bytes - s->first_offset()) / size);
    enlist(s);
  }
  void enlist(span* s) noexcept {
    s->next = first_;
    s->previous = nullptr;
    if (first_)
      first_->previous = s;
    first_ = s;
    s->listed = true;
  }
  void unlist(span* s) noexcept {
    (s->previous ? s->previous->next : first_) = s->next;
    if (s->next)
      s->next->previous = s->previous;
    s->listed = false;
  }

  fair_lock lock_;
  span* first_ = nullptr;
};

struct shared_state {
  span_pool spans;
  std::array<size_class, classes> by_class;
};
shared_state& shared() {
  // Never destroyed: threads may free blocks until the very end of the process.
  static shared_state* const all = [] {
    auto* s = new shared_state;
    pool = &s->spans;
    return s;
  }();
  return *all;
}

struct thread_list {
  object* first = nullptr;
  std::uint32_t count = 0;
};

struct thread_cache {
  std::array<thread_list, classes> lists;
  shared_state& from = shared();
};

constinit thread_local thread_cache* mine __attribute__((tls_model("initial-exec"))) = nullptr;

void leave(void*) noexcept {
  for (std::size_t i = 0; i < classes; ++i)
    mine->from.by_class[i].give(mine->lists[i].first);
  delete std::exchange(mine, nullptr);
}

/// Calls `leave` at the end of a thread. A key's destructor runs after those of all thread_locals,
/// which may still allocate and free, and runs again for a thread that comes back.
pthread_key_t end_of_thread() {
  static const pthread_key_t key = [] {
    pthread_key_t k;
    if (pthread_key_create(&k, leave) != 0)
      throw std::bad_alloc{};
    return k;
  }();
  return key;
}

thread_cache& enter() {
  const pthread_key_t key = end_of_thread();
  mine = new thread_cache;
  pthread_setspecific(key, mine);
  return *mine;
}
thread_cache& cache() { return mine ? *mine : enter(); }

constexpr std::size_t class_of(std::size_t bytes) noexcept { return (bytes + grain - 1) / grain; }

/// The thread's very first block, or the first of a size in a while.
[[gnu::noinline]] void* refill(std::size_t i) {
  thread_cache& c = mine ? *mine : enter();
  thread_list& l = c.lists[i];
  l.first = c.from.by_class[i].take(static_cast<std::uint32_t>(i * grain), refill_of(i), l.count);
  object* x = l.first;
  l.first = x->next;
  --l.count;
  return x;
}

/// Gives the older half of a full list back.
[[gnu::noinline]] void drain(thread_cache& c, std::size_t i) noexcept {
  thread_list& l = c.lists[i];
  object* last = l.first;
  l.count /= 2;
  for (std::uint32_t n = 1; n < l.count; ++n)
    last = last->next;
  c.from.by_class[i].give(std::exchange(last->next, nullptr));
}

[[gnu::noinline]] void* allocate_large(std::size_t bytes) {
  void* memory = bytes % 64 ? std::malloc(bytes) : std::aligned_alloc(64, bytes);
  if (!memory)
    throw std::bad_alloc{};
  return memory;
}

[[gnu::always_inline]] inline void* allocate_small(std::size_t i) {
  if (thread_cache* c = mine) [[likely]] {
    thread_list& l = c->lists[i];
    if (object* x = l.first) [[likely]] {
      l.first = x->next;
      --l.count;
      return x;
    }
  }
  return refill(i);
}

[[gnu::always_inline]] inline void* allocate(std::size_t bytes) {
  return bytes > largest_class ? allocate_large(bytes) : allocate_small(class_of(bytes));
}

[[gnu::always_inline]] inline void free(void* p, std::size_t bytes) noexcept {
  if (bytes > largest_class) [[unlikely]] {
    std::free(p);
    return;
  }
  thread_cache& c = cache();
  const std::size_t i = class_of(bytes);
  thread_list& l = c.lists[i];
  l.first = new (p) object{l.first};
  if (++l.count > most_kept[i]) [[unlikely]]
    drain(c, i);
}

} // namespace

block* allocate_block(std::size_t payload, std::uint32_t count) {
  auto* b = new (allocate(sizeof(block) + payload)) block{{1}, 0, 0, 0};
  b->count = count & max_count;
  return b;
}
void free_block(block* b, std::size_t payload) noexcept { free(b, sizeof(block) + payload); }

void* allocate_bytes(std::size_t bytes) { return allocate(bytes); }
void free_bytes(void* p, std::size_t bytes) noexcept { free(p, bytes); }

} // namespace supercache::detail
