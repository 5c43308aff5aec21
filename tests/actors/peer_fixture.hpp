#pragma once

#include "cluster_fixture.hpp"

#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/handshake.hpp>

/// A client that speaks to the nodes of a cluster as if it were one.
namespace fixture {

/// The actor of a node that takes messages.
inline supercache::cache_actor reach(caf::actor_system& system, supercache::cache& c) {
  const auto& at = c.config().replication.node;
  auto found = system.middleman().remote_actor<supercache::cache_actor>(at.host, at.port);
  REQUIRE(found);
  return *found;
}

/// The handshake of a node "z" that suits the cluster of a cache.
inline supercache::hello hello_of_z(supercache::cache& c) {
  supercache::hello h;
  h.node = {"z", "127.0.0.1", 1};
  h.incarnation = 77;
  h.session = 5;
  h.structure = c.export_config();
  return h;
}

/// A frame that says nothing but that its sender is there.
inline supercache::byte_buffer empty_frame(std::uint64_t session) {
  supercache::byte_buffer bytes;
  supercache::wire_writer w{bytes};
  supercache::frame::encode(w, supercache::frame::header{session, 0});
  return bytes;
}

} // namespace fixture
