#include "support/checks.hpp"
#include "support/values.hpp"
#include "support/workload.hpp"

#include <supercache/store/pattern.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace supercache;
using op = guard::op;

namespace {

/// Whether `x` satisfies `g`, in which it is `$1`.
bool holds(const guard& g, const value& x) {
  return compiled_pattern::compile(pattern{{bind(1)}, g}).value().matches(record{x});
}

result<compiled_pattern> with_guard(guard g) {
  return compiled_pattern::compile(pattern{{bind(1), bind(2)}, std::move(g)});
}

guard chain(op what, unsigned depth) {
  guard g = var(1) == 1;
  for (unsigned i = 1; i < depth; ++i) {
    guard outer{what, {}};
    outer.args.push_back(std::move(g));
    g = std::move(outer);
  }
  return g;
}

// -- a second evaluator, as plain as can be: the oracle of the properties below ------------------

const value& operand(const guard& g, const value& x) { return g.what == op::var ? x : g.literal; }

bool compares(op how, const value& a, const value& b) {
  const auto c = compare_numeric(a, b);
  switch (how) {
    case op::eq: return c == 0;
    case op::ne: return c != 0;
    case op::lt: return c < 0;
    case op::le: return c <= 0;
    case op::gt: return c > 0;
    default: return c >= 0;
  }
}

bool plainly_holds(const guard& g, const value& x) {
  if (g.what == op::both)
    return plainly_holds(g.args[0], x) && plainly_holds(g.args[1], x);
  if (g.what == op::either)
    return plainly_holds(g.args[0], x) || plainly_holds(g.args[1], x);
  if (g.what == op::negate)
    return !plainly_holds(g.args[0], x);
  if (g.what == op::is_integer)
    return x.kind() == kind::integer;
  if (g.what == op::is_real)
    return x.kind() == kind::real;
  if (g.what == op::is_number)
    return x.kind() == kind::integer || x.kind() == kind::real;
  if (g.what == op::is_string)
    return x.kind() == kind::string;
  return compares(g.what, operand(g.args[0], x), operand(g.args[1], x));
}

guard random_guard(workload::dice& d, const value_list& limits, unsigned depth) {
  if (depth > 0 && d.chance(60)) {
    const guard a = random_guard(d, limits, depth - 1);
    if (d.chance(10))
      return !a;
    const guard b = random_guard(d, limits, depth - 1);
    return d.chance(75) ? (a && b) : (a || b);
  }
  if (d.chance(25)) {
    constexpr op tests[] = {op::is_integer, op::is_real, op::is_number, op::is_string};
    return guard{tests[d.below(4)], {var(1)}};
  }
  constexpr op comparisons[] = {op::eq, op::ne, op::lt, op::le, op::gt, op::ge};
  const guard limit = limits[d.below(limits.size())];
  const op how = comparisons[d.below(6)];
  return d.chance(50) ? guard{how, {var(1), limit}} : guard{how, {limit, var(1)}};
}

/// Whether `g` agrees with the oracle on every one of `xs`, range_at leaves out none that holds,
/// and a refused guard holds for none. Empty if so, else what is wrong.
std::string disagreement(const guard& g, const value_list& xs) {
  const auto p = compiled_pattern::compile(pattern{{bind(1)}, g});
  if (!p && p.why().message != "guard can never hold: its conditions exclude each other")
    return "refused: " + p.why().message;
  const key_range range = p ? (*p).range_at(0) : key_range{};
  for (const value& x : xs) {
    const bool wanted = plainly_holds(g, x);
    if (!p && wanted)
      return "refused although " + to_string(x) + " satisfies it";
    if (p && (*p).matches(record{x}) != wanted)
      return "wrong for " + to_string(x);
    if (p && wanted && ((range.low && x < *range.low) || !range.contains(x)))
      return "range_at leaves out " + to_string(x);
  }
  return {};
}

} // namespace

TEST_CASE("comparisons count an integer and an equal double as equal") {
  CHECK(holds(var(1) == 1, 1.0));
  CHECK(holds(var(1) == 1.0, 1));
  CHECK_FALSE(holds(var(1) != 1, 1.0));
  CHECK(holds(var(1) <= 1, 1.0));
  CHECK(holds(var(1) >= 1.0, 1));
  CHECK_FALSE(holds(var(1) < 1, 1.0));
  CHECK_FALSE(holds(var(1) > 1, 1.0));
  constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1;
  CHECK_FALSE(holds(var(1) == odd, static_cast<double>(odd)));
  CHECK(holds(var(1) < odd, static_cast<double>(odd)));
}

