#pragma once

#include <supercache/cluster/handshake.hpp>
#include <supercache/interfaces.hpp>
#include <supercache/options.hpp>

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <functional>

namespace supercache::detail {

/// The options that must be the same on every node: where records belong, and what safety rests on.
structure structure_of(const options& o);

/// How long a node that makes a connection, or begins a handshake, waits for an answer: as long as
/// a node may be silent, and at least a second.
std::chrono::milliseconds handshake_wait(const options& o);

/// DIALER: makes connections, one after the other, each within `handshake_wait`; detached, since it
/// blocks.
/// There are several, so that a host that is gone keeps few from being reached.
using dialer_actor = compat::iface<
  // A connected socket. Errors: `io_error` with the reason.
  caf::result<int>(caf::connect_atom, std::string host, std::uint16_t port),
  // Whether the host says that nothing listens there.
  caf::result<bool>(node_down_atom, std::string host, std::uint16_t port)>;
dialer_actor::behavior_type dialer_behavior(dialer_actor::pointer self,
                                            std::chrono::milliseconds wait);

/// Why a process that answered is none that CAF speaks with.
inline constexpr auto no_node = "it is no SuperCache node";
/// Connects to a node, on the dialer's thread, and calls `done`, in `self`, with the actor that is
/// there, whatever it is. Errors: `io_error`: nobody is there, or no process that CAF speaks with.
void find_node(monitor_actor::pointer self, const dialer_actor& dialer, const node_address& to,
               std::chrono::milliseconds wait,
               std::function<void(result<caf::strong_actor_ptr>)> done);
/// The same at once. Blocks for twice the wait at most.
result<caf::strong_actor_ptr> find_node_now(caf::scoped_actor& self, const node_address& of,
                                            std::chrono::milliseconds wait);
/// Why a node that was asked gave no answer. Errors: `io_error`; `invalid_config` for another
/// version; those of the node.
failure why_no_answer(const caf::error& e);

/// Shakes hands with the node at an address and calls `done`, in `self`, with its hello and the
/// actor that takes its frames; within some seconds, whatever happens. Does not block: the
/// connection is made on a thread of its own. Errors: `io_error` (no node there), `timeout`,
/// `invalid_config` (refused, and why); with the node's actor if it is there but does not answer a
/// handshake.
void dial_peer(monitor_actor::pointer self, const dialer_actor& dialer, const node_address& to,
               const hello& mine, const caf::actor& endpoint, std::chrono::milliseconds wait,
               std::function<void(result<hello>, const caf::actor&)> done);

/// Begins a handshake with a node that will refuse it, so that the reason is in that node's log.
/// Blocks for some seconds at most.
void handshake_in_vain(caf::actor_system& system, const node_address& whom, hello mine,
                       std::chrono::milliseconds wait);

/// What a node says before another one joins.
struct node_facts {
  supercache::structure structure;
  value members; ///< as `admin_atom` "members" has them; nil if it is in no cluster
};
/// Asks the node at an address for its options and its members; for the check before a node is
/// made. Blocks for some seconds at most. Errors: `io_error`; `invalid_config` if it speaks another
/// version.
result<node_facts> fetch_facts(caf::actor_system& system, const node_address& of,
                               const structure& names, std::chrono::milliseconds wait);

} // namespace supercache::detail
