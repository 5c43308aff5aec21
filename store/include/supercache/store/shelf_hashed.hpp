#pragma once

#include <supercache/store/shelf_striped.hpp>

namespace supercache::shelf {

/// In place of a record where there is none.
inline constinit detail::block nothing{{1}, 0, 0, 0};

/// One record per key, in lock-striped hash indexes. Reads take no lock and write no shared memory.
class hashed : public striped {
public:
  hashed(std::size_t key_pos, std::size_t stripes, width begin)
    : striped(stripes, begin), key_pos_(key_pos) {}
  ~hashed() { free_all(); }
  hashed(const hashed&) = delete;
  hashed& operator=(const hashed&) = delete;

  /// The shortcut into a wide shelf, for callers that keep it at hand: reads and stores a key that
  /// is a scalar or a short string, with nothing in between.
  class view {
  public:
    /// The record of a key, `nothing` if there surely is none, or nullptr if it is not at its most
    /// likely place, or has a deadline: then use `hashed::get`. Cost: some 60 instructions; two
    /// cache misses, or one; no lock, no write.
    /// @pre !key.on_heap(), and a `reclaim::pin` while the answer is used
    [[gnu::always_inline]] detail::block* find(const value& key,
                                               std::uint64_t hash) const noexcept {
      return find_in(stripe_of(hash).index, key, hash, key_pos_);
    }

    /// Stores a record, replacing the one with its key. Answers false, having done nothing, when
    /// that one has a deadline or changes are reported: then use `hashed::with_cell`. Cost: some
    /// 150 instructions; the lock.
    /// @pre !key.on_heap(), `key` is `row`'s, and `row` has no deadline
    [[gnu::always_inline]] bool put(record& row, const value& key, std::uint64_t hash) const {
      return put_in(stripe_of(hash), row, key, hash, key_pos_);
    }

  private:
    friend class hashed;
    view(padded* stripes, std::size_t mask, std::size_t key_pos) noexcept
      : stripes_(stripes), mask_(mask), key_pos_(key_pos) {}
    [[gnu::always_inline]] stripe& stripe_of(std::uint64_t hash) const noexcept {
      return stripes_[hash >> 32 & mask_].s;
    }
    padded* stripes_;
    std::size_t mask_;
    std::size_t key_pos_;
  };
  /// @pre wide from the beginning
  view shortcut() const noexcept { return {many(), mask_, key_pos_}; }
  /// The same as `view::find`, also while the shelf is narrow.
  [[gnu::always_inline]] detail::block* find_shortly(const value& key,
                                                     std::uint64_t hash) const noexcept {
    const padded* all = many();
    const stripe& s = all ? all[hash >> 32 & mask_].s : few_;
    detail::block* found = find_in(s.index, key, hash, key_pos_);
    if (found == &nothing && !all && many()) [[unlikely]]
      return nullptr; // the shelf has become wide
    return found;
  }
  /// The same as `view::put`.
  [[gnu::always_inline]] bool put_shortly(record& row, const value& key, std::uint64_t hash) {
    return put_in(stripe_of(hash), row, key, hash, key_pos_);
  }
  /// Closes the shortcut of `put`, or opens it again. When this returns after closing it, no thread
  /// is in it any more.
  void close_shortcut(bool closed) {
    for_each_stripe([&](stripe& s) {
      const std::lock_guard hold{s.lock};
      s.detour
        = static_cast<std::uint8_t>((s.detour & ~stripe::told) | (closed ? stripe::told : 0));
    });
  }

