#pragma once

#include <cstdint>
#include <deque>
#include <istream>
#include <string>
#include <string_view>

namespace supercache::app {

/// Lines of a stream, numbered from 1, that can be given back.
class line_source {
public:
  /// A line is no longer than this: a file without ends of lines must not fill memory.
  static constexpr std::size_t max_line = std::size_t{2} << 30;

  explicit line_source(std::istream& in) : in_(in) {}

  /// How the stream begins: up to 64 KiB of it, which are not taken. For `why_no_text`.
  std::string_view beginning();
  /// The next line without its `\n`; false at the end. Throws `error` for one that is too long.
  bool next(std::string& line);
  /// Makes `lines`, which were the last ones given, the next ones.
  void give_back(std::deque<std::string> lines);
  /// Of the line given last.
  std::size_t number() const noexcept { return number_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

private:
  bool fill();

  std::istream& in_;
  std::string block_;  ///< read, from `at_` on not given yet
  std::size_t at_ = 0; ///< in `block_`
  std::deque<std::string> again_;
  std::size_t number_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Why what begins like this is no text that has one byte per ASCII character; empty if it may be
/// one. `separator`: what stands between fields, whatever characters those are.
std::string why_no_text(std::string_view beginning, std::string_view separator);

} // namespace supercache::app
