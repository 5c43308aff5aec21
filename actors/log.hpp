#pragma once

#include <supercache/store/result.hpp>

#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <utility>

/// The log of decisions: option `debug_log`. For people who look for the reason of something; what
/// they have to know in any case goes straight to spdlog.
///
/// Cost of a line: nothing when the library is built without (`-Ddebug_log=false`); a load when it
/// is switched off.
namespace supercache::detail {

#ifdef SUPERCACHE_NO_DEBUG_LOG
constexpr bool logs_decisions() noexcept { return false; }
template <class... Ts>
constexpr void log_decision(spdlog::format_string_t<Ts...>, Ts&&...) noexcept {}
#else
inline std::atomic<bool> decisions_wanted{false};
inline bool logs_decisions() noexcept { return decisions_wanted.load(std::memory_order_relaxed); }

/// Where they go: where the application's log goes, whatever its level is.
spdlog::logger& decisions();

template <class... Ts>
void log_decision(spdlog::format_string_t<Ts...> form, Ts&&... xs) {
  if (logs_decisions()) [[unlikely]]
    decisions().debug(form, std::forward<Ts>(xs)...);
}
#endif

/// Switches it for all caches of the process. Any thread. Errors: `invalid_argument` when it is
/// built without.
status log_decisions(bool on);

} // namespace supercache::detail
