#pragma once

#include <supercache/store/result.hpp>

#include <cstdint>
#include <string>

namespace supercache::detail {

/// A TCP connection to a host, made within a time; the caller owns the socket. Errors: `io_error`
/// with the reason.
result<int> connect_within(const std::string& host, std::uint16_t port, int milliseconds);

/// Whether the host says, within a time, that nothing listens there: the process that did is gone.
bool nobody_listens(const std::string& host, std::uint16_t port, int milliseconds);

} // namespace supercache::detail
