#pragma once

#include <supercache/store/abi.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace supercache::detail {

/// The number of typing errors: letters left out, added, replaced, or two of them swapped.
inline std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> older(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    older.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], older[j - 2] + 1);
    }
  }
  return row.back();
}

/// A word in the form for comparison: an option without the dashes, in lower case.
inline std::string bare_word(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
  std::string out{word};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// Whether one word is likely a typing error for the other: one error per four letters; in words of
/// up to three letters, where an error soon makes another word, only a wrong order of the letters.
inline bool is_near(std::string_view known, std::string_view word) {
  std::string a = bare_word(known), b = bare_word(word);
  const auto d = distance(a, b);
  const auto longest = std::max(a.size(), b.size());
  if (d == 0 || longest >= 4)
    return d <= std::min<std::size_t>(3, longest / 4);
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

/// The one of `known` that `word` most likely means, or nullptr.
inline const std::string* nearest(std::string_view word, const std::vector<std::string>& known) {
  const auto at = std::ranges::min_element(
    known, {}, [&, b = bare_word(word)](const auto& k) { return distance(bare_word(k), b); });
  return at != known.end() && is_near(*at, word) ? &*at : nullptr;
}

} // namespace supercache::detail
