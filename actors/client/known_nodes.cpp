#include "known_nodes.hpp"

#include <algorithm>
#include <utility>

namespace supercache::detail {

namespace {

/// How often a node is asked where data is, if nothing fails.
constexpr std::int64_t look_interval_ms = 1'000;
/// Between two attempts to reach a node.
constexpr std::int64_t pause_first_ms = 100, pause_most_ms = 2'000;

} // namespace

result<node_address> client_address(const std::string& text) {
  const bool named = text.find('@') != std::string::npos;
  auto a = node_address_from(named ? text : "node@" + text);
  if (!a)
    return {errc::invalid_argument,
            '\'' + text + "' is no address of a node; expected is host:port"};
  return a;
}

known_nodes::known_nodes(const acquaintance& first)
  : structure_(first.view.structure),
    trouble_(first.view.trouble),
    partitions_(first.view.partitions) {
  for (const node_address& a : first.named)
    if (!find(a))
      contacts_.push_back({.at = a, .named = true});
}

// -- who is to be dialled, and asked --------------------------------------------------------------

/// Addresses that only people know are for the time when no node can be reached: a node that said
/// another one would be dialled twice.
std::vector<node_address> known_nodes::to_dial(std::int64_t now) {
  const std::lock_guard hold{lock_};
  const bool alone = std::ranges::none_of(contacts_, [](const contact& x) { return !!x.node; });
  std::vector<node_address> out;
  for (contact& x : contacts_)
    if (!x.node && !x.dialling && now >= x.next_ms && (x.who.id ? !connected(x.who.id) : alone)) {
      x.dialling = true;
      out.push_back(x.at);
    }
  return out;
}

void known_nodes::forget_dialling() {
  const std::lock_guard hold{lock_};
  for (contact& x : contacts_)
    x.dialling = false;
}

service_actor known_nodes::to_ask(std::int64_t now) {
  const std::lock_guard hold{lock_};
  if (now < next_look_ms_ && !doubtful_)
    return {};
  for (std::size_t i = 0; i < contacts_.size(); ++i) {
    const contact& x = contacts_[asked_++ % contacts_.size()];
    if (!x.node)
      continue;
    doubtful_ = false;
    next_look_ms_ = now + look_interval_ms;
    return x.node;
  }
  return {};
}

// -- what is learned ------------------------------------------------------------------------------

status known_nodes::check(const cluster_view& v) const {
  differences d{structure_};
  d.add(v.structure, {v.self.node, "there", 0});
  if (auto s = d.verdict(); !s)
    return s;
  const std::lock_guard hold{lock_};
  if (v.partitions.size() != partitions_.size())
    return {errc::malformed, "it speaks of " + std::to_string(v.partitions.size()) + " partitions"};
  return ok();
}

bool known_nodes::reached(const node_address& at, const member& who, const service_actor& node,
                          const caf::actor& endpoint) {
  const std::lock_guard hold{lock_};
  contact* x = find(at);
  if (!x || over_)
    return false;
  x->dialling = false;
  x->pause_ms = 0;
  x->refused.clear();
  if (connected(who.id)) // at another address
    return false;
  x->who = who;
  x->node = node;
  x->endpoint = endpoint;
  return true;
}

bool known_nodes::failed(const node_address& at, const failure& why, std::int64_t now) {
  const std::lock_guard hold{lock_};
  contact* x = find(at);
  if (!x)
    return false;
  x->dialling = false;
  x->pause_ms = std::clamp(x->pause_ms * 2, pause_first_ms, pause_most_ms);
  x->next_ms = now + x->pause_ms;
  return std::exchange(x->refused, why.message) != why.message;
}

caf::actor known_nodes::lost(member_id id) {
  doubt();
  const std::lock_guard hold{lock_};
  for (contact& x : contacts_)
    if (x.who.id == id && x.node) {
      x.node = nullptr;
      x.next_ms = 0;
      return std::exchange(x.endpoint, nullptr);
    }
  return {};
}

void known_nodes::disbelieve(std::size_t partition) {
  const std::lock_guard hold{lock_};
  partitions_[partition].primary = 0;
}

/// Of a partition, what was said of the latest epoch; or, since epochs begin again when all copies
/// were lost, what is said now if its primary is gone.
void known_nodes::told(const cluster_view& v) {
  const std::lock_guard hold{lock_};
  meet(v);
  trouble_ = v.trouble;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    auto& known = partitions_[i];
    const auto& now = v.partitions[i];
    if (now.primary && (now.epoch >= known.epoch || !connected(known.primary)))
      known = now;
    else if (known.members.empty())
      known.members = now.members;
  }
}

