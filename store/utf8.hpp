#pragma once

#include <supercache/store/abi.hpp>

#include <cstddef>
#include <string_view>

namespace supercache::detail {

/// A character at the beginning of a text.
struct utf8_character {
  std::size_t size = 0; ///< in bytes; 0: none begins there
  char32_t code = 0;
};
utf8_character first_character(std::string_view text) noexcept;

/// Whether a terminal obeys the character rather than showing it: controls (C0, DEL, C1), ends of
/// lines and paragraphs, marks and overrides of the direction, byte order marks.
bool is_control(char32_t code) noexcept;

} // namespace supercache::detail
