#include "progress.hpp"

#include "table.hpp"

#include <algorithm>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace supercache::app {

using namespace std::chrono_literals;

std::string progress_line(const std::string& what, std::uint64_t rows, double share, double seconds,
                          std::size_t columns, const std::string& byte_rate) {
  // The last column stays free: a terminal may begin a new line after it.
  const std::size_t room = std::max<std::size_t>(columns, 2) - 1;
  std::string line = what;
  const auto add = [&](const std::string& part) {
    if (line.size() + part.size() <= room)
      line += part;
  };
  const std::string amount
    = share < 0 ? "" : ' ' + std::to_string(static_cast<int>(share * 100)) + " %";
  const std::string count = "  " + amount_text(rows, "row", "rows");
  const std::string rate
    = ", "
      + count_text(static_cast<std::uint64_t>(static_cast<double>(rows) / std::max(seconds, 1e-3)))
      + " per second";
  // The bar takes what the figures leave.
  constexpr std::size_t widest = 30, narrowest = 5, brackets = 3;
  const std::size_t figures
    = line.size() + amount.size() + count.size() + rate.size() + byte_rate.size() + brackets;
  if (const auto width = room > figures ? std::min(widest, room - figures) : 0;
      share >= 0 && width >= narrowest) {
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    line += " [" + std::string(filled, '#') + std::string(width - filled, '.') + ']';
  }
  add(amount);
  add(count);
  add(rate);
  add(byte_rate);
  return line.substr(0, room);
}

namespace {

/// Of the terminal at this moment.
std::size_t columns() {
  constexpr std::size_t usual = 80;
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

} // namespace

progress::progress(std::string what, std::uint64_t total)
  : what_(std::move(what)), total_(total), visible_(::isatty(STDERR_FILENO) == 1) {}

double progress::seconds() const {
  return std::chrono::duration<double>(clock::now() - start_).count();
}

void progress::update(std::uint64_t rows, std::uint64_t bytes) {
  const double share
    = total_ > 0 ? std::min(1.0, static_cast<double>(bytes) / static_cast<double>(total_)) : -1;
  draw(rows, share, {});
}

void progress::update_share(std::uint64_t rows, std::uint64_t bytes, double share) {
  draw(rows, share, ", " + rate_text(bytes, seconds()));
}

void progress::draw(std::uint64_t rows, double share, const std::string& byte_rate) {
  if (!visible_ || clock::now() - last_ < 100ms)
    return;
  last_ = clock::now();
  std::fputs(
    ('\r' + progress_line(what_, rows, share, seconds(), columns(), byte_rate) + "\x1b[K").c_str(),
    stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void progress::clear() {
  if (std::exchange(drawn_, false))
    std::fputs("\r\x1b[K", stderr);
}

} // namespace supercache::app
