#include "common/child.hpp"
#include "common/loopback.hpp"
#include "scenario/network.hpp"

#include <supercache/store/result.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace supercache::app;
using namespace std::chrono_literals;

namespace {

struct file {
  int fd;
  explicit file(int x) : fd(x) { REQUIRE(fd >= 0); }
  ~file() { ::close(fd); }
  file(const file&) = delete;
  file& operator=(const file&) = delete;

  /// The bytes that come within a time; "end" when the peer is gone.
  std::string read(std::chrono::milliseconds wait) const {
    pollfd p{fd, POLLIN, 0};
    if (::poll(&p, 1, static_cast<int>(wait.count())) != 1)
      return "";
    char buffer[100];
    const auto n = ::read(fd, buffer, sizeof buffer);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "end";
  }
  void write(const std::string& text) const {
    REQUIRE(::send(fd, text.data(), text.size(), MSG_NOSIGNAL)
            == static_cast<ssize_t>(text.size()));
  }
};

int listen_at(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto a = loopback(port);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0);
  REQUIRE(::listen(fd, 8) == 0);
  return fd;
}

int dial(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto a = loopback(port);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0);
  return fd;
}

/// a has dialled b through the network.
struct pair_of_nodes {
  std::uint16_t port = fixed_free_port();
  file listener{listen_at(port)};
  network net;
  file a{dial(net.add("a", "b", port))};
  file b{::accept(listener.fd, nullptr, nullptr)};
};

const std::filesystem::path no_log{"/dev/null"};

} // namespace

TEST_CASE("bytes go both ways through a wire") {
  const pair_of_nodes n;
  n.a.write("hello");
  CHECK(n.b.read(5s) == "hello");
  n.b.write("you");
  CHECK(n.a.read(5s) == "you");
}

TEST_CASE("the end of one side reaches the other") {
  const pair_of_nodes n;
  n.a.write("last");
  ::shutdown(n.a.fd, SHUT_WR);
  CHECK(n.b.read(5s) == "last");
  CHECK(n.b.read(5s) == "end");
}

TEST_CASE("a refused wire breaks at once and cannot be dialled until it is healed") {
  pair_of_nodes n;
  n.net.set("a", "b", {flow::kind::refused, 0ms});
  CHECK(n.a.read(5s) == "end");
  CHECK(n.b.read(5s) == "end");
  const auto door = n.net.add("a", "b", n.port);
  CHECK(file{dial(door)}.read(5s) == "end");
  n.net.heal();
  const file again{dial(door)};
  again.write("back");
  CHECK(file{::accept(n.listener.fd, nullptr, nullptr)}.read(5s) == "back");
}

TEST_CASE("a silent wire lets nothing through, in the direction that is cut, until it is healed") {
  pair_of_nodes n;
  n.net.set("a", "b", {flow::kind::silent, 0ms});
  n.a.write("held");
  CHECK(n.b.read(100ms) == "");
  n.b.write("free");
  CHECK(n.a.read(5s) == "free");
  n.net.heal();
  CHECK(n.b.read(5s) == "held");
}

TEST_CASE("a forgotten wire carries nothing over old connections, and serves new ones") {
  pair_of_nodes n;
  n.net.set("a", "b", {flow::kind::forgotten, 0ms});
  n.a.write("lost");
  n.b.write("too");
  const file again{dial(n.net.add("a", "b", n.port))};
  again.write("new");
  CHECK(file{::accept(n.listener.fd, nullptr, nullptr)}.read(5s) == "new");
  n.net.heal();
  CHECK(n.b.read(100ms) == "");
  CHECK(n.a.read(100ms) == "");
}

TEST_CASE("a slow wire delivers late") {
  pair_of_nodes n;
  n.net.set("b", "a", {flow::kind::open, 150ms});
  n.b.write("late");
  CHECK(n.a.read(50ms) == "");
  CHECK(n.a.read(5s) == "late");
}

TEST_CASE("a child's lines are read, and its status is known") {
  child c{{"/bin/sh", "-c", "echo one; echo two; exit 7"}, no_log};
  CHECK(c.read_line(5s) == "one");
  CHECK(c.read_line(5s) == "two");
  CHECK_FALSE(c.read_line(5s));
  CHECK(c.wait(5s) == 7);
  CHECK_FALSE(c.running());
}

TEST_CASE("a child ends with its owner, also when it is stopped") {
  pid_t pid = 0;
  {
    child c{{"/bin/sleep", "60"}, no_log};
    pid = c.pid();
    CHECK(c.running());
    c.send(SIGSTOP);
  }
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a program that does not exist is an error that names it") {
  CHECK_THROWS_WITH_AS((child{{"/nonexistent/x"}, no_log}),
                       "cannot run /nonexistent/x: No such file or directory", supercache::error);
}
