#pragma once

#include <supercache/store/hash_buckets.hpp>
#include <supercache/store/reclaim.hpp>

#include <algorithm>
#include <utility>

namespace supercache {

/// An index from hashes to pointers: the part of a hash table that knows no keys.
///
/// One writer at a time (the caller locks), any number of readers at any time without a lock, each
/// under a `reclaim::pin`. A successful lookup touches one cache line here, usually, and one of the
/// thing found.
///
/// Collisions go to the next bucket with room. Invariants: (1) an entry stands at its home bucket
/// or behind it, and every bucket between the two counts it in `overflow`; (2) an entry never moves
/// while its array is published, so a reader that walks from the home bucket while `overflow` is
/// not 0 meets every entry that is present during its whole walk.
///
/// Growth: an array doubles until it has 2^segment_bits buckets. Then there are many, and a
/// directory selects one by the bits of the position above those (Fagin et al., "Extendible
/// hashing", 1979). A full one is split in two, so that no insertion moves more than 23 000
/// entries. Where hashes crowd in one array, which only happens with chosen hashes, that array
/// doubles.
class hash_index {
public:
  static constexpr unsigned position_bits = hashing::position_bits;
  /// log2 of the buckets in one array of many.
  static constexpr unsigned segment_bits = hashing::segment_bits;

  hash_index() = default;
  hash_index(const hash_index&) = delete;
  hash_index& operator=(const hash_index&) = delete;
  /// Frees the arrays, not what the slots point to.
  ~hash_index() {
    each_array([](array a) { a.free(); });
    std::free(many());
  }

  static constexpr std::uint32_t position_of(std::uint64_t hash) noexcept {
    return hashing::position_of(hash);
  }

  /// The entry for which `is(pointer)` holds among those of this hash, or nullptr.
  /// Thread: any, pinned. Cost: one or two cache misses, plus those of `is`.
  template <class T, class Is>
  [[gnu::always_inline]] T* find(std::uint64_t hash, Is&& is) const {
    const array a = array_of(hash);
    if (!a.first)
      return nullptr;
    const auto tag = hashing::tag_of(hash);
    const std::uint32_t start = a.home(hash);
    for (std::uint32_t i = start;;) {
      const bucket& b = a.first[i];
      const std::uint64_t meta = b.meta.load(std::memory_order_acquire);
      for (std::uint64_t m = hashing::matches(meta, tag); m; m &= m - 1) {
        const std::uint64_t slot = b.slot[hashing::lane(m)].load(std::memory_order_acquire);
        if (slot >> 48 == hashing::high(hash) && slot) {
          T* p = hashing::pointer<T>(slot);
          if (is(p))
            return p;
        }
      }
      i = a.next(i);
      if (hashing::overflow(meta) == 0 || i == start)
        return nullptr;
    }
  }

  /// The entry if it is at its most likely place, `none` if there surely is no entry, else nullptr:
  /// then call `find`. Small enough to be inlined without spilling registers.
  template <class T, class Is>
  [[gnu::always_inline]] T* find_at_once(std::uint64_t hash, Is&& is, T* none) const {
    const array a = array_of(hash);
    if (!a.first) [[unlikely]]
      return none;
    const auto high_bits_of_hash = hashing::high(hash) << 48;
    std::uint32_t i = a.home(hash);
    for (unsigned tries = 0; tries < 2; ++tries, i = a.next(i)) {
      const bucket& b = a.first[i];
      const std::uint64_t meta = b.meta.load(std::memory_order_acquire);
      for (std::uint64_t m = hashing::matches(meta, hashing::tag_of(hash)); m; m &= m - 1) {
        // One comparison finds an empty slot and one of another hash: both leave no address.
        const std::uint64_t address
          = b.slot[hashing::lane(m)].load(std::memory_order_acquire) ^ high_bits_of_hash;
        T* p = reinterpret_cast<T*>(address);
        if (address - 1 < (std::uint64_t{1} << 48) - 1 && is(p)) [[likely]]
          return p;
      }
      if (hashing::overflow(meta) == 0)
        return none;
    }
    return nullptr;
  }

