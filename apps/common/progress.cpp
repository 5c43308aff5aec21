#include "progress.hpp"

#include "table.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace supercache::app {

using namespace std::chrono_literals;

progress::progress(std::string what, std::uint64_t total)
  : what_(std::move(what)), total_(total), visible_(::isatty(STDERR_FILENO) == 1) {}

double progress::seconds() const {
  return std::chrono::duration<double>(clock::now() - start_).count();
}

void progress::update(std::uint64_t rows, std::uint64_t bytes) {
  if (!visible_ || clock::now() - last_ < 100ms)
    return;
  last_ = clock::now();
  constexpr std::size_t width = 30;
  std::string line = "\r" + what_;
  if (total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * width);
    line += " [" + std::string(filled, '#') + std::string(width - filled, '.') + "] "
            + std::to_string(static_cast<int>(share * 100)) + " %";
  }
  const auto rate
    = static_cast<std::uint64_t>(static_cast<double>(rows) / std::max(seconds(), 1e-3));
  line += "  " + count_text(rows) + " rows, " + count_text(rate) + " per second";
  std::fputs((line + "\x1b[K").c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void progress::clear() {
  if (std::exchange(drawn_, false))
    std::fputs("\r\x1b[K", stderr);
}

} // namespace supercache::app
