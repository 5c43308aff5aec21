#include "utf8.hpp"

#include <supercache/store/text.hpp>

#include <cstdint>
#include <cstring>

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080u;

/// What may follow a first byte: how many bytes in all, and the range of the second. Unicode
/// standard, table 3-7.
struct sequence {
  std::size_t size; ///< 0: no sequence begins with this byte
  std::uint8_t low, high;
};

constexpr sequence begins_with(std::uint8_t first) noexcept {
  if (first >= 0xc2 && first <= 0xdf)
    return {2, 0x80, 0xbf};
  if (first == 0xe0)
    return {3, 0xa0, 0xbf};
  if (first == 0xed)
    return {3, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef)
    return {3, 0x80, 0xbf};
  if (first == 0xf0)
    return {4, 0x90, 0xbf};
  if (first == 0xf4)
    return {4, 0x80, 0x8f};
  if (first >= 0xf1 && first <= 0xf3)
    return {4, 0x80, 0xbf};
  return {0, 0, 0};
}

} // namespace

utf8_character first_character(std::string_view text) noexcept {
  if (text.empty())
    return {};
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (at(0) < 0x80)
    return {1, at(0)};
  const sequence s = begins_with(at(0));
  if (s.size == 0 || text.size() < s.size || at(1) < s.low || at(1) > s.high)
    return {};
  char32_t code = at(0) & (0x7fu >> s.size);
  for (std::size_t i = 1; i < s.size; ++i) {
    if ((at(i) & 0xc0) != 0x80)
      return {};
    code = code << 6 | (at(i) & 0x3fu);
  }
  return {s.size, code};
}

bool is_control(char32_t c) noexcept {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0))
    return true;
  return c == 0x061c || c == 0x200e || c == 0x200f // marks of direction
         || (c >= 0x2028 && c <= 0x202e)           // ends of lines; embeddings, overrides
         || (c >= 0x2066 && c <= 0x206f)           // isolates; shaping, long deprecated
         || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

} // namespace detail

bool is_utf8(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    for (std::uint64_t eight = 0; end - at >= 8; at += 8) {
      std::memcpy(&eight, at, 8);
      if (eight & detail::high_bits)
        break;
    }
    if (at == end)
      break;
    const auto c = detail::first_character({at, static_cast<std::size_t>(end - at)});
    if (c.size == 0)
      return false;
    at += c.size;
  }
  return true;
}

} // namespace supercache::inline SUPERCACHE_ABI
