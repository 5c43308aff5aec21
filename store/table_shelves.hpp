#pragma once

#include "shelf_bags.hpp"
#include "shelf_ordered.hpp"

#include <supercache/store/shelf_hashed.hpp>
#include <supercache/store/table.hpp>

#include <variant>

// What the parts of `table` share: table.cpp, table_updates.cpp and table_walk.cpp.

namespace supercache {

struct table::shelves {
  std::variant<shelf::hashed, shelf::bags, shelf::ordered> one;
  template <class... Ts>
  explicit shelves(Ts&&... xs) : one(std::forward<Ts>(xs)...) {}
};

/// The records of one key, like the cell of a shelf; tells of each change.
template <class Cell>
class told_cell {
public:
  told_cell(Cell& c, change_sink& to, const space& where, bool one, const stamp& now)
    : c_(c), to_(to), where_(where), one_(one), now_(now) {}
  std::size_t size() const noexcept { return c_.size(); }
  detail::block* operator[](std::size_t i) const noexcept { return c_[i]; }

  void put(record r) {
    const std::size_t n = size();
    record before = one_ && n ? record::share(c_[0]) : record{};
    record after = r;
    c_.put(std::move(r));
    if (one_ || size() != n) // else a bag has an equal one already
      to_.changed({where_, change_kind::stored, std::move(before), std::move(after)});
  }
  void replace(std::size_t i, record r) {
    transition t{where_, change_kind::stored, record::share(c_[i]), r};
    c_.replace(i, std::move(r));
    to_.changed(std::move(t));
  }
  void erase(std::size_t i) {
    const std::int64_t deadline = c_[i]->deadline;
    const bool over = deadline && deadline <= now_.ms();
    transition t{
      where_, over ? change_kind::expired : change_kind::removed, record::share(c_[i]), {}};
    c_.erase(i);
    to_.changed(std::move(t));
  }

private:
  Cell& c_;
  change_sink& to_;
  const space& where_;
  bool one_; ///< record per key
  const stamp& now_;
};

template <class F>
auto table::on_shelf(F&& f) const {
  if (hashed_) [[likely]]
    return f(*hashed_);
  auto& one = shelves_->one;
  if (type_ == table_type::ordered_set)
    return f(*std::get_if<2>(&one));
  return f(*std::get_if<1>(&one));
}

template <class Cell, class F>
[[gnu::noinline]] auto change_told(told_cell<Cell> c, F& f) {
  return f(c);
}

/// All changes of a key's records go through here, but those of the short way.
template <class Shelf, class F>
auto table::change(Shelf& s, const value& key, std::uint64_t hash, const stamp& now, F&& f) const {
  return s.with_cell(key, hash, [&](auto& c) {
    if (change_sink* to = told_.load(std::memory_order_acquire)) [[unlikely]]
      return change_told(told_cell{c, *to, where_, !holds_many(), now}, f);
    return f(c);
  });
}

inline bool live(const detail::block* b, const stamp& now) {
  return !b->deadline || b->deadline > now.ms();
}

inline std::span<const value> items_of(const detail::block* b) { return {b->items(), b->count}; }

/// Removes what is `wanted` under one key; answers how many live records went.
template <class Shelf, class Wanted>
std::size_t table::remove_under(Shelf& s, const value& key, const stamp& now, Wanted&& wanted) {
  return change(s, key, supercache::hash(key), now, [&](auto& c) {
    std::size_t removed = 0;
    for (std::size_t i = c.size(); i-- > 0;) {
      if (!wanted(c[i]))
        continue;
      removed += live(c[i], now);
      c.erase(i);
    }
    return removed;
  });
}

/// The same under all keys of a range; looks for them without a lock, chunk by chunk.
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

/// Takes out of a cell what has expired.
template <class Cell>
void drop_expired(Cell& c, const stamp& now) {
  for (std::size_t i = c.size(); i-- > 0;)
    if (!live(c[i], now))
      c.erase(i);
}

} // namespace supercache
