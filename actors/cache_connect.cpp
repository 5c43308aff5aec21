#include "access.hpp"
#include "client/remote.hpp"
#include "distributed/bootstrap.hpp"
#include "distributed/dial.hpp"
#include "distributed/guard.hpp"

#include <supercache/cache.hpp>

#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

// How a client connects.

namespace supercache {

namespace detail {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// A node that hangs keeps the others from being asked for so long at most.
constexpr milliseconds longest_try = 2s;

result<std::vector<node_address>> addresses_from(const std::vector<std::string>& texts) {
  if (texts.empty())
    return {errc::invalid_argument, "no address of a node is given; expected is host:port"};
  std::vector<node_address> out;
  for (const auto& text : texts) {
    auto a = client_address(text);
    if (!a)
      return a.why();
    out.push_back(*std::move(a));
  }
  return out;
}

std::string where(const node_address& a) {
  const bool v6 = a.host.find(':') != std::string::npos;
  return (v6 ? '[' + a.host + ']' : a.host) + ':' + std::to_string(a.port);
}

/// What a node at an address says.
result<acquaintance> meet(caf::scoped_actor& self, const node_address& at, milliseconds longest) {
  const failure silent{errc::timeout, "no answer from " + where(at) + " within "
                                        + std::to_string(longest.count()) + " ms"};
  const auto found = find_node_now(self, at, longest);
  if (!found) {
    const failure& why = found.why();
    if (why.code == errc::timeout)
      return silent;
    return {errc::io_error, why.message == no_node
                              ? where(at) + " is no SuperCache node"
                              : "cannot connect to " + where(at) + ": " + why.message};
  }
  const auto node = caf::actor_cast<service_actor>(*found);
  result<acquaintance> out{errc::internal, ""};
  compat::ask(self, node, longest, view_atom_v, hello::present_version)
    .receive(
      [&](wire_frame& x) {
        auto v = decode_view(x.bytes);
        out = v ? result<acquaintance>{{{}, at, node, *std::move(v)}} : v.why();
      },
      [&](const caf::error& e) {
        if (e == caf::sec::request_timeout)
          out = silent;
        else if (e == caf::sec::unexpected_message)
          out = {errc::invalid_config,
                 "the node at " + where(at) + " speaks another version of the protocol"};
        else if (compat::is_ours(e))
          out = {code_of(e), where(at) + ": " + message_of(e)};
        else
          out = {errc::io_error, where(at) + " is no SuperCache node"};
      });
  return out;
}

/// The first node to answer. Some need a moment: one that has just begun to listen, or a handshake
/// that met a heartbeat of CAF's.
result<acquaintance> meet_any(caf::actor_system& system, std::vector<node_address> named,
                              milliseconds timeout) {
  constexpr int rounds = 3;
  constexpr auto pause = 100ms;
  const auto until = std::chrono::steady_clock::now() + timeout;
  caf::scoped_actor self{system};
  failure why{errc::timeout, ""};
  std::string all;
  for (int round = 0; round < rounds; ++round) {
    all.clear();
    for (const node_address& at : named) {
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0 && !all.empty())
        break;
      auto met = meet(self, at, std::clamp<milliseconds>(left, 1ms, longest_try));
      if (met) {
        met->named = std::move(named);
        return met;
      }
      why = met.why();
      all += (all.empty() ? "" : "; ") + why.message;
    }
    if (why.code != errc::io_error || std::chrono::steady_clock::now() + pause > until)
      break;
    std::this_thread::sleep_for(pause);
  }
  return {why.code, all};
}

/// The options that a client shares with the nodes.
result<options> options_of(const structure& s, const connect_options& o) {
  options out;
  for (const auto& [name, text] : s)
    if (auto set = set_option(out, name, text); !set)
      return set.why();
  if (!out.num_partition)
    return {errc::malformed, "the node does not say how many partitions there are"};
  out.cluster = cluster_mode::distributed; // its data is elsewhere
  out.log = o.log;
  out.lazy_put_limit = o.lazy_put_limit;
  return out;
}

} // namespace

} // namespace detail

using detail::core;
using detail::to_plain;

caf::expected<cache> cache::try_connect(caf::actor_system& system,
                                        const std::vector<std::string>& addresses,
                                        const connect_options& o) {
  if (auto s = detail::check_network(system, "a client"); !s)
    return to_caf(s.why());
  auto named = detail::addresses_from(addresses);
  if (!named)
    return to_caf(named.why());
  detail::guard_network(system);
  auto met = detail::meet_any(system, *std::move(named), o.timeout);
  if (!met)
    return to_caf(met.why());
  auto all = detail::options_of(met->view.structure, o);
  if (!all)
    return to_caf(all.why());
  auto c = std::make_shared<core>(system, *std::move(all),
                                  std::make_unique<detail::acquaintance>(*std::move(met)));
  c->spawn_actors();
  if (auto s = c->listen(); !s) {
    c->stop();
    return to_caf(s.why());
  }
  c->begin();
  return cache{std::make_shared<detail::handle>(std::move(c))};
}

cache cache::connect(caf::actor_system& system, const std::vector<std::string>& addresses,
                     const connect_options& o) {
  return to_plain(try_connect(system, addresses, o));
}

} // namespace supercache