  /// Starts loading the bucket that `find` will read first. @pre pinned
  void prefetch(std::uint64_t hash) const noexcept {
    const array a = array_of(hash);
    if (a.first)
      __builtin_prefetch(&a.first[a.home(hash)]);
  }
  /// Starts loading the first object that `find` will read. @pre pinned
  template <class T>
  void prefetch_found(std::uint64_t hash) const noexcept {
    const array a = array_of(hash);
    if (!a.first)
      return;
    const bucket& b = a.first[a.home(hash)];
    const auto m = hashing::matches(b.meta.load(std::memory_order_acquire), hashing::tag_of(hash));
    if (m)
      __builtin_prefetch(
        hashing::pointer<T>(b.slot[hashing::lane(m)].load(std::memory_order_relaxed)));
  }

  /// The place of an entry; for the writer, valid until it inserts or erases.
  struct place {
    std::uint32_t bucket = 0;
    std::uint32_t lane = hashing::slots_per_bucket;
    explicit operator bool() const noexcept { return lane != hashing::slots_per_bucket; }
  };

  // -- writer only: hold the lock --------------------------------------------------------------

  template <class T, class Is>
  [[gnu::always_inline]] std::pair<place, T*> locate(std::uint64_t hash, Is&& is) const {
    const array a = array_of(hash);
    if (!a.first)
      return {};
    const auto tag = hashing::tag_of(hash);
    const std::uint32_t start = a.home(hash);
    for (std::uint32_t i = start;;) {
      const bucket& b = a.first[i];
      const std::uint64_t meta = b.meta.load(std::memory_order_relaxed);
      for (std::uint64_t m = hashing::matches(meta, tag); m; m &= m - 1) {
        const std::uint64_t slot = b.slot[hashing::lane(m)].load(std::memory_order_relaxed);
        if (slot >> 48 != hashing::high(hash))
          continue;
        if (T* p = hashing::pointer<T>(slot); is(p))
          return {place{i, hashing::lane(m)}, p};
      }
      i = a.next(i);
      if (hashing::overflow(meta) == 0 || i == start)
        return {};
    }
  }

  /// Replaces the entry at a place by `p`. Readers see the one or the other.
  void replace(place at, std::uint64_t hash, void* p) noexcept {
    array_of(hash).first[at.bucket].slot[at.lane].store(hashing::pack(hash, p),
                                                        std::memory_order_release);
  }

  /// Adds an entry that is not there yet. Cost: amortised O(1); now and then some 0.2 ms.
  void insert(std::uint64_t hash, void* p) {
    if (size_ >= room_) [[unlikely]]
      make_room(hash);
    array_of(hash).place(hashing::tag_of(hash), hashing::pack(hash, p));
    ++size_;
  }

  void erase(place at, std::uint64_t hash) noexcept {
    const array a = array_of(hash);
    bucket& b = a.first[at.bucket];
    hashing::set_tag(b, at.lane, 0);
    b.slot[at.lane].store(0, std::memory_order_release);
    for (std::uint32_t i = a.home(hash); i != at.bucket; i = a.next(i))
      hashing::add_overflow(a.first[i], -1);
    --size_;
    if (directory* d = many()) [[unlikely]]
      --d->owner(position_of(hash)).used;
  }

