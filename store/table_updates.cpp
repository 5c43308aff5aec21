#include "table_shelves.hpp"

#include <supercache/store/amount.hpp>

// Operations that read one record, change it and store it, under the lock of its key.

namespace supercache {

namespace {

failure not_on_bags(std::string_view what) {
  return {errc::type_mismatch,
          std::string{what} + " needs one record per key, and a bag can have many"};
}

failure no_such_element(std::size_t pos, std::size_t size) {
  return {errc::invalid_argument, "record has " + detail::amount(size, "element", "elements")
                                    + "; there is none at position " + std::to_string(pos)};
}

failure key_is_fixed(std::size_t pos) {
  return {errc::invalid_argument,
          "element " + std::to_string(pos) + " is the key and cannot be changed"};
}

failure too_deep() {
  return {errc::too_large, "value nested deeper than " + std::to_string(max_depth) + " levels"};
}

/// A copy of `b` with one element replaced and this deadline.
record with_element(const detail::block* b, std::size_t pos, value x, std::int64_t deadline) {
  value_list items(b->items(), b->items() + b->count);
  items[pos] = std::move(x);
  return record::of(items).with_deadline(deadline);
}

} // namespace

result<bool> table::update_element(const op::update_element& u, std::uint64_t hash,
                                   const stamp& now) {
  if (holds_many())
    return not_on_bags("update_element");
  for (const auto& [pos, x] : u.changes) {
    if (pos == key_pos_)
      return key_is_fixed(pos);
    if (x.depth() >= max_depth) // the record around it is a level, too
      return too_deep();
  }
  return on_shelf([&](auto& s) {
    return change(s, u.key, hash, now, [&](auto& c) -> result<bool> {
      drop_expired(c, now);
      if (!c.size())
        return false;
      const auto old = items_of(c.front());
      value_list items(old.begin(), old.end());
      for (const auto& [pos, x] : u.changes) {
        if (pos >= items.size())
          return no_such_element(pos, items.size());
        items[pos] = x;
      }
      c.replace(c.front(), record::of(items).with_deadline(c.front()->deadline));
      return true;
    });
  });
}

result<std::int64_t> table::update_counter(const op::update_counter& u, std::uint64_t hash,
                                           const stamp& now) {
  if (holds_many())
    return not_on_bags("update_counter");
  if (u.pos == key_pos_)
    return key_is_fixed(u.pos);
  return on_shelf([&](auto& s) {
    return change(s, u.key, hash, now, [&](auto& c) -> result<std::int64_t> {
      drop_expired(c, now);
      if (!c.size() && !u.initial)
        return {errc::not_found, "no record under key " + to_string(u.key)};
      const auto items = c.size() ? items_of(c.front()) : u.initial->items();
      if (u.pos >= items.size())
        return no_such_element(u.pos, items.size());
      const value& old = items[u.pos];
      std::int64_t sum = 0;
      if (!old.is_int())
        return {errc::type_mismatch, "cannot add to " + to_string(old) + ", a "
                                       + std::string{to_string(old.kind())}
                                       + "; only integers count"};
      if (__builtin_add_overflow(old.as_int(), u.step, &sum))
        return {errc::invalid_argument, "counter " + to_string(old) + " plus "
                                          + std::to_string(u.step) + " leaves the 64-bit range"};
      if (c.size())
        c.replace(c.front(), with_element(c.front(), u.pos, sum,
                                          u.ttl_ms ? now.after(u.ttl_ms) : c.front()->deadline));
      else
        c.put(with_element(u.initial->get(), u.pos, sum, now.after(u.ttl_ms)));
      return sum;
    });
  });
}

result<bool> table::compare_exchange(const op::compare_exchange& u, std::uint64_t hash,
                                     const stamp& now) {
  if (holds_many())
    return not_on_bags("compare_exchange");
  return on_shelf([&](auto& s) {
    return change(s, u.key, hash, now, [&](auto& c) -> result<bool> {
      drop_expired(c, now);
      const bool there = c.size() != 0;
      if (there != u.expected.has_value()
          || (there && !std::ranges::equal(items_of(c.front()), u.expected->items())))
        return false;
      const std::int64_t deadline = u.ttl_ms >= 0 ? now.after(u.ttl_ms)
                                    : there       ? c.front()->deadline
                                                  : 0;
      if (u.desired)
        c.put(record{*u.desired}.with_deadline(deadline));
      else if (there)
        c.erase(c.front());
      return true;
    });
  });
}

} // namespace supercache
