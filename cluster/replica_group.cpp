#include "faults.hpp"

#include <supercache/cluster/replica.hpp>

#include <algorithm>

// Changes of the group, by its primary: from the present members to those that are wanted. New
// members are brought up to date first, then the group changes, see `replica_group`, then the
// preferred primary takes over.

namespace supercache {

progress& replica::peer(const member& m) {
  const auto [at, fresh] = peers_.try_emplace(m.id);
  progress& p = at->second;
  if (!fresh)
    return p;
  p.who = m;
  p.up = up_.contains(m.id);
  p.next = log_.last().index + 1;
  address(m.id);
  return p;
}

/// Async: whether the members of the new group that can be reached know that they are members, and
/// one of them can take over if this copy dies. Only then the members before are not needed.
bool replica::new_members_know() const {
  bool one = group_.members.size() == 1;
  for (const member& m : group_.members) {
    const auto p = peers_.find(m.id);
    if (p == peers_.end() || !p->second.up)
      continue;
    if (p->second.phase != progress::phases::stream || p->second.match < group_index_)
      return false;
    one = true;
  }
  return one;
}

/// Whether it is certain that a copy is no longer needed.
bool replica::may_go(member_id id) const {
  return !changing_members() && !is_member(id) && !find_member(wanted_, id);
}

member_list replica::coming() const {
  member_list out;
  for (const auto& [id, p] : peers_)
    if (!is_member(id))
      out.push_back(p.who);
  return out;
}

/// Whether a copy has what the log had a short time ago: it keeps up, however much comes in.
bool replica::caught_up(const progress& p) const {
  constexpr log_index close = 64;
  const log_index end
    = std::min(recent_end_, log_.last().index - std::min(close, log_.last().index));
  return p.up && p.phase == progress::phases::stream && p.match >= end;
}

/// The group to change to: the wanted copies that are members already, or up to date; and, until
/// all are up to date, the present members that no new incarnation of the same node replaces.
member_list replica::next_members() const {
  const auto current = [&](const member& m) {
    const auto p = peers_.find(m.id);
    return m.id == options_.self.id || (p != peers_.end() && caught_up(p->second));
  };
  member_list next;
  std::ranges::copy_if(wanted_, std::back_inserter(next),
                       [&](const member& m) { return is_member(m.id) || current(m); });
  const bool all = next.size() == wanted_.size() && std::ranges::all_of(next, current);
  for (const member& m : group_.members) {
    if (find_member(next, m.id))
      continue;
    const bool mine = m.id == options_.self.id; // leaves when another copy leads
    if (mine || (!all && !find_node(next, m.node)))
      next.push_back(m);
  }
  // A member that is down is not kept beside another in its place: a group of four with one down
  // cannot lose another. It comes back when it can.
  std::size_t left = next.size();
  for (const bool wanted : {false, true})
    std::erase_if(next, [&](const member& m) {
      const bool goes = left > wanted_.size() && !is_up(m.id)
                        && wanted == (find_member(wanted_, m.id) != nullptr);
      left -= goes;
      return goes;
    });
  std::ranges::sort(next);
  return next;
}

void replica::move_towards_wanted(std::int64_t now) {
  if (async() && group_.joint)
    change_committed(); // the member that was waited for may be gone
  for (const member& m : wanted_)
    if (m.id && m.id != options_.self.id)
      peer(m);
  std::erase_if(peers_, [&](const auto& p) {
    return !is_member(p.first) && !find_member(group_.before, p.first)
           && !find_member(wanted_, p.first);
  });
  if (changing_members() && !stuck())
    return;
  if (wanted_.empty() || (!hand_over_to_ && begin_change(now)))
    return;
  consider_hand_over(now);
}

/// Whether too few members of the new group are left to complete the change.
bool replica::stuck() const {
  if (group_.before.empty())
    return false;
  const auto other = [&](const member& m) { return up_.contains(m.id); };
  return async() ? group_.members.size() > 1 && std::ranges::none_of(group_.members, other)
                 : !has_majority();
}

/// Whether the members that can be reached could complete a change to this group.
bool replica::can_decide(const replica_group& g) const {
  return async() || g.decides([&](const member& m) { return is_up(m.id); });
}

/// If the new members are an even number, half of them can be lost at the end of the change. So
/// that there is a way back then, some of the members before go later.
void replica::add_steps(replica_group& g) const {
  for (const bool up : {true, false})
    for (const member& m : g.before) {
      if (g.members.size() % 2 == 1 || g.before_meets_members())
        return;
      if (is_up(m.id) == up && !find_member(g.members, m.id)) {
        g.members.push_back(m);
        std::ranges::sort(g.members);
      }
    }
}

/// Changes the group, if there is something to change and it can be committed.
bool replica::begin_change(std::int64_t now) {
  // Two primaries that each begin a change with half of an even group must not both succeed: the
  // later one first shows that it has a majority of the present group. In a group of two, both
  // have voted.
  const bool leads_surely = commit_ >= epoch_begin_ || group_.members.size() == 2;
  if (!async() && group_.before.empty() && !leads_surely)
    return false;
  // Another change takes the place of one that ends only if the members cannot have decided without
  // the group before.
  if (group_.ends() && !group_.before_meets_members())
    return false;
  entry e;
  e.kind = entry_kind::members;
  e.stamp_ms = time_ms(now);
  e.who.members = next_members();
  e.who.before = group_.before.empty() ? group_.members : group_.before;
  // Until a change is over, a change that comes upon it keeps its casting vote: others may still be
  // in the middle of it, where half of the group before is enough to elect with that vote.
  e.who.casting_vote = group_.before.empty() ? options_.self.id : group_.casting_vote;
  e.who.joint = !faulty(fault::change_alone);
  if (!async())
    add_steps(e.who);
  if (stuck() && (e.who.members == group_.members || !can_decide(e.who)))
    e.who.members = group_.before; // the way back
  if (e.who.members == group_.members || !can_decide(e.who))
    return false;
  append_own(e);
  return true;
}

/// Once a change is over: tells copies that are no longer members that they may go.
void replica::drop_former_members() {
  std::erase_if(peers_, [&](const auto& p) {
    if (is_member(p.first) || find_member(wanted_, p.first))
      return false;
    send(p.first, retire{promised_, group_index_});
    return true;
  });
}

// -- handing over -------------------------------------------------------------------------------

/// The member that should lead in place of this copy: the preferred primary, or, if this copy has
/// to go, any wanted member. nullptr if none could, or none should.
const progress* replica::best_successor() const {
  if (wanted_.front().id == options_.self.id)
    return nullptr;
  const bool must_go = !find_member(wanted_, options_.self.id);
  for (const member& m : wanted_) {
    const auto p = peers_.find(m.id);
    if (is_member(m.id) && p != peers_.end() && caught_up(p->second))
      return &p->second;
    if (!must_go)
      return nullptr;
  }
  return nullptr;
}

void replica::consider_hand_over(std::int64_t now) {
  if (!hand_over_to_) {
    const progress* p = now >= next_hand_over_ms_ ? best_successor() : nullptr;
    if (!p || !has_majority())
      return;
    hand_over_to_ = p->who.id;
    hand_over_until_ = now + (options_.hand_over_ms << hand_overs_late_);
    next_hand_over_ms_ = now + (options_.hand_over_pause_ms << hand_overs_late_);
    news_.role = true; // writes wait
  }
  const auto p = peers_.find(hand_over_to_);
  if (now >= hand_over_until_ || p == peers_.end()) {
    hand_over_to_ = 0;
    news_.role = true;
  } else if (p->second.match == log_.last().index) {
    send(hand_over_to_, take_over{promised_});
  }
}

} // namespace supercache
