#include "utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace supercache::detail {

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

bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto* const end = at + text.size();
  while (at != end) {
    for (std::uint64_t eight = 0; end - at >= 8; at += 8) {
      std::memcpy(&eight, at, 8);
      if (eight & high_bits)
        break;
    }
    if (at == end)
      break;
    if (*at < 0x80) {
      ++at;
      continue;
    }
    const sequence s = begins_with(*at);
    if (s.size == 0 || static_cast<std::size_t>(end - at) < s.size || at[1] < s.low
        || at[1] > s.high)
      return false;
    for (std::size_t i = 2; i < s.size; ++i)
      if ((at[i] & 0xc0) != 0x80)
        return false;
    at += s.size;
  }
  return true;
}

} // namespace supercache::detail
