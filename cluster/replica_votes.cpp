#include "faults.hpp"

#include <supercache/cluster/replica.hpp>

#include <algorithm>
#include <cassert>

// Elections. A follower whose primary is down waits for its turn, asks whether it could win, asks
// for votes, and leads. Async mode: all members that can be reached must agree, so that the one
// with the longest log wins; sync: a majority of the group.

namespace supercache {

namespace {
/// A candidate waits twice as long after each campaign that missed answers, at most so many times.
constexpr unsigned most_patient = 4;
} // namespace

/// Async: this copy has data, but is no member, as far as it knows. The group may be gone, or have
/// less.
bool replica::is_heir() const { return async() && !blank() && !is_member(options_.self.id); }

bool replica::may_campaign(std::int64_t now) const {
  const bool last_resort
    = async() && now >= leaderless_ms_ + (installing_ ? options_.partial_ms : options_.lost_ms);
  if (is_heir())
    return last_resort;
  // A member that has to go may be the only one left that knows of the change, and has to complete
  // it (§4.2.2). A copy that gave up a log and gets it again from its beginning may see itself in a
  // group of long ago.
  if (blank() || log_.last() < forgot_ || !find_member(group_.involved(), options_.self.id)
      || !electable())
    return false;
  return !installing_ || last_resort;
}

/// Whether the members that can be reached could be enough to elect this copy.
bool replica::electable() const {
  const auto up = [&](const member& m) { return is_up(m.id); };
  return async() || group_.elects(up) || group_.elects_back(up, up);
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
    campaigns_lost_ = std::ranges::any_of(campaign_->voters, silent) ? campaigns_lost_ + 1 : 0;
    campaign_.reset();
    role_ = role::follower;
    leaderless_ms_ = now;
  }
  if (primary_ && up_.contains(primary_)) {
    leaderless_ms_ = 0;
    ask(primary_, now);
    return;
  }
  if (leaderless_ms_ == 0)
    leaderless_ms_ = now;
  const auto turn = std::max(leaderless_ms_, loyal_until())
                    + static_cast<std::int64_t>(rank()) * options_.stagger_ms;
  if (now >= turn && may_campaign(now))
    begin_campaign(0, now);
}

/// That the primary's node is alive does not mean that it still leads here: it may have stepped
/// down, and the node that told this copy of its epoch may have been wrong. Or it may lead without
/// this copy.
void replica::ask(member_id whom, std::int64_t now) {
  if (now - heard_ms_ < options_.ask_ms)
    return;
  heard_ms_ = now;
  progress_report question = report_of();
  question.asking = true;
  send(whom, question);
}

void replica::begin_campaign(member_id handed_over, std::int64_t now) {
  campaign c;
  c.proposed = {promised_.number + 1, options_.self.id};
  c.handed_over = handed_over;
  c.heir = is_heir();
  c.voters = group_.involved();
  if (handed_over) {
    // No answer to an earlier attempt counts.
    c.proposed.number = handed_over_ = std::max(promised_.number, handed_over_) + 1;
    if (!find_member(c.voters, handed_over))
      c.voters.push_back({{}, handed_over});
  }
  if (c.heir || installing_) // nodes that are not members may have more
    for (const member& m : wanted_)
      if (m.id && !find_member(c.voters, m.id))
        c.voters.push_back(m);
  c.until = now + patience();
  campaign_ = std::move(c);
  role_ = role::candidate;
  ask_for_votes(now);
}

void replica::ask_for_votes(std::int64_t now) {
  campaign& c = *campaign_;
  assert(role_ == role::candidate && c.proposed.owner == options_.self.id);
  if (!c.pre) {
    promised_ = c.proposed;
    primary_ = 0;
    news_.role = true;
  }
  for (const member& m : c.voters)
    ask_for_vote(m);
  count_votes(now);
}

void replica::ask_for_vote(const member& of) {
  const campaign& c = *campaign_;
  if (of.id != options_.self.id)
    send(of.id, vote_request{c.proposed, log_.last(), c.pre, c.handed_over != 0,
                             installing_.has_value(), c.initial_members,
                             c.handed_over ? static_cast<std::uint64_t>(patience()) : 0});
}

