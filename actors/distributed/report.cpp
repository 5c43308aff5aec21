#include "../core.hpp"
#include "node.hpp"

#include <supercache/store/amount.hpp>

#include <algorithm>

// What a node tells people about its cluster.

namespace supercache::detail {

supercache::cluster_stats node::stats() {
  const options& o = core_.config();
  supercache::cluster_stats out;
  out.node = to_string(here_);
  out.mode = to_string(o.cluster);
  out.replication_mode = to_string(o.replication.mode);
  out.partitions = hosts_.size();
  out.discarded = discarded_;
  view([&](const membership& m) {
    for (const member& x : m.live())
      out.live_nodes.push_back(x.node);
    out.unreachable = m.unreachable();
    out.waits_for = m.listed() ? std::string{} : no_list_;
    out.replication_factor = o.replication.replication_factor;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const leadership& l = m.leader_of(i);
      out.writable += is_writable(m, i);
      out.primaries_here += hosts_[i]->leads();
      out.replicas_here += !hosts_[i]->leads() && find_member(l.members, self_.id);
    }
  });
  return out;
}

result<value> node::members() {
  struct counts {
    std::int64_t primaries = 0, replicas = 0;
  };
  std::map<std::string, counts> have;
  value_list out;
  const auto row = [&](const std::string& name, const char* state, const node_address& where) {
    out.push_back(value::map({{"node", name},
                              {"state", state},
                              {"address", where.host + ':' + std::to_string(where.port)},
                              {"primaries", have[name].primaries},
                              {"replicas", have[name].replicas}}));
  };
  const char* own_state = "here";
  const auto peers = links();
  const bool leaving = view([](const membership& m) { return m.leaving(); });
  const auto voted = leaving ? bootstrappers() : member_list(hosts_.size());
  std::vector<std::string> declared, left;
  view([&](const membership& m) {
    if (!m.listed())
      own_state = "waiting";
    if (leaving)
      own_state = m.counting_on_self(voted) ? "leaving" : "left";
    const auto counted = m.counted(), out_of_reach = m.unreachable();
    for (const link* l : peers)
      if (std::ranges::find(counted, l->name()) == counted.end()
          && std::ranges::find(out_of_reach, l->name()) == out_of_reach.end())
        left.push_back(l->name());
    declared.assign(m.declared().begin(), m.declared().end());
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const leadership& l = m.leader_of(i);
      const bool led = l.current && m.is_live(l.primary);
      if (led)
        ++have[l.primary.node].primaries;
      for (const member& x : l.members)
        if (!led || x.node != l.primary.node)
          ++have[x.node].replicas;
    }
  });
  row(self_.node, own_state, here_);
  const auto silent_since = now_ms() - core_.config().replication.node_monitor.suspect().count();
  for (link* l : peers) {
    const bool up = l->up(), gone = std::ranges::find(left, l->name()) != left.end();
    const bool known = std::ranges::find(declared, l->name()) != declared.end();
    if (!up && !known)
      continue;
    const auto where = l->with_dialling(
      [](const link::dialling& d) { return d.said.host.empty() ? d.address : d.said; });
    const auto& had = have[l->name()];
    row(l->name(),
        !gone && up                              ? l->heard_ms() < silent_since ? "suspect" : "up"
        : !gone                                  ? "down"
        : !known                                 ? "undeclared"
        : up && had.primaries + had.replicas > 0 ? "leaving"
                                                 : "left",
        where);
  }
  return value::list(out);
}

void node::list(std::vector<std::pair<std::string, caf::actor>>& actors) const {
  const std::lock_guard hold{actors_lock_};
  if (flusher_)
    flusher_->list(actors);
  if (monitor_)
    monitor_->list(actors);
}

namespace {
value texts(const std::vector<std::string>& xs) {
  return value::list(value_list(xs.begin(), xs.end()));
}
} // namespace

cluster_view node::look() {
  cluster_view out;
  out.self = self_;
  out.clustered = true;
  if (!waits_for().empty())
    out.trouble = no_primary(0).message;
  out.nodes.push_back({self_, here_});
  for (link* l : links())
    if (l->up())
      out.nodes.push_back(
        {l->who(), l->with_dialling([](const link::dialling& d) { return d.said; })});
  view([&](const membership& m) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const leadership& l = m.leader_of(i);
      out.partitions.push_back({l.epoch, route(i), l.members});
    }
  });
  return out;
}

