#include "echo.hpp"

#include "baseline.hpp"
#include "common/child.hpp"
#include "common/loopback.hpp"
#include "common/process.hpp"
#include "pipeline.hpp"

#include <supercache/compat.hpp>
#include <supercache/interfaces.hpp>
#include <supercache/options.hpp>

#include <caf/io/middleman.hpp>

#include <cstdio>
#include <netinet/tcp.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

namespace {

using namespace std::chrono_literals;
using supercache::record;
using supercache::app::loopback;
using supercache::app::own_folder;

constexpr std::size_t tcp_bytes = 64;

void say_port(unsigned port) {
  std::printf("%u\n", port);
  std::fflush(stdout);
}

/// Moves exactly so many bytes; false at the end of the connection.
bool move_all(int s, char* bytes, std::size_t n, auto step) {
  for (std::size_t done = 0; done < n;) {
    const ssize_t k = step(s, bytes + done, n - done, 0);
    if (k <= 0)
      return false;
    done += static_cast<std::size_t>(k);
  }
  return true;
}

void without_delay(int s) {
  const int on = 1;
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// The other process; it prints its port.
class echoing {
public:
  explicit echoing(const std::string& how)
    : process_({(own_folder() / "supercache-bench").string(), "echo", how}) {
    std::istringstream{process_.read_line(30s).value_or("")} >> port_;
    if (port_ == 0)
      throw std::runtime_error("the baseline " + how + " does not start");
  }
  std::uint16_t port() const noexcept { return port_; }

private:
  supercache::app::child process_;
  std::uint16_t port_ = 0;
};

int serve_tcp() {
  const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto at = loopback(0);
  socklen_t size = sizeof at;
  if (bind(door, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(door, 1) != 0
      || getsockname(door, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    throw std::runtime_error("cannot listen on the loopback interface");
  say_port(ntohs(at.sin_port));
  const int s = accept(door, nullptr, nullptr);
  without_delay(s);
  char bytes[tcp_bytes];
  while (move_all(s, bytes, tcp_bytes, recv) && move_all(s, bytes, tcp_bytes, send)) {}
  return 0;
}

class tcp final : public baseline {
public:
  tcp() : other_("tcp") {
    const auto at = loopback(other_.port());
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
      throw std::runtime_error("the TCP baseline cannot be reached");
    without_delay(socket_);
  }
  ~tcp() override { close(socket_); }
  std::string name() const override { return "tcp"; }
  bool can(const std::string&) const override { return true; }
  latencies one_by_one(const std::string&, double seconds) override {
    char bytes[tcp_bytes] = {};
    return one_after_the_other(seconds, [&] {
      if (!move_all(socket_, bytes, tcp_bytes, send) || !move_all(socket_, bytes, tcp_bytes, recv))
        throw std::runtime_error("the TCP baseline ended early");
    });
  }

private:
  echoing other_;
  int socket_ = -1;
};

struct caf_config : caf::actor_system_config {
  caf_config() {
    load<caf::io::middleman>();
    supercache::add_message_types(*this);
    supercache::compat::low_latency_scheduler(*this);
    supercache::compat::set_option(
      *this, std::string{supercache::compat::scheduler_threads_option()}, std::size_t{2});
  }
};

int serve_caf() {
  caf_config cfg;
  caf::actor_system system{cfg};
  auto a = system.spawn([]() -> caf::behavior { return {[](supercache::put_atom, record&) {}}; });
  const auto port = system.middleman().publish(a, 0, "127.0.0.1");
  if (!port)
    throw std::runtime_error("cannot listen on the loopback interface");
  say_port(*port);
  while (std::getchar() != EOF) {}
  std::_Exit(0);
}

class bare_caf final : public baseline {
public:
  bare_caf() : other_("caf"), system_(cfg_) {
    const auto a = system_.middleman().remote_actor("127.0.0.1", other_.port());
    if (!a)
      throw std::runtime_error("the CAF baseline cannot be reached");
    to_ = *a;
  }
  ~bare_caf() override { to_ = nullptr; }
  std::string name() const override { return "caf"; }
  bool can(const std::string&) const override { return true; }
  latencies one_by_one(const std::string&, double seconds) override {
    caf::scoped_actor self{system_};
    const record row{"user-12345", 12345, "Alice"};
    return one_after_the_other(seconds, [&] {
      supercache::compat::ask(self, to_, caf::timespan{5s}, supercache::put_atom_v, row)
        .receive([] {}, [](const caf::error&) { throw std::runtime_error("no answer"); });
    });
  }
  double per_sec(const std::string&, std::size_t in_flight, double seconds) override {
    const record row{"user-12345", 12345, "Alice"};
    return pipelined(system_, in_flight, seconds,
                     [this, row](auto* self, std::uint64_t, auto done) {
                       supercache::compat::ask(self, to_, caf::timespan{5s}, supercache::put_atom_v,
                                               row)
                         .then([done] { done(true); }, [done](const caf::error&) { done(false); });
                     })
      .per_sec;
  }

private:
  echoing other_;
  caf_config cfg_;
  caf::actor_system system_;
  caf::actor to_;
};

} // namespace

int serve_echo(const std::string& how) {
  if (how == "tcp")
    return serve_tcp();
  if (how == "caf")
    return serve_caf();
  throw std::runtime_error("nothing called '" + how + "' to echo; there are tcp, caf");
}

std::unique_ptr<baseline> make_tcp() { return std::make_unique<tcp>(); }
std::unique_ptr<baseline> make_caf() { return std::make_unique<bare_caf>(); }

} // namespace bench