/// Takes the nodes of a view for those that there are.
void known_nodes::meet(const cluster_view& v) {
  for (const auto& n : v.nodes) {
    if (n.at.host.empty())
      continue;
    contact* x = find(n.at);
    if (!x)
      x = &contacts_.emplace_back(contact{.at = n.at});
    if (!x->node)
      x->who = n.who;
  }
  std::erase_if(contacts_, [&](const contact& x) {
    return !x.named && !x.node && !x.dialling
           && std::ranges::none_of(v.nodes, [&](const auto& n) { return n.who.id == x.who.id; });
  });
}

std::vector<caf::actor> known_nodes::clear() {
  std::vector<caf::actor> out;
  const std::lock_guard hold{lock_};
  over_ = true;
  for (contact& x : contacts_)
    if (x.endpoint)
      out.push_back(std::move(x.endpoint));
  contacts_.clear();
  return out;
}

// -- what is known --------------------------------------------------------------------------------

known_nodes::contact* known_nodes::find(const node_address& at) {
  const auto found = std::ranges::find_if(
    contacts_, [&](const contact& x) { return x.at.host == at.host && x.at.port == at.port; });
  return found == contacts_.end() ? nullptr : &*found;
}

const known_nodes::contact* known_nodes::connected(member_id id) const {
  const auto found
    = std::ranges::find_if(contacts_, [&](const contact& x) { return x.node && x.who.id == id; });
  return found == contacts_.end() ? nullptr : &*found;
}

known_nodes::line known_nodes::line_to(member_id id) const {
  const std::lock_guard hold{lock_};
  const contact* x = connected(id);
  return x ? line{x->node, x->endpoint} : line{};
}

std::pair<member_id, service_actor> known_nodes::anybody() const {
  const std::lock_guard hold{lock_};
  for (const contact& x : contacts_)
    if (x.node)
      return {x.who.id, x.node};
  return {};
}

service_actor known_nodes::node_at(const std::string& address) const {
  const auto at = client_address(address);
  const std::lock_guard hold{lock_};
  for (const contact& x : contacts_)
    if (at && x.at.host == at->host && x.at.port == at->port)
      return x.node;
  return {};
}

member_id known_nodes::primary_of(std::size_t partition) const {
  const std::lock_guard hold{lock_};
  const auto id = partitions_[partition].primary;
  return id && connected(id) ? id : 0;
}

member_list known_nodes::members_of(std::size_t partition) const {
  const std::lock_guard hold{lock_};
  return partitions_[partition].members;
}

bool known_nodes::reaches(member_id id) const {
  const std::lock_guard hold{lock_};
  return connected(id);
}

std::string known_nodes::name_of(member_id id) const {
  const std::lock_guard hold{lock_};
  const contact* x = connected(id);
  return x ? x->who.node : to_string(member{"?", id});
}

failure known_nodes::no_primary(std::size_t partition) const {
  const std::lock_guard hold{lock_};
  if (!trouble_.empty())
    return {errc::unavailable, trouble_};
  return {errc::unavailable,
          "no primary of partition " + std::to_string(partition) + " can be reached"};
}

partition_place known_nodes::place_of(std::size_t partition) const {
  const std::lock_guard hold{lock_};
  partition_place out;
  out.index = partition;
  const auto& p = partitions_[partition];
  for (const member& m : p.members)
    if (m.id == p.primary)
      out.primary = m.node;
    else
      (connected(m.id) ? out.replicas : out.lost).push_back(m.node);
  return out;
}

void known_nodes::describe(supercache::cluster_stats& out) const {
  const std::lock_guard hold{lock_};
  out.partitions = partitions_.size();
  for (const contact& x : contacts_)
    if (x.node)
      out.live_nodes.push_back(x.who.node);
    else if (x.who.id && !connected(x.who.id))
      out.unreachable.push_back(x.who.node);
  std::ranges::sort(out.live_nodes);
  for (const auto& p : partitions_)
    out.writable += p.primary && connected(p.primary);
}

cluster_view known_nodes::look() const {
  const std::lock_guard hold{lock_};
  cluster_view out;
  out.partitions = partitions_;
  for (const contact& x : contacts_)
    if (x.node)
      out.nodes.push_back({x.who, x.at});
  return out;
}

} // namespace supercache::detail
