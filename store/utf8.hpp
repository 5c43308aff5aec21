#pragma once

#include <supercache/store/abi.hpp>

#include <string_view>

namespace supercache::detail {

/// Whether `text` is valid UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
/// Cost: O(size), eight bytes a step where they are ASCII.
bool is_utf8(std::string_view text) noexcept;

} // namespace supercache::detail
