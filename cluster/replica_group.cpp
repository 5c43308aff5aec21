#include <supercache/cluster/replica.hpp>

#include <algorithm>

// Changes of the group, by its primary: from the members there are to those that are wanted. Who is
// to come is brought up to date first, then the group changes in one joint step, then the preferred
// primary takes over.

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

member_list replica::involved() const {
  member_list out = members_;
  for (const member& m : before_)
    if (!is_member(m.id))
      out.push_back(m);
  std::ranges::sort(out);
  return out;
}

member_list replica::coming() const {
  member_list out;
  for (const auto& [id, p] : peers_)
    if (!is_member(id))
      out.push_back(p.who);
  return out;
}

bool replica::caught_up(const progress& p) const {
  constexpr log_index close = 64;
  return p.up && p.now == progress::phase::stream && p.match + close >= log_.last().index;
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
  for (const member& m : members_) {
    if (find_member(next, m.id))
      continue;
    const bool mine = m.id == options_.self.id; // leaves when somebody else leads
    if (mine || (!all && !find_node(next, m.node)))
      next.push_back(m);
  }
  std::ranges::sort(next);
  return next;
}

void replica::move_towards_wanted(std::int64_t now) {
  for (const member& m : wanted_)
    if (m.id && m.id != options_.self.id)
      peer(m);
  std::erase_if(peers_, [&](const auto& p) {
    return !is_member(p.first) && !find_member(before_, p.first) && !find_member(wanted_, p.first);
  });
  // A change under way is waited for, unless too few of its group are left to commit it; another
  // one then takes its place, which, as that one, has to convince the group before.
  const bool stuck = changing_members() && !before_.empty() && !has_majority();
  if ((changing_members() && !stuck) || wanted_.empty())
    return;
  if (!hand_over_to_) {
    member_list next = next_members();
    const auto up = std::ranges::count_if(next, [&](const member& m) { return is_up(m.id); });
    const bool can_commit = async() || static_cast<std::size_t>(up) >= majority_of(next.size());
    if (next != members_ && can_commit) {
      entry e;
      e.kind = entry_kind::members;
      e.stamp_ms = next_stamp(now);
      e.before = stuck ? before_ : members_;
      e.members = std::move(next);
      append_own(e);
      return;
    }
  }
  consider_hand_over(now);
}

/// Once a change is committed: tells those who are no longer members that they may go.
void replica::drop_former_members() {
  std::erase_if(peers_, [&](const auto& p) {
    if (is_member(p.first) || find_member(wanted_, p.first))
      return false;
    send(p.first, retire{promised_, members_index_});
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
    send(hand_over_to_, take_over{promised_});
  }
}

} // namespace supercache
