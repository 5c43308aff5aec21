#include "lines.hpp"

#include <iterator>

namespace supercache::app {

bool line_source::next(std::string& line) {
  if (!again_.empty()) {
    line = std::move(again_.front());
    again_.pop_front();
  } else if (std::getline(in_, line)) {
    bytes_ += line.size() + 1;
    if (bytes_ == line.size() + 1 && line.starts_with("\xef\xbb\xbf")) // a byte order mark
      line.erase(0, 3);
  } else {
    return false;
  }
  ++number_;
  return true;
}

void line_source::give_back(std::deque<std::string> lines) {
  number_ -= lines.size();
  again_.insert(again_.begin(), std::make_move_iterator(lines.begin()),
                std::make_move_iterator(lines.end()));
}

} // namespace supercache::app
