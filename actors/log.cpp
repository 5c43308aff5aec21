#include "log.hpp"

#include <mutex>

namespace supercache::detail {

#ifdef SUPERCACHE_NO_DEBUG_LOG

status log_decisions(bool on) {
  if (on)
    return {errc::invalid_argument, "this library was built without the log of decisions"};
  return done();
}

#else

namespace {

/// Made anew whenever it is switched on, as the application may have set up another log meanwhile.
/// Never freed: others may be writing to it.
std::atomic<spdlog::logger*> present{nullptr};

} // namespace

spdlog::logger& decisions() { return *present.load(std::memory_order_acquire); }

status log_decisions(bool on) {
  static std::mutex lock;
  const std::lock_guard hold{lock};
  if (on && !logs_decisions()) {
    const auto base = spdlog::default_logger();
    auto made
      = std::make_unique<spdlog::logger>("decisions", base->sinks().begin(), base->sinks().end());
    made->set_level(spdlog::level::debug);
    made->flush_on(base->flush_level());
    present.store(made.release(), std::memory_order_release);
  }
  decisions_wanted.store(on, std::memory_order_release);
  return done();
}

#endif

} // namespace supercache::detail
