#include "wire.hpp"

#include "common/loopback.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace supercache::app::wire {

namespace {

/// A direction buffers no more than this until the other end takes it.
constexpr std::size_t most_bytes = 1 << 20;

int new_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

} // namespace

int listen_anywhere(std::uint16_t& port) {
  const int fd = listen_on(0);
  sockaddr_in a{};
  socklen_t size = sizeof a;
  if (fd < 0 || ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) != 0)
    throw error(errc::io_error, std::string{"cannot listen on 127.0.0.1: "} + std::strerror(errno));
  port = ntohs(a.sin_port);
  return fd;
}

int accept_from(int listener) {
  return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void reset(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd);
}

tube::tube(int accepted, std::uint16_t target) : a_(accepted), b_(new_socket()) {
  send_at_once(a_);
  send_at_once(b_);
  const auto to = loopback(target);
  const int done = ::connect(b_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  connecting_ = done != 0;
  if (done != 0 && errno != EINPROGRESS)
    reset();
}

// What is in flight when things change arrives as it would have.
void tube::set(flow there, flow back) {
  there_.how = there;
  back_.how = back;
  polled_at_ = SIZE_MAX; // waiting bytes may be due
}

bool tube::direction::due() const {
  return how.is == flow::kind::open
         && (chunks.empty() ? ended && !shut : chunks.front().due_ms <= now_ms());
}

void tube::gather(std::vector<pollfd>& polled, int& wait) {
  if (over())
    return;
  if (polled_at_ == SIZE_MAX)
    wait = 0;
  polled_at_ = polled.size();
  if (connecting_) {
    polled.push_back({b_, POLLOUT, 0});
    polled.push_back({-1, 0, 0});
    return;
  }
  short on_a = 0, on_b = 0;
  const auto look = [&](const direction& d, short& from, short& to) {
    if (!d.ended && d.bytes < most_bytes)
      from = static_cast<short>(from | POLLIN);
    if (d.chunks.empty() || d.how.is != flow::kind::open)
      return;
    const auto left = d.chunks.front().due_ms - now_ms();
    if (left <= 0)
      to = static_cast<short>(to | POLLOUT);
    else
      wait = wait < 0 ? static_cast<int>(left) : std::min(wait, static_cast<int>(left));
  };
  look(there_, on_a, on_b);
  look(back_, on_b, on_a);
  // Without an interest in either, poll would report a hang-up again and again.
  polled.push_back({on_a ? a_ : -1, on_a, 0});
  polled.push_back({on_b ? b_ : -1, on_b, 0});
}

/// False when the connection broke.
bool tube::pump(int from, int to, direction& d) {
  static thread_local std::vector<char> buffer(std::size_t{64} << 10);
  while (!d.ended && d.bytes < most_bytes) {
    const auto n = ::recv(from, buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    d.ended = n <= 0;
    d.broken = n < 0;
    if (d.ended)
      break;
    const auto size = static_cast<std::size_t>(n);
    d.bytes += size;
    d.chunks.push_back({{buffer.begin(), buffer.begin() + n}, 0, now_ms() + d.how.delay.count()});
  }
  while (!d.chunks.empty() && d.due()) {
    chunk& c = d.chunks.front();
    const auto n = ::send(to, c.bytes.data() + c.sent, c.bytes.size() - c.sent, MSG_NOSIGNAL);
    if (n < 0)
      return errno == EAGAIN || errno == EINTR;
    c.sent += static_cast<std::size_t>(n);
    d.bytes -= static_cast<std::size_t>(n);
    if (c.sent < c.bytes.size())
      break;
    d.chunks.pop_front();
  }
  if (d.ended && d.chunks.empty() && d.how.is == flow::kind::open) {
    if (d.broken)
      return false;
    if (!std::exchange(d.shut, true))
      ::shutdown(to, SHUT_WR);
  }
  return true;
}

bool tube::connected() {
  int why = 0;
  socklen_t size = sizeof why;
  if (::getsockopt(b_, SOL_SOCKET, SO_ERROR, &why, &size) != 0 || why != 0) {
    reset();
    return false;
  }
  connecting_ = false;
  return true;
}

void tube::move(const std::vector<pollfd>& polled) {
  if (over() || polled_at_ == SIZE_MAX)
    return;
  const bool events = polled[polled_at_].revents || polled[polled_at_ + 1].revents;
  if (connecting_ && (!events || !connected()))
    return;
  if (!events && !there_.due() && !back_.due())
    return;
  if (!pump(a_, b_, there_) || !pump(b_, a_, back_))
    return reset();
  if (there_.shut && back_.shut)
    close_all();
}

void tube::reset() {
  if (a_ >= 0)
    wire::reset(std::exchange(a_, -1));
  if (b_ >= 0)
    wire::reset(std::exchange(b_, -1));
}

void tube::close_all() {
  if (a_ >= 0)
    ::close(std::exchange(a_, -1));
  if (b_ >= 0)
    ::close(std::exchange(b_, -1));
}

} // namespace supercache::app::wire
