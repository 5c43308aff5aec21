#pragma once

#include <supercache/store/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace supercache::app {

/// Where a node listens.
inline constexpr std::uint16_t default_port = 7711;

struct address {
  std::string host = "127.0.0.1";
  std::uint16_t port = default_port;
};
/// `host:port`, with brackets around an IPv6 address.
std::string to_string(const address& a);
/// Reads `host:port`, `host`, `:port`, `[::1]:port`. Errors: `invalid_argument`.
result<address> address_from(std::string_view text);

} // namespace supercache::app
