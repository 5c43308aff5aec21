#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace supercache::app {

/// The progress of some work, in less than `columns`: what does not fit is left out, the rates
/// first. `byte_rate` is the rate in bytes, as a text, or empty. `share` is the done part of all
/// work; negative: unknown.
std::string progress_line(const std::string& what, std::uint64_t rows, double share, double seconds,
                          std::size_t columns, const std::string& byte_rate = {});

/// A line on standard error with the progress of long work, if that is a terminal.
class progress {
public:
  /// `total` is in bytes; 0 when it is unknown.
  progress(std::string what, std::uint64_t total);
  ~progress() { clear(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Redraws at most ten times a second.
  void update(std::uint64_t rows, std::uint64_t bytes);
  /// The same where `share` is the done part of all work, from 0 to 1, and `bytes` the amount
  /// moved.
  void update_share(std::uint64_t rows, std::uint64_t bytes, double share);
  /// Clears the line, for other output.
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
