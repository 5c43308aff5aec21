#pragma once

#include "shelf_bags.hpp"
#include "shelf_ordered.hpp"

#include <supercache/store/memory.hpp>
#include <supercache/store/shelf_hashed.hpp>
#include <supercache/store/table.hpp>

// What the parts of `table` share: table.cpp, table_updates.cpp and table_walk.cpp.

namespace supercache {

struct table::shelves : detail::in_lists {
  virtual ~shelves() = default;
};
template <class Shelf>
struct table::shelf_of final : shelves {
  Shelf one;
  template <class... Ts>
  explicit shelf_of(Ts&&... xs) : one(std::forward<Ts>(xs)...) {}
};

/// Registers the earliest deadline if it fell during the life of this object; under the lock of
/// what `book` covers.
struct table::notice {
  table& t;
  const ledger& book;
  const std::int64_t before = book.next_deadline();
  ~notice() {
    if (book.next_deadline() < before) [[unlikely]]
      t.expect(book.next_deadline());
  }
};

inline bool live(const detail::block* b, const stamp& now) { return !now.over(b->deadline); }

inline std::span<const value> items_of(const detail::block* b) { return {b->items(), b->count}; }

// Operations on the records of one key; most shelves have one per key.

template <class Cell>
bool contains(const Cell& c, detail::block* b) {
  if constexpr (Cell::of_many)
    return c.contains(b);
  else
    return c.size() && c.front() == b;
}
template <class Cell, class Wanted>
void erase_if(Cell& c, Wanted&& wanted) {
  if constexpr (Cell::of_many)
    c.erase_if(wanted);
  else if (c.size() && wanted(c.front()))
    c.erase(c.front());
}
template <class Cell, class F>
void replace_each(Cell& c, F&& equal) {
  if constexpr (Cell::of_many)
    c.replace_each(equal);
  else if (c.size())
    c.replace(c.front(), equal(c.front()));
}
template <class Cell>
bool any_live(const Cell& c, const stamp& now) {
  if constexpr (Cell::of_many)
    return c.any([&](const detail::block* b) { return live(b, now); });
  else
    return c.size() && live(c.front(), now);
}
template <class Cell>
void drop_expired(Cell& c, const stamp& now) {
  erase_if(c, [&](const detail::block* b) { return !live(b, now); });
}
/// Removes all; answers how many of them were live.
template <class Cell>
std::size_t erase_all(Cell& c, const stamp& now) {
  std::size_t n = 0;
  erase_if(c, [&](const detail::block* b) {
    n += live(b, now);
    return true;
  });
  return n;
}

/// The records of one key, like the cell of a shelf; reports each change.
template <class Cell>
class told_cell {
public:
  told_cell(Cell& c, change_sink& to, const space& where, const stamp& now)
    : c_(c), to_(to), where_(where), now_(now) {}
  static constexpr bool of_many = Cell::of_many;
  std::size_t size() const noexcept { return c_.size(); }
  detail::block* front() const noexcept { return c_.front(); }
  const ledger& book() const noexcept { return c_.book(); }
  template <class F>
  bool any(F&& f) const {
    return c_.any(f);
  }
  detail::block* equal_to(const record& r) const { return c_.equal_to(r); }

  void announce(const value& key, std::uint64_t hash) const {
    to_.changing(where_, key, hash, [this] {
      std::vector<record> had;
      if constexpr (of_many)
        c_.any([&](detail::block* b) {
          had.push_back(record::share(b));
          return false;
        });
      else if (size())
        had.push_back(record::share(front()));
      return had;
    });
  }
  void put(record r) {
    record before = !of_many && size() ? record::share(front()) : record{};
    record after = r;
    c_.put(std::move(r));
    to_.changed({where_, change_kind::stored, std::move(before), std::move(after)});
  }
  void replace(detail::block* b, record r) {
    transition t{where_, change_kind::stored, record::share(b), r};
    c_.replace(b, std::move(r));
    to_.changed(std::move(t));
  }
  template <class F>
  void replace_each(F&& equal) {
    c_.replace_each([&](detail::block* b) {
      record after = equal(b);
      to_.changed({where_, change_kind::stored, record::share(b), after});
      return after;
    });
  }
  bool erase(detail::block* b) {
    if (!contains(c_, b))
      return false;
    transition t = removal(b);
    c_.erase(b);
    to_.changed(std::move(t));
    return true;
  }
  template <class Wanted>
  void erase_if(Wanted&& wanted) {
    c_.erase_if([&](detail::block* b) {
      if (!wanted(b))
        return false;
      to_.changed(removal(b));
      return true;
    });
  }

private:
  transition removal(detail::block* b) const {
    const bool over = now_.over(b->deadline);
    return {where_, over ? change_kind::expired : change_kind::removed, record::share(b), {}};
  }
  Cell& c_;
  change_sink& to_;
  const space& where_;
  const stamp& now_;
};

template <class F>
auto table::on_shelf(F&& f) const {
  if (hashed_) [[likely]]
    return f(*hashed_);
  if (type_ == table_type::ordered_set)
    return f(static_cast<shelf_of<shelf::ordered>&>(*shelves_).one);
  return f(static_cast<shelf_of<shelf::bags>&>(*shelves_).one);
}

template <class Cell, class F>
[[gnu::noinline]] auto change_told(told_cell<Cell> c, const value& key, std::uint64_t hash, F& f) {
  c.announce(key, hash);
  return f(c);
}

/// All changes of a key's records go through here, except those of the shortcut.
template <class Shelf, class F>
auto table::change(Shelf& s, const value& key, std::uint64_t hash, const stamp& now, F&& f) {
  return s.with_cell(key, hash, [&](auto& c) {
    const notice after{*this, c.book()};
    if (change_sink* to = told_.load(std::memory_order_acquire)) [[unlikely]]
      return change_told(told_cell{c, *to, where_, now}, key, hash, f);
    return f(c);
  });
}

/// Removes what is `wanted` under one key; answers how many live records were removed.
template <class Shelf, class Wanted>
std::size_t table::remove_under(Shelf& s, const value& key, const stamp& now, Wanted&& wanted) {
  return change(s, key, supercache::hash(key), now, [&](auto& c) {
    std::size_t removed = 0;
    erase_if(c, [&](const detail::block* b) {
      if (!wanted(b))
        return false;
      removed += live(b, now);
      return true;
    });
    return removed;
  });
}

/// The same under all keys of a range; searches them without a lock, chunk by chunk.
template <class Shelf, class Wanted>
std::size_t table::remove_where(Shelf& s, const key_range& range, const stamp& now,
                                Wanted&& wanted) {
  std::size_t removed = 0;
  std::vector<value> keys; // of one chunk
  shelf::cursor at;
  at.range = range;
  const auto collect = [&](detail::block* b) {
    const value& key = shelf::key_in(b, key_pos_);
    if (wanted(b) && (keys.empty() || keys.back() != key))
      keys.push_back(key);
  };
  while (s.next_chunk(at, collect)) {
    for (const value& key : keys)
      removed += remove_under(s, key, now, wanted);
    keys.clear();
  }
  return removed;
}

} // namespace supercache
