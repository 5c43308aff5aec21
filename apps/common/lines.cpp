#include "lines.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace supercache::app {

namespace {
constexpr std::size_t block_bytes = 64 * 1024;
}

/// Reads more; false at the end.
bool line_source::fill() {
  block_.erase(0, at_);
  at_ = 0;
  const std::size_t before = block_.size();
  block_.resize(before + block_bytes);
  in_.read(block_.data() + before, block_bytes);
  block_.resize(before + static_cast<std::size_t>(in_.gcount()));
  return block_.size() > before;
}

std::string_view line_source::beginning() {
  if (block_.empty())
    fill();
  return std::string_view{block_}.substr(at_);
}

bool line_source::next(std::string& line) {
  if (!again_.empty()) {
    line = std::move(again_.front());
    again_.pop_front();
    ++number_;
    return true;
  }
  std::size_t end = block_.find('\n', at_);
  while (end == std::string::npos) {
    const std::size_t seen = block_.size() - at_;
    if (seen > max_line)
      throw error(errc::too_large, "line " + std::to_string(number_ + 1) + " is longer than "
                                     + std::to_string(max_line) + " bytes");
    if (!fill()) {
      if (block_.empty())
        return false;
      end = block_.size();
      break;
    }
    end = block_.find('\n', seen);
  }
  line.assign(block_, at_, end - at_);
  at_ = std::min(end + 1, block_.size());
  const bool first = bytes_ == 0;
  bytes_ += line.size() + 1;
  if (first && line.starts_with("\xef\xbb\xbf")) // a byte order mark
    line.erase(0, 3);
  ++number_;
  return true;
}

void line_source::give_back(std::deque<std::string> lines) {
  number_ -= lines.size();
  again_.insert(again_.begin(), std::make_move_iterator(lines.begin()),
                std::make_move_iterator(lines.end()));
}

namespace {

using namespace std::string_view_literals;

/// What files of other kinds begin with.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> magic{{
  {"\x1f\x8b"sv, "it is compressed by gzip; gunzip makes it text"},
  {"\x28\xb5\x2f\xfd"sv, "it is compressed by zstd; unzstd makes it text"},
  {"\xfd\x37zXZ\x00"sv, "it is compressed by xz; unxz makes it text"},
  {"BZh"sv, "it is compressed by bzip2; bunzip2 makes it text"},
  {"PK\x03\x04"sv, "it is a ZIP archive, or a spreadsheet, which is one"},
  {"SQLite format 3"sv, "it is a database"},
}};

/// Whether every other byte of most characters is 0, as in western texts in UTF-16.
bool looks_like_utf_16(std::string_view text) {
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    (i % 2 ? odd : even) += text[i] == '\0';
  const std::size_t characters = text.size() / 2;
  return (std::max(even, odd) > characters * 3 / 4) && std::min(even, odd) <= characters / 8;
}

bool is_control(char c, std::string_view separator) {
  return static_cast<unsigned char>(c) < 0x20 && "\t\n\v\f\r"sv.find(c) == std::string_view::npos
         && separator.find(c) == std::string_view::npos;
}

} // namespace

std::string why_no_text(std::string_view beginning, std::string_view separator) {
  const auto convert = [](const std::string& from) {
    return "it is in " + from + "; `iconv -f " + from + " -t UTF-8` makes it readable";
  };
  if (beginning.starts_with("\xff\xfe\0\0"sv) || beginning.starts_with("\0\0\xfe\xff"sv))
    return convert("UTF-32");
  if (beginning.starts_with("\xff\xfe"sv) || beginning.starts_with("\xfe\xff"sv)
      || (beginning.size() > 1 && looks_like_utf_16(beginning)))
    return convert("UTF-16");
  for (const auto& [begin, what] : magic)
    if (beginning.starts_with(begin)
        && std::ranges::any_of(beginning, [&](char c) { return is_control(c, separator); }))
      return std::string{what};
  if (beginning.find('\0') != std::string_view::npos)
    return "it has bytes of value 0 in it, as only binary files have";
  // In compressed or computed data, one byte in ten is such a character.
  const auto controls
    = std::ranges::count_if(beginning, [&](char c) { return is_control(c, separator); });
  constexpr std::ptrdiff_t a_few = 8;
  if (controls > a_few && static_cast<std::size_t>(controls) * 50 > beginning.size())
    return "it is full of control characters, as only binary files are";
  return {};
}

} // namespace supercache::app
