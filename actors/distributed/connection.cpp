#include "connection.hpp"

#include <supercache/compat.hpp>

#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>

#include <spdlog/spdlog.h>

#include <chrono>

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

namespace {

/// Nodes say something every second, CAF itself if nobody else does.
constexpr std::chrono::seconds silence{2};

bool is_silent(basp_broker& broker, caf::io::connection_handle connection) {
  const auto context = broker.ctx.find(connection);
  return context == broker.ctx.end() || context->second.last_seen + silence < broker.clock().now();
}

} // namespace

void drop_silent(caf::actor_system& system, const caf::node_id& to, connections which) {
  auto& middleman = system.middleman();
  middleman.backend().post([broker = compat::connections_of<basp_broker>(middleman), to, which] {
    basp_broker* const found = broker_behind(broker);
    if (!found)
      return;
    auto& table = found->instance.tbl();
    const auto used = table.lookup_direct(to);
    for (const auto& c : found->connections())
      if (table.lookup_direct(c) == to && is_silent(*found, c)
          && (which == connections::all || !used || c != *used))
        end_connection(*found, c, "nothing comes over it");
  });
}

} // namespace supercache::detail
