#include "shell_words.hpp"

namespace supercache::app {

namespace {

/// Reads up to the closing `quote`; false when there is none.
bool read_quoted(std::string_view line, std::size_t& i, std::string& word) {
  const char quote = line[i];
  for (++i; i < line.size() && line[i] != quote; ++i) {
    const bool escapes = quote == '"' && line[i] == '\\' && i + 1 < line.size()
                         && (line[i + 1] == '"' || line[i + 1] == '\\');
    word += line[escapes ? ++i : i];
  }
  return i < line.size();
}

} // namespace

result<std::vector<std::string>> shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == ' ' || c == '\t' || c == '\r') {
      if (in_word)
        words.push_back(std::move(word));
      word.clear();
      in_word = false;
      continue;
    }
    if (c == '#' && !in_word)
      break;
    in_word = true;
    if (c == '\\' && i + 1 < line.size())
      word += line[++i];
    else if (c != '\'' && c != '"')
      word += c;
    else if (!read_quoted(line, i, word))
      return {errc::invalid_argument, std::string{"the quote "} + c + " is never closed"};
  }
  if (in_word)
    words.push_back(std::move(word));
  return words;
}

} // namespace supercache::app
