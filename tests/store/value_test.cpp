#include "support/checks.hpp"

#include <supercache/store/record.hpp>
#include <supercache/store/value.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace supercache;

namespace {

constexpr auto int_min = std::numeric_limits<std::int64_t>::min();
constexpr auto int_max = std::numeric_limits<std::int64_t>::max();

/// "abc…zabc…" of `n` bytes.
std::string alphabet(std::size_t n) {
  std::string text(n, 'a');
  for (std::size_t i = 0; i < n; ++i)
    text[i] = static_cast<char>('a' + i % 26);
  return text;
}

value nested_list(unsigned depth) {
  value x = value::list({});
  for (unsigned i = 1; i < depth; ++i)
    x = value::list({x});
  return x;
}

} // namespace

// -- kinds --------------------------------------------------------------------------------------

TEST_CASE("every C++ type that converts to a value gives the expected kind") {
  CHECK(value{}.kind() == kind::nil);
  CHECK(value{nullptr}.kind() == kind::nil);
  CHECK(value{true}.kind() == kind::boolean);
  CHECK(value{1}.kind() == kind::integer);
  CHECK(value{'a'}.kind() == kind::string);
  CHECK(value{std::uint64_t{7}}.kind() == kind::integer);
  CHECK(value{1.5}.kind() == kind::real);
  CHECK(value{1.5f}.kind() == kind::real);
  CHECK(value{"text"}.kind() == kind::string);
  CHECK(value{std::string(100, 'x')}.kind() == kind::string);
  CHECK(value::list({1, 2}).kind() == kind::list);
  CHECK(value::tuple({1, 2}).kind() == kind::tuple);
  CHECK(value::map({{1, 2}}).kind() == kind::map);
  CHECK(value{record{1, 2}}.kind() == kind::tuple);
  CHECK(value{record{}}.kind() == kind::nil);
}

TEST_CASE("each predicate answers true for its own kind only") {
  using predicate = bool (value::*)() const noexcept;
  const std::vector<std::pair<predicate, std::vector<kind>>> table = {
    {&value::is_nil, {kind::nil}},
    {&value::is_bool, {kind::boolean}},
    {&value::is_int, {kind::integer}},
    {&value::is_real, {kind::real}},
    {&value::is_number, {kind::integer, kind::real}},
    {&value::is_string, {kind::string}},
    {&value::is_list, {kind::list}},
    {&value::is_tuple, {kind::tuple}},
    {&value::is_map, {kind::map}},
  };
  const value_list samples = {nullptr,
                              false,
                              3,
                              2.5,
                              "short",
                              "a string too long to be inline",
                              value::list({}),
                              value::tuple({}),
                              value::map({})};
  for (const auto& [is, kinds] : table)
    for (const value& x : samples) {
      const bool expected = std::ranges::find(kinds, x.kind()) != kinds.end();
      CHECK_MESSAGE((x.*is)() == expected, to_string(x));
    }
}

TEST_CASE("integers keep every bit from the smallest to the largest") {
  for (const std::int64_t x : {int_min, int_min + 1, std::int64_t{-1}, std::int64_t{0}, int_max})
    CHECK(value{x}.as_int() == x);
  CHECK(value{static_cast<std::uint64_t>(int_max)}.as_int() == int_max);
  CHECK(value{std::int8_t{-5}}.as_int() == -5);
}

TEST_CASE("an unsigned integer above the signed range is an error that names it") {
  CHECK_FAILS_WITH(value{static_cast<std::uint64_t>(int_max) + 1}, errc::invalid_argument,
                   "integer 9223372036854775808 does not fit: the largest is 9223372036854775807");
}

TEST_CASE("a false bool and a zero integer, double and nil are all different") {
  const value_list zeros = {nullptr, false, 0, 0.0, "", value::list({})};
  for (std::size_t i = 0; i < zeros.size(); ++i)
    for (std::size_t j = 0; j < zeros.size(); ++j)
      CHECK((zeros[i] == zeros[j]) == (i == j));
}

