#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace supercache::app {

/// How far work has come, in less than `columns`: what does not fit is left out, the rates first.
/// `byte_rate` is how fast bytes go, in words, if that is to be said, too. `share` is of all that
/// is to be done; negative: nobody knows.
std::string progress_line(const std::string& what, std::uint64_t rows, double share, double seconds,
                          std::size_t columns, const std::string& byte_rate = {});

/// A line on standard error that tells how far long work has come, if that is a terminal.
class progress {
public:
  /// `total` is in bytes; 0 when nobody knows.
  progress(std::string what, std::uint64_t total);
  ~progress() { clear(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Redraws at most ten times a second.
  void update(std::uint64_t rows, std::uint64_t bytes);
  /// The same where `share` tells how much of all is done, from 0 to 1, and `bytes` how much was
  /// moved.
  void update_share(std::uint64_t rows, std::uint64_t bytes, double share);
  /// Wipes the line, for other output.
  void clear();
  double seconds() const;

private:
  void draw(std::uint64_t rows, double share, const std::string& byte_rate);
  using clock = std::chrono::steady_clock;
  std::string what_;
  std::uint64_t total_;
  bool visible_;
  bool drawn_ = false;
  clock::time_point start_ = clock::now(), last_ = start_;
};

} // namespace supercache::app