TEST_CASE("NaN compares with nothing, itself included") {
  const double nan = std::nan("");
  for (const value& x : value_list{0, 1.5, nan, HUGE_VAL}) {
    CHECK_FALSE(holds(var(1) == nan, x));
    CHECK(holds(var(1) != nan, x));
    CHECK_FALSE(holds(var(1) < nan, x));
    CHECK_FALSE(holds(var(1) <= nan, x));
    CHECK_FALSE(holds(var(1) > nan, x));
    CHECK_FALSE(holds(var(1) >= nan, x));
  }
}

TEST_CASE("each type test holds for its own kind only") {
  const value_list samples
    = {nullptr,          true,          1, 1.5, "x", std::string(40, 'x'), value::list({}),
       value::tuple({}), value::map({})};
  const std::vector<std::pair<guard, std::vector<kind>>> tests = {
    {is_nil(var(1)), {kind::nil}},
    {is_bool(var(1)), {kind::boolean}},
    {is_integer(var(1)), {kind::integer}},
    {is_real(var(1)), {kind::real}},
    {is_number(var(1)), {kind::integer, kind::real}},
    {is_string(var(1)), {kind::string}},
    {is_list(var(1)), {kind::list}},
    {is_tuple(var(1)), {kind::tuple}},
    {is_map(var(1)), {kind::map}},
  };
  for (const auto& [test, kinds] : tests)
    for (const value& x : samples) {
      const bool expected = std::ranges::find(kinds, x.kind()) != kinds.end();
      CHECK(holds(test, x) == expected);
      CHECK(holds(!test, x) == !expected);
    }
}

TEST_CASE("and, or and not combine conditions, and a variable is a condition if it is true") {
  CHECK(holds(var(1) > 1 && var(1) < 3, 2));
  CHECK_FALSE(holds(var(1) > 1 && var(1) < 3, 3));
  CHECK(holds(var(1) < 1 || var(1) > 3, 4));
  CHECK_FALSE(holds(var(1) < 1 || var(1) > 3, 2));
  CHECK(holds(!(var(1) == 2), 3));
  CHECK(holds(guard{true}, 3));
  CHECK(holds(var(1), true));
  CHECK_FALSE(holds(var(1), false));
  CHECK_FALSE(holds(var(1), 1));
}

TEST_CASE("a guard compares variables with each other, wherever they are bound") {
  const auto p = with_guard(var(1) < var(2)).value();
  CHECK(p.matches(record{1, 2}));
  CHECK_FALSE(p.matches(record{2, 1}));
  const auto nested
    = compiled_pattern::compile(pattern{{tuple_of({bind(7), any}), bind(3)}, var(7) == var(3)})
        .value();
  CHECK(nested.matches(record{value::tuple({5, 0}), 5}));
  CHECK_FALSE(nested.matches(record{value::tuple({5, 0}), 6}));
}

// -- what compile refuses -------------------------------------------------------------------------

TEST_CASE("a guard may only name variables that the pattern binds") {
  CHECK_REFUSED(with_guard(var(3) == 1), errc::invalid_argument,
                "guard names $3, which the pattern does not bind");
  CHECK_REFUSED(with_guard(is_nil(var(0))), errc::invalid_argument,
                "guard names $0, which the pattern does not bind");
  CHECK_REFUSED(with_guard(var(1) == 1 && var(65)), errc::invalid_argument,
                "guard names $65, which the pattern does not bind");
}

TEST_CASE("only variables and literals can be compared") {
  const std::string why = "guard compares a condition; only variables and literals can be compared";
  CHECK_REFUSED(with_guard((var(1) < 1) == true), errc::invalid_argument, why);
  CHECK_REFUSED(with_guard(is_nil(!var(1))), errc::invalid_argument, why);
}

TEST_CASE("a literal other than true and false is no condition") {
  const std::string rest = " is no condition: a comparison, a type test, and, or, not, true or "
                           "false is needed";
  CHECK_REFUSED(with_guard(guard{5}), errc::invalid_argument, "guard 5" + rest);
  CHECK_REFUSED(with_guard(var(1) == 1 && "x"), errc::invalid_argument, "guard \"x\"" + rest);
  CHECK_REFUSED(with_guard(!guard{nullptr}), errc::invalid_argument, "guard nil" + rest);
}

