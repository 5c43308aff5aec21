#include "faults.hpp"

#include <supercache/cluster/replica.hpp>

#include <algorithm>

// Elections. A follower whose primary is down waits for its turn, asks whether it may reign, asks
// for votes, and reigns. Async mode: all members that can be reached must agree, so that the one
// with the longest log wins; sync: a majority of the group.

namespace supercache {

member_list replica::electorate() const {
  return campaign_->founders.empty() && !campaign_->heir ? group_.involved() : campaign_->voters;
}

/// Async: this copy has data, but the group that it was to become a member of is gone, or has less.
bool replica::is_heir() const {
  return async() && !blank() && !is_member(options_.self.id)
         && (has_more_
             || std::ranges::none_of(group_.members, [&](const member& m) { return is_up(m.id); }));
}

bool replica::may_campaign(std::int64_t now) const {
  const bool last_resort
    = async() && now >= leaderless_ms_ + (filling_ ? options_.partial_ms : options_.lost_ms);
  if (is_heir())
    return last_resort;
  // Who is to go may be the only one left who knows of the change, and has to bring it about.
  const bool takes_part
    = is_member(options_.self.id) || (group_.joint && find_member(group_.before, options_.self.id));
  const bool electable = async() || group_.elects([&](const member& m) { return is_up(m.id); });
  // Who gave up a log and is given it again from its beginning may see itself in a group of long
  // ago.
  if (blank() || log_.last() < forgot_ || !takes_part || !electable)
    return false;
  return !filling_ || last_resort;
}

/// How many members that can be reached have their turn before this one: the preferred primary
/// first, then the others in order.
std::size_t replica::rank() const {
  const auto before = [&](const member& a, const member& b) {
    const auto preferred
      = [&](const member& m) { return !wanted_.empty() && wanted_.front().id == m.id; };
    return std::pair{!preferred(a), a.node} < std::pair{!preferred(b), b.node};
  };
  return static_cast<std::size_t>(std::ranges::count_if(
    group_.members, [&](const member& m) { return is_up(m.id) && before(m, options_.self); }));
}

void replica::watch_for_primary(std::int64_t now) {
  if (campaign_) {
    if (now < campaign_->until)
      return;
    const auto silent = [&](const member& m) {
      return m.id != options_.self.id && is_up(m.id) && !campaign_->votes.contains(m.id);
    };
    campaigns_lost_ = std::ranges::any_of(electorate(), silent) ? campaigns_lost_ + 1 : 0;
    campaign_.reset();
    role_ = role::follower;
    leaderless_ms_ = now;
  }
  if (primary_ && up_.contains(primary_)) {
    leaderless_ms_ = 0;
    ask_primary(now);
    return;
  }
  if (leaderless_ms_ == 0)
    leaderless_ms_ = now;
  const auto turn = std::max(leaderless_ms_, loyal_until())
                    + static_cast<std::int64_t>(rank()) * options_.stagger_ms;
  if (now >= turn && may_campaign(now))
    begin_campaign(false, now);
}

/// That the primary's node is alive does not say that it still reigns here: it may have stepped
/// down, and who told this copy of its reign may have been wrong.
void replica::ask_primary(std::int64_t now) {
  if (now - heard_ms_ < options_.ask_ms)
    return;
  heard_ms_ = now;
  progress_report question = report_of();
  question.asking = true;
  send(primary_, question);
}

void replica::begin_campaign(bool handed_over, std::int64_t now) {
  campaign c;
  c.proposed = {promised_.number + 1, options_.self.id};
  c.pre = !handed_over;
  c.handed_over = handed_over;
  c.heir = is_heir();
  if (c.heir)
    c.voters = wanted_;
  c.until = now + patience();
  campaign_ = std::move(c);
  role_ = role::candidate;
  ask_for_votes(now);
}

void replica::ask_for_votes(std::int64_t now) {
  campaign& c = *campaign_;
  if (!c.pre) {
    promised_ = c.proposed;
    primary_ = 0;
    news_.role = true;
  }
  for (const member& m : electorate())
    ask_for_vote(m);
  count_votes(now);
}

void replica::ask_for_vote(const member& of) {
  const campaign& c = *campaign_;
  if (of.id != options_.self.id)
    send(of.id, vote_request{c.proposed, log_.last(), c.pre, c.handed_over, filling_.has_value(),
                             c.founders});
}

std::int64_t replica::patience() const noexcept {
  return options_.campaign_ms << std::min(campaigns_lost_, 4U);
}

void replica::found(const member_list& founders, member_list voters, const epoch& least,
                    std::int64_t now) {
  if (!blank() || campaign_ || leads() || (primary_ && up_.contains(primary_)))
    return;
  campaign c;
  c.proposed = {std::max(promised_.number, least.number) + 1, options_.self.id};
  c.founders = founders;
  c.voters = std::move(voters);
  c.until = now + patience();
  campaign_ = std::move(c);
  role_ = role::candidate;
  ask_for_votes(now);
}

void replica::count_votes(std::int64_t now) {
  campaign& c = *campaign_;
  const auto granted = [&](const member& m) {
    const auto v = c.votes.find(m.id);
    return m.id == options_.self.id || (v != c.votes.end() && v->second);
  };
  bool won = false;
  if (!c.founders.empty())
    won = std::ranges::all_of(c.voters, granted);
  else if (async())
    won = std::ranges::all_of(group_.members,
                              [&](const member& m) { return granted(m) || !is_up(m.id); });
  else
    won = group_.elects(granted);
  if (!won)
    return;
  if (c.pre) {
    c.pre = false;
    c.votes.clear();
    ask_for_votes(now);
    return;
  }
  entry e;
  e.who.members = c.heir ? member_list{options_.self} : c.founders;
  e.kind = e.who.members.empty() ? entry_kind::nothing : entry_kind::members;
  std::ranges::sort(e.who.members);
  news_.founded = !c.founders.empty();
  reign(now, std::move(e));
}

/// Begins the reign of `promised_` with its first entry.
void replica::reign(std::int64_t now, entry first) {
  campaign_.reset();
  campaigns_lost_ = 0;
  role_ = role::primary;
  primary_ = 0;
  leaderless_ms_ = 0;
  next_hand_over_ms_ = now;
  if (filling_) {
    // Who has the entries has other data all the same: the log begins anew, so that nobody's
    // matches.
    filling_.reset();
    sessions_.clear();
    log_.reset({promised_, log_.last().index + 1});
    news_.partial = true;
  }
  peers_.clear();
  for (const member& m : group_.involved())
    if (m.id != options_.self.id)
      peer(m);
  if (faulty(fault::forget_sessions))
    sessions_.clear();
  reign_begin_ = log_.last().index + 1;
  recent_end_ = next_recent_end_ = log_.last().index;
  first.stamp_ms = next_stamp(now);
  has_more_ = diverged_ = false;
  news_.role = news_.readable = true;
  append_own(first);
}

// -- voting -------------------------------------------------------------------------------------

bool replica::grants(member_id from, const vote_request& m, std::int64_t now) const {
  // A reign that this copy has only heard of is nobody's but the candidate's.
  const bool heard_of = m.proposed == promised_ && !leads() && !primary_;
  if (m.proposed <= promised_ && !heard_of && !faulty(fault::vote_twice))
    return false;
  // A primary that may be alive is not replaced, unless there was a later one already.
  if (!m.handed_over && m.last.epoch <= promised_) {
    if (leads() && has_majority())
      return false;
    if (primary_ && primary_ != from && (up_.contains(primary_) || now < loyal_until()))
      return false;
  }
  if (!m.founders.empty())
    return blank() && (!group_exists_ || from == founder_.id);
  if (filling_)
    return m.last >= (async() && m.partial ? log_.last() : forgot_);
  if (faulty(fault::vote_for_shorter))
    return true;
  return !m.partial && m.last >= std::max(forgot_, log_.last());
}

void replica::on(member_id from, const vote_request& m, std::int64_t now) {
  const bool yes = grants(from, m, now);
  const bool less = m.last < log_.last() || (m.partial && !filling_);
  has_more_ = has_more_ || (!yes && !blank() && less);
  send(from, vote_reply{m.proposed, m.pre, yes, promised_, !blank() || group_exists_});
  if (!yes || m.pre)
    return;
  if (leads())
    step_down(now);
  role_ = role::follower;
  campaign_.reset();
  if (!faulty(fault::keep_old_epoch))
    promise(m.proposed, 0);
  if (const member* founder = find_member(m.founders, from))
    founder_ = *founder;
  leaderless_ms_ = now + options_.campaign_ms; // its turn first
  news_.role = true;
}

void replica::on(member_id from, const vote_reply& m, std::int64_t now) {
  if (!campaign_ || m.proposed != campaign_->proposed || m.pre != campaign_->pre)
    return;
  if (m.granted) {
    campaign_->votes[from] = true;
    count_votes(now);
    return;
  }
  const bool founding = !campaign_->founders.empty();
  if (m.promised >= promised_ && m.promised >= campaign_->proposed) {
    // Somebody reigns, or is about to; they will be heard of.
    promise(m.promised, 0);
  } else if (!async() && !founding) {
    campaign_->votes[from] = false; // others may still be enough
    return;
  }
  campaign_.reset();
  role_ = role::follower;
  leaderless_ms_ = now + options_.campaign_ms;
}

void replica::on(member_id from, const take_over& m, std::int64_t now) {
  if (m.epoch < promised_) // it hands over what it has no more, and need not be told by others
    send(from, report_of());
  if (m.epoch != promised_ || from != primary_ || leads() || filling_
      || !is_member(options_.self.id))
    return;
  begin_campaign(true, now);
}

} // namespace supercache
