#pragma once

#include <supercache/store/record.hpp>

#include <optional>

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

template <class T>
void some_optional(const std::optional<T>&);
template <class T>
concept is_optional = requires(const T& x) {
  some_optional(x);
};
/// What stands for a value in a pattern. Not a `std::optional`: `!found` asks whether it holds
/// something, and does not make a condition.
template <class T>
concept literal = std::convertible_to<T, value> && !is_optional<T>;

} // namespace detail

/// One place of a pattern: a literal, `any`, `bind(n)`, or a tuple or list of such.
struct term {
  enum class what : std::uint8_t { literal, any, bind, tuple, list };

  what is = what::any;
  std::uint32_t number = 0; ///< of a bind
  value literal;
  std::vector<term> items;

  term() = default;
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, term> && detail::literal<T>) term(T&& x)
    : is(what::literal), literal(std::forward<T>(x)) {}
  bool operator==(const term&) const = default;
};

/// Matches anything (the seed's `_`).
inline const term any{};
/// Matches anything and names it `$n`, 1 ≤ n ≤ 64; the same `$n` twice must match equal values.
SUPERCACHE_API term bind(std::uint32_t n);
/// Matches a tuple, or a list, of exactly these elements.
SUPERCACHE_API term tuple_of(std::vector<term> items);
SUPERCACHE_API term list_of(std::vector<term> items);

/// A condition on what a pattern binds, built with operators: `var(1) >= 18 && !is_nil(var(2))`.
/// Comparisons count 1 and 1.0 as equal; NaN compares with nothing.
struct guard {
  enum class op : std::uint8_t {
    literal,
    var,
    eq,
    ne,
    lt,
    le,
    gt,
    ge,
    both,
    either,
    negate,
    is_nil,
    is_bool,
    is_integer,
    is_real,
    is_number,
    is_string,
    is_list,
    is_tuple,
    is_map
  };

  op what = op::literal;
  std::uint32_t number = 0; ///< of a var
  value literal;
  std::vector<guard> args;

  guard() : literal(true) {}
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, guard> && detail::literal<T>) guard(T&& x)
    : literal(std::forward<T>(x)) {}
  guard(op o, std::vector<guard> operands) : what(o), args(std::move(operands)) {}
};

SUPERCACHE_API guard var(std::uint32_t n);
inline guard operator==(guard a, guard b) { return {guard::op::eq, {std::move(a), std::move(b)}}; }
inline guard operator!=(guard a, guard b) { return {guard::op::ne, {std::move(a), std::move(b)}}; }
inline guard operator<(guard a, guard b) { return {guard::op::lt, {std::move(a), std::move(b)}}; }
inline guard operator<=(guard a, guard b) { return {guard::op::le, {std::move(a), std::move(b)}}; }
inline guard operator>(guard a, guard b) { return {guard::op::gt, {std::move(a), std::move(b)}}; }
inline guard operator>=(guard a, guard b) { return {guard::op::ge, {std::move(a), std::move(b)}}; }
inline guard operator&&(guard a, guard b) {
  return {guard::op::both, {std::move(a), std::move(b)}};
}
inline guard operator||(guard a, guard b) {
  return {guard::op::either, {std::move(a), std::move(b)}};
}
inline guard operator!(guard a) { return {guard::op::negate, {std::move(a)}}; }
inline guard is_nil(guard a) { return {guard::op::is_nil, {std::move(a)}}; }
inline guard is_bool(guard a) { return {guard::op::is_bool, {std::move(a)}}; }
inline guard is_integer(guard a) { return {guard::op::is_integer, {std::move(a)}}; }
inline guard is_real(guard a) { return {guard::op::is_real, {std::move(a)}}; }
inline guard is_number(guard a) { return {guard::op::is_number, {std::move(a)}}; }
inline guard is_string(guard a) { return {guard::op::is_string, {std::move(a)}}; }
inline guard is_list(guard a) { return {guard::op::is_list, {std::move(a)}}; }
inline guard is_tuple(guard a) { return {guard::op::is_tuple, {std::move(a)}}; }
inline guard is_map(guard a) { return {guard::op::is_map, {std::move(a)}}; }

/// Which records to find: one term per element, and a condition. `pattern{{bind(1), any, "Lu"},
/// var(1) > 100}`.
struct pattern {
  std::vector<term> terms;
  std::optional<guard> when;

  pattern() = default;
  pattern(std::vector<term> ts) : terms(std::move(ts)) {}
  pattern(std::vector<term> ts, guard g) : terms(std::move(ts)), when(std::move(g)) {}
};

/// Values of `$1`, `$2`, … in the order of their numbers.
using bindings = value_list;

/// A range of keys: both ends inclusive where given.
struct SUPERCACHE_API key_range {
  std::optional<value> low, high;
  /// Tuples or lists that begin with the elements of this one; then `low` is it and there is no
  /// `high`.
  bool low_is_prefix = false;

  /// Whether `key`, which is not below `low`, is still in the range; once false, it stays false
  /// for all greater keys. Cost: one comparison.
  bool contains(const value& key) const noexcept;
  bool unbounded() const noexcept { return !low && !high; }
};

/// A checked pattern, ready to be matched any number of times by any threads. Cheap to copy.
class SUPERCACHE_API compiled_pattern {
public:
  /// Errors: `invalid_argument` for an empty pattern, a bind number outside 1 … 64, nesting deeper
  /// than `max_depth`, and a guard that names a variable that the pattern does not bind, that is
  /// not a condition, or that no value could ever satisfy.
  static result<compiled_pattern> compile(pattern p);

  std::size_t arity() const noexcept { return p_->terms.size(); }
  const pattern& source() const noexcept { return *p_; }

  /// Thread: any. Cost: O(terms), no allocation.
  bool matches(std::span<const value> row) const noexcept;
  /// Also answers the bindings.
  bool matches(std::span<const value> row, bindings& out) const;
  bool matches(const record& r) const noexcept { return matches(r.items()); }

  /// The element at `pos` when the pattern fixes it, else nullptr.
  const value* literal_at(std::size_t pos) const noexcept;
  /// The range outside of which no record's element at `pos` can match: from a tuple's or list's
  /// leading literals, or from a guard's comparisons with `$n` at that place.
  key_range range_at(std::size_t pos) const;

private:
  std::shared_ptr<const pattern> p_;
  std::vector<std::uint32_t> numbers_; ///< the bind numbers in use, ascending
};

} // namespace supercache::inline SUPERCACHE_ABI
