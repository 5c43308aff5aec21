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

std::size_t length_of(const value& x) {
  return x.is_string() ? x.as_string().size() : x.items().size();
}

/// `b` behind `a`. @pre both are strings or both are lists
value joined(const value& a, const value& b) {
  if (a.is_string()) {
    std::string all;
    all.reserve(length_of(a) + length_of(b));
    return value{all.append(a.as_string()).append(b.as_string())};
  }
  value_list all;
  all.reserve(length_of(a) + length_of(b));
  for (const value* x : {&a, &b})
    all.insert(all.end(), x->items().begin(), x->items().end());
  return value::list(all);
}

failure no_append(const value& what, const std::string& to = {}) {
  return {errc::type_mismatch,
          "cannot append a value of kind " + std::string{to_string(what.kind())} + to
            + "; only a string can be appended to a string, and a list to a list"};
}

/// Whether `what` may be appended to `old`, an element of a record of `bytes`.
status check_append(const value& old, const value& what, std::size_t bytes) {
  if (old.kind() != what.kind())
    return no_append(what, " to one of kind " + std::string{to_string(old.kind())});
  if (const auto n = length_of(old) + length_of(what); what.is_string() && n > max_string_bytes)
    return {errc::too_large, "string of " + std::to_string(n) + " bytes; at most "
                               + std::to_string(max_string_bytes) + " are allowed"};
  if (const auto n = bytes + what.heap_bytes(); n > max_grown_bytes)
    return {errc::too_large, "record of " + std::to_string(n)
                               + " bytes; an append makes none of more than "
                               + std::to_string(max_grown_bytes)};
  return ok();
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

bool table::starts_record(const op::append& u, space_kind kind, std::size_t key_pos) noexcept {
  return kind != space_kind::structs && u.pos + key_pos == 1;
}

result<std::int64_t> table::append(const op::append& u, std::uint64_t hash, const stamp& now) {
  if (holds_many())
    return not_on_bags("append");
  if (u.pos == key_pos_)
    return key_is_fixed(u.pos);
  if (!u.what.is_string() && !u.what.is_list())
    return no_append(u.what);
  if (u.what.depth() >= max_depth || u.key.depth() >= max_depth) // the record is a level, too
    return too_deep();
  return on_shelf([&](auto& s) {
    return change(s, u.key, hash, now, [&](auto& c) -> result<std::int64_t> {
      drop_expired(c, now);
      if (!c.size() && !starts_record(u, where_.kind, key_pos_))
        return {errc::not_found, "no record under key " + to_string(u.key)
                                   + ", and an append cannot make up all elements of one"};
      record fresh;
      if (!c.size()) {
        const value nothing = u.what.is_string() ? value{""} : value::list({});
        fresh = u.pos == 0 ? record{nothing, u.key} : record{u.key, nothing};
      }
      const detail::block* b = c.size() ? c.front() : fresh.get();
      if (u.pos >= b->count)
        return no_such_element(u.pos, b->count);
      const value& old = b->items()[u.pos];
      if (auto may = check_append(old, u.what, detail::bytes_of(b)); !may)
        return may.why();
      value all = joined(old, u.what);
      const auto length = static_cast<std::int64_t>(length_of(all));
      const std::int64_t deadline = u.ttl_ms || !c.size() ? now.after(u.ttl_ms) : b->deadline;
      c.put(with_element(b, u.pos, std::move(all), deadline));
      return length;
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
