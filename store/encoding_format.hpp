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
// Operation    [number, kind of space, name of space, fields …]
//    0 put               row, ttl_ms
//    1 put_many          [row, …], ttl_ms
//    2 insert_new        row, ttl_ms
//    3 remove            key
//    4 take              key
//    5 update_element    key, [position, value, position, value, …]
//    6 update_counter    key, position, step, optional row, ttl_ms
//    7 compare_exchange  key, optional expected row, optional desired row, ttl_ms
//    8 expire            key, ttl_ms
//    9 remove_match      pattern
//   10 clear
//   11 push              [value, …]
//   12 pop               count
//   13 drain
//   14 exchange          row, only if there
//   15 restore           [row, ttl_ms, row, ttl_ms, …], behind
//   16 extend            [value, …], behind
//   17 wipe
// Kinds of spaces are the numbers of `space_kind`.
namespace supercache::detail {

inline constexpr std::int8_t tuple_ext = 1;

enum class op_code : std::uint8_t {
  put = 0,
  put_many = 1,
  insert_new = 2,
  remove = 3,
  take = 4,
  update_element = 5,
  update_counter = 6,
  compare_exchange = 7,
  expire = 8,
  remove_match = 9,
  clear = 10,
  push = 11,
  pop = 12,
  drain = 13,
  exchange = 14,
  restore = 15,
  extend = 16,
  wipe = 17,
};
/// Number, kind of space, name of space.
inline constexpr std::size_t op_head_fields = 3;

inline constexpr auto last_term = term::what::list;
inline constexpr auto last_guard = guard::op::is_map;
inline constexpr auto last_space = space_kind::structs;

// These enums are written as they are.
static_assert(static_cast<int>(term::what::literal) == 0 && static_cast<int>(last_term) == 4);
static_assert(static_cast<int>(guard::op::literal) == 0 && static_cast<int>(guard::op::both) == 8
              && static_cast<int>(guard::op::is_nil) == 11 && static_cast<int>(last_guard) == 19);
static_assert(std::variant_size_v<operation_body> == 18, "number the new operation above");

} // namespace supercache::detail
