#include "guard.hpp"

#include <algorithm>
#include <cmath>

namespace supercache::detail {

namespace {

// -- evaluation ---------------------------------------------------------------------------------

bool has_type(guard::op test, const value& x) noexcept {
  switch (test) {
    case guard::op::is_nil: return x.is_nil();
    case guard::op::is_bool: return x.is_bool();
    case guard::op::is_integer: return x.is_int();
    case guard::op::is_real: return x.is_real();
    case guard::op::is_number: return x.is_number();
    case guard::op::is_string: return x.is_string();
    case guard::op::is_list: return x.is_list();
    case guard::op::is_tuple: return x.is_tuple();
    default: return x.is_map();
  }
}

bool compare(guard::op how, const value& a, const value& b) noexcept {
  if (how == guard::op::eq || how == guard::op::ne) {
    const bool numbers = a.is_number() && b.is_number();
    const bool equal = numbers ? compare_numeric(a, b) == 0 : a == b;
    return equal == (how == guard::op::eq);
  }
  const auto c = compare_numeric(a, b);
  switch (how) {
    case guard::op::lt: return c < 0;
    case guard::op::le: return c <= 0;
    case guard::op::gt: return c > 0;
    default: return c >= 0;
  }
}

const value& operand(const guard& g, const slots& bound) noexcept {
  return g.what == guard::op::var ? *bound[g.number] : g.literal;
}

// -- what a conjunction says of one variable ----------------------------------------------------

void flatten(const guard& g, std::vector<const guard*>& out) {
  if (g.what != guard::op::both) {
    out.push_back(&g);
    return;
  }
  for (const guard& x : g.args)
    flatten(x, out);
}

/// The comparison read with `$n` on the left, if it is one of `$n` with a literal.
struct bound_on {
  guard::op how;
  const value* limit;

  bool lower() const noexcept {
    return how == guard::op::eq || how == guard::op::gt || how == guard::op::ge;
  }
  bool upper() const noexcept {
    return how == guard::op::eq || how == guard::op::lt || how == guard::op::le;
  }
};
std::optional<bound_on> read_bound(const guard& g, std::uint32_t n) {
  if (!is_comparison(g.what))
    return {};
  const guard &a = g.args[0], &b = g.args[1];
  if (a.what == guard::op::var && a.number == n && b.what == guard::op::literal)
    return bound_on{g.what, &b.literal};
  if (b.what != guard::op::var || b.number != n || a.what != guard::op::literal)
    return {};
  switch (g.what) { // literal on the left: turn it round
    case guard::op::lt: return bound_on{guard::op::gt, &a.literal};
    case guard::op::le: return bound_on{guard::op::ge, &a.literal};
    case guard::op::gt: return bound_on{guard::op::lt, &a.literal};
    case guard::op::ge: return bound_on{guard::op::le, &a.literal};
    default: return bound_on{g.what, &a.literal};
  }
}

// Guards count 1 and 1.0 as equal while keys sort 1 directly before 1.0, so a numeric limit of a
// range becomes whichever of the two lies outside.
value lowest_equal(const value& x) {
  constexpr double two_63 = 9223372036854775808.0;
  if (x.is_real())
    if (const double d = x.as_real(); std::trunc(d) == d && d >= -two_63 && d < two_63)
      return value{static_cast<std::int64_t>(d)};
  return x;
}
value highest_equal(const value& x) {
  return x.is_int() ? std::max(x, value{static_cast<double>(x.as_int())}) : x;
}

/// The lower or upper end of what a variable may be.
struct limit {
  const value* at = nullptr;
  bool open = false; ///< excludes `at` itself

  void tighten(const value& x, bool excluded, bool lower) {
    const auto c = at ? compare_numeric(x, *at) : std::partial_ordering::unordered;
    if (!at || (lower ? c > 0 : c < 0))
      *this = {&x, excluded};
    else if (c == 0)
      open |= excluded;
  }
};

bool types_exclude(guard::op a, guard::op b) {
  const auto numeric
    = [](guard::op x) { return x >= guard::op::is_integer && x <= guard::op::is_number; };
  const bool any_number = a == guard::op::is_number || b == guard::op::is_number;
  return a != b && !(any_number && numeric(a) && numeric(b));
}

bool contradicts(const std::vector<const guard*>& parts, std::uint32_t n) {
  std::optional<guard::op> type;
  limit low, high;
  for (const guard* part : parts) {
    if (is_type_test(part->what) && part->args[0].what == guard::op::var
        && part->args[0].number == n) {
      if (type && types_exclude(*type, part->what))
        return true;
      type = part->what;
    }
    const auto b = read_bound(*part, n);
    if (b && b->lower())
      low.tighten(*b->limit, b->how == guard::op::gt, true);
    if (b && b->upper())
      high.tighten(*b->limit, b->how == guard::op::lt, false);
  }
  if (!low.at || !high.at)
    return false;
  const auto c = compare_numeric(*low.at, *high.at);
  return c > 0 || (c == 0 && (low.open || high.open));
}

} // namespace

bool holds(const guard& g, const slots& bound) noexcept {
  switch (g.what) {
    case guard::op::literal: return g.literal == value{true};
    case guard::op::var: return *bound[g.number] == value{true};
    case guard::op::both:
      return std::ranges::all_of(g.args, [&](const guard& x) { return holds(x, bound); });
    case guard::op::either:
      return std::ranges::any_of(g.args, [&](const guard& x) { return holds(x, bound); });
    case guard::op::negate: return !holds(g.args[0], bound);
    default: break;
  }
  const value& a = operand(g.args[0], bound);
  if (is_comparison(g.what))
    return compare(g.what, a, operand(g.args[1], bound));
  return has_type(g.what, a);
}

key_range range_of(const guard& g, std::uint32_t n) {
  std::vector<const guard*> parts;
  flatten(g, parts);
  key_range r;
  for (const guard* part : parts) {
    const auto b = read_bound(*part, n);
    if (b && b->lower())
      if (auto low = lowest_equal(*b->limit); !r.low || low > *r.low)
        r.low = std::move(low);
    if (b && b->upper())
      if (auto high = highest_equal(*b->limit); !r.high || high < *r.high)
        r.high = std::move(high);
  }
  return r;
}

bool never_holds(const guard& g, std::span<const std::uint32_t> numbers) {
  const auto never = [&](const guard& x) { return never_holds(x, numbers); };
  if (g.what == guard::op::literal)
    return g.literal == value{false};
  if (g.what == guard::op::either)
    return std::ranges::all_of(g.args, never);
  if (is_comparison(g.what) && g.args[0].what == guard::op::literal
      && g.args[1].what == guard::op::literal)
    return !compare(g.what, g.args[0].literal, g.args[1].literal);
  std::vector<const guard*> parts;
  flatten(g, parts);
  if (parts.size() > 1 && std::ranges::any_of(parts, [&](const guard* x) { return never(*x); }))
    return true;
  return std::ranges::any_of(numbers, [&](std::uint32_t n) { return contradicts(parts, n); });
}

} // namespace supercache::detail