  class cell {
  public:
    static constexpr bool of_many = false;
    std::size_t size() const noexcept { return b_ != nullptr; }
    detail::block* front() const noexcept { return b_; }
    const ledger& book() const noexcept { return s_.book; }
    void put(record r) {
      if (b_)
        return replace(b_, std::move(r));
      detail::block* b = r.get();
      s_.index.insert(hash_, b);
      s_.book.added(r.detach());
      s_.check_limit();
      b_ = b;
      moved_ = true;
    }
    void replace(detail::block*, record r) {
      find_again();
      detail::block* b = r.detach();
      s_.index.replace(at_, hash_, b);
      s_.book.replaced(b_, b);
      garbage_.add(std::exchange(b_, b));
    }
    bool erase(detail::block* b) {
      if (!b || b != b_)
        return false;
      find_again();
      s_.index.erase(at_, hash_);
      s_.book.removed(b_);
      garbage_.add(std::exchange(b_, nullptr));
      return true;
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
  /// See `view::find`.
  [[gnu::always_inline]] static detail::block* find_in(const hash_index& index, const value& key,
                                                       std::uint64_t hash,
                                                       std::size_t key_pos) noexcept {
    const std::uint64_t a = key.words()[0], b = key.words()[1];
    detail::block* found = index.find_at_once<detail::block>(
      hash,
      [&](const detail::block* x) {
        const std::uint64_t* words = key_in(x, key_pos).words();
        return words[0] == a && words[1] == b;
      },
      &nothing);
    return found && found->deadline == 0 ? found : nullptr;
  }
  /// See `view::put`.
  [[gnu::always_inline]] static bool put_in(stripe& s, record& row, const value& key,
                                            std::uint64_t hash, std::size_t key_pos) {
    const std::uint64_t a = key.words()[0], b = key.words()[1];
    detail::block* old = nullptr;
    {
      const std::lock_guard hold{s.lock};
      if (s.detour) [[unlikely]]
        return false;
      const auto [at, found] = s.index.locate<detail::block>(hash, [&](const detail::block* x) {
        const std::uint64_t* words = key_in(x, key_pos).words();
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
        s.check_limit();
      }
      row.detach();
      old = found;
    }
    if (old)
      garbage::retire(old);
    return true;
  }
  auto widening() const noexcept {
    return [pos = key_pos_](stripe& few, auto&& stripe_of) {
      few.index.walk<detail::block>(0, 0, [&](detail::block* b) {
        const auto hash = supercache::hash(key_in(b, pos));
        stripe& s = stripe_of(hash);
        s.index.insert(hash, b);
        s.book.added(b);
      });
    };
  }
  /// @pre pinned
  detail::block* find(const value& key, std::uint64_t hash) const noexcept {
    if (!many()) {
      if (auto* b = few_.index.find<detail::block>(hash, is(key)))
        return b;
      if (!many()) // else the shelf has become wide
        return nullptr;
    }
    return stripe_of(hash).index.find<detail::block>(hash, is(key));
  }

public:
  template <class F>
  auto with_cell(const value& key, std::uint64_t hash, F&& f) {
    garbage left;
    stripe& s = lock_stripe(hash, widening());
    const std::lock_guard lock{s.lock, std::adopt_lock};
    const auto [at, b] = s.index.locate<detail::block>(hash, is(key));
    cell c{s, hash, at, b, left};
    return f(c);
  }

  records get(const value& key, std::uint64_t hash, const stamp& now) const {
    reclaim::pin guard;
    detail::block* b = find(key, hash);
    if (!b || now.over(b->deadline))
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
    const reclaim::pin guard;
    if (!many() && next_few(c, f))
      return true;
    const hash_index& index = many()[c.part].s.index;
    if (!std::exchange(c.entered, true)) {
      c.bits = index.log2();
      c.cell = 0;
    }
    const std::uint64_t end = std::uint64_t{1} << c.bits;
    for (std::size_t n = 0; n < chunk_cells && c.cell < end; ++n, ++c.cell)
      index.walk<detail::block>(c.cell, c.bits, f);
    if (c.cell == end) {
      ++c.part;
      c.entered = false;
    }
    return true;
  }

  template <class May>
  auto detach(const stamp& now, May& may) {
    return detach_stripes<detail::block>(now, may);
  }
  std::size_t index_bytes() const noexcept {
    return sum([](const stripe& s) {
      const std::lock_guard hold{s.lock};
      return s.index.array_bytes();
    });
  }

private:
  /// Visits all remaining records of a narrow shelf. Answers false, without a call of `f`, if the
  /// shelf is no longer narrow.
  template <class F>
  bool next_few(cursor& c, F&& f) const {
    std::vector<detail::block*> found;
    few_.index.walk<detail::block>(0, 0, [&](detail::block* b) { found.push_back(b); });
    if (many())
      return false;
    const bool begins = c.part == 0 && !c.entered;
    for (detail::block* b : found)
      if (const value& key = key_in(b, key_pos_); begins || !covers(c, key, supercache::hash(key)))
        f(b);
    c.part = mask_ + 1;
    c.entered = false;
    return true;
  }
  void free_all() noexcept {
    for_each_stripe([](stripe& s) {
      s.index.walk<detail::block>(0, 0, [](detail::block* b) { detail::release_items(b); });
    });
  }

  std::size_t key_pos_;
};

} // namespace supercache::shelf
