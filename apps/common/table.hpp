#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace supercache::app {

/// Rows of text under a heading, printed with aligned columns, controls escaped.
class table_text {
public:
  enum class side { left, right };
  struct column {
    std::string title;
    side align = side::left;
  };
  explicit table_text(std::vector<column> columns) : columns_(std::move(columns)) {}
  /// @pre as many cells as columns
  void add(std::vector<std::string> cells);
  enum class heading { yes, no };
  void print(std::ostream& out, heading with = heading::yes) const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `12.3 MiB`, `45.1 us`, `1 234 567`, `12.3 MB/s`.
std::string bytes_text(double bytes);
std::string rate_text(std::uint64_t bytes, double seconds);
std::string time_text(double ns);
std::string count_text(std::uint64_t n);
/// `1 row`, `1 234 rows`.
std::string amount_text(std::uint64_t n, const char* one, const char* many);

} // namespace supercache::app
