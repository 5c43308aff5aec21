#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/node_id.hpp>

namespace supercache::detail {

/// The broker that has CAF's connections; null once CAF ends. Thread: CAF's I/O thread.
caf::io::basp_broker* broker_behind(const caf::actor& broker);

/// Ends a connection as CAF does it with those that its own time-out is for: whoever was reached
/// over it is gone. Thread: CAF's I/O thread.
void end_connection(caf::io::basp_broker& broker, caf::io::connection_handle connection,
                    const char* why);

/// Ends the connection over which CAF reaches another actor system, if there is one, so that the
/// next one is made anew: CAF keeps to the first that it has, and the system may take a quarter of
/// an hour to find that it leads nowhere. Thread: any.
void drop_connection(caf::actor_system& system, const caf::node_id& to, const char* why);

} // namespace supercache::detail