TEST_CASE("all NaNs are one value and negative zero is zero") {
  const double nan = std::nan("");
  const double other_nan = -std::nan("0x123");
  CHECK(value{nan} == value{other_nan});
  CHECK(hash(value{nan}) == hash(value{other_nan}));
  CHECK(std::isnan(value{nan}.as_real()));
  CHECK(value{-0.0} == value{0.0});
  CHECK(hash(value{-0.0}) == hash(value{0.0}));
  CHECK_FALSE(std::signbit(value{-0.0}.as_real()));
  CHECK((value{nan} <=> value{other_nan}) == std::strong_ordering::equal);
}

// -- strings ------------------------------------------------------------------------------------

TEST_CASE("strings of up to 14 bytes are inline and longer ones are on the heap") {
  for (std::size_t n = 0; n <= 300; ++n) {
    const std::string text = alphabet(n);
    const value x{text};
    CHECK(x.as_string() == text);
    CHECK(x.on_heap() == (n > 14));
    CHECK(x.heap_bytes() == (n > 14 ? 16 + n : 0));
    const value again{std::string_view{text}};
    CHECK(x == again);
    CHECK(hash(x) == hash(again));
  }
}

TEST_CASE("strings may hold any bytes, zeros included") {
  using namespace std::string_view_literals;
  const value with_zero{"a\0b"sv};
  CHECK(with_zero.as_string() == "a\0b"sv);
  CHECK(value{"a\0"sv} != value{"a"sv});
  CHECK(value{"\0\0"sv} != value{""sv});
  CHECK(hash(value{"a\0"sv}) != hash(value{"a"sv}));
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  const value kept{all};
  CHECK(kept.as_string() == all);
}

TEST_CASE("an inline and a long string are equal only if their bytes are") {
  CHECK(value{"12345678901234"} != value{"123456789012345"});
  CHECK(value{std::string(15, 'x')} == value{std::string(15, 'x')});
  CHECK(value{std::string(15, 'x')} != value{std::string(15, 'y')});
}

// -- copies -------------------------------------------------------------------------------------

TEST_CASE("a copy shares memory and outlives the original") {
  auto original = std::make_unique<value>(value::list({std::string(50, 'x'), 1}));
  const value copy{*original};
  CHECK(copy.items().data() == original->items().data());
  original.reset();
  CHECK(copy == value::list({std::string(50, 'x'), 1}));
}

TEST_CASE("assigning a value to itself, or to an element of itself, keeps the content") {
  value x = value::list({value::list({std::string(50, 'x')}), 2});
  const value& alias = x;
  x = alias;
  CHECK(x.items().size() == 2);
  x = x.items()[0];
  CHECK(x == value::list({std::string(50, 'x')}));
  x = value{x.items()[0]};
  CHECK(x == value{std::string(50, 'x')});
}

TEST_CASE("a moved-from value is nil") {
  value a = value::list({1});
  const value b{std::move(a)};
  CHECK(a.is_nil()); // NOLINT(bugprone-use-after-move): that is the promise
  CHECK(b == value::list({1}));
  value c = 5;
  value d = "x";
  c.swap(d);
  CHECK(c == value{"x"});
  CHECK(d == value{5});
}

// -- accessors ----------------------------------------------------------------------------------

TEST_CASE("an accessor of another kind fails and names both kinds") {
  const value text{"x"}, number{1}, list = value::list({});
  CHECK_FAILS_WITH((void)text.as_int(), errc::type_mismatch,
                   "value is of type string, not integer");
  CHECK_FAILS_WITH((void)number.as_string(), errc::type_mismatch,
                   "value is of type integer, not string");
  CHECK_FAILS_WITH((void)number.as_real(), errc::type_mismatch,
                   "value is of type integer, not double");
  CHECK_FAILS_WITH((void)list.as_bool(), errc::type_mismatch, "value is of type list, not bool");
  CHECK_FAILS_WITH((void)number.items(), errc::type_mismatch, "value is of type integer, not list");
  CHECK_FAILS_WITH((void)list.find(1), errc::type_mismatch, "value is of type list, not map");
  CHECK_FAILS_WITH((void)text.find(1), errc::type_mismatch, "value is of type string, not map");
}

// -- maps ---------------------------------------------------------------------------------------