std::int64_t replica::patience() const noexcept {
  return options_.campaign_ms << std::min(campaigns_lost_, most_patient);
}

void replica::bootstrap(const member_list& initial_members, member_list voters, const epoch& least,
                        std::int64_t now) {
  if (!blank() || campaign_ || leads() || (primary_ && up_.contains(primary_)))
    return;
  campaign c;
  c.proposed = {std::max(promised_.number, least.number) + 1, options_.self.id};
  c.initial_members = initial_members;
  c.voters = std::move(voters);
  c.until = now + patience();
  campaign_ = std::move(c);
  role_ = role::candidate;
  ask_for_votes(now);
}

bool replica::wins() const {
  const campaign& c = *campaign_;
  const auto granted = [&](const member& m) {
    const auto v = c.votes.find(m.id);
    return m.id == options_.self.id || (v != c.votes.end() && v->second.granted);
  };
  if (!c.initial_members.empty())
    return std::ranges::all_of(c.voters, granted);
  // The request for this may have come late: the primary has to say that it still hands over.
  if (c.pre && c.handed_over && !granted({{}, c.handed_over}))
    return false;
  if (async())
    return std::ranges::all_of(c.voters,
                               [&](const member& m) { return granted(m) || !is_up(m.id); });
  if (group_.elects(granted) || !group_.ends())
    return group_.elects(granted);
  // A member without the entry that ends the change did not decide without the group before, and
  // will not: it promised this epoch. Nor did this copy, if it has voted for no other since and
  // knows what the entry's writer began: it wrote the entry itself, or the writer is no member, so
  // that nothing is decided there without this copy.
  const position end = log_.at(group_index_);
  const auto apart = [&](const member& m) {
    if (m.id == options_.self.id)
      return log_.last().epoch == end.epoch && voted_ <= end.epoch
             && (end.epoch.owner == m.id || !is_member(end.epoch.owner));
    return granted(m) && c.votes.at(m.id).last < end;
  };
  return group_.elects_back(granted, apart);
}

void replica::count_votes(std::int64_t now) {
  if (!wins())
    return;
  campaign& c = *campaign_;
  if (c.pre) {
    c.pre = false;
    c.votes.clear();
    ask_for_votes(now);
    return;
  }
  entry e;
  e.who.members = c.heir ? member_list{options_.self} : c.initial_members;
  e.kind = e.who.members.empty() ? entry_kind::nothing : entry_kind::members;
  std::ranges::sort(e.who.members);
  news_.bootstrapped = !c.initial_members.empty();
  lead(now, std::move(e));
}

/// Begins the epoch of `promised_` with its first entry.
void replica::lead(std::int64_t now, entry first) {
  assert(promised_.owner == options_.self.id);
  assert(is_planted() || promised_ >= log_.last().epoch);
  campaign_.reset();
  campaigns_lost_ = 0;
  role_ = role::primary;
  primary_ = 0;
  leaderless_ms_ = 0;
  next_hand_over_ms_ = now;
  hand_over_until_ = hand_overs_late_ = 0;
  if (installing_) {
    // A copy that has the entries has other data all the same: the log starts over, so that no
    // other log matches.
    installing_.reset();
    sessions_.clear();
    log_.reset({promised_, log_.last().index + 1});
    stamps_.clear();
    news_.partial = true;
  }
  peers_.clear();
  for (const member& m : group_.involved())
    if (m.id != options_.self.id)
      peer(m);
  if (faulty(fault::forget_sessions))
    sessions_.clear();
  epoch_begin_ = log_.last().index + 1;
  recent_end_ = next_recent_end_ = log_.last().index;
  first.stamp_ms = time_ms(now);
  diverged_ = false;
  news_.role = news_.readable = true;
  append_own(first);
  assert(is_planted() || !group_.members.empty());
}

// -- voting -------------------------------------------------------------------------------------

