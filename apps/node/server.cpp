#include "server.hpp"

#include "common/process.hpp"
#include "common/reach.hpp"

#include <supercache/cache.hpp>
#include <supercache/compat.hpp>
#include <supercache/store/text.hpp>
#include <supercache/version.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <signal.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace supercache::app {

using namespace std::chrono_literals;

namespace {

struct node_config : caf::actor_system_config {
  explicit node_config(std::size_t threads) {
    load<caf::io::middleman>();
    supercache::add_message_types(*this);
    compat::low_latency_scheduler(*this);
    compat::set_option(*this, std::string{compat::scheduler_threads_option()}, threads);
    // Shows clients that the node is alive; clients that send no heartbeats are not cut off.
    compat::watch_connections(*this, 1s, 0s);
  }
};

constexpr auto component = "node";

/// How long a node that is told to stop tries to hand over its partitions.
constexpr auto leave_wait = 10s;

/// SIGHUP is not among them if it was ignored when the program started, as under nohup.
sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  struct sigaction before {};
  if (::sigaction(SIGHUP, nullptr, &before) != 0 || before.sa_handler != SIG_IGN)
    sigaddset(&set, SIGHUP);
  return set;
}

const char* name_of(int signal_number) {
  return signal_number == SIGINT ? "SIGINT" : signal_number == SIGHUP ? "SIGHUP" : "SIGTERM";
}

/// A line of JSON for the process that started this one.
std::string event_line(const char* event, const cache& c, const address& at) {
  nlohmann::ordered_json line;
  line["event"] = event;
  line["node"] = c.cluster_stats().node;
  line["host"] = at.host;
  line["port"] = at.port;
  line["pid"] = ::getpid();
  line["partitions"] = c.partitions();
  line["version"] = SUPERCACHE_VERSION;
  return printable(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

/// Takes lines for standard output: a pipe that is not read may be full, and the node must end all
/// the same.
std::shared_ptr<logger> announcer() {
  return log_to([](const log_line& l) {
    static_cast<void>(write_all(STDOUT_FILENO, std::string{l.text} + '\n')); // it may be unread
  });
}

/// Prints `serving` as soon as every partition can be written; returns the signal that ends the
/// node.
int serve_until_signal(const cache& c, const address& at, logger& to) {
  const sigset_t set = ending_signals();
  constexpr timespec pause{0, 50'000'000};
  for (bool said = false;;) {
    if (const auto s = c.cluster_stats(); !said && s.writable == s.partitions) {
      to.write(log_level::info, component, event_line("serving", c, at));
      said = true;
    }
    const int number = said ? ::sigwaitinfo(&set, nullptr) : ::sigtimedwait(&set, nullptr, &pause);
    if (number > 0)
      return number;
  }
}

/// Ends the process if shutting down the actor system does not: clients may keep its threads busy.
void end_in_any_case(std::chrono::milliseconds wait, std::shared_ptr<logger> log) {
  // The thread owns the log: the process may be ending when it writes.
  std::thread{[wait, log = std::move(log)] {
    std::this_thread::sleep_for(wait);
    log->write(log_level::warning, component,
               "the connections did not end in time; stopping without them");
    log->flush(100ms);
    std::_Exit(0);
  }}.detach();
}

} // namespace

void block_signals() {
  const sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // The reader of the ready line may be gone; writing to it must not end the node.
  signal(SIGPIPE, SIG_IGN);
}

/// Hands over this node's partitions to the other nodes.
void leave(const cache& c, logger& log) {
  if (auto done = c.try_leave(leave_wait); !done)
    log.write(log_level::warning, component, "leaving the cluster: " + message_of(done.error()));
  else
    log.write(log_level::info, component, "left the cluster");
}

/// Starts the cache. A failure to listen is reported with its reason, which CAF does not give.
cache start(caf::actor_system& system, const options& o) {
  auto c = cache::try_start(system, o);
  if (c)
    return *std::move(c);
  const auto& at = o.replication.node;
  const auto why
    = code_of(c.error()) == errc::io_error ? why_not_listen(at.host, at.port) : std::string{};
  if (why.empty())
    throw error(code_of(c.error()), message_of(c.error()));
  throw error(errc::io_error,
              "cannot listen on " + to_string(address{at.host, at.port}) + ": " + why);
}

void serve(const server_settings& s) {
  node_config config{s.threads};
  caf::actor_system system{config};
  options o = s.cache;
  o.listen = true;
  o.replication.node.host = s.listen.host;
  o.replication.node.port = s.listen.port;
  auto c = start(system, o);
  const auto& self = c.config().replication.node;
  const address at{self.host, self.port};
  const auto log = o.log;
  const auto say = [&](const std::string& text) { log->write(log_level::info, component, text); };
  say("serving " + std::to_string(c.partitions()) + " partitions of type "
      + std::string{to_string(c.config().table_type)} + " on " + to_string(at));
  const auto starter = announcer();
  starter->write(log_level::info, component, event_line("ready", c, at));
  const int number = serve_until_signal(c, at, *starter);
  say(std::string{"stopping on "} + name_of(number));
  if (c.distributed())
    leave(c, *log);
  c.stop();
  say("stopped");
  log->flush(1s);
  end_in_any_case(1s, log);
}

} // namespace supercache::app
