#pragma once

#include <supercache/store/abi.hpp>
#include <supercache/store/memory.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

/// What a `hash_index` is made of: arrays of buckets, and a directory of many arrays.
///
///     bucket, 64 bytes   | 7 tags | overflow | 7 slots of 8 bytes |
///     tag                0 = empty, else 0x80 | hash bits 57…63
///     overflow           entries that wanted this bucket and stand behind it (255 = for ever)
///     slot               | hash bits 41…56 (16) | pointer (48) |
///     home bucket        the low bits of position = hash bits 41…63, so that growing needs the
///                        slot and tag only, never the thing pointed to
namespace supercache::hashing {

inline constexpr unsigned slots_per_bucket = 7;
inline constexpr unsigned position_bits = 23;

struct alignas(64) bucket {
  std::atomic<std::uint64_t> meta{0}; ///< 7 tags, then the overflow count in the highest byte
  std::atomic<std::uint64_t> slot[slots_per_bucket]{};
};
static_assert(sizeof(bucket) == 64);

constexpr std::uint32_t mask(unsigned log2) noexcept { return (1u << log2) - 1; }
constexpr std::uint32_t position_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash >> 41);
}
constexpr std::uint8_t tag_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint8_t>(0x80 | hash >> 57);
}
constexpr std::uint64_t high(std::uint64_t hash) noexcept { return hash >> 41 & 0xffff; }

inline std::uint64_t pack(std::uint64_t hash, void* p) noexcept {
  const auto address = reinterpret_cast<std::uint64_t>(p);
  if (address >> 48 != 0) [[unlikely]]
    std::abort(); // user space ends below 2^47 unless a program maps beyond on purpose
  return high(hash) << 48 | address;
}
template <class T>
T* pointer(std::uint64_t slot) noexcept {
  return reinterpret_cast<T*>(slot & 0xffff'ffff'ffffu);
}
inline std::uint32_t position_from(std::uint8_t tag, std::uint64_t slot) noexcept {
  return static_cast<std::uint32_t>(slot >> 48) | (tag & 0x7fu) << 16;
}

inline constexpr std::uint64_t low_bytes = 0x0001'0101'0101'0101u;
inline constexpr std::uint64_t high_bits = 0x0080'8080'8080'8080u;
/// One bit (the highest of the byte) for each tag that may equal `tag`; a false one, above a true
/// one, is harmless since slots are compared, too.
inline std::uint64_t matches(std::uint64_t meta, std::uint8_t tag) noexcept {
  const std::uint64_t x = meta ^ low_bytes * tag;
  return (x - low_bytes) & ~x & high_bits;
}
inline unsigned lane(std::uint64_t match) noexcept {
  return static_cast<unsigned>(std::countr_zero(match)) / 8;
}
inline std::uint8_t tag_at(std::uint64_t meta, unsigned lane) noexcept {
  return static_cast<std::uint8_t>(meta >> lane * 8);
}
inline unsigned overflow(std::uint64_t meta) noexcept { return static_cast<unsigned>(meta >> 56); }

inline void set_tag(bucket& b, unsigned lane, std::uint8_t tag) noexcept {
  const auto meta = b.meta.load(std::memory_order_relaxed);
  const auto cleared = meta & ~(std::uint64_t{0xff} << lane * 8);
  b.meta.store(cleared | std::uint64_t{tag} << lane * 8, std::memory_order_release);
}
inline void add_overflow(bucket& b, int by) noexcept {
  const auto meta = b.meta.load(std::memory_order_relaxed);
  const unsigned n = overflow(meta);
  if (n == 255)
    return; // saturated: stays until the entries move to another array
  const auto now = static_cast<std::uint64_t>(static_cast<int>(n) + by);
  b.meta.store((meta & ~(std::uint64_t{0xff} << 56)) | now << 56, std::memory_order_release);
}

/// 2^log2 buckets, or none; does not own them. Fits in a word, as the address is 64-byte aligned.
struct array {
  bucket* first = nullptr;
  unsigned log2 = 0;

  static array from(std::uintptr_t word) noexcept {
    return {reinterpret_cast<bucket*>(word & ~std::uintptr_t{63}),
            static_cast<unsigned>(word & 63)};
  }
  std::uintptr_t word() const noexcept { return reinterpret_cast<std::uintptr_t>(first) | log2; }
  /// An empty array. It owns nothing: release it with `free`.
  static array make(unsigned log2) {
    if (log2 > position_bits)
      std::abort(); // 58 million entries
    const array a{static_cast<bucket*>(detail::allocate_bytes(sizeof(bucket) << log2)), log2};
    std::uninitialized_default_construct_n(a.first, std::size_t{1} << log2);
    return a;
  }

