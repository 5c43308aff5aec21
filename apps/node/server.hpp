#pragma once

#include "common/address.hpp"

#include <supercache/options.hpp>

namespace supercache::app {

struct server_settings {
  supercache::options cache;
  address listen; ///< port 0: any
  std::size_t threads = 2;
};

/// Blocks the signals that end the program, for this thread and the threads that it starts. Call it
/// before any thread is started.
void block_signals();

/// Runs a cache that others reach at an address until SIGTERM, SIGINT or SIGHUP. Prints on standard
/// output when it can be reached, and when it can take writes. Throws `error` when it cannot start,
/// and then leaves nothing behind.
void serve(const server_settings& s);

} // namespace supercache::app