  /// Takes over all entries of another index, which is then empty. Readers may still be in the
  /// arrays, so end with `clear`. @pre this one is empty
  void take_from(hash_index& other) noexcept {
    root_.store(other.root_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    other.root_.store(0, std::memory_order_release);
    size_ = std::exchange(other.size_, 0);
    room_ = std::exchange(other.room_, 0);
  }
  /// Removes everything and gives back the arrays' memory.
  void clear() {
    hash_index old;
    old.take_from(*this);
    old.each_array([](array a) { retire(a); });
    if (directory* d = old.many())
      retire(d);
    old.root_.store(0, std::memory_order_relaxed);
  }

  std::size_t size() const noexcept { return size_; }
  /// @pre no thread inserts or clears
  std::size_t array_bytes() const noexcept {
    std::size_t sum = many() ? directory::bytes(many()->depth) : 0;
    each_array([&](array a) { sum += a.bytes(); });
    return sum;
  }

  // -- walking ---------------------------------------------------------------------------------

  /// log2 of the number of buckets; the limit for counting with `walk`.
  unsigned log2() const noexcept { return root().log2; }

  /// Calls `fn(pointer)` for every entry whose position ends in the `bits` low bits of `cell`.
  /// Walking all cells 0 … 2^bits − 1 with one `bits` meets every entry that is there throughout
  /// exactly once, however often arrays grow or are cleared meanwhile. Thread: any, pinned for the
  /// call. Cost: O(entries) for `bits` near log2().
  template <class T, class Fn>
  void walk(std::uint32_t cell, unsigned bits, Fn&& fn) const {
    const array a = root();
    if (!a.first)
      return;
    if (a.log2 <= segment_bits) {
      walk_array<T>(a, cell, bits, 0, 0, fn);
      return;
    }
    // One segment after the other. A segment that was split meanwhile, or that has several places
    // in the directory, is visited for each of them, for the entries that belong to that place.
    const directory& d = *directory_at(a);
    const unsigned known = std::min(d.depth, bits - std::min(bits, segment_bits));
    for (std::uint32_t i = cell >> segment_bits & hashing::mask(known); i <= hashing::mask(d.depth);
         i += 1u << known)
      walk_array<T>(array::from(d.segments()[i].word.load(std::memory_order_acquire)), cell, bits,
                    i, d.depth, fn);
  }

private:
  using bucket = hashing::bucket;
  using array = hashing::array;
  using directory = hashing::directory;

  // The word has log2 of all buckets; above segment_bits its address is that of a directory.
  array root() const noexcept { return array::from(root_.load(std::memory_order_acquire)); }
  static directory* directory_at(array root) noexcept {
    return reinterpret_cast<directory*>(root.first);
  }
  directory* many() const noexcept {
    const array a = array::from(root_.load(std::memory_order_relaxed));
    return a.log2 > segment_bits ? directory_at(a) : nullptr;
  }
  [[gnu::always_inline]] array array_of(std::uint64_t hash) const noexcept {
    const array a = root();
    if (a.log2 > segment_bits) [[unlikely]]
      return array::from(
        directory_at(a)->at(position_of(hash)).word.load(std::memory_order_acquire));
    return a;
  }

  /// The entries of an array that belong to a cell and to place `i` of a directory.
  template <class T, class Fn>
  static void walk_array(array a, std::uint32_t cell, unsigned bits, std::uint32_t i,
                         unsigned depth, Fn& fn) {
    const unsigned low = std::min(a.log2, bits);
    for (std::uint32_t home = cell & hashing::mask(low); home <= hashing::mask(a.log2);
         home += 1u << low)
      a.each_of_home(home, [&](std::uint8_t tag, std::uint64_t slot) {
        const std::uint32_t position = hashing::position_from(tag, slot);
        if (((position ^ cell) & hashing::mask(bits)) == 0
            && ((position >> segment_bits ^ i) & hashing::mask(depth)) == 0)
          fn(hashing::pointer<T>(slot));
      });
  }

  template <class F>
  void each_array(F&& f) const {
    const array a = array::from(root_.load(std::memory_order_relaxed));
    directory* d = many();
    if (!d && a.first)
      f(a);
    for (std::uint32_t i = 0; d && i <= hashing::mask(d->depth); ++i)
      if (const auto& s = d->segments()[i]; i <= hashing::mask(s.depth)) // its first place
        f(array::from(s.word.load(std::memory_order_relaxed)));
  }

  static void retire(array a) { reclaim::retire(a.first, a.deleter()); }
  static void retire(directory* d) {
    reclaim::retire(d, [](void* x) noexcept { std::free(x); });
  }

  [[gnu::noinline]] void make_room(std::uint64_t hash) {
    const array a = root();
    if (a.log2 < segment_bits)
      return a.first ? grow(a) : begin();
    if (a.log2 == segment_bits)
      begin_directory(a);
    auto* s = &many()->owner(position_of(hash));
    for (; s->used >= array::from(s->word).room(); s = &many()->owner(position_of(hash)))
      // The segment's share under an even spread of hashes shows whether splitting helps.
      if (s->depth < position_bits - segment_bits && size_ >> s->depth > s->used / 8)
        split(position_of(hash));
      else
        enlarge(*s);
    ++s->used;
  }

  void begin() {
    const array a = array::make(0);
    room_ = a.room();
    root_.store(a.word(), std::memory_order_release);
  }
  void grow(array old) {
    const array a = array::make(old.log2 + 1);
    old.each([&](std::uint8_t tag, std::uint64_t slot) { a.place(tag, slot); });
    room_ = a.room();
    root_.store(a.word(), std::memory_order_release);
    retire(old);
  }
  void begin_directory(array only) {
    directory* d = directory::make(1);
    for (std::uint32_t i = 0; i < 2; ++i)
      d->segments()[i].word.store(only.word(), std::memory_order_relaxed);
    d->segments()[0].used = static_cast<std::uint32_t>(size_);
    room_ = 0; // from now on each segment has its own
    publish(d);
  }
  void publish(directory* d) noexcept {
    root_.store(reinterpret_cast<std::uintptr_t>(d) | (segment_bits + d->depth),
                std::memory_order_release);
  }

  void enlarge(directory::segment& s) {
    const array old = array::from(s.word);
    const array a = array::make(old.log2 + 1);
    old.each([&](std::uint8_t tag, std::uint64_t slot) { a.place(tag, slot); });
    directory& d = *many();
    const auto first = static_cast<std::uint32_t>(&s - d.segments());
    for (std::uint32_t i = first; i <= hashing::mask(d.depth); i += 1u << s.depth)
      d.segments()[i].word.store(a.word(), std::memory_order_release);
    retire(old);
  }

  /// Splits the segment of a position in two.
  void split(std::uint32_t position) {
    if (many()->owner(position).depth == many()->depth)
      double_directory();
    directory& d = *many();
    auto& s = d.owner(position);
    const unsigned depth = s.depth;
    const array old = array::from(s.word);
    const array low = array::make(old.log2);
    std::unique_ptr<bucket, void (*)(void*) noexcept> guard{low.first, low.deleter()};
    const array half[2] = {low, array::make(old.log2)};
    guard.release();
    std::uint32_t used[2] = {0, 0};
    old.each([&](std::uint8_t tag, std::uint64_t slot) {
      const auto bit = hashing::position_from(tag, slot) >> (segment_bits + depth) & 1;
      half[bit].place(tag, slot);
      ++used[bit];
    });
    const auto first_place = static_cast<std::uint32_t>(&s - d.segments());
    for (std::uint32_t i = first_place; i <= hashing::mask(d.depth); i += 1u << depth) {
      const auto bit = i >> depth & 1;
      auto& x = d.segments()[i];
      x.used = used[bit];
      x.depth = depth + 1;
      x.word.store(half[bit].word(), std::memory_order_release);
    }
    retire(old);
  }

  void double_directory() {
    directory& old = *many();
    directory* d = directory::make(old.depth + 1);
    for (std::uint32_t i = 0; i <= hashing::mask(d->depth); ++i) {
      const auto& from = old.segments()[i & hashing::mask(old.depth)];
      auto& to = d->segments()[i];
      to.word.store(from.word.load(std::memory_order_relaxed), std::memory_order_relaxed);
      to.used = from.used;
      to.depth = from.depth;
    }
    publish(d);
    retire(&old);
  }

  std::atomic<std::uintptr_t> root_{0};
  std::size_t size_ = 0;
  std::size_t room_ = 0; ///< in an array; 0 if there are many
};

} // namespace supercache
