#pragma once

#include <supercache/store/abi.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace supercache::detail {

/// Base64 as in RFC 4648, section 4, with padding.
std::string to_base64(std::string_view bytes);
/// Nothing when `text` is not exactly what `to_base64` would have written.
std::optional<std::string> from_base64(std::string_view text);

} // namespace supercache::detail
