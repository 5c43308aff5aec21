#pragma once

#include <supercache/store/abi.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace supercache::inline SUPERCACHE_ABI {

enum class log_level : std::uint8_t { debug, info, warning, error };
SUPERCACHE_API std::string_view to_string(log_level l) noexcept;

/// An event, as a cache reports it to people.
struct log_line {
  std::chrono::system_clock::time_point when; ///< of the event; the sink may get it later
  log_level level = log_level::info;
  std::string_view component; ///< the source: "cache", "peers", "partitions", "connections", …
  std::string_view text;      ///< without a line end
};

/// Where lines go: a file, another library's log, a test.
///
/// Thread: one at a time, never one that serves requests. It may block: then lines wait, and when
/// there is no more room the oldest are dropped and counted. Its exceptions are ignored.
using log_sink = std::function<void(const log_line&)>;

/// Takes lines from any thread and hands them to a sink on a thread of its own, so that no thread
/// that logs a line waits for the sink. The thread is made with the first line.
///
/// At most `most_of_a_kind` lines of one kind (the sentence without what is filled in) are written
/// per second; the others are counted, and a line says how many there were. Lines of level `debug`
/// are all written.
class SUPERCACHE_API logger {
public:
  static constexpr unsigned most_of_a_kind = 10;                    ///< in a second
  static constexpr std::size_t most_waiting = std::size_t{1} << 20; ///< bytes
  static constexpr std::size_t longest_line = 4'096;                ///< bytes; longer ones are cut

  explicit logger(log_sink to);
  /// As `close`, within a second.
  ~logger();
  logger(const logger&) = delete;
  logger& operator=(const logger&) = delete;

  /// Whether one more line of this kind may be written now; if not, it is counted. If so, call
  /// `write`.
  bool admits(log_level level, std::string_view kind);
  /// Cost: a lock, a copy of the text. Never waits for the sink.
  void write(log_level level, std::string_view component, std::string_view kind,
             std::string_view text);
  /// The same, of a kind of its own, if it may be written now.
  void write(log_level level, std::string_view component, std::string_view text);

  /// Waits until the lines so far are written; false if that takes longer.
  bool flush(std::chrono::milliseconds longest);
  /// Writes the lines that wait, if that is possible in this time. Then the sink is called no more,
  /// and what it holds is let go; only if it is stuck in a call, that call goes on.
  void close(std::chrono::milliseconds longest);

private:
  struct state;
  std::shared_ptr<state> state_;
};

/// For `options::log`: `o.log = log_to([](const log_line& l) { … });`. One logger may serve several
/// caches and the application itself.
SUPERCACHE_API std::shared_ptr<logger> log_to(log_sink to);

} // namespace supercache::inline SUPERCACHE_ABI
