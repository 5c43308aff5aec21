#pragma once

#include <supercache/store/fair_lock.hpp>
#include <supercache/store/hash_index.hpp>
#include <supercache/store/leftovers.hpp>
#include <supercache/store/shelf.hpp>

#include <atomic>
#include <cassert>
#include <deque>
#include <memory>

namespace supercache::shelf {

/// A separately locked part of a shelf.
struct stripe {
  enum : std::uint8_t {
    told = 1, ///< changes are reported
    full = 2, ///< the shelf must become wide
    left = 4, ///< it has become wide: use another stripe
  };
  hash_index index; // what readers touch
  mutable fair_lock lock;
  std::uint8_t detour = 0;          ///< reasons not to take the shortcut; under `lock`
  std::uint32_t limit = UINT32_MAX; ///< of records
  ledger book;

  /// Call it after an insertion.
  void check_limit() noexcept {
    if (book.count() >= limit) [[unlikely]]
      detour |= full;
  }
};

/// Frees what an index points to, up to `budget` records of it, and takes them and their memory off
/// both. Answers whether nothing of it is left.
inline bool free_entry(detail::block* b, std::size_t& budget, std::size_t& bytes) {
  bytes -= detail::bytes_of(b);
  garbage::retire(b);
  --budget;
  return true;
}

/// What stripes had, whose indexes point to an `Entry`.
template <class Entry>
class stripes_left final : public leftover {
public:
  ~stripes_left() override { stripes_left::free_some(SIZE_MAX); }

  std::size_t live = 0; ///< records that had not expired

  /// Takes over what a stripe has, if `may()` agrees, asked with the stripe locked. Cost: O(what
  /// has expired), of which O(1) with the stripe locked.
  template <class May>
  void detach(stripe& s, const stamp& now, May& may) {
    part& p = parts_.emplace_back();
    std::size_t records = 0;
    {
      const std::lock_guard hold{s.lock};
      if (!may())
        return;
      records = s.book.count();
      p.bytes = s.book.bytes();
      p.index.take_from(s.index);
      p.due = s.book.clear();
    }
    p.entries = p.index.size();
    p.bytes += p.index.array_bytes();
    bytes_ += p.bytes;
    live += records - ledger::overdue(p.due, now);
  }

  std::size_t free_some(std::size_t budget) override {
    std::size_t left = budget;
    while (left > 0 && !parts_.empty()) {
      part& p = parts_.front();
      const std::size_t before = p.bytes;
      const bool freed = p.free_some(left);
      bytes_ -= before - p.bytes;
      if (freed)
        parts_.pop_front();
    }
    return budget - left;
  }

private:
  struct part {
    hash_index index;
    ledger::schedule due;
    std::size_t bytes = 0;
    std::size_t entries = 0;   ///< in the cells that were not visited
    std::uint32_t cell = 0;    ///< the next one to visit
    std::vector<Entry*> found; ///< in cells that were

    /// Answers whether nothing is left. A cell and a deadline count like an object.
    bool free_some(std::size_t& budget) {
      for (; budget > 0 && due && !due->empty(); --budget)
        due->erase(due->begin());
      while (budget > 0) {
        if (!found.empty()) {
          if (free_entry(found.back(), budget, bytes))
            found.pop_back();
        } else if (entries > 0) {
          assert(cell >> index.log2() == 0);
          index.walk<Entry>(cell++, index.log2(), [&](Entry* x) { found.push_back(x); });
          entries -= found.size();
          --budget;
        } else {
          index.clear(); // by way of `reclaim`, since readers may be in its arrays
          bytes = 0;
          return true;
        }
      }
      return false;
    }
  };

