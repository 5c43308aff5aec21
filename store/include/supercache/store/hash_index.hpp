#pragma once

#include <supercache/store/reclaim.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace supercache {

/// An index from hashes to pointers: the part of a hash table that knows no keys.
///
/// One writer at a time (the caller locks), any number of readers at any time without a lock, each
/// under a `reclaim::pin`. A successful lookup touches one cache line here, usually, and one of the
/// thing found.
///
///     bucket, 64 bytes   | 7 tags | overflow | 7 slots of 8 bytes |
///     tag                0 = empty, else 0x80 | hash bits 57…63
///     overflow           entries that wanted this bucket and stand behind it (255 = for ever)
///     slot               | hash bits 41…56 (16) | pointer (48) |
///     home bucket        the low bits of position = hash bits 41…63, so that growing needs the
///     slot
///                        and tag only, never the thing pointed to
///
/// Collisions go to the next bucket with room. Invariants: (1) an entry stands at its home bucket
/// or behind it, and every bucket between the two counts it in `overflow`; (2) an entry never moves
/// while its array is published, so a reader that walks from the home bucket while `overflow` is
/// not 0 meets every entry that is present during its whole walk; (3) arrays grow by doubling.
class hash_index {
public:
  static constexpr unsigned slots_per_bucket = 7;
  static constexpr unsigned position_bits = 23;

  hash_index() = default;
  hash_index(const hash_index&) = delete;
  hash_index& operator=(const hash_index&) = delete;
  /// Frees the array, not what the slots point to.
  ~hash_index() {
    if (bucket* b = buckets())
      std::free(b);
  }

