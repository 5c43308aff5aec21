#include "table.hpp"

#include <supercache/store/text.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace supercache::app {

namespace {

/// Columns on a terminal, approximately: code points.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
    std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string fixed(double x, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << x;
  return out.str();
}

} // namespace

void table_text::add(std::vector<std::string> cells) {
  std::ranges::transform(cells, cells.begin(), printable);
  rows_.push_back(std::move(cells));
}

void table_text::print(std::ostream& out, heading with) const {
  std::vector<std::size_t> widths;
  for (const column& c : columns_)
    widths.push_back(width(c.title));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));

  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string pad(widths[i] - width(cell), ' ');
      text += i ? "  " : "";
      text += columns_[i].align == side::left ? cell + pad : pad + cell;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  };
  if (with == heading::yes)
    line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_)
    line([&](std::size_t i) -> const std::string& { return row[i]; });
}

std::string bytes_text(double bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t u = 0;
  for (; bytes >= 1024 && u + 1 < units.size(); ++u)
    bytes /= 1024;
  return fixed(bytes, u ? 1 : 0) + ' ' + units[u];
}

std::string rate_text(std::uint64_t bytes, double seconds) {
  return fixed(static_cast<double>(bytes) / std::max(seconds, 1e-3) / 1e6, 1) + " MB/s";
}

std::string time_text(double ns) {
  if (ns < 1000)
    return fixed(ns, 0) + " ns";
  if (ns < 1e6)
    return fixed(ns / 1e3, 1) + " us";
  return ns < 1e9 ? fixed(ns / 1e6, 1) + " ms" : fixed(ns / 1e9, 2) + " s";
}

std::string count_text(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3; at -= 3)
    text.insert(at - 3, 1, ' ');
  return text;
}

std::string amount_text(std::uint64_t n, const char* one, const char* many) {
  return count_text(n) + ' ' + (n == 1 ? one : many);
}

} // namespace supercache::app
