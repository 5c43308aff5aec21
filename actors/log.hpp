#pragma once

#include <supercache/log.hpp>
#include <supercache/store/result.hpp>
#include <supercache/store/text.hpp>

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

namespace caf {
class actor_system;
} // namespace caf

namespace supercache::detail {

/// The part of a cache that speaks.
enum class component : std::uint8_t {
  cache,       ///< starting, stopping, what `lazy_put` left
  peers,       ///< which nodes there are and which can be reached
  partitions,  ///< what becomes of copies
  requests,    ///< reads and writes on their way to a primary
  connections, ///< of CAF
};
std::string_view to_string(component c) noexcept;

/// The log of one cache: what people have to know, and, if they want it, the reason for everything
/// that it decides (option `debug_log`).
///
/// Lines may have names in them that others gave: controls in these are escaped, as `printable`
/// does.
///
/// Thread: any; never waits. Cost of a decision: nothing when the library is built without it
/// (`-Ddebug_log=false`); a load when it is switched off.
class log_book {
public:
  template <class... Ts>
  using form = fmt::format_string<Ts...>;

  /// `to`: null for CAF's own log, if that takes anything.
  log_book(std::shared_ptr<logger> to, caf::actor_system& system);

  template <class... Ts>
  void info(component who, form<Ts...> f, Ts&&... xs) const {
    write(log_level::info, who, f, std::forward<Ts>(xs)...);
  }
  template <class... Ts>
  void warn(component who, form<Ts...> f, Ts&&... xs) const {
    write(log_level::warning, who, f, std::forward<Ts>(xs)...);
  }
  template <class... Ts>
  void error(component who, form<Ts...> f, Ts&&... xs) const {
    write(log_level::error, who, f, std::forward<Ts>(xs)...);
  }

#ifdef SUPERCACHE_NO_DEBUG_LOG
  static constexpr bool decides() noexcept { return false; }
#else
  bool decides() const noexcept { return decisions_.load(std::memory_order_relaxed); }
#endif
  template <class... Ts>
  void decision(component who, form<Ts...> f, Ts&&... xs) const {
    if (decides()) [[unlikely]]
      write(log_level::debug, who, f, std::forward<Ts>(xs)...);
  }
  /// Errors: `invalid_argument` when it is built without.
  status log_decisions(bool on);

  /// The cache stops: writes what waits, if that takes no longer than a second.
  void end();

private:
  /// A line that cannot be written, as memory is short, must not end the thread that logs it.
  template <class... Ts>
  void write(log_level level, component who, form<Ts...> f, Ts&&... xs) const noexcept {
    const fmt::string_view text = f;
    const std::string_view kind{text.data(), text.size()};
    try {
      if (to_ && to_->admits(level, kind))
        to_->write(level, to_string(who), kind, printable(fmt::format(f, std::forward<Ts>(xs)...)));
    } catch (const std::exception&) {}
  }

  bool own_; ///< nobody else has the logger
  std::shared_ptr<logger> to_;
  std::atomic<bool> decisions_{false};
};

/// The log of the cache that was started last in an actor system, for what belongs to the system
/// and not to a cache; null if there is none. Thread: any.
std::shared_ptr<log_book> log_of(const caf::actor_system& system);
/// @pre the system lives until the log is gone
void remember_log(const caf::actor_system& system, const std::shared_ptr<log_book>& log);

} // namespace supercache::detail
