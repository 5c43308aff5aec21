#pragma once

#include <supercache/store/value.hpp>

#include <string>

namespace supercache::app {

/// How a person types values.
enum class typed_in { command_line, shell };

/// A value that a person typed. What begins as one does is one, as text.hpp describes it: with a
/// bracket, a brace or a quote; words for nil, true and false; whatever looks like a number. All
/// else is a string. With `plain`, everything is.
///
/// Throws `usage_error` when it begins as a value and is none, saying how it is written as a
/// string; and for what is no UTF-8.
value value_from_word(const std::string& word, bool plain, typed_in where);

/// Whether a person who types this means a number, or most people would think so: also 01, +1, .5,
/// 0x10, 1_000 and Infinity, which are no values.
bool looks_like_number(std::string_view word);

} // namespace supercache::app
