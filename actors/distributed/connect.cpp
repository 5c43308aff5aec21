#include "connect.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace supercache::detail {

namespace {

/// The socket, or -1 with the reason in errno.
int try_connect(const addrinfo& a, int milliseconds) {
  const int fd = ::socket(a.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  int why = 0;
  if (::connect(fd, a.ai_addr, a.ai_addrlen) != 0) {
    why = errno;
    pollfd p{fd, POLLOUT, 0};
    socklen_t size = sizeof why;
    if (why == EINPROGRESS)
      why = ::poll(&p, 1, milliseconds) != 1                           ? ETIMEDOUT
            : ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) == 0 ? why
                                                                       : errno;
  }
  if (why == 0)
    return fd;
  ::close(fd);
  errno = why;
  return -1;
}

struct attempt {
  int fd = -1;
  bool refused = true; ///< by all addresses of the host
  std::string why;
};

attempt try_all(const std::string& host, std::uint16_t port, int milliseconds) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
      code != 0)
    return {-1, false, ::gai_strerror(code)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found{list, &::freeaddrinfo};
  attempt out;
  for (const addrinfo* a = found.get(); a && out.fd < 0; a = a->ai_next) {
    out.fd = try_connect(*a, milliseconds);
    out.refused = out.refused && out.fd < 0 && errno == ECONNREFUSED;
    out.why = std::strerror(errno);
  }
  return out;
}

} // namespace

result<int> connect_within(const std::string& host, std::uint16_t port, int milliseconds) {
  const attempt a = try_all(host, port, milliseconds);
  if (a.fd < 0)
    return {errc::io_error, a.why};
  return a.fd;
}

bool nobody_listens(const std::string& host, std::uint16_t port, int milliseconds) {
  const attempt a = try_all(host, port, milliseconds);
  if (a.fd >= 0)
    ::close(a.fd);
  return a.refused;
}

} // namespace supercache::detail
