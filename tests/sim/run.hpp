#pragma once

#include "workload.hpp"

#include <string>
#include <vector>

namespace sim {

/// What a run of one seed showed.
struct report {
  std::uint64_t seed = 0;
  std::string plan;
  std::vector<std::string> wrong; ///< empty: nothing
  std::deque<std::string> trace;
  std::uint64_t events = 0;
  std::int64_t simulated_ms = 0;
  std::uint64_t done = 0, refused = 0, unknown = 0; ///< writes
  std::uint64_t read_done = 0, read_failed = 0;
};

/// Runs a cluster through misfortune (the safety phase: anything may fail, and invariants must hold
/// after every step), then heals everything (the liveness phase: within a minute everything must be
/// as it should be), then compares the data with what clients were told.
/// The last `trace_lines` of what happened are kept; `deep` compares all data after every step.
report run_seed(replication_mode mode, std::uint64_t seed, std::size_t trace_lines, bool deep);

} // namespace sim
