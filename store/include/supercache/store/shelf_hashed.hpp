#pragma once

#include <supercache/store/shelf_striped.hpp>
#include <supercache/store/spin_lock.hpp>

namespace supercache::shelf {

struct alignas(64) hashed_stripe {
  hash_index index; // what readers touch
  alignas(64) spin_lock lock;
  bool told = false; ///< somebody is told of changes: the short way is closed; under `lock`
  ledger book;
};

/// One record per key, in lock-striped hash indexes. Reads take no lock and write no shared memory.
class hashed : public striped<hashed_stripe> {
public:
  using stripe = hashed_stripe;

  hashed(std::size_t key_pos, std::size_t stripes) : striped(stripes), key_pos_(key_pos) {}
  ~hashed() { free_all(); }
  hashed(const hashed&) = delete;
  hashed& operator=(const hashed&) = delete;

  /// The short way in, for whoever keeps it at hand: what reading and storing a key that is a
  /// scalar or a short string do, with nothing in between.
  class view {
  public:
    /// The record of a key, or nullptr if it is not where it most likely is, or has a deadline:
    /// `hashed::get` knows then. Cost: some 60 instructions; two cache misses; no lock, no write.
    /// @pre !key.on_heap(), and a `reclaim::pin` while the answer is used
    [[gnu::always_inline]] detail::block* find(const value& key,
                                               std::uint64_t hash) const noexcept {
      const std::uint64_t a = key.words()[0], b = key.words()[1];
      detail::block* found
        = stripe_of(hash).index.find_at_once<detail::block>(hash, [&](const detail::block* x) {
            const std::uint64_t* words = key_in(x, key_pos_).words();
            return words[0] == a && words[1] == b;
          });
      return found && found->deadline == 0 ? found : nullptr;
    }

    /// Stores a record, replacing what has its key; answers false, having done nothing, when the
    /// one there has a deadline or somebody is told of changes: `hashed::with_cell` knows then.
    /// Cost: some 150 instructions; the lock.
    /// @pre !key.on_heap(), `key` is `row`'s, and `row` has no deadline
    [[gnu::always_inline]] bool put(record& row, const value& key, std::uint64_t hash) const {
      const std::uint64_t a = key.words()[0], b = key.words()[1];
      detail::block* old = nullptr;
      {
        stripe& s = stripe_of(hash);
        const std::lock_guard hold{s.lock};
        if (s.told) [[unlikely]]
          return false;
        const auto [at, found]
          = s.index.template locate<detail::block>(hash, [&](const detail::block* x) {
              const std::uint64_t* words = key_in(x, key_pos_).words();
              return words[0] == a && words[1] == b;
            });
        if (found && found->deadline) [[unlikely]]
          return false;
        if (found) {
          s.index.replace(at, hash, row.get());
          s.book.replaced(found, row.get());
        } else {
          s.index.insert(hash, row.get());
          s.book.added(row.get());
        }
        row.detach();
        old = found;
      }
      if (old)
        garbage::retire(old);
      return true;
    }

  private:
    friend class hashed;
    view(stripe* stripes, std::size_t mask, std::size_t key_pos) noexcept
      : stripes_(stripes), mask_(mask), key_pos_(key_pos) {}
    [[gnu::always_inline]] stripe& stripe_of(std::uint64_t hash) const noexcept {
      return stripes_[hash >> 32 & mask_];
    }
    stripe* stripes_;
    std::size_t mask_;
    std::size_t key_pos_;
  };
  view shortcut() const noexcept { return {stripes_.get(), mask_, key_pos_}; }
  /// Closes the short way to put, or opens it again. Behind it nobody is on that way any more.
  void close_shortcut(bool closed) {
    for (std::size_t i = 0; i <= mask_; ++i) {
      const std::lock_guard hold{stripes_[i].lock};
      stripes_[i].told = closed;
    }
  }

  class cell {
  public:
    std::size_t size() const noexcept { return b_ != nullptr; }
    detail::block* operator[](std::size_t) const noexcept { return b_; }
    void put(record r) {
      if (b_)
        return replace(0, std::move(r));
      detail::block* b = r.get();
      s_.index.insert(hash_, b);
      s_.book.added(r.detach());
      b_ = b;
      moved_ = true;
    }
    void replace(std::size_t, record r) {
      find_again();
      detail::block* b = r.detach();
      s_.index.replace(at_, hash_, b);
      s_.book.replaced(b_, b);
      garbage_.add(std::exchange(b_, b));
    }
    void erase(std::size_t) {
      find_again();
      s_.index.erase(at_, hash_);
      s_.book.removed(b_);
      garbage_.add(std::exchange(b_, nullptr));
    }

  private:
    friend class hashed;
    cell(stripe& s, std::uint64_t hash, hash_index::place at, detail::block* b, garbage& g)
      : s_(s), hash_(hash), at_(at), b_(b), garbage_(g) {}
    void find_again() {
      if (moved_)
        at_ = s_.index.locate<detail::block>(hash_, [this](detail::block* b) { return b == b_; })
                .first;
      moved_ = false;
    }
    stripe& s_;
    std::uint64_t hash_;
    hash_index::place at_;
    detail::block* b_;
    garbage& garbage_;
    bool moved_ = false;
  };

private:
  auto is(const value& key) const noexcept {
    return [&key, pos = key_pos_](const detail::block* b) { return key_in(b, pos) == key; };
  }

public:
  template <class F>
  auto with_cell(const value& key, std::uint64_t hash, F&& f) {
    stripe& s = stripe_of(hash);
    garbage left;
    const std::lock_guard lock{s.lock};
    const auto [at, b] = s.index.locate<detail::block>(hash, is(key));
    cell c{s, hash, at, b, left};
    return f(c);
  }

  records get(const value& key, std::uint64_t hash, const stamp& now) const {
    reclaim::pin guard;
    detail::block* b = stripe_of(hash).index.find<detail::block>(hash, is(key));
    if (!b || (b->deadline && b->deadline <= now.ms()))
      return {};
    return records::borrow(b, guard);
  }

  void prefetch(std::uint64_t hash) const noexcept { stripe_of(hash).index.prefetch(hash); }
  void prefetch_found(std::uint64_t hash) const noexcept {
    stripe_of(hash).index.prefetch_found<detail::block>(hash);
  }

  template <class F>
  bool next_chunk(cursor& c, F&& f) const {
    if (c.part > mask_)
      return false;
    const hash_index& index = stripes_[c.part].index;
    if (!std::exchange(c.entered, true)) {
      c.bits = index.log2();
      c.cell = 0;
    }
    const reclaim::pin guard;
    const std::uint64_t end = std::uint64_t{1} << c.bits;
    for (std::size_t n = 0; n < chunk_cells && c.cell < end; ++n, ++c.cell)
      index.walk<detail::block>(c.cell, c.bits, f);
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
    for (std::size_t i = 0; i <= mask_; ++i)
      sum += stripes_[i].index.array_bytes();
    return sum;
  }

private:
  template <class F>
  static void take_all(stripe& s, F&& f) {
    for (std::uint32_t i = 0; i < 1u << s.index.log2(); ++i)
      s.index.walk<detail::block>(i, s.index.log2(), f);
  }
  void free_all() noexcept {
    for (std::size_t i = 0; i <= mask_; ++i)
      take_all(stripes_[i], [](detail::block* b) { detail::release_items(b); });
  }

  std::size_t key_pos_;
};

} // namespace supercache::shelf
