#pragma once

#include <cstdint>
#include <deque>
#include <istream>
#include <string>
#include <string_view>

namespace supercache::app {

/// Numbered lines of a stream, from 1, that can be given back.
class line_source {
public:
  /// The longest line: a file without ends of lines must not fill memory.
  static constexpr std::size_t max_line = std::size_t{2} << 30;

  explicit line_source(std::istream& in) : in_(in) {}

  /// The beginning of the stream: up to 64 KiB, which stay in it. For `why_no_text`.
  std::string_view beginning();
  /// The next line without its `\n`; false at the end. Throws `error` for a line that is too long.
  bool next(std::string& line);
  /// Makes `lines`, which were the last ones returned, the next ones.
  void give_back(std::deque<std::string> lines);
  /// The number of the line returned last.
  std::size_t number() const noexcept { return number_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

private:
  bool fill();

  std::istream& in_;
  std::string block_;  ///< read, not yet returned from `at_` on
  std::size_t at_ = 0; ///< in `block_`
  std::deque<std::string> again_;
  std::size_t number_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Why data that begins like this is not text with one byte per ASCII character; empty if it may
/// be. `separator`: what stands between fields; it may have any characters.
std::string why_no_text(std::string_view beginning, std::string_view separator);

} // namespace supercache::app
