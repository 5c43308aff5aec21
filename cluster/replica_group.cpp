#include "faults.hpp"

#include <supercache/cluster/replica.hpp>

#include <algorithm>

// Changes of the group, by its primary: from the members there are to those that are wanted. Who is
// to come is brought up to date first, then the group changes, see `replica_group`, then the
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

member_list replica::coming() const {
  member_list out;
  for (const auto& [id, p] : peers_)
    if (!is_member(id))
      out.push_back(p.who);
  return out;
}

/// Whether it has what there was a short time ago: however much comes in, it keeps up.
bool replica::caught_up(const progress& p) const {
  constexpr log_index close = 64;
  const log_index end
    = std::min(recent_end_, log_.last().index - std::min(close, log_.last().index));
  return p.up && p.now == progress::phase::stream && p.match >= end;
}

/// The group to change to: who is wanted and up to date; and, until that is everybody, those of now
/// that no new life of the same node replaces.
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
    const bool mine = m.id == options_.self.id; // leaves when somebody else leads
    if (mine || (!all && !find_node(next, m.node)))
      next.push_back(m);
  }
  // One who is down is not kept beside another in its place: four of whom one is down cannot lose
  // another. It comes back when it can.
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

/// Whether too few of a group to come are left to commit it. Another one then takes its place: if
/// the old group still decides, too, it has to agree as it had to that one.
bool replica::stuck() const { return !group_.before.empty() && !has_majority(); }

/// Changes the group, if there is something to change and it can be committed.
bool replica::begin_change(std::int64_t now) {
  entry e;
  e.kind = entry_kind::members;
  e.stamp_ms = next_stamp(now);
  e.who.members = next_members();
  e.who.before = group_.joint ? group_.before : group_.members;
  // Until a change is over, what comes upon it is decided with its casting vote: others may still
  // be in the middle of it, where with that half of these members are enough to elect.
  e.who.casting_vote = group_.before.empty() ? options_.self.id : group_.casting_vote;
  e.who.joint = !faulty(fault::change_alone);
  if (e.who.members == group_.members)
    return false;
  // Two primaries who each begin a change with half of an even group must not both succeed: the
  // later one shows first that it has a majority of the group as it is. Of two, both have voted.
  const bool reigns = commit_ >= reign_begin_ || group_.members.size() == 2;
  if (!async() && ((!group_.joint && !reigns) || !e.who.decides([&](const member& m) {
        return is_up(m.id);
      })))
    return false;
  append_own(e);
  return true;
}

/// Once a change is over: tells those who are no longer members that they may go.
void replica::drop_former_members() {
  std::erase_if(peers_, [&](const auto& p) {
    if (is_member(p.first) || find_member(wanted_, p.first))
      return false;
    send(p.first, retire{promised_, group_index_});
    return true;
  });
}

// -- handing over -------------------------------------------------------------------------------

/// Who should lead in place of this copy: the preferred primary, or, if this copy has to go, anyone
/// who is wanted. nullptr if nobody could, or nobody should.
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
    hand_over_until_ = now + options_.hand_over_ms;
    next_hand_over_ms_ = now + options_.hand_over_pause_ms;
    news_.role = true; // writes wait
  }
  const auto p = peers_.find(hand_over_to_);
  if (now >= hand_over_until_ || p == peers_.end()) {
    hand_over_to_ = 0;
    news_.role = true;
  } else if (p->second.match == log_.last().index) {
    // The successor may act on it for as long as it is not taken for down, and votes are counted.
    constexpr std::int64_t voting_ms = 500;
    no_lease_until_ms_ = now + options_.loyal_ms + voting_ms;
    send(hand_over_to_, take_over{promised_});
  }
}

} // namespace supercache
