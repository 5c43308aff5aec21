#pragma once

#include "bag.hpp"

#include <supercache/store/shelf_striped.hpp>

#include <memory>

namespace supercache::shelf {

/// The same for a bag. Its own memory is taken off with that of the index.
inline bool free_entry(bag* x, std::size_t& budget, std::size_t& bytes) {
  for (; budget > 0 && x->size(); --budget) {
    detail::block* b = x->front();
    bytes -= detail::bytes_of(b);
    x->erase(b);
    garbage::retire(b);
  }
  if (x->size())
    return false;
  delete x;
  return true;
}

/// Many records per key, in order of insertion. Reads lock a stripe.
class bags : public striped {
public:
  bags(std::size_t key_pos, std::size_t stripes, width begin, bool duplicates)
    : striped(stripes, begin), key_pos_(key_pos), duplicates_(duplicates) {}
  ~bags() { free_all(); }
  bags(const bags&) = delete;
  bags& operator=(const bags&) = delete;

  class cell {
  public:
    static constexpr bool of_many = true;
    std::size_t size() const noexcept { return bag_ ? bag_->size() : 0; }
    detail::block* front() const noexcept { return bag_->front(); }
    const ledger& book() const noexcept { return s_.book; }
    template <class F>
    bool any(F&& f) const {
      return bag_ && bag_->any(f);
    }
    bool contains(detail::block* b) const { return bag_ && bag_->contains(b); }
    /// The record that equals this one, unless duplicates are allowed.
    detail::block* equal_to(const record& r) const { return bag_ ? bag_->equal_to(r) : nullptr; }

    /// Appends it.
    void put(record r) {
      detail::block* b = r.get();
      if (bag_) {
        bag_->add(b);
      } else {
        auto fresh = std::make_unique<bag>(duplicates_);
        fresh->add(b);
        s_.index.insert(hash_, fresh.get());
        bag_ = fresh.release();
      }
      s_.book.added(r.detach());
      s_.check_limit();
    }
    void replace(detail::block* before, record equal) {
      bag_->replace(before, equal.get());
      exchanged(before, equal.detach());
    }
    template <class F>
    void replace_each(F&& equal) {
      if (bag_)
        bag_->replace_each([&](detail::block* before) {
          detail::block* after = equal(before).detach();
          exchanged(before, after);
          return after;
        });
    }
    bool erase(detail::block* b) {
      if (!contains(b))
        return false;
      bag_->erase(b);
      gone(b);
      drop_if_empty();
      return true;
    }
    template <class Wanted>
    void erase_if(Wanted&& wanted) {
      if (!bag_)
        return;
      bag_->erase_if([&](detail::block* b) {
        if (!wanted(b))
          return false;
        gone(b);
        return true;
      });
      drop_if_empty();
    }

  private:
    friend class bags;
    cell(stripe& s, std::uint64_t hash, bag* x, bool duplicates, garbage& g)
      : s_(s), hash_(hash), bag_(x), bytes_(bytes()), duplicates_(duplicates), garbage_(g) {}
    ~cell() { s_.book.grew(bytes_, bytes()); }
    std::size_t bytes() const noexcept { return bag_ ? bag_->bytes() : 0; }
    void gone(detail::block* b) {
      s_.book.removed(b);
      garbage_.add(b);
    }
    void exchanged(detail::block* before, detail::block* after) {
      s_.book.replaced(before, after);
      garbage_.add(before);
    }
    void drop_if_empty() {
      if (bag_->size())
        return;
      const auto at = s_.index.locate<bag>(hash_, [this](bag* x) { return x == bag_; }).first;
      s_.index.erase(at, hash_);
      delete std::exchange(bag_, nullptr);
    }
    stripe& s_;
    std::uint64_t hash_;
    bag* bag_;
    std::size_t bytes_; ///< of the bag, at the beginning
    bool duplicates_;
    garbage& garbage_;
  };

private:
  auto is(const value& key) const noexcept {
    return [&key, pos = key_pos_](const bag* x) { return key_in(x->front(), pos) == key; };
  }
  auto widening() const noexcept {
    return [pos = key_pos_](stripe& few, auto&& stripe_of) {
      few.index.walk<bag>(0, 0, [&](bag* x) {
        const auto hash = supercache::hash(key_in(x->front(), pos));
        stripe& s = stripe_of(hash);
        s.index.insert(hash, x);
        x->each([&](detail::block* b) { s.book.added(b); });
        s.book.grew(0, x->bytes());
      });
    };
  }
  /// A stripe to read, and its lock.
  std::pair<const stripe&, std::unique_lock<fair_lock>> locked(std::size_t part) const {
    if (!many()) {
      std::unique_lock hold{few_.lock};
      if (!(few_.detour & stripe::left))
        return {few_, std::move(hold)};
    }
    const stripe& s = many()[part].s;
    return {s, std::unique_lock{s.lock}};
  }
  using blocks = std::vector<detail::block*>;

public:
  template <class F>
  auto with_cell(const value& key, std::uint64_t hash, F&& f) {
    garbage left;
    stripe& s = lock_stripe(hash, widening());
    const std::lock_guard lock{s.lock, std::adopt_lock};
    cell c{s, hash, s.index.locate<bag>(hash, is(key)).second, duplicates_, left};
    return f(c);
  }

