#pragma once

namespace supercache::app {

/// While it exists, the first SIGINT, SIGTERM or SIGHUP does not end the program but sets
/// `session::interrupted`, so that a command can clean up; the second one ends the program. A
/// signal that is ignored, or that the shell handles, stays so. One at a time.
class interruption {
public:
  interruption();
  ~interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;

  /// Throws `error` if the command must end.
  static void check();
};

} // namespace supercache::app