bool replica::grants(member_id from, const vote_request& m, std::int64_t now) const {
  // An epoch that this copy has only heard of can only be the candidate's.
  const bool heard_of = m.proposed == promised_ && !leads() && !primary_;
  if (m.proposed <= promised_ && !heard_of && !faulty(fault::vote_twice))
    return false;
  // A primary that may be alive is not replaced, unless there was a later one already.
  if (m.handed_over
        ? leads() && m.pre && hand_over_to_ != from
        : m.last.epoch <= promised_ && ((leads() && has_majority()) || loyal_to_another(from, now)))
    return false;
  if (!m.initial_members.empty())
    return blank() && (!group_exists_ || from == bootstrapper_.id);
  if (installing_)
    return m.last >= (async() && m.partial ? log_.last() : forgot_);
  if (faulty(fault::vote_for_shorter))
    return true;
  // Async: a part is more than nothing.
  return (!m.partial || (async() && blank())) && m.last >= std::max(forgot_, log_.last());
}

bool replica::loyal_to_another(member_id than, std::int64_t now) const {
  return (former_ != than && now < loyal_to_former_until_ms_)
         || (primary_ && primary_ != than && (up_.contains(primary_) || now < loyal_until()));
}

void replica::on(member_id from, const vote_request& m, std::int64_t now) {
  const bool yes = grants(from, m, now);
  // The successor may be elected for as long as votes are counted; others are loyal meanwhile.
  const auto longest = static_cast<std::uint64_t>(options_.campaign_ms << most_patient);
  if (yes && leads() && m.handed_over)
    no_lease_until_ms_ = now + options_.loyal_ms + options_.campaign_ms
                         + static_cast<std::int64_t>(std::min(m.counted_ms, longest));
  if (!yes && leads() && m.handed_over && m.pre && !hand_over_to_ && hand_over_until_) {
    hand_overs_late_ = std::min(hand_overs_late_ + 1, 3U);
    hand_over_until_ = 0; // so that each attempt counts once
  }
  send(from, vote_reply{m.proposed, m.pre, yes, promised_, !blank() || group_exists_,
                        std::max(forgot_, log_.last())});
  if (!yes || m.pre)
    return;
  voted_ = m.proposed;
  if (m.handed_over && primary_ && !async()) {
    former_ = primary_;
    loyal_to_former_until_ms_ = now + options_.loyal_ms;
  }
  if (leads())
    step_down(now);
  role_ = role::follower;
  campaign_.reset();
  if (!faulty(fault::keep_old_epoch))
    promise(m.proposed, 0);
  if (const member* bootstrapper = find_member(m.initial_members, from))
    bootstrapper_ = *bootstrapper;
  leaderless_ms_ = now + options_.campaign_ms; // the candidate's turn first
  news_.role = true;
}

void replica::on(member_id from, const vote_reply& m, std::int64_t now) {
  if (!campaign_ || m.proposed != campaign_->proposed || m.pre != campaign_->pre
      || now >= campaign_->until)
    return;
  if (m.granted) {
    campaign_->votes[from] = {true, m.last};
    count_votes(now);
    return;
  }
  const bool bootstrapping = !campaign_->initial_members.empty();
  if (m.promised >= promised_ && m.promised >= campaign_->proposed) {
    // Another copy leads, or is about to; this one will hear of it.
    promise(m.promised, 0);
  } else if (!async() && !bootstrapping) {
    campaign_->votes[from] = {}; // others may still be enough
    return;
  }
  campaign_.reset();
  role_ = role::follower;
  leaderless_ms_ = now + options_.campaign_ms;
}

void replica::on(member_id from, const take_over& m, std::int64_t now) {
  if (m.epoch < promised_) // it hands over what it no longer has, and can be told so at once
    send(from, report_of());
  if (m.epoch != promised_ || from != primary_ || leads() || installing_
      || !is_member(options_.self.id))
    return;
  // The message is repeated; an attempt is not given up for that, however long the way is.
  if (campaign_ && campaign_->handed_over == from)
    return;
  begin_campaign(from, now);
}

} // namespace supercache