TEST_CASE("operators with a wrong number of operands are refused") {
  const std::string logic = "guard 'and' and 'or' take at least one condition";
  CHECK_REFUSED(with_guard({op::both, {}}), errc::invalid_argument, logic);
  CHECK_REFUSED(with_guard({op::either, {}}), errc::invalid_argument, logic);
  CHECK_REFUSED(with_guard({op::negate, {}}), errc::invalid_argument,
                "guard 'not' takes one condition");
  CHECK_REFUSED(with_guard({op::negate, {var(1), var(2)}}), errc::invalid_argument,
                "guard 'not' takes one condition");
  for (const op how : {op::eq, op::ne, op::lt, op::le, op::gt, op::ge}) {
    CHECK_REFUSED(with_guard({how, {var(1)}}), errc::invalid_argument,
                  "guard comparison takes two operands");
    CHECK_REFUSED(with_guard({how, {var(1), 2, 3}}), errc::invalid_argument,
                  "guard comparison takes two operands");
  }
  CHECK_REFUSED(with_guard({op::is_map, {}}), errc::invalid_argument,
                "guard type test takes one operand");
  CHECK_REFUSED(with_guard({op::is_nil, {var(1), var(2)}}), errc::invalid_argument,
                "guard type test takes one operand");
}

TEST_CASE("a guard may nest to the limit and no deeper") {
  CHECK(with_guard(chain(op::negate, 128)).ok());
  for (const unsigned depth : {129u, 5'000u})
    CHECK_REFUSED(with_guard(chain(op::negate, depth)), errc::invalid_argument,
                  "guard nested deeper than 128 levels");
}

TEST_CASE("a guard that nothing can satisfy is refused") {
  const std::string why = "guard can never hold: its conditions exclude each other";
  const std::vector<guard> impossible = {
    guard{false},
    guard{1} == guard{2},
    guard{2}<guard{1.0}, var(1)> 3 && var(1) < 3,
    var(1) >= 3 && var(1) < 3.0,
    var(1) > 3 && var(1) <= 3,
    var(1) == 3 && var(1) == 4,
    var(1) == 3 && var(1) > 3,
    var(1) > 5 && (var(2) == 1 && var(1) < 2),
    guard{5} < var(1) && guard{2} > var(1),
    var(1) >= "b" && var(1) <= "a",
    is_string(var(1)) && is_integer(var(1)),
    is_integer(var(1)) && is_real(var(1)),
    is_number(var(1)) && is_nil(var(1)),
    (var(1) > 3 && var(1) < 3) || guard{false},
    var(2) == 1 && guard{false},
  };
  for (const guard& g : impossible)
    CHECK_REFUSED(with_guard(g), errc::invalid_argument, why);
}

TEST_CASE("a guard that something satisfies is accepted, however narrow") {
  CHECK(holds(var(1) >= 3 && var(1) <= 3, 3));
  CHECK(holds(var(1) >= 3 && var(1) <= 3.0, 3));
  CHECK(holds(var(1) < 5 && var(1) <= 3 && var(1) >= 3, 3));
  CHECK(holds(var(1) > 1 && var(1) >= 3 && var(1) <= 3, 3));
  CHECK(holds(var(1) == 3 && var(1) < 4 && var(1) > 2, 3));
  CHECK(holds(is_number(var(1)) && is_real(var(1)), 3.0));
  CHECK(holds((var(1) > 3 && var(1) < 3) || var(1) == 3, 3));
  CHECK(holds(guard{false} || var(1) == 3, 3));
}

// -- properties -----------------------------------------------------------------------------------

TEST_CASE("a range from a guard contains every key that compares equal to its ends") {
  // Guards count 1 and 1.0 as equal, keys do not: the ends of the range must allow for it, also
  // where a double has no integer beside it or an integer no double.
  for (const value& limit : values::interesting_numbers())
    for (const op how : {op::eq, op::le, op::ge, op::lt, op::gt, op::ne}) {
      const guard g{how, {var(1), limit}};
      CAPTURE(limit);
      CAPTURE(static_cast<int>(how));
      CHECK(disagreement(g, values::interesting()) == "");
    }
}

TEST_CASE("random guards agree with a plain evaluator, and range_at leaves nothing out") {
  const auto seed = workload::seed(77);
  CAPTURE(seed);
  workload::dice d{seed};
  const value_list small = {0, 0.0, 1, 1.0, 1.5, 2, 2.0, 3, "", "a", "b"};
  const value_list numbers = values::interesting_numbers();
  for (std::size_t i = 0; i < workload::scaled(6'000); ++i) {
    const value_list& pool = i % 2 ? small : numbers;
    const guard g = random_guard(d, pool, 3);
    REQUIRE(disagreement(g, pool) == "");
  }
}
