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

/// Ends the connections over which CAF reaches another actor system, as far as nothing came over
/// them for two seconds, so that the next one is made anew: CAF keeps to what it has, and the
/// operating system may take a quarter of an hour to find that it leads nowhere. Thread: any.
void drop_silent(caf::actor_system& system, const caf::node_id& to);

} // namespace supercache::detail
