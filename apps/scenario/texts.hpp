#pragma once

#include <string>
#include <string_view>

namespace supercache::app {

/// Appends a word to a list.
inline void append_listed(std::string& to, std::string_view word, std::string_view between = ", ") {
  if (!to.empty())
    to += between;
  to += word;
}

template <class Words>
std::string joined(const Words& words, std::string_view between = ", ") {
  std::string out;
  for (const auto& word : words)
    append_listed(out, word, between);
  return out;
}

} // namespace supercache::app
