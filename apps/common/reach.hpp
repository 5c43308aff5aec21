#pragma once

#include "address.hpp"

#include <chrono>

namespace supercache::app {

/// Whether something accepts connections at `node`, within `wait` for all its addresses together.
/// Errors: `io_error`, `timeout` with a sentence that names the address and the reason.
status reach(const address& node, std::chrono::milliseconds wait);

/// Why listening there fails, as the system reports it; empty when it works.
std::string why_not_listen(const std::string& host, std::uint16_t port);

} // namespace supercache::app
