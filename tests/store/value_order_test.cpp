#include "support/values.hpp"
#include "support/workload.hpp"

#include <supercache/store/value.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace supercache;

namespace {

int sign(std::strong_ordering c) { return c < 0 ? -1 : c > 0 ? 1 : 0; }

/// The order of two numbers by exact value: a long double holds any 64-bit integer and any double.
int exact_sign(const value& a, const value& b) {
  const auto exact = [](const value& x) {
    return x.is_int() ? static_cast<long double>(x.as_int())
                      : static_cast<long double>(x.as_real());
  };
  const long double x = exact(a), y = exact(b);
  if (std::isnan(x) || std::isnan(y))
    return std::isnan(x) - std::isnan(y); // NaN after all numbers
  return x < y ? -1 : x > y ? 1 : 0;
}

/// How each of `all` compares with each other one.
std::vector<std::vector<int>> matrix(const value_list& all) {
  std::vector<std::vector<int>> m(all.size(), std::vector<int>(all.size()));
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < all.size(); ++j)
      m[i][j] = sign(all[i] <=> all[j]);
  return m;
}

/// The first violation of a total order that agrees with `==` and `hash`; empty if there is none.
std::string order_violation(const value_list& all) {
  const auto m = matrix(all);
  const auto at = [&](std::size_t i) { return to_string(all[i]); };
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < all.size(); ++j) {
      if (m[i][j] != -m[j][i])
        return "not antisymmetric: " + at(i) + " and " + at(j);
      if ((all[i] == all[j]) != (m[i][j] == 0))
        return "== disagrees with <=>: " + at(i) + " and " + at(j);
      if (all[i] == all[j] && hash(all[i]) != hash(all[j]))
        return "equal values hash differently: " + at(i) + " and " + at(j);
      for (std::size_t k = 0; k < all.size(); ++k)
        if (m[i][j] <= 0 && m[j][k] <= 0 && m[i][k] != std::min(m[i][j], m[j][k]))
          return "not transitive: " + at(i) + ", " + at(j) + ", " + at(k);
    }
  return {};
}

} // namespace

static_assert(std::numeric_limits<long double>::digits >= 64, "the oracle needs 64-bit mantissas");

TEST_CASE("values sort by kind, then by content") {
  const value_list ascending = {nullptr,
                                false,
                                true,
                                -HUGE_VAL,
                                -1,
                                -1.0,
                                -0.5,
                                0,
                                0.0,
                                1,
                                1.0,
                                1.5,
                                2,
                                HUGE_VAL,
                                std::nan(""),
                                "",
                                "a",
                                std::string(14, 'a'),
                                std::string(15, 'a'),
                                "aaab",
                                "b",
                                "\x7f",
                                "\x80",
                                value::list({}),
                                value::list({nullptr}),
                                value::list({1}),
                                value::list({1, 0}),
                                value::list({1.0}),
                                value::list({2}),
                                value::tuple({}),
                                value::tuple({1}),
                                value::map({}),
                                value::map({{1, 1}}),
                                value::map({{1, 1}, {2, 0}}),
                                value::map({{1, 2}}),
                                value::map({{2, 0}})};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      CAPTURE(ascending[i]);
      CAPTURE(ascending[j]);
      CHECK((ascending[i] <=> ascending[j]) == (i <=> j));
      CHECK((ascending[i] < ascending[j]) == (i < j));
      CHECK((ascending[i] == ascending[j]) == (i == j));
    }
}

TEST_CASE("integers and doubles compare by exact value, an integer before an equal double") {
  const value_list numbers = values::interesting_numbers();
  for (const value& a : numbers)
    for (const value& b : numbers) {
      CAPTURE(a);
      CAPTURE(b);
      const int by_value = exact_sign(a, b);
      const int expected = by_value != 0 ? by_value : b.is_int() - a.is_int();
      CHECK(sign(a <=> b) == expected);
      CHECK((a == b) == (expected == 0));
    }
}

TEST_CASE("compare_numeric counts an integer and an equal double as equal and NaN as unordered") {
  for (const value& a : values::interesting_numbers())
    for (const value& b : values::interesting_numbers()) {
      CAPTURE(a);
      CAPTURE(b);
      const bool nan
        = (a.is_real() && std::isnan(a.as_real())) || (b.is_real() && std::isnan(b.as_real()));
      const auto c = compare_numeric(a, b);
      if (nan)
        CHECK(c == std::partial_ordering::unordered);
      else
        CHECK(c == (exact_sign(a, b) <=> 0));
    }
  CHECK(compare_numeric(1, "a") == std::partial_ordering::less);
  CHECK(compare_numeric(std::nan(""), "a") == std::partial_ordering::less);
  CHECK(compare_numeric("b", "a") == std::partial_ordering::greater);
  CHECK(compare_numeric(value::list({1}), value::list({1.0})) == std::partial_ordering::less);
  CHECK(compare_numeric(nullptr, nullptr) == std::partial_ordering::equivalent);
}

TEST_CASE("the order of the interesting values is total and agrees with == and hash") {
  value_list all = values::interesting();
  const std::size_t n = all.size();
  for (std::size_t i = 0; i < n; ++i)
    all.push_back(values::rebuilt(all[i])); // each once more, sharing nothing
  CHECK(order_violation(all) == "");
}

TEST_CASE("the order of random nested values is total and agrees with == and hash") {
  const auto seed = workload::seed(20'240'917);
  CAPTURE(seed);
  workload::dice dice{seed};
  for (std::size_t round = 0; round < workload::scaled(300); ++round) {
    value_list all;
    for (int i = 0; i < 40; ++i)
      all.push_back(values::random_value(dice));
    REQUIRE(order_violation(all) == "");
  }
}

TEST_CASE("a rebuilt value equals the first and has its hash, and a changed one does not") {
  const auto seed = workload::seed(4);
  CAPTURE(seed);
  workload::dice dice{seed};
  std::size_t different_hashes = 0;
  constexpr std::size_t n = 20'000;
  for (std::size_t i = 0; i < n; ++i) {
    const value x = values::random_value(dice, 4);
    const value twin = values::rebuilt(x);
    REQUIRE(x == twin);
    REQUIRE(hash(x) == hash(twin));
    REQUIRE((x <=> twin) == 0);
    const value other = value::list({x, static_cast<std::int64_t>(i)});
    REQUIRE(other != value::list({x, static_cast<std::int64_t>(i) + 1}));
    different_hashes += hash(other) != hash(value::list({x, static_cast<std::int64_t>(i) + 1}));
  }
  CHECK(different_hashes == n);
}