  records get(const value& key, std::uint64_t hash, const stamp& now) const {
    const reclaim::pin guard; // so that what is found can be read without the lock
    blocks found;
    {
      const auto [s, hold] = locked(hash >> 32 & mask_);
      if (const bag* x = s.index.locate<bag>(hash, is(key)).second) {
        found.reserve(x->size());
        x->each([&](detail::block* b) { found.push_back(b); });
      }
    }
    std::vector<record> out;
    out.reserve(found.size());
    for (detail::block* b : found)
      if (!now.over(b->deadline))
        out.push_back(record::share(b));
    return records{std::move(out)};
  }

  void prefetch(std::uint64_t hash) const noexcept { stripe_of(hash).index.prefetch(hash); }
  void prefetch_found(std::uint64_t) const noexcept {}

  template <class F>
  bool next_chunk(cursor& c, F&& f) const {
    if (c.part > mask_)
      return false;
    const reclaim::pin guard; // the same
    blocks found;
    {
      const auto [s, hold] = locked(c.part);
      const auto take
        = [&](const bag* x) { x->each([&](detail::block* b) { found.push_back(b); }); };
      if (&s == &few_)
        take_few(c, take);
      else
        take_cells(c, s.index, take);
    }
    std::ranges::for_each(found, f);
    return true;
  }

  template <class May>
  auto detach(const stamp& now, May& may) {
    return detach_stripes<bag>(now, may);
  }
  std::size_t index_bytes() const noexcept {
    return sum([](const stripe& s) {
      const std::lock_guard lock{s.lock};
      return s.index.array_bytes();
    });
  }

private:
  template <class F>
  static void take_cells(cursor& c, const hash_index& index, F& take) {
    if (!std::exchange(c.entered, true)) {
      c.bits = index.log2();
      c.cell = 0;
    }
    const std::uint64_t end = std::uint64_t{1} << c.bits;
    for (std::size_t n = 0; n < chunk_cells && c.cell < end; ++n, ++c.cell)
      index.walk<bag>(c.cell, c.bits, take);
    if (c.cell == end) {
      ++c.part;
      c.entered = false;
    }
  }
  /// Visits all remaining records of a narrow shelf.
  template <class F>
  void take_few(cursor& c, F& take) const {
    const bool begins = c.part == 0 && !c.entered;
    few_.index.walk<bag>(0, 0, [&](const bag* x) {
      const value& key = key_in(x->front(), key_pos_);
      if (begins || !covers(c, key, supercache::hash(key)))
        take(x);
    });
    c.part = mask_ + 1;
    c.entered = false;
  }
  void free_all() noexcept {
    for_each_stripe([](stripe& s) {
      s.index.walk<bag>(0, 0, [](bag* x) {
        x->each([](detail::block* b) { detail::release_items(b); });
        delete x;
      });
    });
  }

  std::size_t key_pos_;
  bool duplicates_;
};

} // namespace supercache::shelf
