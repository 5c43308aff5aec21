#include "actors/cluster_fixture.hpp"
#include "log.hpp"

#include <supercache/log.hpp>

#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <unistd.h>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::eventually;

namespace {

/// A sink that writes down what it is told, as soon as it may.
class paper {
public:
  log_sink pen() {
    return [this](const log_line& l) {
      std::unique_lock hold{lock_};
      ++begun_;
      open_.wait(hold, [this] { return !stuck_; });
      lines_.push_back(std::string{to_string(l.level)} + ' ' + std::string{l.component} + ": "
                       + std::string{l.text});
    };
  }
  void get_stuck(bool is) {
    const std::lock_guard hold{lock_};
    stuck_ = is;
    open_.notify_all();
  }
  /// Lines that have come, also one that is stuck.
  std::size_t begun() const {
    const std::lock_guard hold{lock_};
    return begun_;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard hold{lock_};
    return lines_;
  }
  bool has(const std::string& part) const {
    return std::ranges::any_of(
      lines(), [&](const std::string& l) { return l.find(part) != std::string::npos; });
  }

private:
  mutable std::mutex lock_;
  std::condition_variable open_;
  bool stuck_ = false;
  std::size_t begun_ = 0;
  std::vector<std::string> lines_;
};

std::string number(std::size_t i) { return std::to_string(i); }

} // namespace

TEST_CASE("lines reach the sink in their order, with level and component") {
  paper p;
  logger log{p.pen()};
  log.write(log_level::info, "cache", "one");
  log.write(log_level::error, "peers", "two");
  CHECK(log.flush(10s));
  CHECK(p.lines() == std::vector<std::string>{"info cache: one", "error peers: two"});
}

