#pragma once

#include "run.hpp"

namespace sim {

/// Copies of one partition whose group changes all the time, while messages are lost, kept, and
/// come late, and nodes are cut off and die. This is what the simulator does with whole clusters,
/// but without anything around the copies, so that rare orders of a few steps come often. The
/// invariants must hold after every step; when all is healed, some copy must lead and commit.
report run_storm(replication_mode mode, std::uint64_t seed, std::size_t trace_lines);

} // namespace sim
