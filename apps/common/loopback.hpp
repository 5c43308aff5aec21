#pragma once

#include <cstdint>
#include <netinet/in.h>

namespace supercache::app {

/// A port of 127.0.0.1.
sockaddr_in loopback(std::uint16_t port) noexcept;
/// A non-blocking socket that listens there; 0 = any free port. -1 and errno on failure.
int listen_on(std::uint16_t port) noexcept;
/// A free port of the loopback interface that the system assigns to no one by itself. Thread: one
/// at a time. Throws `error`.
std::uint16_t fixed_free_port();

} // namespace supercache::app
