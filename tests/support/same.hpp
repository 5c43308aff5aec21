#pragma once

#include <supercache/store/operation.hpp>

#include <algorithm>

/// Equality of types that the library itself never compares: guards, patterns and operations, field
/// by field.
namespace same {

using namespace supercache;

inline bool same(const guard& a, const guard& b) {
  return a.what == b.what && a.number == b.number && a.literal == b.literal
         && std::ranges::equal(a.args, b.args, [](auto& x, auto& y) { return same(x, y); });
}
inline bool same(const pattern& a, const pattern& b) {
  return std::ranges::equal(a.terms, b.terms) && a.when.has_value() == b.when.has_value()
         && (!a.when || same(*a.when, *b.when));
}
inline bool same(const value& a, const value& b) { return a == b; }
inline bool same(const record& a, const record& b) { return a == b; }

/// Calls `f(field…)` with all fields. Structured bindings make a new field a compile error.
struct fields {
  template <class F>
  static auto of(const op::put& o, F f) {
    const auto& [row, ttl_ms] = o;
    return f(row, ttl_ms);
  }
  template <class F>
  static auto of(const op::put_many& o, F f) {
    const auto& [rows, ttl_ms] = o;
    return f(rows, ttl_ms);
  }
  template <class F>
  static auto of(const op::insert_new& o, F f) {
    const auto& [row, ttl_ms] = o;
    return f(row, ttl_ms);
  }
  template <class F>
  static auto of(const op::remove& o, F f) {
    const auto& [key] = o;
    return f(key);
  }
  template <class F>
  static auto of(const op::take& o, F f) {
    const auto& [key] = o;
    return f(key);
  }
  template <class F>
  static auto of(const op::update_element& o, F f) {
    const auto& [key, changes] = o;
    return f(key, changes);
  }
  template <class F>
  static auto of(const op::update_counter& o, F f) {
    const auto& [key, pos, step, initial, ttl_ms] = o;
    return f(key, pos, step, initial, ttl_ms);
  }
  template <class F>
  static auto of(const op::compare_exchange& o, F f) {
    const auto& [key, expected, desired, ttl_ms] = o;
    return f(key, expected, desired, ttl_ms);
  }
  template <class F>
  static auto of(const op::expire& o, F f) {
    const auto& [key, ttl_ms] = o;
    return f(key, ttl_ms);
  }
  template <class F>
  static auto of(const op::clear&, F f) {
    return f();
  }
  template <class F>
  static auto of(const op::push& o, F f) {
    const auto& [items] = o;
    return f(items);
  }
  template <class F>
  static auto of(const op::pop& o, F f) {
    const auto& [count] = o;
    return f(count);
  }
  template <class F>
  static auto of(const op::drain&, F f) {
    return f();
  }
  template <class F>
  static auto of(const op::restore& o, F f) {
    const auto& [rows, behind] = o;
    return f(rows, behind);
  }
  template <class F>
  static auto of(const op::extend& o, F f) {
    const auto& [items, behind] = o;
    return f(items, behind);
  }
  template <class F>
  static auto of(const op::wipe&, F f) {
    return f();
  }
  template <class F>
  static auto of(const op::append& o, F f) {
    const auto& [key, pos, what, ttl_ms] = o;
    return f(key, pos, what, ttl_ms);
  }
  template <class F>
  static auto of(const op::exchange& o, F f) {
    const auto& [row, only_if_there] = o;
    return f(row, only_if_there);
  }
};

template <class Op>
bool same_body(const Op& a, const Op& b) {
  const auto tied = [](const auto&... xs) { return std::tuple{xs...}; };
  return fields::of(a, tied) == fields::of(b, tied);
}
inline bool same_body(const op::remove_match& a, const op::remove_match& b) {
  return same(a.what, b.what);
}

inline bool same(const operation& a, const operation& b) {
  if (a.target != b.target || a.body.index() != b.body.index())
    return false;
  return std::visit(
    [&](const auto& x) { return same_body(x, std::get<std::remove_cvref_t<decltype(x)>>(b.body)); },
    a.body);
}

} // namespace same
