#pragma once

#include <supercache/store/encoding.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

/// Bytes as lower-case hexadecimal text and back.
namespace hex {

inline std::string of(supercache::byte_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t b : bytes)
    text.append({digits[b >> 4], digits[b & 15]});
  return text;
}

/// Spaces are allowed. Throws std::invalid_argument for text that is not hexadecimal.
inline supercache::byte_buffer parse(std::string_view text) {
  supercache::byte_buffer bytes;
  std::string digits;
  for (const char c : text)
    if (c != ' ')
      digits += c;
  if (digits.size() % 2 != 0)
    throw std::invalid_argument("odd number of hexadecimal digits");
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    std::size_t used = 0;
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), &used, 16)));
    if (used != 2)
      throw std::invalid_argument("no hexadecimal digits: " + digits.substr(i, 2));
  }
  return bytes;
}

} // namespace hex
