#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/node_id.hpp>

#include <cstdint>

namespace supercache::detail {

/// The broker that has CAF's connections; null once CAF ends. Thread: CAF's I/O thread.
caf::io::basp_broker* broker_behind(const caf::actor& broker);

/// Ends a connection as CAF does it with those that its own time-out is for: whoever was reached
/// over it is gone. Thread: CAF's I/O thread.
void end_connection(caf::io::basp_broker& broker, caf::io::connection_handle connection,
                    const char* why);

/// Which of the connections between two actor systems.
enum class connections : std::uint8_t {
  all,
  spare, ///< without the one over which CAF sends
};

/// Ends connections to another actor system over which nothing came for two seconds. CAF keeps to
/// what it has, and the operating system may take a quarter of an hour to find that it leads
/// nowhere: until then no new one is made, and when the one in use breaks, CAF goes over to a dead
/// one and tells nobody. Thread: any.
void drop_silent(caf::actor_system& system, const caf::node_id& to, connections which);

} // namespace supercache::detail
