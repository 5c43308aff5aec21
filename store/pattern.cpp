#include "guard.hpp"

#include <supercache/store/pattern.hpp>

#include <algorithm>
#include <bitset>

namespace supercache::inline SUPERCACHE_ABI {

namespace {

using detail::is_comparison;
using detail::max_binds;
using detail::slots;

// -- matching -----------------------------------------------------------------------------------

bool match(const term& t, const value& x, slots& bound) noexcept;

bool match_all(const std::vector<term>& terms, std::span<const value> xs, slots& bound) noexcept {
  if (terms.size() != xs.size())
    return false;
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (!match(terms[i], xs[i], bound))
      return false;
  return true;
}

bool match(const term& t, const value& x, slots& bound) noexcept {
  switch (t.is) {
    case term::what::any: return true;
    case term::what::literal: return t.literal == x;
    case term::what::bind:
      if (bound[t.number])
        return *bound[t.number] == x;
      bound[t.number] = &x;
      return true;
    case term::what::tuple: return x.is_tuple() && match_all(t.items, x.items(), bound);
    case term::what::list: return x.is_list() && match_all(t.items, x.items(), bound);
  }
  return false;
}

// -- checking -----------------------------------------------------------------------------------

struct checker {
  std::bitset<max_binds + 1> bound{};
  std::string wrong{};

  bool fail(std::string why) {
    if (wrong.empty())
      wrong = std::move(why);
    return false;
  }

  bool check(const term& t, unsigned depth) {
    // The record around the pattern is a level, too.
    if (depth + (t.is == term::what::literal ? t.literal.depth() : 0) > max_depth)
      return fail("pattern nested deeper than " + std::to_string(max_depth) + " levels");
    if (t.is == term::what::bind) {
      if (t.number < 1 || t.number > max_binds)
        return fail("pattern variable $" + std::to_string(t.number) + ": numbers go from 1 to "
                    + std::to_string(max_binds));
      bound.set(t.number);
    }
    return std::ranges::all_of(t.items, [&](const term& x) { return check(x, depth + 1); });
  }

  bool check_var(const guard& g) {
    if (g.number >= 1 && g.number <= max_binds && bound.test(g.number))
      return true;
    return fail("guard names $" + std::to_string(g.number) + ", which the pattern does not bind");
  }

  bool check_operand(const guard& g) {
    if (g.what == guard::op::literal)
      return true;
    if (g.what == guard::op::var)
      return check_var(g);
    return fail("guard compares a condition; only variables and literals can be compared");
  }

  bool check_condition(const guard& g, unsigned depth) {
    if (depth > max_depth)
      return fail("guard nested deeper than " + std::to_string(max_depth) + " levels");
    if (g.what == guard::op::var)
      return check_var(g);
    if (g.what == guard::op::literal)
      return g.literal.is_bool()
             || fail("guard " + to_string(g.literal)
                     + " is no condition: a comparison, a type "
                       "test, and, or, not, true or false is needed");
    const bool negate = g.what == guard::op::negate;
    if (negate || g.what == guard::op::both || g.what == guard::op::either) {
      if (g.args.empty() || (negate && g.args.size() != 1))
        return fail(negate ? "guard 'not' takes one condition"
                           : "guard 'and' and 'or' take at least one condition");
      return std::ranges::all_of(g.args,
                                 [&](const guard& x) { return check_condition(x, depth + 1); });
    }
    const std::size_t wanted = is_comparison(g.what) ? 2 : 1;
    if (g.args.size() != wanted)
      return fail(wanted == 2 ? "guard comparison takes two operands"
                              : "guard type test takes one operand");
    return std::ranges::all_of(g.args, [&](const guard& x) { return check_operand(x); });
  }
};

// -- literals -----------------------------------------------------------------------------------

bool is_closed(const term& t) { // nothing but literals
  return t.is == term::what::literal
         || (!t.items.empty() && std::ranges::all_of(t.items, is_closed));
}

value close(const term& t) {
  if (t.is == term::what::literal)
    return t.literal;
  value_list items;
  for (const term& x : t.items)
    items.push_back(close(x));
  return t.is == term::what::tuple ? value::tuple(items) : value::list(items);
}

/// Tuples and lists of literals become literals, so that a key of them is found without a scan.
void fold(term& t) {
  for (term& x : t.items)
    fold(x);
  if (t.is != term::what::literal && is_closed(t))
    t = term{close(t)};
}

} // namespace

bool key_range::contains(const value& key) const noexcept {
  if (!low_is_prefix)
    return !high || key <= *high;
  if (key.kind() != low->kind())
    return false;
  const auto prefix = low->items(), xs = key.items();
  return xs.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), xs.begin());
}

