#include "../log.hpp"
#include "broker_guard.hpp"

#include <supercache/compat.hpp>
#include <supercache/store/reclaim.hpp>

#include <caf/io/middleman.hpp>

#include <algorithm>
#include <chrono>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// Connections that end, and what is checked once a second.

namespace supercache::detail {

namespace {

using namespace std::chrono_literals;
using caf::io::connection_handle;
namespace basp = caf::io::basp;

constexpr auto sweep_interval = 1s;
/// Nodes say something every second, CAF itself if nothing else does.
constexpr auto silence = 2s;

} // namespace

std::int64_t broker_guard::now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string broker_guard::name_of(handle c) {
  return broker_.remote_addr(c) + ':' + std::to_string(broker_.remote_port(c));
}

// -- connections that end -------------------------------------------------------------------------

/// Ends a connection as CAF does at its own time-out: every node that was reached over it is gone.
/// What was still to be sent is not sent.
void broker_guard::end(handle c, const char* why) {
  if (!broker_.valid(c))
    return forget(c, {}); // CAF ended it
  if (const auto log = log_of(broker_.system()))
    log->info(component::connections, "the connection with {} is ended: {}", name_of(c), why);
  const auto node = broker_.instance.tbl().lookup_direct(c);
  broker_.connection_cleanup(c, caf::sec::connection_timeout);
  if (has_descriptors_) // else it stays until the other side has read what was to be sent
    ::shutdown(static_cast<int>(c.id()), SHUT_RDWR);
  broker_.close(c);
  forget(c, node);
}

/// In place of CAF, which does it later, when the handle may have another connection.
void broker_guard::on_closed(handle c) {
  const auto node = broker_.instance.tbl().lookup_direct(c);
  broker_.connection_cleanup(c, caf::sec::none);
  forget(c, node);
}

void broker_guard::forget(handle c, const caf::node_id& node) {
  strangers_.erase(c);
  if (inflow_.under_way(c.id())) {
    inflow_.forget(c.id());
    compat::tell_from_anywhere(caf::actor_cast<caf::actor>(broker_.ctrl()), caf::ok_atom_v);
  }
  if (node == caf::none || broker_.instance.lookup(node))
    return;
  forget_node(node);
  forget_nodes_out_of_reach();
}

/// CAF keeps, for each node that it ever knew, the actor that asks it for things.
void broker_guard::forget_node(const caf::node_id& node) {
  const auto asker = broker_.spawn_servers.find(node);
  if (asker == broker_.spawn_servers.end())
    return;
  caf::anon_send_exit(asker->second, caf::exit_reason::kill);
  broker_.spawn_servers.erase(asker);
}

void broker_guard::forget_nodes_out_of_reach() {
  auto& table = broker_.instance.tbl();
  std::vector<caf::node_id> behind;
  for (const auto& [node, hops] : table.indirect_)
    behind.push_back(node);
  for (const auto& node : behind)
    if (!table.lookup(node)) {
      table.erase_indirect(node);
      broker_.purge_state(node);
      forget_node(node);
    }
}

void broker_guard::end_silent(const caf::node_id& to, bool all) {
  auto& table = broker_.instance.tbl();
  const auto used = table.lookup_direct(to);
  const auto is_silent = [&](handle c) {
    const auto context = broker_.ctx.find(c);
    return context == broker_.ctx.end()
           || context->second.last_seen + silence < broker_.clock().now();
  };
  for (const auto& c : broker_.connections())
    if (table.lookup_direct(c) == to && is_silent(c) && (all || !used || c != *used))
      end(c, "nothing comes over it");
}

// -- once a second --------------------------------------------------------------------------------

void broker_guard::sweep() {
  ++sweeps_;
  look_at_descriptors();
  end_late_handshakes();
  end_stalled();
  end_greedy();
  free_buffers();
  release();
  reclaim::collect(); // what this thread replaced in copies: it may have nothing else to do
  broker_.delayed_send(caf::actor_cast<caf::actor>(broker_.ctrl()), sweep_interval,
                       caf::tick_atom_v);
}

void broker_guard::end_late_handshakes() {
  const auto now = now_ms();
  for (const auto& c : broker_.connections())
    if (!is_known(c))
      strangers_.try_emplace(c, now);
  const auto patience = crowded_ ? limits_.crowded_handshake_ms : limits_.handshake_ms;
  std::vector<handle> late;
  for (const auto& [c, since] : strangers_)
    if (now - since >= patience)
      late.push_back(c);
  for (const auto& c : late) {
    if (broker_.valid(c) && !is_known(c))
      end(c, "it did not say in time who it is");
    strangers_.erase(c);
  }
}

/// Ends those connections that have been at their handshake for the longest time.
void broker_guard::admit_at_most(std::size_t handshakes) {
  while (strangers_.size() > handshakes) {
    const auto eldest
      = std::ranges::min_element(strangers_, {}, [](const auto& x) { return x.second; })->first;
    if (broker_.valid(eldest) && !is_known(eldest))
      end(eldest, "too many do not say who they are");
    strangers_.erase(eldest);
  }
}

void broker_guard::end_stalled() {
  const auto before = broker_.clock().now() - std::chrono::milliseconds{limits_.stall_ms};
  std::vector<handle> late;
  for (const auto& [c, context] : broker_.ctx)
    if (context.cstate == basp::await_payload && context.last_seen < before
        && !inflow_.under_way(c.id()))
      late.push_back(c);
  for (const auto id : inflow_.stalled(now_ms()))
    late.push_back(handle::from_int(id));
  for (const auto& c : late)
    end(c, "what it announced does not come");
}

void broker_guard::end_greedy() {
  for (const auto& c : broker_.connections())
    if (const auto node = broker_.instance.tbl().lookup_direct(c);
        node != caf::none && broker_.instance.proxies().count_proxies(node) > limits_.actors_of_one)
      end(c, "it names too many actors");
}

/// CAF keeps two buffers for each connection, as large as the most that was ever sent over it, and
/// swaps them whenever it sends: the empty one can be freed.
void broker_guard::free_buffers() {
  constexpr std::size_t kept = 64 << 10;
  constexpr std::uint64_t turns = 10;
  for (const auto& c : broker_.connections()) {
    auto& out = broker_.wr_buf(c);
    if (!out.empty())
      continue;
    if (!beats_ && is_known(c) && (sweeps_ + static_cast<std::uint64_t>(c.id())) % turns == 0) {
      broker_.instance.write_heartbeat(broker_.context(), out);
      broker_.flush(c);
    }
    if (out.empty() && out.capacity() > kept)
      std::vector<char>{}.swap(out);
  }
}

/// Lets the connections go on that waited for memory.
void broker_guard::release() {
  for (const auto id : inflow_.released(now_ms())) {
    const auto c = handle::from_int(id);
    broker_.configure_read(
      c, caf::io::receive_policy::at_most(std::min(inflow_.missing(id), limits_.piece)));
    broker_.trigger(c);
  }
}

// -- descriptors ----------------------------------------------------------------------------------

/// Whether as many are left as should be: the lowest free descriptor is the next one used.
void broker_guard::look_at_descriptors() {
  if (!has_descriptors_)
    return;
  rlimit most{};
  if (::getrlimit(RLIMIT_NOFILE, &most) == 0)
    descriptors_ = most.rlim_cur;
  const int next = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (next >= 0)
    ::close(next);
  close_doors(next < 0
              || static_cast<std::size_t>(next) + limits_.spare_descriptors >= descriptors_);
}

void broker_guard::close_doors(bool closed) {
  constexpr std::int64_t calm_ms = 10'000;
  const auto now = now_ms();
  const auto log = log_of(broker_.system());
  if (closed) {
    if (crowded_ms_ == 0 && log)
      log->warn(component::connections,
                "of {} descriptors {} are left: no connection is accepted until some are free",
                descriptors_, limits_.spare_descriptors);
    crowded_ms_ = now;
  } else if (crowded_ms_ && now - crowded_ms_ > calm_ms) {
    if (log)
      log->info(component::connections, "there are descriptors for connections again");
    crowded_ms_ = 0;
  }
  if (closed == std::exchange(crowded_, closed))
    return;
  for (const auto& [port, actor] : broker_.instance.published_actors())
    if (const auto door = broker_.hdl_by_port(port); door != caf::io::invalid_accept_handle) {
      if (closed)
        broker_.halt(door);
      else
        broker_.trigger(door);
    }
}

} // namespace supercache::detail
