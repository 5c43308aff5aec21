#include "loopback.hpp"

#include <supercache/store/result.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

namespace supercache::app {

sockaddr_in loopback(std::uint16_t port) noexcept {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int listen_on(std::uint16_t port) noexcept {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto a = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0 && ::listen(fd, 64) == 0)
    return fd;
  const int why = errno;
  ::close(fd);
  errno = why;
  return -1;
}

std::uint16_t fixed_free_port() {
  // Below the range from which the system takes ports for outgoing connections, so that no other
  // program gets the port while its node is down.
  static std::mt19937 random{std::random_device{}()};
  for (int i = 0; i < 1'000; ++i) {
    const auto port
      = static_cast<std::uint16_t>(std::uniform_int_distribution<unsigned>{15'000, 31'999}(random));
    if (const int fd = listen_on(port); fd >= 0) {
      ::close(fd);
      return port;
    }
  }
  throw error(errc::io_error, "no free port from 15000 to 31999 on 127.0.0.1");
}

} // namespace supercache::app