  std::deque<part> parts_;
};

/// How many stripes a shelf begins with.
enum class width : std::uint8_t {
  narrow, ///< one, until there are some records: it needs a tenth of the memory
  wide,   ///< all
};

/// The common part of shelves that spread their keys over separately locked stripes by hash.
///
/// A narrow one has one stripe, `few_`, for its first records, since most namespaces never have
/// more. Then it becomes wide, once, under the lock of that stripe: writers that had been waiting
/// for it find that it was `left`; readers without a lock that find nothing in it look again.
class striped {
public:
  bool covers(const cursor& c, const value&, std::uint64_t hash) const noexcept {
    const std::size_t part = hash >> 32 & mask_;
    const std::uint32_t place = hash_index::position_of(hash) & ((1u << c.bits) - 1);
    return part < c.part || (part == c.part && c.entered && place < c.cell);
  }

  /// Calls `f(stripe)` for each. If the shelf becomes wide meanwhile, for the first one and for
  /// all others.
  template <class F>
  void for_each_stripe(F&& f) const {
    if (!many())
      f(few_);
    if (padded* all = many())
      for (std::size_t i = 0; i <= mask_; ++i)
        f(all[i].s);
  }
  template <class F>
  void for_each_part(F&& f) const {
    for_each_stripe([&](stripe& s) { f(s.lock, s.book); });
  }
  template <class F>
  std::size_t sum_of_parts(F&& f) const {
    return sum([&](stripe& s) { return f(s.lock, s.book); });
  }

protected:
  /// The sum of `f(stripe)`.
  template <class F>
  std::size_t sum(F&& f) const {
    if (!many())
      if (const std::size_t n = f(few_); !many())
        return n;
    std::size_t n = 0;
    for (std::size_t i = 0; i <= mask_; ++i)
      n += f(many()[i].s);
    return n;
  }

  /// Aligns it so that the readers' part ends with a cache line, and the writers' part begins one.
  struct alignas(64) padded {
    std::byte before[64 - sizeof(hash_index)];
    stripe s;
  };
  static_assert(sizeof(padded) == 128);
  static constexpr std::uint32_t few_max = 64;

  striped(std::size_t stripes, width begin) : mask_(stripes - 1) {
    few_.limit = few_max;
    if (begin == width::wide) {
      many_.store(new padded[stripes], std::memory_order_relaxed);
      few_.detour = stripe::left;
    }
  }
  ~striped() { delete[] many(); }

  padded* many() const noexcept { return many_.load(std::memory_order_acquire); }
  [[gnu::always_inline]] stripe& stripe_of(std::uint64_t hash) const noexcept {
    padded* all = many();
    return all ? all[hash >> 32 & mask_].s : few_;
  }
  /// The stripe for records of this hash, locked. `widen(all)` moves the records of the first one
  /// to all.
  template <class Widen>
  [[gnu::always_inline]] stripe& lock_stripe(std::uint64_t hash, Widen&& widen) {
    for (;;) {
      stripe& s = stripe_of(hash);
      s.lock.lock();
      if (!(s.detour & (stripe::full | stripe::left))) [[likely]]
        return s;
      const std::lock_guard hold{s.lock, std::adopt_lock};
      if (s.detour & stripe::full)
        become_wide(widen);
    }
  }
  /// Removes everything, or what is in stripes for which `may()` agrees.
  template <class Entry, class May>
  std::unique_ptr<stripes_left<Entry>> detach_stripes(const stamp& now, May& may) {
    auto all = std::make_unique<stripes_left<Entry>>();
    for_each_stripe([&](stripe& s) { all->detach(s, now, may); });
    return all;
  }

  std::size_t mask_;
  mutable stripe few_;

private:
  template <class Widen>
  [[gnu::noinline]] void become_wide(Widen& widen) {
    auto all = std::make_unique<padded[]>(mask_ + 1);
    widen(few_, [&](std::uint64_t hash) -> stripe& { return all[hash >> 32 & mask_].s; });
    for (std::size_t i = 0; i <= mask_; ++i)
      all[i].s.detour = few_.detour & stripe::told;
    many_.store(all.release(), std::memory_order_release);
    few_.detour = stripe::left;
    few_.index.clear();
    few_.book.clear();
  }

  std::atomic<padded*> many_{nullptr};
};

} // namespace supercache::shelf
