#pragma once

#include "address.hpp"

#include <chrono>

namespace supercache::app {

/// Whether something accepts connections there, within a time for all its addresses together.
/// Errors: `io_error`, `timeout` with a sentence that names the address and the reason.
status reach(const address& node, std::chrono::milliseconds wait);

/// Why one cannot listen there, as the system says; empty when one can.
std::string why_not_listen(const std::string& host, std::uint16_t port);

} // namespace supercache::app
