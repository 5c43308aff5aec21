#include "baseline.hpp"
#include "common/child.hpp"
#include "common/loopback.hpp"
#include "programs.hpp"

#include <filesystem>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

// Redis with replicas, over one connection. Its protocol (RESP2) is simple enough to be implemented
// here: https://redis.io/docs/reference/protocol-spec

namespace bench {

namespace {

using namespace std::chrono_literals;
using supercache::app::child;

std::string command(std::initializer_list<std::string> words) {
  auto out = '*' + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words)
    out += '$' + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

class redis final : public baseline {
public:
  explicit redis(std::size_t replicas) {
    folder_ = std::filesystem::temp_directory_path()
              / ("supercache-bench-redis-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    const auto port = start({});
    for (std::size_t i = 0; i < replicas; ++i)
      start({"--replicaof", "127.0.0.1 " + std::to_string(port)});
    reach(port);
    // A replica counts once it has confirmed something.
    const auto until = std::chrono::steady_clock::now() + 20s;
    for (std::string n; n != ":" + std::to_string(replicas);) {
      ask(command({"SET", "ready", "1"}), 1);
      n = ask(command({"WAIT", std::to_string(replicas), "1000"}), 1);
      if (std::chrono::steady_clock::now() > until)
        throw std::runtime_error("the replicas of redis-server do not come up");
    }
  }
  ~redis() override {
    close(socket_);
    servers_.clear();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string name() const override { return "redis"; }
  bool can(const std::string& c) const override { return !requests(c, 1).empty(); }
  latencies one_by_one(const std::string& c, double seconds) override {
    const auto bytes = requests(c, 1);
    const auto answers = expected(c, 1);
    return one_after_the_other(seconds, [&] { ask(bytes, answers); });
  }
  double per_sec(const std::string& c, std::size_t in_flight, double seconds) override {
    const auto bytes = requests(c, in_flight);
    const auto answers = expected(c, in_flight);
    const auto rounds = one_after_the_other(seconds, [&] { ask(bytes, answers); });
    return static_cast<double>(rounds.ns.size() * in_flight) / seconds;
  }

private:
  static bool waits(const std::string& c) { return c == "write_sync"; }
  static std::string requests(const std::string& c, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i)
      if (c.starts_with("write_"))
        out += command({"SET", "user-" + std::to_string(i), "Alice"});
      else if (c == "read_primary" || c == "read_local")
        out += command({"GET", "ready"});
      else if (c == "kv_increment")
        out += command({"INCR", "counter"});
      else if (c == "queue_add_out")
        out += command({"RPUSH", "queue", "job"}) + command({"LPOP", "queue"});
    return waits(c) ? out + command({"WAIT", "1", "1000"}) : out;
  }
  static std::size_t expected(const std::string& c, std::size_t n) {
    return n * (c == "queue_add_out" ? 2 : 1) + waits(c);
  }

  std::uint16_t start(const std::vector<std::string>& more) {
    const auto port = supercache::app::fixed_free_port();
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   std::to_string(port),
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   folder_,
                                   "--repl-diskless-sync-delay",
                                   "0"};
    words.insert(words.end(), more.begin(), more.end());
    servers_.push_back(std::make_unique<child>(words));
    return port;
  }
  void reach(std::uint16_t port) {
    const auto at = supercache::app::loopback(port);
    for (int i = 0; i < 500; ++i) {
      socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const int on = 1;
      setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (connect(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0)
        return;
      close(socket_);
      std::this_thread::sleep_for(10ms);
    }
    throw std::runtime_error("redis-server cannot be reached");
  }
  /// Sends bytes and reads so many answers; returns the last one without its end of line.
  std::string ask(const std::string& bytes, std::size_t answers) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto n = send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n <= 0)
        throw std::runtime_error("redis-server ended early");
      at += static_cast<std::size_t>(n);
    }
    std::string last;
    while (answers-- > 0) {
      last = line();
      if (last.starts_with('$') && last != "$-1")
        last = line();
    }
    return last;
  }
  std::string line() {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n", at_)) == std::string::npos) {
      unread_.erase(0, at_);
      at_ = 0;
      char some[16384];
      const auto n = recv(socket_, some, sizeof some, 0);
      if (n <= 0)
        throw std::runtime_error("redis-server ended early");
      unread_.append(some, static_cast<std::size_t>(n));
    }
    auto out = unread_.substr(at_, end - at_);
    at_ = end + 2;
    return out;
  }

  std::filesystem::path folder_;
  std::vector<std::unique_ptr<child>> servers_;
  int socket_ = -1;
  std::string unread_;
  std::size_t at_ = 0;
};

} // namespace

std::unique_ptr<baseline> make_redis(std::size_t replicas) {
  return installed("redis-server") ? std::make_unique<redis>(replicas) : nullptr;
}

} // namespace bench
