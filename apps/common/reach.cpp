#include "reach.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace supercache::app {

namespace {

struct file {
  int fd;
  explicit file(int x) : fd(x) {}
  ~file() {
    if (fd >= 0)
      ::close(fd);
  }
  file(const file&) = delete;
  file& operator=(const file&) = delete;
};

using addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// The numeric addresses of a host; `why` explains an empty result.
addresses resolve(const std::string& host, std::uint16_t port, int flags, std::string& why) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 std::to_string(port).c_str(), &hints, &found);
  if (code != 0)
    why = ::gai_strerror(code);
  return {found, &::freeaddrinfo};
}

/// 0, or the reason as an errno.
int try_connect(const addrinfo& a, int wait_ms) {
  const file s{::socket(a.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (s.fd < 0)
    return errno;
  if (::connect(s.fd, a.ai_addr, a.ai_addrlen) == 0)
    return 0;
  if (errno != EINPROGRESS)
    return errno;
  pollfd p{s.fd, POLLOUT, 0};
  if (::poll(&p, 1, wait_ms) != 1)
    return ETIMEDOUT;
  int why = 0;
  socklen_t size = sizeof why;
  return ::getsockopt(s.fd, SOL_SOCKET, SO_ERROR, &why, &size) == 0 ? why : errno;
}

} // namespace

status reach(const address& node, std::chrono::milliseconds wait) {
  std::string text;
  const auto found = resolve(node.host, node.port, 0, text);
  if (!found)
    return {errc::io_error, "cannot connect to " + to_string(node) + ": " + text};
  using clock = std::chrono::steady_clock;
  const auto until = clock::now() + wait; // for all addresses together
  int why = ETIMEDOUT;
  for (const addrinfo* a = found.get(); a; a = a->ai_next) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
    if (left <= 0)
      break;
    why = try_connect(*a, static_cast<int>(left));
    if (why == 0)
      return supercache::ok();
  }
  return {errc::io_error, "cannot connect to " + to_string(node) + ": " + std::strerror(why)};
}

std::string why_not_listen(const std::string& host, std::uint16_t port) {
  std::string text;
  const auto found = resolve(host, port, AI_PASSIVE, text);
  if (!found)
    return text;
  const file s{::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int on = 1;
  if (s.fd < 0 || ::setsockopt(s.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
      || ::bind(s.fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(s.fd, 1) != 0)
    return std::strerror(errno);
  return {};
}

} // namespace supercache::app
