#include "support/checks.hpp"
#include "support/values.hpp"

#include <supercache/store/pattern.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

using namespace supercache;

namespace {

compiled_pattern compiled(pattern p) { return compiled_pattern::compile(std::move(p)).value(); }

bool matches(const std::vector<term>& terms, const record& r) {
  return compiled(pattern{terms}).matches(r);
}

std::optional<bindings> bound(const std::vector<term>& terms, const record& r) {
  bindings out = {"left over"};
  if (!compiled(pattern{terms}).matches(r.items(), out))
    return {};
  return out;
}

term nested_term(unsigned depth, term inner) {
  for (unsigned i = 0; i < depth; ++i) {
    std::vector<term> items;
    items.push_back(std::move(inner));
    inner = tuple_of(std::move(items));
  }
  return inner;
}

value nested_value(unsigned depth, value inner) {
  for (unsigned i = 0; i < depth; ++i)
    inner = value::tuple({inner});
  return inner;
}

} // namespace

// -- matching -----------------------------------------------------------------------------------

TEST_CASE("a literal matches an equal element only, and 1 is not 1.0") {
  CHECK(matches({"user", 1}, record{"user", 1}));
  CHECK_FALSE(matches({"user", 1}, record{"user", 2}));
  CHECK_FALSE(matches({"user", 1}, record{"user", 1.0}));
  CHECK_FALSE(matches({nullptr}, record{false}));
  CHECK(matches({std::nan("")}, record{std::nan("")}));
  CHECK(matches({value::list({1, "a"})}, record{value::list({1, "a"})}));
}

TEST_CASE("a pattern matches records of its own length only") {
  CHECK(matches({any, any}, record{1, 2}));
  CHECK_FALSE(matches({any, any}, record{1}));
  CHECK_FALSE(matches({any, any}, record{1, 2, 3}));
  CHECK_FALSE(matches({any}, record{}));
}

TEST_CASE("any matches every kind of value") {
  for (const value& x : values::interesting())
    CHECK(matches({any}, record{x}));
}

TEST_CASE("bindings come in the order of their numbers, whatever their places") {
  CHECK(bound({bind(3), bind(1), bind(64)}, record{"c", "a", "z"}) == bindings{"a", "c", "z"});
  CHECK(bound({bind(2), any, tuple_of({bind(1), list_of({bind(5)})})},
              record{"two", "ignored", value::tuple({"one", value::list({"five"})})})
        == bindings{"one", "two", "five"});
  CHECK(bound({any, 1}, record{0, 1}) == bindings{});
}

TEST_CASE("the same variable twice must bind equal values") {
  const std::vector<term> twice = {bind(1), bind(1)};
  CHECK(bound(twice, record{7, 7}) == bindings{7});
  CHECK_FALSE(bound(twice, record{7, 8}));
  CHECK_FALSE(bound(twice, record{1, 1.0}));
  const std::vector<term> nested = {bind(1), tuple_of({list_of({bind(1)}), bind(2)})};
  CHECK(bound(nested, record{"x", value::tuple({value::list({"x"}), 5})}) == bindings{"x", 5});
  CHECK_FALSE(bound(nested, record{"x", value::tuple({value::list({"y"}), 5})}));
}

TEST_CASE("tuple and list terms match their own kind, length and elements only") {
  const std::vector<term> pair = {tuple_of({1, any})};
  CHECK(matches(pair, record{value::tuple({1, "x"})}));
  CHECK_FALSE(matches(pair, record{value::list({1, "x"})}));
  CHECK_FALSE(matches(pair, record{value::tuple({1})}));
  CHECK_FALSE(matches(pair, record{value::tuple({1, 2, 3})}));
  CHECK_FALSE(matches(pair, record{value::tuple({2, "x"})}));
  CHECK_FALSE(matches(pair, record{1}));
  CHECK(matches({list_of({any, 2})}, record{value::list({1, 2})}));
  CHECK_FALSE(matches({list_of({any, 2})}, record{value::tuple({1, 2})}));
  CHECK(matches({tuple_of({})}, record{value::tuple({})}));
  CHECK_FALSE(matches({tuple_of({})}, record{value::list({})}));
  CHECK(matches({list_of({})}, record{value::list({})}));
  CHECK_FALSE(matches({list_of({})}, record{value::list({1})}));
}

TEST_CASE("tuples of literals only are the literal, and so found without a scan") {
  const auto p = compiled(pattern{{tuple_of({"a", list_of({1, tuple_of({})})}), any}});
  const value key = value::tuple({"a", value::list({1, value::tuple({})})});
  REQUIRE(p.literal_at(0) != nullptr);
  CHECK(*p.literal_at(0) == key);
  CHECK(p.matches(record{key, 5}));
}

TEST_CASE("a match that fails leaves no binding behind for the next one") {
  const auto p = compiled(pattern{{bind(1), 5}});
  bindings out;
  CHECK_FALSE(p.matches(record{"first", 6}.items(), out));
  REQUIRE(p.matches(record{"second", 5}.items(), out));
  CHECK(out == bindings{"second"});
}

// -- what compile refuses -------------------------------------------------------------------------