TEST_CASE("a map is sorted by key, and of equal keys the last wins") {
  const value m = value::map({{"b", 1}, {"a", 2}, {"b", 3}, {"c", nullptr}, {"b", 4}});
  CHECK(m == value::map({{"a", 2}, {"b", 4}, {"c", nullptr}}));
  CHECK(value_list(m.items().begin(), m.items().end()) == value_list{"a", 2, "b", 4, "c", nullptr});
}

TEST_CASE("a map finds every key it has and no other") {
  std::vector<std::pair<value, value>> pairs;
  for (int n = 0; n < 40; ++n) {
    const value m = value::map(pairs);
    for (int i = 0; i < n; ++i) {
      REQUIRE(m.find(i * 2) != nullptr);
      CHECK(*m.find(i * 2) == value{i});
    }
    for (int i = -1; i <= n; ++i)
      CHECK(m.find(i * 2 + 1) == nullptr);
    CHECK(m.find("absent") == nullptr);
    pairs.insert(pairs.begin(), {value{n * 2}, value{n}});
  }
}

TEST_CASE("an integer and an equal double are different keys of a map") {
  const value m = value::map({{1.0, "double"}, {1, "integer"}});
  CHECK(m.items().size() == 4);
  REQUIRE(m.find(1) != nullptr);
  REQUIRE(m.find(1.0) != nullptr);
  CHECK(*m.find(1) == value{"integer"});
  CHECK(*m.find(1.0) == value{"double"});
}

// -- nesting ------------------------------------------------------------------------------------

TEST_CASE("depth counts the levels of lists, tuples and maps") {
  CHECK(value{1}.depth() == 0);
  CHECK(value{std::string(50, 'x')}.depth() == 0);
  CHECK(value::list({}).depth() == 1);
  CHECK(value::tuple({1, value::list({2})}).depth() == 2);
  CHECK(value::map({{value::list({value::list({})}), 1}}).depth() == 3);
  CHECK(value{record{1, value::list({})}}.depth() == 2);
}

