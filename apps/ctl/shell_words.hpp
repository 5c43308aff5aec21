#pragma once

#include <supercache/store/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace supercache::app {

struct shell_word {
  std::string text;
  bool in_quotes = false; ///< the whole word was in double quotes: a string, and not an option
  bool operator==(const shell_word&) const = default;
};

/// The words of a line. Blanks separate them, '…' and \ quote as in a POSIX shell, and # ends the
/// line; nothing is expanded. Printed values can be typed: a word that begins with { or [ extends
/// to its closing bracket, whatever is between, and "…" is a string with the escapes of text.hpp.
/// Errors: `invalid_argument`.
result<std::vector<shell_word>> shell_words(std::string_view line);

} // namespace supercache::app