TEST_CASE("a pattern without terms is refused") {
  CHECK_REFUSED(compiled_pattern::compile(pattern{}), errc::invalid_argument,
                "pattern is empty; it needs one term per element of a record");
}

TEST_CASE("variables are numbered from 1 to 64") {
  CHECK(compiled_pattern::compile(pattern{{bind(1), bind(64)}}).ok());
  CHECK_REFUSED(compiled_pattern::compile(pattern{{bind(0)}}), errc::invalid_argument,
                "pattern variable $0: numbers go from 1 to 64");
  CHECK_REFUSED(compiled_pattern::compile(pattern{{any, tuple_of({bind(65)})}}),
                errc::invalid_argument, "pattern variable $65: numbers go from 1 to 64");
}

TEST_CASE("a pattern may nest as deep as the elements of a record") {
  const auto deepest = compiled_pattern::compile(pattern{{nested_term(127, any)}});
  REQUIRE(deepest.ok());
  CHECK((*deepest).matches(record{nested_value(127, 1)}));
  const std::string why = "pattern nested deeper than 128 levels";
  CHECK_REFUSED(compiled_pattern::compile(pattern{{nested_term(128, any)}}), errc::invalid_argument,
                why);
  CHECK_REFUSED(compiled_pattern::compile(pattern{{nested_term(5'000, any)}}),
                errc::invalid_argument, why);
}

TEST_CASE("the nesting of a literal counts as the pattern's") {
  const auto deepest = compiled_pattern::compile(pattern{{nested_term(27, nested_value(100, 1))}});
  REQUIRE(deepest.ok());
  CHECK((*deepest).matches(record{nested_value(127, 1)}));
  CHECK_REFUSED(compiled_pattern::compile(pattern{{nested_term(28, nested_value(100, 1))}}),
                errc::invalid_argument, "pattern nested deeper than 128 levels");
  CHECK_REFUSED(compiled_pattern::compile(pattern{{nested_value(128, 1)}}), errc::invalid_argument,
                "pattern nested deeper than 128 levels");
}

// -- literal_at -----------------------------------------------------------------------------------

TEST_CASE("literal_at finds an element that the pattern fixes, and no other") {
  const auto p = compiled(pattern{{"key", any, bind(1), tuple_of({1, any})}});
  CHECK(p.arity() == 4);
  REQUIRE(p.literal_at(0) != nullptr);
  CHECK(*p.literal_at(0) == value{"key"});
  for (std::size_t i = 1; i < 6; ++i)
    CHECK(p.literal_at(i) == nullptr);
}

// -- range_at -------------------------------------------------------------------------------------

TEST_CASE("range_at is one key for a literal and everything for any or a free variable") {
  const auto p = compiled(pattern{{"key", any, bind(1)}});
  CHECK(p.range_at(0).low == value{"key"});
  CHECK(p.range_at(0).high == value{"key"});
  CHECK(p.range_at(1).unbounded());
  CHECK(p.range_at(2).unbounded());
  CHECK(p.range_at(3).unbounded());
}

TEST_CASE("range_at of a tuple or list is its leading literals") {
  const auto p = compiled(pattern{{tuple_of({"a", 1, any, 2}), list_of({any, 1})}});
  const key_range r = p.range_at(0);
  CHECK(r.low == value::tuple({"a", 1}));
  CHECK(r.low_is_prefix);
  CHECK(r.contains(value::tuple({"a", 1})));
  CHECK(r.contains(value::tuple({"a", 1, "x", 2})));
  CHECK_FALSE(r.contains(value::tuple({"a", 2})));
  CHECK_FALSE(r.contains(value::tuple({"a"})));
  CHECK_FALSE(r.contains(value::list({"a", 1})));
  CHECK_FALSE(r.contains("a"));
  CHECK(p.range_at(1).contains(value::list({})));
  CHECK(p.range_at(1).contains(value::list({7, 8, 9})));
  CHECK_FALSE(p.range_at(1).contains(value::tuple({7})));
}

TEST_CASE("range_at is the intersection of all comparisons of a guard") {
  const guard g = var(1) > 5 && guard{20} >= var(1) && var(1) != 7 && var(2) < 3 && var(1) < 100;
  const auto p = compiled(pattern{{bind(1), bind(2), bind(3)}, g});
  CHECK(p.range_at(0).low == value{5});
  CHECK(p.range_at(0).high == value{20.0}); // 20.0 compares equal to 20 and sorts after it
  CHECK_FALSE(p.range_at(0).low_is_prefix);
  CHECK_FALSE(p.range_at(1).low);
  CHECK(p.range_at(1).high == value{3.0});
  CHECK(p.range_at(2).unbounded());
  const auto either = compiled(pattern{{bind(1)}, var(1) < 5 || var(1) > 9});
  CHECK(either.range_at(0).unbounded());
}

TEST_CASE("a range contains what lies between its ends, both included") {
  const key_range r{value{1}, value{3}};
  for (const value& x : value_list{1, 1.0, 2, 2.5, 3})
    CHECK(r.contains(x));
  CHECK_FALSE(r.contains(3.0));
  CHECK_FALSE(r.contains("a"));
  CHECK_FALSE(r.unbounded());
  CHECK(key_range{}.unbounded());
  CHECK(key_range{}.contains("anything"));
}