partition_place node::place_of(std::size_t partition) {
  partition_place out;
  out.index = partition;
  view([&](const membership& m) {
    const leadership& l = m.leader_of(partition);
    const bool led = l.current && m.is_live(l.primary); // by a node that can be reached
    if (led)
      out.primary = l.primary.node;
    for (const member& x : l.members)
      if (!m.is_live(x))
        out.lost.push_back(x.node);
      else if (!led || x != l.primary)
        out.replicas.push_back(x.node);
    for (const member& x : l.coming)
      out.coming.push_back(x.node);
  });
  return out;
}

result<value> node::placement() {
  value_list out;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const auto place = place_of(i);
    const auto epoch = view([&](const membership& m) { return m.leader_of(i).epoch.number; });
    host& h = *hosts_[i];
    std::int64_t last = 0, commit = 0;
    h.step([&](replica& core) {
      last = static_cast<std::int64_t>(core.log().last().index);
      commit = static_cast<std::int64_t>(core.commit());
    });
    out.push_back(value::map(
      {{"partition", static_cast<std::int64_t>(i)},
       {"primary", place.primary.empty() ? value{} : value{place.primary}},
       {"epoch", static_cast<std::int64_t>(epoch)},
       {"replicas", texts(place.replicas)},
       {"lost", texts(place.lost)},
       {"coming", texts(place.coming)},
       {"last", last},
       {"commit", commit},
       {"records", static_cast<std::int64_t>(h.store_.tuples().count(stamp{h.time_ms()}))}}));
  }
  return value::list(out);
}

/// Errors: `invalid_argument`: it can be written, another node leads it, or there is no copy here.
status node::force_primary(std::size_t partition) {
  const std::string primary = view([&](const membership& m) {
    const leadership& l = m.leader_of(partition);
    return l.current && m.is_live(l.primary) ? l.primary.node : std::string{};
  });
  const auto name = "partition " + std::to_string(partition);
  if (!primary.empty() && primary != self_.node)
    return {errc::invalid_argument,
            name + " is led by node " + primary + ", which can be reached: ask that node"};
  status out = ok();
  bool writable = false;
  hosts_[partition]->step([&](replica& core) {
    writable = core.leads() && core.has_majority();
    if (!writable)
      out = core.force(now_ms());
  });
  if (writable)
    return {errc::invalid_argument,
            name + " has a primary, this node " + self_.node
              + ", and a majority of its members; there is nothing to force"};
  if (!out && out.why().code == errc::invalid_argument)
    return {errc::invalid_argument, "node " + self_.node + " has no copy of " + name};
  if (out)
    log().warn(component::partitions,
               "{}: an operator made this node its primary; writes that it did not receive are "
               "given up",
               name);
  return out;
}

result<std::size_t> node::check_settled() {
  const auto copies
    = view([&](const membership& m) { return all_settled(m) ? m.copies_due() : 0; });
  if (copies)
    return copies;
  return {errc::timeout, why_not_settled()};
}

std::string node::why_not_settled() {
  std::size_t headless = 0, thin = 0;
  std::string gone;
  view([&](const membership& m) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const bool led = m.leader_of(i).current && m.is_live(m.leader_of(i).primary);
      headless += !led;
      thin += led && !is_settled(m, i);
    }
    for (const auto& name : m.unreachable())
      gone += (gone.empty() ? "; unreachable: " : ", ") + name;
    if (!m.listed())
      gone += "; node " + self_.node + " waits for its first list of nodes: " + no_list_;
  });
  const auto of = " of " + amount(hosts_.size(), "partition", "partitions");
  return std::to_string(headless) + of + (headless == 1 ? " has" : " have") + " no primary, and "
         + std::to_string(thin) + (thin == 1 ? " does not have all its" : " do not have all their")
         + " copies yet" + gone;
}

bool node::all_settled(const membership& m) const {
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (!is_settled(m, i))
      return false;
  return true;
}

/// Whether a partition has a primary that can acknowledge writes.
bool node::is_writable(const membership& m, std::size_t partition) const {
  const leadership& l = m.leader_of(partition);
  const auto live = std::ranges::count_if(l.members, [&](const member& x) { return m.is_live(x); });
  return l.current && m.is_live(l.primary) && (async_ || 2 * live > std::ssize(l.members));
}

/// Whether a partition has a primary and all the copies it should have, within reach, and no other.
bool node::is_settled(const membership& m, std::size_t partition) const {
  const leadership& l = m.leader_of(partition);
  return l.current && m.is_live(l.primary) && l.coming.empty()
         && std::ranges::all_of(l.members, [&](const member& x) { return m.is_live(x); })
         && l.members.size() == m.copies_due();
}

} // namespace supercache::detail
