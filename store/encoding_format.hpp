#pragma once

#include <supercache/store/operation.hpp>

#include <cstdint>

// The encoding, for the writer (encoding.cpp) and the reader (decoding.cpp). It is stored on disk
// and sent on the wire: numbers never change, new kinds get new numbers.
//
// Values
//   nil, bool      nil, bool
//   integer        the shortest of fixint, int 8 … 64 and uint 8 … 64; positive ones as uint
//   double         float 64; NaN is 7ff8000000000000, zero is never negative
//   string         str, or bin when it is not UTF-8
//   list           array
//   tuple          ext type 1, shortest form: its body is one array
//   map            map, keys in ascending order, none twice
// Sizes are in their shortest form. So equal values have equal encodings. Readers also take
// longer forms, float 32, -0.0, any NaN, and maps in any order, the last of equal keys winning.
//
// Record       array of its elements. Its deadline is not part of it.
// Optional     nil, or the record
//
// Pattern      [terms]  or  [terms, guard]; terms is an array of
//   [0, value]     literal                    [3, term, …]   tuple of these
//   [1]            any                        [4, term, …]   list of these
//   [2, number]    bind
// Guard
//   [0, value]     literal                    [10, a]        not
//   [1, number]    variable                   [11, a]        is_nil
//   [2, a, b]      ==                         [12, a]        is_bool
//   [3, a, b]      !=                         [13, a]        is_integer
//   [4, a, b]      <                          [14, a]        is_real
//   [5, a, b]      <=                         [15, a]        is_number
//   [6, a, b]      >                          [16, a]        is_string
//   [7, a, b]      >=                         [17, a]        is_list
//   [8, a, …]      and                        [18, a]        is_tuple
//   [9, a, …]      or                         [19, a]        is_map
//   (how many operands a guard has is for compiled_pattern to check)
//
// Operation    [code, kind of space, name of space, fields …]
// Code and fields are those that the operation describes (operation.hpp), each field as its type:
//   bool, integers, value, record, optional, pattern   as above
//   vector      array; of pairs and rows with a time to live, all their fields in one array
// Kinds of spaces are the numbers of `space_kind`.
namespace supercache::detail {

inline constexpr std::int8_t tuple_ext = 1;

/// Code, kind of space, name of space.
inline constexpr std::size_t op_head_fields = 3;

/// How many items of an array one `T` takes.
template <class T>
inline constexpr std::size_t items_in_array = 1;
template <described T>
inline constexpr std::size_t items_in_array<T> = field_count<T>;
template <class A, class B>
inline constexpr std::size_t items_in_array<std::pair<A, B>> = 2;

inline constexpr auto last_term = term::what::list;
inline constexpr auto last_guard = guard::op::is_map;
inline constexpr auto last_space = space_kind::structs;

// These enums are written as they are.
static_assert(static_cast<int>(term::what::literal) == 0 && static_cast<int>(last_term) == 4);
static_assert(static_cast<int>(guard::op::literal) == 0 && static_cast<int>(guard::op::both) == 8
              && static_cast<int>(guard::op::is_nil) == 11 && static_cast<int>(last_guard) == 19);

} // namespace supercache::detail
