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

template <class F>
auto table::on_shelf(F&& f) const {
  if (hashed_) [[likely]]
    return f(*hashed_);
  auto& one = shelves_->one;
  if (type_ == table_type::ordered_set)
    return f(*std::get_if<2>(&one));
  return f(*std::get_if<1>(&one));
}

inline bool live(const detail::block* b, const stamp& now) {
  return !b->deadline || b->deadline > now.ms();
}

inline std::span<const value> items_of(const detail::block* b) { return {b->items(), b->count}; }

/// Takes out of a cell what has expired.
template <class Cell>
void drop_expired(Cell& c, const stamp& now) {
  for (std::size_t i = c.size(); i-- > 0;)
    if (!live(c[i], now))
      c.erase(i);
}

} // namespace supercache
