#pragma once

#include <supercache/store/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace supercache::app {

/// The words of a line, as a POSIX shell splits them: blanks separate, '…' and "…" and \ quote.
/// Nothing is expanded; a word that begins with # ends the line. Errors: `invalid_argument`.
result<std::vector<std::string>> shell_words(std::string_view line);

} // namespace supercache::app
