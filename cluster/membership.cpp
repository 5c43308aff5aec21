#include <supercache/cluster/assignment.hpp>
#include <supercache/cluster/log.hpp>
#include <supercache/cluster/membership.hpp>
#include <supercache/cluster/replica.hpp>

#include <algorithm>
#include <cassert>

namespace supercache {

claim claim_of(std::uint64_t partition, const replica& r) {
  return {partition, r.promised(), r.leads(), !r.blank(), r.group().involved(), r.coming()};
}

membership::membership(membership_options o, std::int64_t now)
  : options_(std::move(o)), start_ms_(now), listed_(options_.open), leaders_(options_.partitions) {}

// -- what is learned ----------------------------------------------------------------------------

membership::difference membership::declare(std::vector<std::string> nodes, std::int64_t now) {
  std::set<std::string> next{nodes.begin(), nodes.end()};
  next.erase(options_.self.node);
  difference d;
  std::ranges::set_difference(next, declared_, std::back_inserter(d.added));
  std::ranges::set_difference(declared_, next, std::back_inserter(d.removed));
  for (const auto& name : d.added) {
    node& n = nodes_[name];
    n.left = n.replaced = false; // it is expected again
    if (!n.up)
      n.down_ms = now;
  }
  declared_ = std::move(next);
  if (!listed_) {
    listed_ = true;
    start_ms_ = now;
    ++version_;
  }
  if (!d.added.empty() || !d.removed.empty())
    ++version_;
  return d;
}

void membership::node_up(const member& m, std::int64_t now) {
  node& n = nodes_[m.node];
  if (n.up && n.id == m.id)
    return;
  if (n.id != m.id) {
    n.claims.clear();
    n.version = 0;
    n.left = false;
  }
  n.id = m.id;
  n.up = true;
  n.told = false;
  n.replaced = false;
  n.down_ms = now;
  ++version_;
  see_what_is_led_by(m);
}

void membership::node_down(const member& m, std::int64_t now) {
  const auto at = nodes_.find(m.node);
  if (at == nodes_.end() || at->second.id != m.id || !at->second.up)
    return;
  at->second.up = false;
  at->second.down_ms = now;
  gone_version_ += at->second.left;
  ++version_;
  see_what_is_led_by(m);
}

void membership::node_leaves(const std::string& name, bool leaves) {
  bool& left = name == options_.self.node ? leaving_ : nodes_[name].left;
  version_ += left != leaves;
  gone_version_ += left != leaves;
  left = leaves;
  if (name != options_.self.node)
    nodes_[name].over = leaves ? nodes_[name].id : 0;
}

bool membership::forget_left() {
  const auto needed = [&](const std::string& name) {
    return std::ranges::any_of(leaders_, [&](const leadership& l) {
      return find_node(l.members, name) || find_node(l.coming, name);
    });
  };
  const auto count = std::erase_if(declared_, [&](const std::string& name) {
    const node& n = nodes_.at(name);
    return n.left && !n.up && !needed(name);
  });
  version_ += count > 0;
  return count > 0;
}

bool membership::has_left(const std::string& name) const {
  const auto at = nodes_.find(name);
  return at != nodes_.end() && at->second.left;
}

void membership::see_who_leads(std::uint64_t partition) {
  if (partition >= leaders_.size())
    return;
  leadership& known = leaders_[partition];
  leadership now;
  const auto look = [&](const member& who, const std::map<std::uint64_t, claim>& claims) {
    const auto at = claims.find(partition);
    if (at != claims.end() && at->second.leads && (!now.current || at->second.epoch > now.epoch))
      now = {at->second.epoch, who, true, at->second.members, at->second.coming};
  };
  look(options_.self, own_);
  for (const auto& [name, n] : nodes_)
    if (n.up)
      look({name, n.id}, n.claims);
  if (now.current)
    known = std::move(now);
  else
    known.current = false;
}

/// Called when what a node claims is no longer known, or is known again.
void membership::see_what_is_led_by(const member& m) {
  const node& n = nodes_.at(m.node);
  for (std::size_t i = 0; i < leaders_.size(); ++i)
    if (leaders_[i].primary.node == m.node || n.claims.contains(i))
      see_who_leads(i);
}

void membership::learn_all(const member& from, std::uint64_t version, const std::vector<claim>& cs,
                           const member_list& gone) {
  const auto at = nodes_.find(from.node);
  if (at == nodes_.end() || at->second.id != from.id)
    return;
  for (const member& m : gone) // a node that can be reached says itself whether it leaves
    if (const auto who = nodes_.find(m.node);
        who != nodes_.end() && who->second.id == m.id && !who->second.up)
      node_leaves(m.node);
  node& n = at->second;
  if (version < n.version)
    return; // old
  n.told = true;
  n.version = version;
  n.claims.clear();
  for (const claim& c : cs)
    n.claims[c.partition] = c;
  see_what_is_led_by(from);
}

void membership::learn(const member& from, std::uint64_t version, const claim& c) {
  const auto at = nodes_.find(from.node);
  if (at == nodes_.end() || at->second.id != from.id)
    return;
  node& n = at->second;
  if (!n.told || version != n.version + 1)
    return; // old, or something between was lost
  n.version = version;
  if (c.holds || c.leads)
    n.claims[c.partition] = c;
  else
    n.claims.erase(c.partition);
  see_who_leads(c.partition);
}

bool membership::knows_all(const member& from, std::uint64_t version) const {
  const auto at = nodes_.find(from.node);
  return at != nodes_.end() && at->second.id == from.id && at->second.told
         && at->second.version >= version;
}

std::uint64_t membership::own(const claim& c) {
  assert(c.partition < options_.partitions && (!c.leads || c.epoch.owner == options_.self.id));
  if (c.holds || c.leads)
    own_[c.partition] = c;
  else
    own_.erase(c.partition);
  see_who_leads(c.partition);
  return ++own_version_;
}

std::vector<claim> membership::own_claims() const {
  std::vector<claim> out;
  for (const auto& [partition, c] : own_)
    out.push_back(c);
  return out;
}

member_list membership::gone() const {
  member_list out;
  for (const auto& [name, n] : nodes_)
    if (n.left && !n.up && n.id)
      out.push_back({name, n.id});
  return out;
}

void membership::tick(std::int64_t now) {
  if (!waited_ && listed_ && now >= start_ms_ + options_.bootstrap_ms) {
    waited_ = true;
    ++version_;
  }
  if (options_.replace_ms == 0)
    return;
  for (auto& [name, n] : nodes_)
    if (!n.up && !n.replaced && n.id && now >= n.down_ms + options_.replace_ms) {
      n.replaced = true;
      ++version_;
    }
}

// -- what follows -------------------------------------------------------------------------------

bool membership::counts(const std::string& name, const node& n) const {
  return declared_.contains(name) && !n.left && !n.replaced && (n.id != 0 || !waited_);
}

std::size_t membership::copies_due() const {
  auto nodes = static_cast<std::size_t>(std::ranges::count_if(
    nodes_, [&](const auto& n) { return declared_.contains(n.first) && !n.second.left; }));
  nodes += !leaving_;
  return std::min(options_.factor, std::max<std::size_t>(1, nodes));
}

std::vector<std::string> membership::counted() const {
  std::vector<std::string> out;
  if (!leaving_)
    out.push_back(options_.self.node);
  for (const auto& [name, n] : nodes_)
    if (counts(name, n))
      out.push_back(name);
  // Sync: a group never shrinks to so few that the others, started again and without knowing of it,
  // could bootstrap another (`to_bootstrap`).
  const std::size_t nodes = declared_.size() + 1;
  const std::size_t least
    = options_.mode == replication_mode::async ? 1 : majority_of(std::min(options_.factor, nodes));
  for (const auto& [name, n] : nodes_)
    if (out.size() < least && declared_.contains(name) && !n.left && n.replaced)
      out.push_back(name);
  if (out.empty())
    out.push_back(options_.self.node); // the last node has no other to leave its data to
  std::ranges::sort(out);
  return out;
}

member_list membership::wanted(std::size_t partition) const {
  const placement p = assign_one(counted(), partition, options_.factor);
  std::vector<std::string> names{p.primary};
  names.insert(names.end(), p.replicas.begin(), p.replicas.end());
  member_list out;
  for (const auto& name : names) {
    if (name == options_.self.node)
      out.push_back(options_.self);
    else
      out.push_back({name, nodes_.at(name).id});
  }
  return out;
}

bool membership::somebody_holds(std::size_t partition) const {
  return std::ranges::any_of(
    nodes_, [&](const auto& n) { return n.second.up && n.second.claims.contains(partition); });
}

/// Whether a node that had this node's vote to bootstrap a group may have that group. If it said
/// goodbye it has none, or others have it, too.
bool membership::may_have_bootstrapped(const member& bootstrapper) const {
  if (options_.mode == replication_mode::async || !bootstrapper.id || bootstrapper == options_.self)
    return false;
  const auto at = nodes_.find(bootstrapper.node);
  const bool left = at != nodes_.end() && at->second.over == bootstrapper.id;
  return !has_other_incarnation(bootstrapper) && !left;
}

bool membership::group_exists(std::size_t partition, const member& bootstrapper,
                              std::int64_t now) const {
  const leadership& known = leaders_[partition];
  if (known.current)
    return true;
  if (!is_live(bootstrapper) && may_have_bootstrapped(bootstrapper)) // else it will be asked, too
    return true;
  // A member of the last group known may still have its data.
  if (std::ranges::all_of(known.members, [&](const member& m) { return has_other_incarnation(m); }))
    return false;
  if (options_.mode != replication_mode::async)
    return true;
  const auto at = nodes_.find(known.primary.node); // async waits, but not for ever
  return at != nodes_.end() && at->second.id == known.primary.id
         && now < at->second.down_ms + options_.bootstrap_ms;
}

std::optional<member_list> membership::to_bootstrap(std::size_t partition,
                                                    const member& bootstrapper,
                                                    std::int64_t now) const {
  if (!listed_ || (declared_.empty() && now < start_ms_ + options_.alone_ms))
    return {}; // there may be others, with a group of their own
  if (leaving_ || group_exists(partition, bootstrapper, now) || somebody_holds(partition))
    return {};
  bool all_up = !options_.open;
  for (const auto& [name, n] : nodes_) {
    if (n.up && !n.told)
      return {}; // it may know more
    all_up = all_up && (n.up || n.left || !declared_.contains(name));
  }
  if (!all_up && !waited_)
    return {};
  // Two majorities of the declared nodes have a node in common, so two groups are not bootstrapped
  // at once. And an acknowledged write is on a majority of a group: if fewer nodes than that are
  // out of reach, and none of the others holds data, then no group exists, or more than a minority
  // of it is lost.
  const std::size_t nodes = declared_.size() + 1;
  const auto out_of_reach = static_cast<std::size_t>(
    std::ranges::count_if(declared_, [&](const auto& name) { return !nodes_.at(name).up; }));
  if (options_.mode != replication_mode::async
      && (nodes - out_of_reach < majority_of(nodes)
          || out_of_reach >= majority_of(std::min(options_.factor, nodes))))
    return {};
  member_list initial_members;
  for (const member& m : wanted(partition))
    if (is_live(m))
      initial_members.push_back(m);
  if (initial_members.empty() || initial_members.front() != options_.self)
    return {};
  return initial_members;
}

bool membership::somebody_stays() const {
  return std::ranges::any_of(declared_, [&](const auto& name) { return !has_left(name); });
}

std::size_t membership::counting_on_self(std::span<const member> bootstrappers) const {
  std::size_t n = 0;
  for (std::size_t i = 0; i < leaders_.size(); ++i) {
    const leadership& l = leaders_[i];
    const bool told = is_live(bootstrappers[i]) && knows_all(bootstrappers[i], 0);
    n += own_.contains(i)
         || (l.current ? find_member(l.members, options_.self.id) != nullptr
                       : !told && may_have_bootstrapped(bootstrappers[i]));
  }
  return n;
}

member_list membership::live() const {
  member_list out{options_.self};
  for (const auto& [name, n] : nodes_)
    if (n.up)
      out.push_back({name, n.id});
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> membership::unreachable() const {
  std::vector<std::string> out;
  for (const auto& [name, n] : nodes_)
    if (!n.up && !n.left && declared_.contains(name))
      out.push_back(name);
  return out;
}

bool membership::is_live(const member& m) const {
  if (m == options_.self)
    return true;
  const auto at = nodes_.find(m.node);
  return at != nodes_.end() && at->second.up && at->second.id == m.id;
}

bool membership::has_other_incarnation(const member& m) const {
  if (m.node == options_.self.node)
    return m.id != options_.self.id;
  const auto at = nodes_.find(m.node);
  return at != nodes_.end() && at->second.id != 0 && at->second.id != m.id;
}

} // namespace supercache
