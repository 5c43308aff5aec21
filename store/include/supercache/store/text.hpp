#pragma once

#include <supercache/store/result.hpp>
#include <supercache/store/value.hpp>

#include <string>
#include <string_view>

/// The notation in which people read and type values: `to_string(value)`, and back without loss. It
/// is JSON and more:
///
///     nil                          nil, or null
///     integer, double              1, 1.0, 1e+300; inf, -inf, nan
///     string                       "a\n\u0007\xff": \xNN is a byte, where it is not UTF-8
///     list                         [1, "a"]
///     tuple                        {1, "a"}; the empty one {"$tuple": []}
///     map                          {"a": 1, 2: nil}; {} is the empty one
///
/// A map whose only key begins with `$` is written {"$map": [["$a", 1]]}, as the forms of json.hpp
/// are read, too. A key may occur only once. Thread: any.
namespace supercache::inline SUPERCACHE_ABI {

/// Errors: `malformed` with a sentence that names the place and what is wrong; `too_large` when
/// nested deeper than `max_depth`, and for a number that does not fit. Cost: O(size).
result<value> value_from_text(std::string_view text);

/// Whether `text` is valid UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
/// Cost: O(size), eight bytes a step where they are ASCII.
bool is_utf8(std::string_view text) noexcept;

/// `text` in a form that a terminal shows and does not obey: controls, line ends and marks of
/// direction are written \n or \u202e, bytes that are not UTF-8 \xff. Everything else is unchanged,
/// so printable text stays as it is.
std::string printable(std::string_view text);

} // namespace supercache::inline SUPERCACHE_ABI
