#include "log.hpp"

#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <caf/timestamp.hpp>

#include <map>
#include <mutex>
#include <thread>

namespace supercache::detail {

std::string_view to_string(component c) noexcept {
  switch (c) {
    case component::cache: return "cache";
    case component::peers: return "peers";
    case component::partitions: return "partitions";
    case component::requests: return "requests";
    case component::connections: return "connections";
  }
  return "?";
}

namespace {

#if CAF_LOG_LEVEL == CAF_LOG_LEVEL_QUIET

/// CAF was built without a log, as Debian's is: lines would gather where nobody takes them.
std::shared_ptr<logger> log_of_caf(caf::actor_system&) { return nullptr; }

#else

unsigned level_of(log_level l) {
  switch (l) {
    case log_level::debug: return CAF_LOG_LEVEL_DEBUG;
    case log_level::info: return CAF_LOG_LEVEL_INFO;
    case log_level::warning: return CAF_LOG_LEVEL_WARNING;
    case log_level::error: return CAF_LOG_LEVEL_ERROR;
  }
  return CAF_LOG_LEVEL_ERROR;
}

/// As a component of CAF's log, whose limits and formats hold.
std::shared_ptr<logger> log_of_caf(caf::actor_system& system) {
  return log_to([&system](const log_line& l) {
    constexpr auto name = caf::atom("supercache");
    caf::logger& to = system.logger();
    const auto level = level_of(l.level);
    if (to.accepts(level, name))
      to.log({level, 0, name, "", "", "", std::string{l.component} + ": " + std::string{l.text},
              std::this_thread::get_id(), 0,
              std::chrono::time_point_cast<caf::timestamp::duration>(l.when)});
  });
}

#endif

struct directory {
  std::mutex lock;
  std::map<const caf::actor_system*, std::weak_ptr<log_book>> logs;
};
directory& all() {
  static directory d;
  return d;
}

} // namespace

log_book::log_book(std::shared_ptr<logger> to, caf::actor_system& system)
  : own_(!to), to_(to ? std::move(to) : log_of_caf(system)) {}

status log_book::log_decisions(bool on) {
#ifdef SUPERCACHE_NO_DEBUG_LOG
  if (on)
    return {errc::invalid_argument, "this library was built without the log of decisions"};
#else
  decisions_.store(on, std::memory_order_relaxed);
#endif
  return ok();
}

void log_book::end() {
  constexpr std::chrono::milliseconds longest{1'000};
  if (to_ && own_)
    to_->close(longest);
  else if (to_)
    (void)to_->flush(longest);
}

std::shared_ptr<log_book> log_of(const caf::actor_system& system) {
  directory& d = all();
  const std::lock_guard hold{d.lock};
  const auto found = d.logs.find(&system);
  return found == d.logs.end() ? nullptr : found->second.lock();
}

void remember_log(const caf::actor_system& system, const std::shared_ptr<log_book>& log) {
  directory& d = all();
  const std::lock_guard hold{d.lock};
  std::erase_if(d.logs, [](const auto& x) { return x.second.expired(); });
  d.logs[&system] = log;
}

} // namespace supercache::detail
