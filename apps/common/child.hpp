#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace supercache::app {

/// A program that was started. It does not outlive this object, nor this process: however that
/// ends, the system kills it.
///
/// Thread: start all of them on the thread that ends last, as the system looks at that thread and
/// not at the process.
class child {
public:
  using milliseconds = std::chrono::milliseconds;

  /// Starts `words[0]`, found as a shell finds it, in a process group of its own; what it writes to
  /// standard error is appended to `log`. Throws `error` when that cannot be done.
  child(const std::vector<std::string>& words, const std::filesystem::path& log = "/dev/null");
  ~child(); ///< kills it
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  /// Gives its standard input a line. Throws `error` when it ended.
  void say(const std::string& line);
  /// The next line of its standard output; nothing at its end or when the time is over.
  std::optional<std::string> read_line(milliseconds wait);
  bool running();
  /// Nothing happens when it ended already.
  void send(int signal_number);
  /// Waits for its end: the exit status, or 128 and the number of the signal, as shells have it.
  std::optional<int> wait(milliseconds longest);
  /// Ends its standard input and waits for its end; kills it when the time is over.
  void end_input(milliseconds longest);
  /// Ends it at once and waits for that.
  void kill();

private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::string unread_;
  std::optional<int> status_;
};

} // namespace supercache::app
