#pragma once

#include <supercache/store/shelf_striped.hpp>
#include <supercache/store/spin_lock.hpp>

#include <memory>

namespace supercache::shelf {

struct alignas(64) bag_stripe {
  mutable spin_lock lock;
  hash_index index;
  ledger book;
};

/// Many records per key, in order of insertion. Reads lock a stripe.
class bags : public striped<bag_stripe> {
public:
  using stripe = bag_stripe;

  bags(std::size_t key_pos, std::size_t stripes, bool duplicates)
    : striped(stripes), key_pos_(key_pos), duplicates_(duplicates) {}
  ~bags() { free_all(); }
  bags(const bags&) = delete;
  bags& operator=(const bags&) = delete;

  using bag = std::vector<detail::block*>; // never empty while it is in the index

  class cell {
  public:
    std::size_t size() const noexcept { return bag_ ? bag_->size() : 0; }
    detail::block* operator[](std::size_t i) const noexcept { return (*bag_)[i]; }
    void put(record r) {
      if (!bag_) {
        auto fresh = std::make_unique<bag>();
        fresh->push_back(r.get());
        s_.index.insert(hash_, fresh.get());
        bag_ = fresh.release();
      } else if (const std::size_t i = duplicates_ ? size() : find(r); i < size()) {
        if (r.deadline() != (*bag_)[i]->deadline)
          replace(i, std::move(r));
        return;
      } else {
        bag_->push_back(r.get());
      }
      s_.book.added(r.detach());
    }
    void replace(std::size_t i, record r) {
      detail::block* b = r.detach();
      s_.book.replaced((*bag_)[i], b);
      garbage_.add(std::exchange((*bag_)[i], b));
    }
    void erase(std::size_t i) {
      s_.book.removed((*bag_)[i]);
      garbage_.add((*bag_)[i]);
      if (bag_->size() > 1) {
        bag_->erase(bag_->begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
      const auto at = s_.index.locate<bag>(hash_, [this](bag* x) { return x == bag_; }).first;
      s_.index.erase(at, hash_);
      delete std::exchange(bag_, nullptr);
    }

  private:
    friend class bags;
    cell(stripe& s, std::uint64_t hash, bag* x, bool duplicates, garbage& g)
      : s_(s), hash_(hash), bag_(x), duplicates_(duplicates), garbage_(g) {}
    std::size_t find(const record& r) const {
      const auto same = [&](detail::block* b) {
        return std::ranges::equal(std::span{b->items(), b->count}, r.items());
      };
      return static_cast<std::size_t>(std::ranges::find_if(*bag_, same) - bag_->begin());
    }
    stripe& s_;
    std::uint64_t hash_;
    bag* bag_;
    bool duplicates_;
    garbage& garbage_;
  };

private:
  auto is(const value& key) const noexcept {
    return [&key, pos = key_pos_](const bag* x) { return key_in(x->front(), pos) == key; };
  }

public:
  template <class F>
  auto with_cell(const value& key, std::uint64_t hash, F&& f) {
    stripe& s = stripe_of(hash);
    garbage left;
    const std::lock_guard lock{s.lock};
    cell c{s, hash, s.index.locate<bag>(hash, is(key)).second, duplicates_, left};
    return f(c);
  }

  records get(const value& key, std::uint64_t hash, const stamp& now) const {
    stripe& s = stripe_of(hash);
    std::vector<record> out;
    const std::lock_guard lock{s.lock};
    if (const bag* found = s.index.locate<bag>(hash, is(key)).second)
      for (detail::block* b : *found)
        if (!b->deadline || b->deadline > now.ms())
          out.push_back(record::share(b));
    return records{std::move(out)};
  }

  void prefetch(std::uint64_t hash) const noexcept { stripe_of(hash).index.prefetch(hash); }
  void prefetch_found(std::uint64_t) const noexcept {}

  template <class F>
  bool next_chunk(cursor& c, F&& f) const {
    if (c.part > mask_)
      return false;
    const stripe& s = stripes_[c.part];
    const std::lock_guard lock{s.lock};
    if (!std::exchange(c.entered, true)) {
      c.bits = s.index.log2();
      c.cell = 0;
    }
    const std::uint64_t end = std::uint64_t{1} << c.bits;
    const auto each = [&](const bag* x) { std::ranges::for_each(*x, f); };
    const reclaim::pin guard;
    for (std::size_t n = 0; n < chunk_cells && c.cell < end; ++n, ++c.cell)
      s.index.walk<bag>(c.cell, c.bits, each);
    if (c.cell == end) {
      ++c.part;
      c.entered = false;
    }
    return true;
  }

  /// Empties one part; answers how many records it had.
  std::size_t clear(std::size_t part, garbage& left) {
    return clear_stripe(part,
                        [&](stripe& s) { take_all(s, [&](detail::block* b) { left.add(b); }); });
  }
  std::size_t index_bytes() const noexcept {
    std::size_t sum = 0;
    for (std::size_t i = 0; i <= mask_; ++i) {
      const std::lock_guard lock{stripes_[i].lock};
      sum += stripes_[i].index.array_bytes() + stripes_[i].index.size() * sizeof(bag);
    }
    return sum;
  }

private:
  template <class F>
  static void take_all(stripe& s, F&& f) {
    const auto each = [&](bag* x) {
      std::ranges::for_each(*x, f);
      delete x;
    };
    for (std::uint32_t i = 0; i < 1u << s.index.log2(); ++i)
      s.index.walk<bag>(i, s.index.log2(), each);
  }
  void free_all() noexcept {
    for (std::size_t i = 0; i <= mask_; ++i)
      take_all(stripes_[i], [](detail::block* b) { detail::release_items(b); });
  }

  std::size_t key_pos_;
  bool duplicates_;
};

} // namespace supercache::shelf