  void free() const noexcept { deleter()(first); }
  /// The function that frees it by its address.
  void (*deleter() const noexcept)(void*) noexcept { return deleters[log2]; }

  std::uint32_t home(std::uint64_t hash) const noexcept { return position_of(hash) & mask(log2); }
  std::uint32_t next(std::uint32_t i) const noexcept { return (i + 1) & mask(log2); }
  std::size_t bytes() const noexcept { return sizeof(bucket) << log2; }
  /// How many entries it may have. At 13/16 of all slots, one in eight is not at home.
  std::size_t room() const noexcept {
    return log2 == 0 ? slots_per_bucket - 1 : (std::size_t{slots_per_bucket} << log2) * 13 / 16;
  }

  /// Adds an entry, whose tag and slot determine its home. @pre there is room
  void place(std::uint8_t tag, std::uint64_t slot) const noexcept {
    for (std::uint32_t i = position_from(tag, slot) & mask(log2);; i = next(i)) {
      bucket& b = first[i];
      const auto free = ~b.meta.load(std::memory_order_relaxed) & high_bits;
      if (free) {
        b.slot[lane(free)].store(slot, std::memory_order_release);
        set_tag(b, lane(free), tag);
        return;
      }
      add_overflow(b, 1);
    }
  }
  /// Calls `f(tag, slot)` for each entry. @pre no thread writes
  template <class F>
  void each(F&& f) const {
    for (std::uint32_t i = 0; first && i <= mask(log2); ++i) {
      const auto meta = first[i].meta.load(std::memory_order_relaxed);
      for (std::uint64_t m = meta & high_bits; m; m &= m - 1)
        f(tag_at(meta, lane(m)), first[i].slot[lane(m)].load(std::memory_order_relaxed));
    }
  }

  /// Calls `f(tag, slot)` for each entry that is at home in a bucket. Thread: any.
  template <class F>
  void each_of_home(std::uint32_t at, F&& f) const {
    for (std::uint32_t i = at;; i = next(i)) {
      const bucket& b = first[i];
      const auto meta = b.meta.load(std::memory_order_acquire);
      for (std::uint64_t m = meta & high_bits; m; m &= m - 1) {
        const auto slot = b.slot[lane(m)].load(std::memory_order_acquire);
        const auto tag = tag_at(meta, lane(m));
        if (tag_at(b.meta.load(std::memory_order_acquire), lane(m)) != tag || !slot)
          continue; // erased or replaced meanwhile
        if ((position_from(tag, slot) & mask(log2)) == at)
          f(tag, slot);
      }
      if (overflow(meta) == 0 || next(i) == at)
        return; // no further entries, or once around
    }
  }

private:
  using deleter_type = void (*)(void*) noexcept;
  template <unsigned... Log2s>
  static constexpr auto make_deleters(std::integer_sequence<unsigned, Log2s...>) noexcept {
    return std::array<deleter_type, sizeof...(Log2s)>{
      [](void* p) noexcept { detail::free_bytes(p, sizeof(bucket) << Log2s); }...};
  }
  static const std::array<deleter_type, position_bits + 1> deleters; // by log2
};
inline constexpr std::array<array::deleter_type, position_bits + 1> array::deleters
  = array::make_deleters(std::make_integer_sequence<unsigned, position_bits + 1>{});

/// log2 of the buckets in one array of many.
inline constexpr unsigned segment_bits = 12;

/// Selects an array by the bits of a position above the lowest `segment_bits`. A segment that was
/// split less often than others has several places.
struct alignas(64) directory {
  struct segment {
    std::atomic<std::uintptr_t> word; ///< that of an `array`
    std::uint32_t used = 0;           ///< entries; writer only, in the segment's first place
    std::uint32_t depth = 0;          ///< bits that all its entries share; writer only
  };
  unsigned depth; ///< 2^depth places

  explicit directory(unsigned n) : depth(n) {
    std::uninitialized_default_construct_n(segments(), std::size_t{1} << depth);
  }
  static std::size_t bytes(unsigned depth) noexcept {
    return sizeof(directory) + (sizeof(segment) << depth);
  }
  static directory* make(unsigned depth) {
    void* memory = std::aligned_alloc(64, (bytes(depth) + 63) & ~std::size_t{63});
    if (!memory)
      throw std::bad_alloc{};
    return new (memory) directory{depth};
  }
  segment* segments() noexcept { return reinterpret_cast<segment*>(this + 1); }
  const segment* segments() const noexcept { return reinterpret_cast<const segment*>(this + 1); }
  segment& at(std::uint32_t position) noexcept {
    return segments()[position >> segment_bits & mask(depth)];
  }
  /// The place that counts the entries of the segment.
  segment& owner(std::uint32_t position) noexcept {
    return segments()[position >> segment_bits & mask(at(position).depth)];
  }
};

} // namespace supercache::hashing
