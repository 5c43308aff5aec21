#include "dial.hpp"

#include "connect.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>

#include <algorithm>
#include <vector>

namespace supercache::detail {

structure structure_of(const options& o) {
  structure out;
  // The last one: a primary counts by its own value how long it may trust its lease, the others by
  // theirs how long they are loyal to it.
  for (const char* name :
       {"key_pos", "partition_pos", "num_partition", "table_type", "table_prefix",
        "replication_factor", "replication_mode", "node_monitor.down_ms"})
    out.emplace_back(name, get_option(o, name).value());
  return out;
}

namespace {

using namespace std::chrono_literals;

failure as_failure(const caf::error& e, const char* what) {
  if (compat::is_ours(e))
    return {code_of(e), message_of(e)};
  if (e == caf::sec::request_timeout)
    return {errc::timeout, "it does not answer"};
  if (e == caf::sec::unexpected_actor_messaging_interface || e == caf::sec::unexpected_message)
    return {errc::invalid_config, "it is no SuperCache node, or one of another version"};
  return {errc::io_error, what};
}

using peer_actor
  = compat::iface<caf::result<wire_frame, caf::actor>(join_atom, wire_frame, caf::actor)>;

/// Hands a connected socket to CAF, which answers with the actor that is published there.
template <class Self>
auto take_over(Self& self, int fd, std::uint16_t port, std::chrono::milliseconds wait) {
  auto& middleman = self->system().middleman();
  auto scribe
    = dynamic_cast<caf::io::network::default_multiplexer&>(middleman.backend()).new_scribe(fd);
  auto basp = compat::connections_of<caf::io::basp_broker>(middleman);
  return compat::ask(self, basp, wait, caf::connect_atom_v, std::move(scribe), port);
}

} // namespace

failure why_no_answer(const caf::error& e) { return as_failure(e, "it broke off"); }

void find_node(monitor_actor::pointer self, const dialer_actor& dialer, const node_address& to,
               std::chrono::milliseconds wait,
               std::function<void(result<caf::strong_actor_ptr>)> done) {
  // The dialer always answers, though it may have others to try first. A time-out would keep the
  // monitor from being freed when it ends.
  compat::ask_patiently(self, dialer, caf::connect_atom_v, to.host, to.port)
    .then(
      [self, wait, done, port = to.port](int fd) {
        take_over(self, fd, port, wait)
          .then(
            [done](const caf::node_id&, caf::strong_actor_ptr& found,
                   const std::set<std::string>&) {
              if (found)
                done(found);
              else
                done(failure{errc::io_error, no_node});
            },
            [done](caf::error& e) { done(as_failure(e, no_node)); });
      },
      [done](caf::error& e) { done(as_failure(e, "it cannot be reached")); });
}

std::chrono::milliseconds handshake_wait(const options& o) {
  return std::max<std::chrono::milliseconds>(1s, o.replication.node_monitor.down);
}

dialer_actor::behavior_type dialer_behavior(dialer_actor::pointer, std::chrono::milliseconds wait) {
  const auto longest = static_cast<int>(wait.count());
  return {
    [longest](caf::connect_atom, const std::string& host, std::uint16_t port) -> caf::result<int> {
      auto fd = connect_within(host, port, longest);
      if (!fd)
        return to_caf(fd.why());
      return *fd;
    },
    [longest](node_down_atom, const std::string& host, std::uint16_t port) {
      return nobody_listens(host, port, longest);
    },
  };
}

void dial_peer(monitor_actor::pointer self, const dialer_actor& dialer, const node_address& to,
               const hello& mine, const caf::actor& endpoint, std::chrono::milliseconds wait,
               std::function<void(result<hello>, const caf::actor&)> done) {
  find_node(self, dialer, to, wait, [self, mine, endpoint, wait, done](auto found) {
    if (!found)
      return done(found.why(), {});
    compat::ask(self, caf::actor_cast<peer_actor>(*found), wait, join_atom_v,
                wire_frame{encode_hello(mine)}, endpoint)
      .then(
        [done](wire_frame& theirs, caf::actor& their_endpoint) {
          done(decode_hello(theirs.bytes), their_endpoint);
        },
        [done, who = caf::actor_cast<caf::actor>(*found)](caf::error& e) {
          done(why_no_answer(e), e == caf::sec::request_timeout ? who : caf::actor{});
        });
  });
}

namespace {

using info_peer = compat::iface<caf::result<std::string>(config_atom, std::string),
                                caf::result<value>(admin_atom, std::string, value)>;

} // namespace

result<caf::strong_actor_ptr> find_node_now(caf::scoped_actor& self, const node_address& of,
                                            std::chrono::milliseconds wait) {
  auto fd = connect_within(of.host, of.port, static_cast<int>(wait.count()));
  if (!fd)
    return fd.why();
  result<caf::strong_actor_ptr> out{errc::io_error, no_node};
  take_over(self, *fd, of.port, wait)
    .receive(
      [&](const caf::node_id&, caf::strong_actor_ptr& x, const std::set<std::string>&) {
        if (x)
          out = x;
      },
      [&](caf::error& e) { out = as_failure(e, no_node); });
  return out;
}

void handshake_in_vain(caf::actor_system& system, const node_address& whom, hello mine,
                       std::chrono::milliseconds wait) {
  caf::scoped_actor self{system};
  const auto found = find_node_now(self, whom, wait);
  if (!found)
    return;
  mine.dialled = whom.name;
  // No actor would take its frames, so it is not let in, whatever the reason.
  compat::ask(self, caf::actor_cast<peer_actor>(*found), wait, join_atom_v,
              wire_frame{encode_hello(mine)}, caf::actor{})
    .receive([](wire_frame&, caf::actor&) {}, [](caf::error&) {});
}

result<node_facts> fetch_facts(caf::actor_system& system, const node_address& of,
                               const structure& names, std::chrono::milliseconds wait) {
  caf::scoped_actor self{system};
  const auto found = find_node_now(self, of, wait);
  if (!found)
    return found.why();
  const auto peer = caf::actor_cast<info_peer>(*found);
  node_facts out;
  status s = ok();
  // All at once: a round trip may be long.
  std::vector<decltype(compat::ask(self, peer, wait, config_atom_v, std::string{}))> asked;
  for (const auto& [name, text] : names)
    asked.push_back(compat::ask(self, peer, wait, config_atom_v, name));
  auto members = compat::ask(self, peer, wait, admin_atom_v, std::string{"members"}, value{});
  for (std::size_t i = 0; i < asked.size(); ++i)
    asked[i].receive(
      [&, i](std::string& x) { out.structure.emplace_back(names[i].first, std::move(x)); },
      [&](caf::error& e) { s = as_failure(e, "it broke off"); });
  members.receive([&](value& x) { out.members = std::move(x); }, [](caf::error&) {});
  if (!s)
    return s.why();
  return out;
}

} // namespace supercache::detail
