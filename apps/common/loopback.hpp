#pragma once

#include <cstdint>
#include <netinet/in.h>

namespace supercache::app {

/// A port of 127.0.0.1.
sockaddr_in loopback(std::uint16_t port) noexcept;
/// A socket that listens there, non-blocking; 0 = any port that is free. -1, and errno, if it
/// cannot be.
int listen_on(std::uint16_t port) noexcept;
/// A port of the loopback interface that is free and that the system gives to nobody by itself.
/// Thread: one at a time. Throws `error`.
std::uint16_t fixed_free_port();

} // namespace supercache::app
