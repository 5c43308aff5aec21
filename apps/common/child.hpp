#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace supercache::app {

/// A program that was started. It does not outlive this object, nor this process: however the
/// process ends, the system kills the program.
///
/// Thread: start all of them on the thread that ends last, as the system watches that thread and
/// not the process.
class child {
public:
  using milliseconds = std::chrono::milliseconds;

  /// Starts `words[0]`, found as a shell finds it, in a process group of its own. Its standard
  /// error is appended to `log`. Throws `error` when that cannot be done.
  child(const std::vector<std::string>& words, const std::filesystem::path& log = "/dev/null");
  ~child(); ///< kills it
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  /// Writes a line to its standard input. Throws `error` when the program has ended.
  void say(const std::string& line);
  /// The next line of its standard output; nothing at its end, or after `wait`.
  std::optional<std::string> read_line(milliseconds wait);
  bool running();
  /// Does nothing when the program has ended.
  void send(int signal_number);
  /// Waits for the program's end: the exit status, or 128 plus the number of the signal, as in
  /// shells.
  std::optional<int> wait(milliseconds longest);
  /// Closes the program's standard input and waits for its end; kills it after `longest`.
  void end_input(milliseconds longest);
  /// Kills the program and waits for its end.
  void kill();

private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::string unread_;
  std::optional<int> status_;
};

} // namespace supercache::app
