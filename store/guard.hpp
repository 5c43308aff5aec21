#pragma once

#include <supercache/store/pattern.hpp>

#include <array>
#include <cstdint>
#include <span>

/// The meaning of guards; internal to pattern.cpp.
namespace supercache::detail {

inline constexpr std::uint32_t max_binds = 64;
/// What each variable is bound to, by its number; nullptr = not bound.
using slots = std::array<const value*, max_binds + 1>;

inline bool is_comparison(guard::op x) noexcept { return x >= guard::op::eq && x <= guard::op::ge; }
inline bool is_type_test(guard::op x) noexcept { return x >= guard::op::is_nil; }

/// @pre `g` was checked, and every variable it names is bound.
bool holds(const guard& g, const slots& bound) noexcept;

/// The range outside of which `$n` cannot satisfy `g`.
key_range range_of(const guard& g, std::uint32_t n);

/// Whether comparisons and type tests that must all hold exclude each other for one of the
/// variables `numbers`. Finds the common mistakes, not every contradiction.
bool never_holds(const guard& g, std::span<const std::uint32_t> numbers);

} // namespace supercache::detail
