#include "connection.hpp"

#include <supercache/compat.hpp>

#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>

#include <spdlog/spdlog.h>

namespace supercache::detail {

using caf::io::basp_broker;

basp_broker* broker_behind(const caf::actor& broker) {
  auto* found = dynamic_cast<basp_broker*>(caf::actor_cast<caf::abstract_actor*>(broker));
  return found && !found->getf(caf::abstract_actor::is_terminated_flag) ? found : nullptr;
}

void end_connection(basp_broker& broker, caf::io::connection_handle connection, const char* why) {
  spdlog::info("a connection is ended: {}", why);
  broker.connection_cleanup(connection, caf::sec::connection_timeout);
  broker.close(connection);
}

void drop_connection(caf::actor_system& system, const caf::node_id& to, const char* why) {
  auto& middleman = system.middleman();
  middleman.backend().post([broker = compat::connections_of<basp_broker>(middleman), to, why] {
    if (basp_broker* found = broker_behind(broker))
      if (const auto connection = found->instance.tbl().lookup_direct(to))
        end_connection(*found, *connection, why);
  });
}

} // namespace supercache::detail
