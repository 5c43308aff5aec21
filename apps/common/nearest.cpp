#include "nearest.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace supercache::app {

namespace {

std::size_t distance(std::string_view a, std::string_view b) { // Levenshtein
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

} // namespace

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  const auto nearest
    = std::ranges::min_element(known, {}, [&](const auto& k) { return distance(k, word); });
  if (nearest == known.end()
      || distance(*nearest, word) > std::max<std::size_t>(2, word.size() / 3))
    return {};
  return "; did you mean '" + *nearest + "'?";
}

} // namespace supercache::app
