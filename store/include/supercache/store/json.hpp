#pragma once

#include <supercache/store/pattern.hpp>
#include <supercache/store/record.hpp>

#include <string>
#include <string_view>

/// Values as JSON and back, without loss: what JSON has no form for is written as an object with
/// one key that begins with `$`:
///
///     tuple                        {"$tuple": [1, 2]}
///     map with a key that is not a UTF-8 string, or whose only key begins with `$`
///                                  {"$map": [[key, value], …]}
///     string that is not UTF-8     {"$bytes": "base64"}
///     NaN, ±infinity               {"$double": "nan"}   ("inf", "-inf")
///
/// An integer too large for 64 bits signed is refused: with a point or an exponent it is a double.
/// Of equal keys the last wins. Any other object whose only key begins with `$` is refused.
/// Thread: any.
namespace supercache {

/// In strings, characters that a terminal would obey are written as escapes; see `printable`.
std::string to_json(const value& x);
/// A record as a JSON array.
std::string to_json(const record& x);

/// Errors: `malformed` with a sentence that names the place and what is wrong; `too_large` when
/// nested deeper than `max_depth`, whatever the depth, and for an integer that does not fit.
result<value> value_from_json(std::string_view text);
/// Expects an array with at least one element.
result<record> record_from_json(std::string_view text);
/// A pattern as JSON: an array in which the string "_" is `any`, "$1" … "$64" bind, an array is a
/// list, {"$tuple": […]} a tuple of terms, {"$lit": x} the literal x whatever it looks like, and
/// all else is literal. `guard_text`, if not empty, is prefix notation:
/// ["and", [">=", "$1", 10], ["is_string", "$2"]], with the operators == /= < =< > >= and or not
/// is_nil is_bool is_integer is_double is_number is_string is_list is_tuple is_map; a list in it is
/// written {"$lit": […]}. Whether the pattern makes sense is for `compiled_pattern` to say.
/// Errors: as above; a `$` with a number outside 1 … 64 is refused.
result<pattern> pattern_from_json(std::string_view terms, std::string_view guard_text = {});

} // namespace supercache
