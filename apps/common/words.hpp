#pragma once

#include <supercache/store/value.hpp>

#include <string>

namespace supercache::app {

/// How a person types values.
enum class typed_in { command_line, shell };

/// A value that a person typed. A word that begins as a value is one, as text.hpp describes it:
/// with a bracket, a brace or a quote; words for nil, true and false; whatever looks like a number.
/// Every other word is a string. With `plain`, all words are.
///
/// Throws `usage_error` for a word that begins as a value but is not one, saying how to type it as
/// a string; and for a word that is not UTF-8.
value value_from_word(const std::string& word, bool plain, typed_in where);

/// Whether the person, or most readers, would call this word a number: also 01, +1, .5, 0x10, 1_000
/// and Infinity, which are not values.
bool looks_like_number(std::string_view word);

} // namespace supercache::app