TEST_CASE("a thread that logs does not wait for a sink that is stuck, and lost lines are counted") {
  paper p;
  p.get_stuck(true);
  logger log{p.pen()};
  const std::string text(1'000, 'x');
  const std::size_t count = 4 * logger::most_waiting / text.size();
  for (std::size_t i = 0; i < count; ++i) // returns at all
    log.write(log_level::debug, "cache", "line", number(i) + ' ' + text);
  CHECK_FALSE(log.flush(1ms));
  p.get_stuck(false);
  CHECK(log.flush(10s));
  const auto lines = p.lines();
  std::size_t lost = 0;
  for (const auto& l : lines)
    if (l.ends_with(" lines are missing here: they came faster than they were written"))
      lost += std::stoul(l.substr(std::string{"warning log: "}.size()));
  CHECK(lost > count / 2);
  CHECK(lost + lines.size() - 1 == count);
  CHECK(lines.back() == "debug cache: " + number(count - 1) + ' ' + text); // the oldest went
}

TEST_CASE("of one kind so many lines are told per second, and the others are counted") {
  paper p;
  logger log{p.pen()};
  const auto say = [&](std::size_t i) {
    if (log.admits(log_level::warning, "node {} is odd"))
      log.write(log_level::warning, "peers", "node {} is odd", "node " + number(i) + " is odd");
  };
  log.write(log_level::info, "cache", "another kind");
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < 1'000; ++i)
    say(i);
  const auto seconds = (std::chrono::steady_clock::now() - begin) / 1s + 1;
  std::size_t shown = 0, hidden = 0;
  CHECK(eventually([&] {
    shown = hidden = 0;
    for (const auto& l : p.lines())
      if (const auto at = l.find("… and "); at != std::string::npos)
        hidden += std::stoul(l.substr(at + std::string{"… and "}.size()));
      else
        shown += l.find("is odd") != std::string::npos;
    return shown + hidden == 1'000;
  }));
  CHECK(hidden > 0);
  CHECK(shown <= logger::most_of_a_kind * static_cast<std::size_t>(seconds));
  CHECK(p.has("info cache: another kind"));
}

TEST_CASE("lines of level debug are all told") {
  paper p;
  logger log{p.pen()};
  for (std::size_t i = 0; i < 1'000; ++i)
    if (log.admits(log_level::debug, "x"))
      log.write(log_level::debug, "cache", "x", "x");
  CHECK(log.flush(10s));
  CHECK(p.lines().size() == 1'000);
}

TEST_CASE("a line that is too long is cut, not within a character") {
  paper p;
  logger log{p.pen()};
  std::string text(logger::longest_line - 1, 'x');
  log.write(log_level::info, "cache", text + "ü" + text);
  CHECK(log.flush(10s));
  CHECK(p.lines().front() == "info cache: " + text + "…");
}

TEST_CASE("an exception of a sink ends nothing") {
  std::atomic<int> calls{0};
  logger log{[&](const log_line&) {
    ++calls;
    throw std::runtime_error("no paper");
  }};
  log.write(log_level::info, "cache", "one");
  log.write(log_level::info, "cache", "two");
  CHECK(log.flush(10s));
  CHECK(calls == 2);
}

TEST_CASE("a logger ends though its sink is stuck, and lets go what the sink holds if it is not") {
  paper p;
  p.get_stuck(true);
  {
    logger log{p.pen()};
    log.write(log_level::info, "cache", "one");
    log.write(log_level::info, "cache", "two");
    CHECK(eventually([&] { return p.begun() == 1; })); // a thread takes its time to begin
    log.close(1ms);
    log.write(log_level::info, "cache", "three");
  }
  p.get_stuck(false);
  CHECK(eventually([&] { return p.lines().size() == 1; }));
  auto held = std::make_shared<int>(1);
  logger log{[held](const log_line&) {}};
  log.write(log_level::info, "cache", "one");
  log.close(10s);
  CHECK(held.use_count() == 1);
}

TEST_CASE("a cache speaks to the log of its options, from its start until it is stopped") {
  paper p;
  {
    fixture::node_config cfg;
    caf::actor_system system{cfg};
    options o;
    o.log = log_to(p.pen());
    o.replication.peers = {"b@127.0.0.1:1"};
    auto c = cache::start(system, o);
    c.stop();
    CHECK(p.has("warning cache: nodes to join are named, but cluster is local"));
  }
}

TEST_CASE("decisions are told while they are wanted, each cache its own") {
  paper p, q;
  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  detail::log_book a{log_to(p.pen()), system}, b{log_to(q.pen()), system};
  a.decision(detail::component::peers, "dials {}", "x");
  CHECK(a.log_decisions(true).ok());
  CHECK(a.decides());
  CHECK_FALSE(b.decides());
  a.decision(detail::component::peers, "dials {}", "y");
  b.decision(detail::component::peers, "dials {}", "z");
  CHECK(a.log_decisions(false).ok());
  a.decision(detail::component::peers, "dials {}", "x");
  a.end();
  b.end();
  CHECK(p.lines() == std::vector<std::string>{"debug peers: dials y"});
  CHECK(q.lines().empty());
}

TEST_CASE("without a log the library says nothing, on standard output or error") {
  char name[] = "/tmp/supercache-log-XXXXXX";
  const int file = ::mkstemp(name);
  REQUIRE(file >= 0);
  ::unlink(name);
  const int out = ::dup(1), err = ::dup(2);
  ::dup2(file, 1);
  ::dup2(file, 2);
  {
    auto o = fixture::cluster_options_with(replication_mode::sync, 1);
    o.debug_log = true;
    o.replication.node.name = "a";
    o.replication.peers = {"b@127.0.0.1:1"}; // no node is there
    fixture::node_config cfg;
    caf::actor_system system{cfg};
    auto c = cache::start(system, o);
    std::this_thread::sleep_for(100ms);
    c.stop();
  }
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::close(out);
  ::close(err);
  CHECK(::lseek(file, 0, SEEK_END) == 0);
  ::close(file);
}
