// What a cluster looks like from above, as no node within can see it; and what must hold.

#include "cluster.hpp"
#include "guarantee.hpp"

#include <supercache/store/transfer.hpp>
#include <supercache/store/wire_fields.hpp>

#include <algorithm>

namespace sim {

node* cluster::leader(std::size_t partition) {
  node* best = nullptr;
  for (auto& [name, n] : nodes_)
    if (n->copy(partition).leads()
        && (!best || n->copy(partition).promised() > best->copy(partition).promised()))
      best = n.get();
  return best;
}

bool cluster::can_lose(const std::string& name) {
  for (std::size_t i = 0; i < p.partitions; ++i) {
    std::vector<witness> copies;
    for (auto& [other, n] : nodes_)
      copies.push_back({n->self(), &n->copy(i), other != name, true});
    if (!must_survive(copies))
      return false;
  }
  return true;
}

void cluster::look_for_split(std::size_t partition, node& n) {
  const entry_log& mine = n.copy(partition).log();
  const auto lacks = [&](const position& end) {
    return end.index > mine.last().index || (mine.knows(end.index) && mine.at(end.index) != end);
  };
  for (const auto& [name, other] : nodes_) {
    const replica& r = other->copy(partition);
    const bool whole = !r.blank() && !r.installing();
    if (other->self() == n.self() || n.reaches(other->self().id)
        || !(r.leads() || (whole && lacks(r.log().last()))))
      continue;
    split_ = true;
    w.note([&, who = other->self()] {
      return to_string(n.self()) + " leads partition " + std::to_string(partition)
             + " without reaching " + to_string(who)
             + (r.leads() ? ", which leads" : ", which has more");
    });
  }
}

void cluster::compare_data(std::size_t partition, node& n) {
  replica& r = n.copy(partition);
  if (r.blank() || r.installing())
    return;
  byte_buffer requests;
  wire_writer into{requests};
  encode(into, r.requests());
  const std::string_view text{reinterpret_cast<const char*>(requests.data()), requests.size()};
  const std::pair mine{digest(n.store(partition), stamp{r.stamp_ms()}) ^ hash(value{text}),
                       to_string(n.self())};
  const auto [at, fresh] = data_.try_emplace({partition, r.log().last()}, mine);
  if (!fresh && at->second.first != mine.first)
    w.fail("copies", "at " + to_string(r.log().last()) + " of partition "
                       + std::to_string(partition) + ", " + mine.second + " has other data than "
                       + at->second.second);
}

void cluster::check_commit(std::size_t partition, node& n) {
  const replica& r = n.copy(partition);
  const position at = r.log().at(r.commit());
  const auto holds = [&](const member& m) {
    const auto mine = [&](const std::unique_ptr<node>& x) { return x && x->self() == m; };
    const auto alive = nodes_.find(m.node);
    node* x = alive != nodes_.end() && mine(alive->second) ? alive->second.get() : nullptr;
    if (const auto dead = std::ranges::find_if(dead_, mine); dead != dead_.end())
      x = dead->get();
    if (!x)
      return false;
    const replica& copy = x->copy(partition);
    return !copy.installing() && copy.log().knows(at.index) && copy.log().at(at.index) == at;
  };
  const auto holders = std::ranges::count_if(r.members(), holds);
  if (static_cast<std::size_t>(holders) < majority_of(r.members().size()))
    w.fail("durability", to_string(n.self()) + " commits " + to_string(at) + " of partition "
                           + std::to_string(partition) + ", which only " + std::to_string(holders)
                           + " of " + to_string(r.members()) + " hold");
}

bool cluster::settled(std::string* why) {
  const auto no = [&](std::size_t i, const std::string& what) {
    if (why)
      *why = "partition " + std::to_string(i) + ": " + what;
    return false;
  };
  for (std::size_t i = 0; i < p.partitions; ++i) {
    node* l = leader(i);
    if (!l)
      return no(i, "nobody leads");
    replica& r = l->copy(i);
    const member_list wanted = l->view().wanted(i);
    member_list sorted = wanted;
    std::ranges::sort(sorted);
    if (r.members() != sorted || r.changing_members())
      return no(i, "the group is " + to_string(r.group()) + ", not " + to_string(sorted));
    if (sorted.size() != std::min(p.factor, l->view().counted().size()))
      return no(i, "the group is only " + to_string(sorted));
    if (wanted.front() != l->self())
      return no(i, to_string(l->self()) + " leads, not " + to_string(wanted.front()));
    if (!r.accepts_writes() || r.commit() != r.log().last().index)
      return no(i, "the primary waits");
    const stamp when{r.stamp_ms()};
    for (const member& m : r.members()) {
      node* n = alive(m.node);
      if (!n || n->self() != m || !n->copy(i).readable())
        return no(i, to_string(m) + " is not there, or not complete");
      if (n->copy(i).log().last() != r.log().last())
        return no(i, to_string(m) + " ends at " + to_string(n->copy(i).log().last()) + ", not "
                       + to_string(r.log().last()));
      if (digest(n->store(i), when) != digest(l->store(i), when))
        return no(i, to_string(m) + " has other data than the primary");
      if (n->copy(i).requests() != r.requests())
        return no(i, to_string(m) + " has another session table");
    }
    for (auto& [name, n] : nodes_)
      if (!find_member(r.members(), n->self().id) && !n->copy(i).blank())
        return no(i, name + " keeps data though it is no member");
  }
  return true;
}

} // namespace sim
