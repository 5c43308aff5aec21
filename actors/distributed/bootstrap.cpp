#include "bootstrap.hpp"

#include "dial.hpp"
#include "provider.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

namespace supercache::detail {

namespace {

/// The pause between two questions whether a node of our name is still there.
constexpr std::chrono::milliseconds clash_pause{250};

/// What may speak against joining, as one peer sees it.
struct objections {
  std::optional<supercache::structure> structure; ///< its own; none: it cannot be reached
  bool differs = false;
  std::string clash; ///< where the other node of our name is
  bool any() const noexcept { return differs || !clash.empty(); }
};

std::string text_in(const value& map, const char* name) {
  const value* x = map.is_map() ? map.find(name) : nullptr;
  return x && x->is_string() ? std::string{x->as_string()} : std::string{};
}

/// Where a node of our name is that is not this one, as a peer sees it.
std::string clash_in(const value& members, const options& o) {
  const auto& self = o.replication.node;
  if (self.name.empty() || !members.is_list())
    return {};
  const auto at = announced(o.replication);
  const auto here = at.host + ':' + std::to_string(at.port);
  for (const value& row : members.items())
    if (text_in(row, "node") == self.name && text_in(row, "state") != "down"
        && text_in(row, "state") != "left" && text_in(row, "address") != here)
      return text_in(row, "address");
  return {};
}

/// The objections of one peer. A peer that cannot be reached yet is dialled later, and checked
/// then.
objections ask_peer(caf::actor_system& system, const options& o, const structure& mine,
                    const node_address& peer) {
  objections out;
  // By then a node that died is known to be dead.
  const auto until
    = std::chrono::steady_clock::now() + o.replication.node_monitor.down + 4 * clash_pause;
  for (;;) {
    const auto facts = fetch_facts(system, peer, mine, handshake_wait(o));
    if (!facts)
      return out;
    out.structure = facts->structure;
    out.differs = facts->structure != mine;
    out.clash = clash_in(facts->members, o);
    if (out.clash.empty() || std::chrono::steady_clock::now() > until)
      return out;
    std::this_thread::sleep_for(clash_pause);
  }
}

std::vector<node_address> peers_of(const options& o) {
  const auto& m = o.replication.node_monitor;
  std::vector<std::string> texts;
  if (m.source == monitor_source::provider) {
    if (auto all = ask_provider(o.replication)) // the monitor says so if it fails
      texts = *std::move(all);
  } else {
    texts = o.replication.peers;
    if (m.source == monitor_source::nodes)
      texts.insert(texts.end(), m.nodes.begin(), m.nodes.end());
  }
  std::vector<node_address> out;
  for (const auto& text : texts)
    if (auto a = node_address_from(text);
        a && a->name != o.replication.node.name && std::ranges::find(out, *a) == out.end())
      out.push_back(*std::move(a));
  return out;
}

status verdict(const std::vector<node_address>& peers, const std::vector<objections>& all,
               const structure& mine, const std::string& name) {
  differences found{mine};
  for (std::size_t i = 0; i < peers.size(); ++i)
    if (all[i].structure)
      found.add(*all[i].structure, peers[i]);
  if (auto s = found.verdict(); !s)
    return s;
  for (const auto& x : all)
    if (!x.clash.empty())
      return {errc::invalid_config, "another node is called '" + name + "' too, at " + x.clash
                                      + "; node.name must be unique in a cluster"};
  return ok();
}

/// What this node would say to its peers.
hello hello_of(const options& o, const structure& mine) {
  hello h;
  h.node = announced(o.replication);
  h.incarnation = 1; // no node has it
  h.structure = mine;
  return h;
}

} // namespace

status check_network(const caf::actor_system& system, std::string_view who) {
  const auto lacks = [&](const char* what, const char* line) -> status {
    return {errc::invalid_config, std::string{who} + " needs " + what + ": write " + line
                                    + " in the constructor of your actor_system_config"};
  };
  if (!system.has_middleman())
    return lacks("CAF's networking", "load<caf::io::middleman>();");
  if (!compat::knows_type<value>(system))
    return lacks("its message types", "supercache::add_message_types(*this);");
  return ok();
}

status check_cluster(caf::actor_system& system, const options& o) {
  if (o.cluster == cluster_mode::local)
    return ok();
  if (auto s = check_network(system, "a cache of a cluster"); !s)
    return s;
  options full = o;
  if (!full.num_partition)
    full.num_partition = 64;
  const auto mine = structure_of(full);
  const auto peers = peers_of(o);
  std::vector<objections> found(peers.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < peers.size(); ++i)
    threads.emplace_back([&, i] {
      found[i] = ask_peer(system, o, mine, peers[i]);
      if (found[i].any()) // so that the reason is in its log, too
        handshake_in_vain(system, peers[i], hello_of(o, mine), handshake_wait(o));
    });
  for (auto& t : threads)
    t.join();
  return verdict(peers, found, mine, o.replication.node.name);
}

} // namespace supercache::detail
