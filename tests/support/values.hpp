#pragma once

#include "support/workload.hpp"

#include <supercache/store/record.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

/// Values for tests: one of every special case, and random ones that often collide.
namespace values {

using supercache::value;
using supercache::value_list;

inline value_list interesting_numbers() {
  constexpr auto int_min = std::numeric_limits<std::int64_t>::min();
  constexpr auto int_max = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t two_53 = std::int64_t{1} << 53;
  constexpr double two_63 = 9223372036854775808.0;
  value_list out = {0.0,
                    0.5,
                    -0.5,
                    1.5,
                    -1.5,
                    HUGE_VAL,
                    -HUGE_VAL,
                    std::nan(""),
                    5e-324,
                    -5e-324,
                    1e300,
                    -1e300,
                    9.2e18,
                    9.21e18,
                    -9.21e18,
                    two_63,
                    -two_63,
                    std::nextafter(two_63, 0.0),
                    std::nextafter(two_63, HUGE_VAL),
                    std::nextafter(-two_63, 0.0),
                    std::nextafter(-two_63, -HUGE_VAL),
                    std::int64_t{9'200'000'000'000'000'000},
                    std::int64_t{9'210'000'000'000'000'000},
                    int_max - 1023,
                    int_max - 1,
                    int_max,
                    int_min,
                    int_min + 1,
                    int_min + 1024};
  for (const std::int64_t x : {std::int64_t{-2}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
                               std::int64_t{2}, two_53 - 1, two_53, two_53 + 1, two_53 + 2}) {
    out.emplace_back(x);
    out.emplace_back(-x);
    out.emplace_back(static_cast<double>(x));
    out.emplace_back(-static_cast<double>(x));
  }
  return out;
}

/// Scalars, strings of every length class, and flat and nested composites of them.
inline value_list interesting() {
  value_list out = interesting_numbers();
  for (const value& x : value_list{nullptr, false, true, "", "a", "b", "\xff", "ab", "abc"})
    out.push_back(x);
  for (const std::size_t n : {13, 14, 15, 16, 40})
    for (const char last : {'a', 'b'})
      out.emplace_back(std::string(n - 1, 'a') + last);
  const value_list parts = {nullptr,
                            1,
                            1.0,
                            "a",
                            std::string(15, 'a'),
                            value::list({}),
                            value::tuple({1}),
                            value::map({{1, 2}})};
  for (const value& x : parts) {
    out.push_back(value::list({x}));
    out.push_back(value::tuple({x}));
    out.push_back(value::map({{x, 1}}));
    out.push_back(value::map({{1, x}}));
    out.push_back(value::list({1, x}));
    out.push_back(value::tuple({x, 1}));
  }
  for (const value& x : {value::list({}), value::tuple({}), value::map({})})
    out.push_back(x);
  return out;
}

/// A value of up to `depth` levels from so few that equal ones are common.
inline value random_value(workload::dice& d, unsigned depth = 3) {
  if (depth > 0 && d.chance(40)) {
    value_list items;
    for (std::size_t n = d.below(3); n > 0; --n)
      items.push_back(random_value(d, depth - 1));
    switch (d.below(3)) {
      case 0: return value::list(items);
      case 1: return value::tuple(items);
      default: {
        std::vector<std::pair<value, value>> pairs;
        for (const value& x : items)
          pairs.emplace_back(x, random_value(d, depth - 1));
        return value::map(std::move(pairs));
      }
    }
  }
  switch (d.below(6)) {
    case 0: return nullptr;
    case 1: return d.chance(50);
    case 2: return static_cast<std::int64_t>(d.below(3)) - 1;
    case 3: return static_cast<double>(d.below(5)) / 2 - 1;
    case 4: return std::string(d.below(3), 'x');
    default: return std::string(14 + d.below(3), 'x');
  }
}

/// An equal value that shares no memory with `x`.
inline value rebuilt(const value& x) {
  if (x.is_string())
    return value{std::string{x.as_string()}};
  if (!x.is_list() && !x.is_tuple() && !x.is_map())
    return x;
  value_list items;
  for (const value& y : x.items())
    items.push_back(rebuilt(y));
  if (x.is_list())
    return value::list(items);
  if (x.is_tuple())
    return value::tuple(items);
  std::vector<std::pair<value, value>> pairs;
  for (std::size_t i = items.size(); i > 0; i -= 2) // from the last: must be sorted again
    pairs.emplace_back(items[i - 2], items[i - 1]);
  return value::map(std::move(pairs));
}

} // namespace values
