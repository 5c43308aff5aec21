#pragma once

#include <cstdint>
#include <deque>
#include <istream>
#include <string>

namespace supercache::app {

/// Lines of a stream, numbered from 1, that can be given back.
class line_source {
public:
  explicit line_source(std::istream& in) : in_(in) {}

  /// The next line without its `\n`; false at the end.
  bool next(std::string& line);
  /// Makes `lines`, which were the last ones given, the next ones.
  void give_back(std::deque<std::string> lines);
  /// Of the line given last.
  std::size_t number() const noexcept { return number_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

private:
  std::istream& in_;
  std::deque<std::string> again_;
  std::size_t number_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace supercache::app