  static constexpr std::uint32_t position_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 41);
  }

  /// The entry for which `is(pointer)` holds among those of this hash, or nullptr.
  /// Thread: any, pinned. Cost: one or two cache misses, plus those of `is`.
  template <class T, class Is>
  [[gnu::always_inline]] T* find(std::uint64_t hash, Is&& is) const {
    const array a = current();
    if (!a.first)
      return nullptr;
    const auto tag = tag_of(hash);
    const std::uint32_t start = home(hash, a.log2);
    for (std::uint32_t i = start;;) {
      const bucket& b = a.first[i];
      const std::uint64_t meta = b.meta.load(std::memory_order_acquire);
      for (std::uint64_t m = matches(meta, tag); m; m &= m - 1) {
        const std::uint64_t slot = b.slot[lane(m)].load(std::memory_order_acquire);
        if (slot >> 48 == high(hash) && slot) {
          T* p = pointer<T>(slot);
          if (is(p))
            return p;
        }
      }
      i = next(i, a.log2);
      if (overflow(meta) == 0 || i == start)
        return nullptr;
    }
  }

  /// The entry if it is where it most likely is, else nullptr: then `find` must be asked. Small
  /// enough to be inlined without spilling registers.
  template <class T, class Is>
  [[gnu::always_inline]] T* find_at_once(std::uint64_t hash, Is&& is) const {
    const array a = current();
    if (!a.first) [[unlikely]]
      return nullptr;
    const auto high_bits_of_hash = high(hash) << 48;
    std::uint32_t i = home(hash, a.log2);
    for (unsigned tries = 0; tries < 2; ++tries, i = next(i, a.log2)) {
      const bucket& b = a.first[i];
      const std::uint64_t meta = b.meta.load(std::memory_order_acquire);
      for (std::uint64_t m = matches(meta, tag_of(hash)); m; m &= m - 1) {
        // One comparison finds an empty slot and one of another hash: both leave no address.
        const std::uint64_t address
          = b.slot[lane(m)].load(std::memory_order_acquire) ^ high_bits_of_hash;
        T* p = reinterpret_cast<T*>(address);
        if (address - 1 < (std::uint64_t{1} << 48) - 1 && is(p)) [[likely]]
          return p;
      }
      if (overflow(meta) == 0)
        return nullptr;
    }
    return nullptr;
  }

  /// Starts loading the bucket that `find` will look at first.
  void prefetch(std::uint64_t hash) const noexcept {
    const array a = current();
    if (a.first)
      __builtin_prefetch(&a.first[home(hash, a.log2)]);
  }
  /// Starts loading the first thing that `find` will look at. @pre pinned
  template <class T>
  void prefetch_found(std::uint64_t hash) const noexcept {
    const array a = current();
    if (!a.first)
      return;
    const bucket& b = a.first[home(hash, a.log2)];
    const auto m = matches(b.meta.load(std::memory_order_acquire), tag_of(hash));
    if (m)
      __builtin_prefetch(pointer<T>(b.slot[lane(m)].load(std::memory_order_relaxed)));
  }

  /// Where an entry stands; for the writer, valid until it inserts or erases.
  struct place {
    std::uint32_t bucket = 0;
    std::uint32_t lane = slots_per_bucket;
    explicit operator bool() const noexcept { return lane != slots_per_bucket; }
  };

  // -- writer only: hold the lock --------------------------------------------------------------

  template <class T, class Is>
  [[gnu::always_inline]] std::pair<place, T*> locate(std::uint64_t hash, Is&& is) const {
    const array a = current();
    if (!a.first)
      return {};
    const auto tag = tag_of(hash);
    const std::uint32_t start = home(hash, a.log2);
    for (std::uint32_t i = start;;) {
      const bucket& b = a.first[i];
      const std::uint64_t meta = b.meta.load(std::memory_order_relaxed);
      for (std::uint64_t m = matches(meta, tag); m; m &= m - 1) {
        const std::uint64_t slot = b.slot[lane(m)].load(std::memory_order_relaxed);
        if (slot >> 48 != high(hash))
          continue;
        if (T* p = pointer<T>(slot); is(p))
          return {place{i, lane(m)}, p};
      }
      i = next(i, a.log2);
      if (overflow(meta) == 0 || i == start)
        return {};
    }
  }

  /// Puts `p` in the place of what is there. Readers see the one or the other.
  void replace(place at, std::uint64_t hash, void* p) noexcept {
    buckets()[at.bucket].slot[at.lane].store(pack(hash, p), std::memory_order_release);
  }

  /// Adds an entry that is not there yet. Cost: amortised O(1); a doubling copies the array.
  void insert(std::uint64_t hash, void* p) {
    if (size_ >= room_)
      grow();
    const array a = current();
    place_in(a, home(hash, a.log2), tag_of(hash), pack(hash, p));
    ++size_;
  }

  void erase(place at, std::uint64_t hash) noexcept {
    const array a = current();
    bucket& b = a.first[at.bucket];
    set_tag(b, at.lane, 0);
    b.slot[at.lane].store(0, std::memory_order_release);
    for (std::uint32_t i = home(hash, a.log2); i != at.bucket; i = next(i, a.log2))
      add_overflow(a.first[i], -1);
    --size_;
  }

  /// Removes everything and gives back the array's memory.
  void clear() {
    bucket* old = buckets();
    array_.store(0, std::memory_order_release);
    size_ = room_ = 0;
    if (old)
      retire_array(old);
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t array_bytes() const noexcept {
    const array a = current();
    return a.first ? sizeof(bucket) << a.log2 : 0;
  }

  // -- walking ---------------------------------------------------------------------------------

  /// log2 of the number of buckets; what to count up to with `walk`.
  unsigned log2() const noexcept { return current().log2; }

  /// Calls `fn(pointer)` for every entry whose position ends in the `bits` low bits of `cell`.
  /// Walking all cells 0 … 2^bits − 1 with one `bits` meets every entry that is there throughout
  /// exactly once, however often the array grows or is cleared meanwhile. Thread: any, pinned for
  /// the call. Cost: O(entries) for `bits` near log2().
  template <class T, class Fn>
  void walk(std::uint32_t cell, unsigned bits, Fn&& fn) const {
    const array a = current();
    if (!a.first)
      return;
    if (a.log2 <= bits) {
      walk_home<T>(a, cell & mask(a.log2), cell, bits, fn);
      return;
    }
    for (std::uint32_t i = cell; i <= mask(a.log2); i += 1u << bits)
      walk_home<T>(a, i, cell, bits, fn);
  }

private:
  struct alignas(64) bucket {
    std::atomic<std::uint64_t> meta{0}; ///< 7 tags, then the overflow count in the highest byte
    std::atomic<std::uint64_t> slot[slots_per_bucket]{};
  };
  static_assert(sizeof(bucket) == 64);

  struct array {
    bucket* first;
    unsigned log2;
  };

  // The array's address is 64-byte aligned; its low bits carry log2 of its size.
  array current() const noexcept {
    const auto word = array_.load(std::memory_order_acquire);
    return {reinterpret_cast<bucket*>(word & ~std::uintptr_t{63}),
            static_cast<unsigned>(word & 63)};
  }
  bucket* buckets() const noexcept { return current().first; }

  static constexpr std::uint32_t mask(unsigned log2) noexcept { return (1u << log2) - 1; }
  static std::uint32_t home(std::uint64_t hash, unsigned log2) noexcept {
    return position_of(hash) & mask(log2);
  }
  static std::uint32_t next(std::uint32_t i, unsigned log2) noexcept {
    return (i + 1) & mask(log2);
  }
  static constexpr std::uint8_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint8_t>(0x80 | hash >> 57);
  }
  static constexpr std::uint64_t high(std::uint64_t hash) noexcept { return hash >> 41 & 0xffff; }
  static std::uint64_t pack(std::uint64_t hash, void* p) noexcept {
    const auto address = reinterpret_cast<std::uint64_t>(p);
    if (address >> 48 != 0) [[unlikely]]
      std::abort(); // user space ends below 2^47 unless a program maps beyond on purpose
    return high(hash) << 48 | address;
  }
  template <class T>
  static T* pointer(std::uint64_t slot) noexcept {
    return reinterpret_cast<T*>(slot & 0xffff'ffff'ffffu);
  }
  static std::uint32_t position_from(std::uint8_t tag, std::uint64_t slot) noexcept {
    return static_cast<std::uint32_t>(slot >> 48) | (tag & 0x7fu) << 16;
  }

  static constexpr std::uint64_t low_bytes = 0x0001'0101'0101'0101u;
  static constexpr std::uint64_t high_bits = 0x0080'8080'8080'8080u;
  /// One bit (the highest of the byte) for each tag that may equal `tag`; a false one, above a
  /// true one, is harmless since slots are compared too.
  static std::uint64_t matches(std::uint64_t meta, std::uint8_t tag) noexcept {
    const std::uint64_t x = meta ^ low_bytes * tag;
    return (x - low_bytes) & ~x & high_bits;
  }
  static unsigned lane(std::uint64_t match) noexcept {
    return static_cast<unsigned>(std::countr_zero(match)) / 8;
  }
  static unsigned overflow(std::uint64_t meta) noexcept {
    return static_cast<unsigned>(meta >> 56);
  }
  static void set_tag(bucket& b, unsigned lane, std::uint8_t tag) noexcept {
    const auto meta = b.meta.load(std::memory_order_relaxed);
    const auto cleared = meta & ~(std::uint64_t{0xff} << lane * 8);
    b.meta.store(cleared | std::uint64_t{tag} << lane * 8, std::memory_order_release);
  }
  static void add_overflow(bucket& b, int by) noexcept {
    const auto meta = b.meta.load(std::memory_order_relaxed);
    const unsigned n = overflow(meta);
    if (n == 255)
      return; // saturated: stays until the array grows
    const auto now = static_cast<std::uint64_t>(static_cast<int>(n) + by);
    b.meta.store((meta & ~(std::uint64_t{0xff} << 56)) | now << 56, std::memory_order_release);
  }

  static void place_in(array a, std::uint32_t i, std::uint8_t tag, std::uint64_t slot) noexcept {
    for (;; i = next(i, a.log2)) {
      bucket& b = a.first[i];
      const auto free = ~b.meta.load(std::memory_order_relaxed) & high_bits;
      if (free) {
        b.slot[lane(free)].store(slot, std::memory_order_release);
        set_tag(b, lane(free), tag);
        return;
      }
      add_overflow(b, 1);
    }
  }

  template <class T, class Fn>
  void walk_home(array a, std::uint32_t at, std::uint32_t cell, unsigned bits, Fn& fn) const {
    const std::uint32_t wanted = cell & mask(bits);
    for (std::uint32_t i = at;; i = next(i, a.log2)) {
      const bucket& b = a.first[i];
      const auto meta = b.meta.load(std::memory_order_acquire);
      for (std::uint64_t m = meta & high_bits; m; m &= m - 1) {
        const auto slot = b.slot[lane(m)].load(std::memory_order_acquire);
        const auto tag = static_cast<std::uint8_t>(meta >> lane(m) * 8);
        if (static_cast<std::uint8_t>(b.meta.load(std::memory_order_acquire) >> lane(m) * 8) != tag
            || !slot)
          continue; // erased, or another entry by now, meanwhile
        const auto position = position_from(tag, slot);
        if ((position & mask(a.log2)) == at && (position & mask(bits)) == wanted)
          fn(pointer<T>(slot));
      }
      if (overflow(meta) == 0 || next(i, a.log2) == at)
        return; // nothing stands behind, or once around
    }
  }

  void grow() {
    const array old = current();
    const unsigned log2 = old.first ? old.log2 + 1 : 0;
    if (log2 > position_bits)
      std::abort(); // 58 million entries in one stripe
    const std::size_t bytes = sizeof(bucket) << log2;
    void* memory = std::aligned_alloc(64, bytes);
    if (!memory)
      throw std::bad_alloc{};
    const array a{static_cast<bucket*>(memory), log2};
    std::uninitialized_default_construct_n(a.first, std::size_t{1} << log2);
    if (old.first)
      for (std::uint32_t i = 0; i <= mask(old.log2); ++i)
        move_bucket(old.first[i], a);
    array_.store(reinterpret_cast<std::uintptr_t>(memory) | log2, std::memory_order_release);
    // At 13/16 of all slots, one entry in eight stands behind its home bucket.
    room_ = log2 == 0 ? slots_per_bucket - 1 : (std::size_t{slots_per_bucket} << log2) * 13 / 16;
    if (old.first)
      retire_array(old.first);
  }

  static void move_bucket(const bucket& from, array to) noexcept {
    const auto meta = from.meta.load(std::memory_order_relaxed);
    for (std::uint64_t m = meta & high_bits; m; m &= m - 1) {
      const auto slot = from.slot[lane(m)].load(std::memory_order_relaxed);
      const auto tag = static_cast<std::uint8_t>(meta >> lane(m) * 8);
      place_in(to, position_from(tag, slot) & mask(to.log2), tag, slot);
    }
  }

  static void retire_array(bucket* b) {
    reclaim::retire(b, [](void* p) noexcept { std::free(p); });
  }

  std::atomic<std::uintptr_t> array_{0};
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

} // namespace supercache