TEST_CASE("a value may be nested to the limit and no deeper, not even ten thousand levels") {
  const value deepest = nested_list(max_depth);
  CHECK(deepest.depth() == max_depth);
  CHECK(deepest == nested_list(max_depth));
  CHECK(hash(deepest) == hash(nested_list(max_depth)));
  const std::string why = "value nested deeper than 128 levels";
  CHECK_FAILS_WITH(value::list({deepest}), errc::too_large, why);
  CHECK_FAILS_WITH(value::tuple({1, deepest}), errc::too_large, why);
  CHECK_FAILS_WITH(value::map({{"k", deepest}}), errc::too_large, why);
  CHECK_FAILS_WITH(nested_list(10'000), errc::too_large, why);
}

TEST_CASE("heap_bytes counts nested values, once per use") {
  const value text{std::string(50, 'x')};
  CHECK(value{1}.heap_bytes() == 0);
  CHECK(value::list({}).heap_bytes() == 16);
  CHECK(value::list({1, "short"}).heap_bytes() == 16 + 2 * 16);
  CHECK(value::list({text, text}).heap_bytes() == 16 + 2 * (16 + 66));
}

// -- text ---------------------------------------------------------------------------------------

TEST_CASE("to_string shows every kind as people write it") {
  CHECK(to_string(value{}) == "nil");
  CHECK(to_string(value{true}) == "true");
  CHECK(to_string(value{false}) == "false");
  CHECK(to_string(value{-12}) == "-12");
  CHECK(to_string(value{int_min}) == "-9223372036854775808");
  CHECK(to_string(value{1.0}) == "1.0");
  CHECK(to_string(value{-0.0}) == "0.0");
  CHECK(to_string(value{0.1}) == "0.1");
  CHECK(to_string(value{1e300}) == "1e+300");
  CHECK(to_string(value{std::nan("")}) == "nan");
  CHECK(to_string(value{HUGE_VAL}) == "inf");
  CHECK(to_string(value{-HUGE_VAL}) == "-inf");
  CHECK(to_string(value{"a \"b\" \\ \n\t\x01\x7f \xc3\xa9"})
        == "\"a \\\"b\\\" \\\\ \\n\\t\\u0001\\u007f \xc3\xa9\"");
  CHECK(to_string(value::list({})) == "[]");
  CHECK(to_string(value::tuple({})) == R"({"$tuple": []})");
  CHECK(to_string(value::map({})) == "{}");
  CHECK(to_string(value::tuple({"user", 1, value::list({1, 2}), value::map({{"a", nullptr}})}))
        == R"({"user", 1, [1, 2], {"a": nil}})");
  std::ostringstream out;
  out << value::list({1, 2.5});
  CHECK(out.str() == "[1, 2.5]");
}

TEST_CASE("every kind has a name") {
  const std::vector<std::string> names
    = {"nil", "bool", "integer", "double", "string", "list", "tuple", "map"};
  for (std::size_t i = 0; i < names.size(); ++i)
    CHECK(to_string(static_cast<kind>(i)) == names[i]);
}

// -- hash ---------------------------------------------------------------------------------------

TEST_CASE("the hash of each kind and length class is that of the first release") {
  // These numbers are a format: a key's partition depends on them on every node and for ever.
  const std::vector<std::pair<value, std::uint64_t>> golden = {
    {nullptr, 0xd0a66a65c7528968u},
    {false, 0x4152418f75dd93bbu},
    {true, 0xc32b98b29ef8d859u},
    {0, 0x0c02d28dc181629fu},
    {1, 0x87bdea5385e89b62u},
    {-1, 0x0a6bf06b33b119e5u},
    {42, 0x16353245b8ea2583u},
    {int_max, 0x587faeeba410cefbu},
    {int_min, 0x00ef2cb5ca722a7fu},
    {0.0, 0x8723846a41771bc3u},
    {1.0, 0x6faf99b17ac3cf83u},
    {-1.5, 0xf4ece04e647e0cccu},
    {1e300, 0x443d7290a1cb4df7u},
    {std::nan(""), 0x3b238b5698dd869fu},
    {HUGE_VAL, 0x01bab1878776606eu},
    {"", 0x15ea3a53442b6c0cu},
    {"a", 0x6e149c1a324b6373u},
    {alphabet(8), 0x17063bb39be0dc36u},
    {alphabet(14), 0x17608899fc6bc909u},
    {alphabet(15), 0xeefc7871bfcf18c2u},
    {alphabet(16), 0xcf9a5969c6593309u},
    {alphabet(17), 0x6d0ac41f7cd779d9u},
    {alphabet(128), 0xc3214f2d9f305049u},
    {alphabet(129), 0x1de076aced73037au},
    {alphabet(240), 0x206510bb53e74aa5u},
    {alphabet(241), 0xcd2ddaa0f28a1fbbu},
    {alphabet(1024), 0xa548af33d7fcb809u},
    {alphabet(1025), 0x45e0989c0634d6a0u},
    {alphabet(100000), 0x07f604df279e8ee4u},
    {value::list({}), 0x035a5670cd58cdc0u},
    {value::tuple({}), 0x47d3119958a8dbbeu},
    {value::map({}), 0x7dd1b9ecded9d928u},
    {value::list({1, 2, 3}), 0x7a3b6a0f599b6894u},
    {value::tuple({1, 2, 3}), 0xae20ad2ea16975d4u},
    {value::map({{"a", 1}, {"b", 2}}), 0x244b7c7b47117019u},
    {value::tuple({"user", 1, value::list({alphabet(30), nullptr})}), 0x62a3ca6e40d4c52cu},
  };
  for (const auto& [x, expected] : golden)
    CHECK_MESSAGE(hash(x) == expected, to_string(x), " has 0x", std::hex, hash(x));
}

TEST_CASE("std::hash of a value is its stable hash") {
  for (const value& x : {value{7}, value{"text"}, value::list({1})})
    CHECK(std::hash<value>{}(x) == hash(x));
}

TEST_CASE("the hashes of small integers spread over 64 partitions") {
  std::map<std::uint64_t, int> per_partition;
  for (int i = 0; i < 64 * 100; ++i)
    ++per_partition[hash(value{i}) % 64];
  CHECK(per_partition.size() == 64);
  for (const auto& [partition, n] : per_partition) {
    CHECK(n > 50);
    CHECK(n < 150);
  }
}
