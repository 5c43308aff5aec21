#pragma once

namespace supercache::app {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the program at once but set
/// `session::interrupted`, so that a command can tidy up behind itself; the second one ends it. A
/// signal that is ignored, or that the shell sees to, stays so. One at a time.
class interruption {
public:
  interruption();
  ~interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;

  /// Throws `error` if the command is to end.
  static void check();
};

} // namespace supercache::app