term bind(std::uint32_t n) {
  term t;
  t.is = term::what::bind;
  t.number = n;
  return t;
}

term tuple_of(std::vector<term> items) {
  if (items.empty())
    return term{value::tuple({})};
  term t;
  t.is = term::what::tuple;
  t.items = std::move(items);
  return t;
}

term list_of(std::vector<term> items) {
  if (items.empty())
    return term{value::list({})};
  term t;
  t.is = term::what::list;
  t.items = std::move(items);
  return t;
}

guard var(std::uint32_t n) {
  guard g;
  g.what = guard::op::var;
  g.number = n;
  return g;
}

result<compiled_pattern> compiled_pattern::compile(pattern p) {
  if (p.terms.empty())
    return {errc::invalid_argument, "pattern is empty; it needs one term per element of a record"};
  checker c;
  for (const term& t : p.terms)
    if (!c.check(t, 1))
      return {errc::invalid_argument, c.wrong};
  if (p.when && !c.check_condition(*p.when, 1))
    return {errc::invalid_argument, c.wrong};
  compiled_pattern out;
  for (std::uint32_t n = 1; n <= max_binds; ++n)
    if (c.bound.test(n))
      out.numbers_.push_back(n);
  if (p.when && detail::never_holds(*p.when, out.numbers_))
    return {errc::invalid_argument, "guard can never hold: its conditions exclude each other"};
  for (term& t : p.terms)
    fold(t);
  out.p_ = std::make_shared<const pattern>(std::move(p));
  return out;
}

bool compiled_pattern::matches(std::span<const value> row) const noexcept {
  slots bound{};
  return match_all(p_->terms, row, bound) && (!p_->when || detail::holds(*p_->when, bound));
}

bool compiled_pattern::matches(std::span<const value> row, bindings& out) const {
  slots bound{};
  if (!match_all(p_->terms, row, bound) || (p_->when && !detail::holds(*p_->when, bound)))
    return false;
  out.clear();
  out.reserve(numbers_.size());
  for (const std::uint32_t n : numbers_)
    out.push_back(*bound[n]);
  return true;
}

const value* compiled_pattern::literal_at(std::size_t pos) const noexcept {
  return pos < arity() && p_->terms[pos].is == term::what::literal ? &p_->terms[pos].literal
                                                                   : nullptr;
}

key_range compiled_pattern::range_at(std::size_t pos) const {
  if (pos >= arity())
    return {};
  const term& t = p_->terms[pos];
  if (t.is == term::what::literal)
    return {t.literal, t.literal};
  if (t.is == term::what::bind)
    return p_->when ? detail::range_of(*p_->when, t.number) : key_range{};
  if (t.is == term::what::any)
    return {};
  value_list prefix;
  for (const term& x : t.items) {
    if (x.is != term::what::literal)
      break;
    prefix.push_back(x.literal);
  }
  const bool tuple = t.is == term::what::tuple;
  key_range r;
  r.low = tuple ? value::tuple(prefix) : value::list(prefix);
  r.low_is_prefix = true;
  return r;
}

} // namespace supercache::inline SUPERCACHE_ABI
