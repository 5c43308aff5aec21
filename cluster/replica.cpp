#include "faults.hpp"

#include <supercache/cluster/replica.hpp>

#include <algorithm>
#include <cassert>

// What all roles share, and writes. A write at its primary: checks, the operation itself, its
// encoding, two copies of that; then the links fetch it with `collect`.

namespace supercache {

replica::replica(replica_options o, partition_store& store)
  : options_(std::move(o)), store_(store) {}

// -- writes -------------------------------------------------------------------------------------

bool replica::has_majority() const noexcept {
  return async() || group_.decides([&](const member& m) { return is_up(m.id); });
}

status replica::ready_for_writes() const {
  if (!leads())
    return {errc::not_primary, "this node is not the primary of the partition"};
  if (hand_over_to_)
    return {errc::not_primary, "the primary is handing over"};
  if (!has_majority())
    return {errc::unavailable, "too few members of the partition can be reached: a majority of "
                                 + std::to_string(group_.members.size()) + " is needed"};
  return ok();
}

status replica::room_for_writes() const {
  const auto full = [] {
    return failure{errc::overloaded, "replicas are too far behind; try again"};
  };
  const log_index last = log_.last().index;
  if (!async()) {
    if (last - commit_ >= options_.pending_max
        || log_.bytes_from(commit_ + 1) >= 4 * options_.log_bytes_max)
      return full();
    return ok();
  }
  for (const auto& [id, p] : peers_)
    if (p.up && p.phase == progress::phases::stream
        && (last - p.match >= options_.pending_max
            || log_.bytes_from(p.match + 1) >= options_.log_bytes_max))
      return full();
  return ok();
}

result<proposal> replica::propose(const request_id& who, operation what, std::int64_t now) {
  if (auto s = ready_for_writes(); !s)
    return s.why();
  if (who.client) {
    if (const auto* before = sessions_.find(who)) {
      const position at = log_.knows(before->index) ? log_.at(before->index) : log_.base();
      return proposal{at, before->answer};
    }
    if (sessions_.over(who))
      return {errc::outcome_unknown, "the request comes late: its answer was given and forgotten"};
  }
  if (auto s = room_for_writes(); !s)
    return s.why();
  entry e;
  e.kind = entry_kind::write;
  e.stamp_ms = time_ms(now);
  e.request = who;
  e.what = std::move(what);
  bool watched = false;
  const stamp when{e.stamp_ms};
  auto answer = store_.apply(e.what, when, &watched);
  // An operation that changed nothing need not be logged. But if the request may come again later,
  // it must still change nothing.
  if (!answer || (!who.client && changed_nothing(e.what.body, *answer))) {
    // What was not found because it had expired is freed. A later primary whose clock is behind
    // must not find it either.
    const auto at = state_time(when.latest_over());
    if (answer)
      return proposal{at, *std::move(answer), {errc::none, {}}, watched, true};
    if (when.latest_over() <= certain_ms_)
      return answer.why();
    return proposal{at, {}, answer.why(), false, true};
  }
  const position at = append_own(e);
  assert(at.epoch == promised_ && at.index <= log_.last().index);
  note_answer(e, at.index, *answer);
  return proposal{at, *std::move(answer), {errc::none, {}}, watched};
}

position replica::state_time(std::int64_t ms) {
  if (ms > stamp_ms_)
    append_own({entry_kind::nothing, ms, {}, {}, {}});
  return log_.last();
}

void replica::note_stamp(std::int64_t ms, log_index at) {
  if (ms > (stamps_.empty() ? certain_ms_ : stamps_.back().second))
    stamps_.emplace_back(at, ms);
}

position replica::append_own(const entry& e) {
  assert(leads() && promised_.owner == options_.self.id);
  assert(is_planted() || e.stamp_ms >= stamp_ms_); // deadlines never go back
  assert(e.kind != entry_kind::members || !e.who.members.empty());
  byte_buffer bytes;
  bytes.reserve(64);
  wire_writer w{bytes};
  encode(w, e);
  log_.append(promised_, bytes, takes_longer(e, bytes.size()));
  stamp_ms_ = e.stamp_ms;
  note_stamp(stamp_ms_, log_.last().index);
  if (e.kind == entry_kind::members)
    apply_group(e, log_.last().index);
  for (const auto& [id, p] : peers_)
    if (p.up)
      address(id);
  const position at = log_.last();
  advance_commit(); // may append what follows from it
  trim();
  return at;
}

result<value> replica::perform(const entry& e, bool* watched) {
  stamp_ms_ = std::max(stamp_ms_, e.stamp_ms);
  note_stamp(stamp_ms_, log_.last().index + 1);
  if (e.kind == entry_kind::members)
    apply_group(e, log_.last().index + 1);
  if (e.kind != entry_kind::write)
    return value{};
  const stamp now{faulty(fault::answer_from_own_clock) ? e.stamp_ms - offset_ms_ : e.stamp_ms};
  if (installing_) {
    installing_->apply(e.what, now);
    return value{};
  }
  auto answer = store_.apply(e.what, now, watched);
  if (answer)
    note_answer(e, log_.last().index + 1, *answer);
  return answer;
}

/// The same for the same entries on every replica.
void replica::note_answer(const entry& e, log_index at, const value& answer) {
  sessions_.expire(e.stamp_ms);
  if (e.request.client)
    sessions_.done(e.request, at, answer, e.stamp_ms);
}

void replica::apply_group(const entry& e, log_index at) {
  const member_list was = group_.involved();
  group_ = e.who;
  group_index_ = at;
  news_.members = true;
  if (leads())
    for (const member& m : group_.members)
      if (m.id != options_.self.id)
        if (progress& p = peer(m); !find_member(was, m.id))
          p.member_since = at;
}

void replica::set_commit(log_index i) {
  if (i <= commit_)
    return;
  assert(is_planted() || i <= log_.last().index);
  commit_ = i;
  for (; !stamps_.empty() && stamps_.front().first <= commit_; stamps_.pop_front())
    certain_ms_ = stamps_.front().second;
  if (commit_ >= group_index_ && !group_.before.empty())
    change_committed();
}

/// The group is committed. If it decides together with the group before, it now decides alone; if
/// it decides alone already, it no longer needs the group before.
void replica::change_committed() {
  if (!group_.joint) {
    group_.before.clear();
    news_.members = true;
    if (leads())
      drop_former_members();
  } else if (leads() && (!async() || new_members_know())) {
    entry e;
    e.kind = entry_kind::members;
    e.stamp_ms = stamp_ms_;
    e.who = group_;
    e.who.joint = false;
    append_own(e);
  }
}

void replica::trim() {
  if (log_.bytes() <= options_.log_bytes_max)
    return;
  const std::size_t keep = options_.log_bytes_max * 3 / 4;
  log_index until = commit_;
  // However large the last entry is, it alone is no reason to send a snapshot.
  const std::size_t others = log_.bytes() - log_.bytes_from(log_.last().index);
  if (others <= 4 * options_.log_bytes_max)
    for (const auto& [id, p] : peers_)
      if (p.up)
        until = std::min(until, p.phase == progress::phases::stream ? p.match : p.next - 1);
  log_index i = log_.base().index;
  while (i < until && log_.bytes_from(i + 1) > keep)
    ++i;
  log_.drop_until(i);
}

// -- roles --------------------------------------------------------------------------------------

/// A later epoch than this copy knew of. Sync: the former primary is told before anything else that
/// would prove this node to be alive, since it may count on this node for its lease.
void replica::promise(const epoch& e, member_id primary) {
  assert(is_planted() || e >= promised_);
  const member_id former = std::exchange(primary_, primary);
  promised_ = e;
  if (!async() && former && former != primary)
    send(former, report_of());
}

void replica::follow(const epoch& e) {
  leaderless_ms_ = 0;
  const bool handed_over = campaign_ && campaign_->handed_over == e.owner; // it goes on with that
  if (e == promised_ && primary_ == e.owner && (role_ == role::follower || handed_over))
    return;
  if (leads())
    step_down(0);
  role_ = role::follower;
  campaign_.reset();
  campaigns_lost_ = 0;
  promise(e, e.owner);
  assert(!leads() && primary_ == e.owner);
  leaderless_ms_ = 0;
  news_.role = true;
}

void replica::heard_of(const epoch& e, std::int64_t now) {
  if (e > promised_ || (e == promised_ && !leads() && !primary_))
    follow(e);
  else if (e < promised_ && !leads() && !is_up(primary_))
    ask(e.owner, now);
}

void replica::step_down(std::int64_t now) {
  role_ = role::follower;
  primary_ = 0;
  campaign_.reset();
  peers_.clear();
  hand_over_to_ = 0;
  leaderless_ms_ = now;
  news_.role = true;
}

// -- messages -----------------------------------------------------------------------------------

void replica::receive(member_id from, message m, std::int64_t now) {
  std::visit([&](const auto& x) { on(from, x, now); }, m);
}

void replica::send(member_id to, message m) {
  if (!up_.contains(to))
    return;
  outbox_[to].push_back(std::move(m));
  address(to);
}

void replica::address(member_id to) {
  if (std::ranges::find(addressees_, to) == addressees_.end())
    addressees_.push_back(to);
}

std::vector<member_id> replica::take_addressees() { return std::exchange(addressees_, {}); }

bool replica::wants(member_id to, bool pieces) const {
  if (const auto box = outbox_.find(to); box != outbox_.end() && !box->second.empty())
    return true;
  const auto p = peers_.find(to);
  return leads() && p != peers_.end() && wants(p->second, pieces);
}

void replica::collect(member_id to, send_budget& budget, std::int64_t now,
                      std::vector<message>& out) {
  if (const auto box = outbox_.find(to); box != outbox_.end()) {
    std::ranges::move(box->second, std::back_inserter(out));
    outbox_.erase(box);
  }
  if (const auto p = peers_.find(to); leads() && p != peers_.end() && p->second.up)
    collect_from(p->second, budget, now, out);
}

// -- what happens around it -----------------------------------------------------------------------

void replica::peer_up(member_id id, std::int64_t now) {
  if (!up_.insert(id).second)
    return;
  news_.role = true;                    // there may be a majority again
  if (campaign_ && campaigns_lost_ > 0) // it waits long, for an answer that may be lost
    if (const member* voter = find_member(campaign_->voters, id))
      ask_for_vote(*voter);
  const auto found = peers_.find(id);
  if (found == peers_.end())
    return;
  progress& p = found->second;
  p.up = true;
  p.heard_ms = now;
  if (p.phase == progress::phases::snapshot)
    p.ask = p.rewind = p.confirmed; // what was under way is lost
  else
    back_to_probe(p);
  address(id);
}

void replica::peer_lost(member_id id, std::int64_t now) {
  if (up_.erase(id) == 0)
    return;
  outbox_.erase(id);
  news_.role = true;
  if (const auto p = peers_.find(id); p != peers_.end())
    p->second.up = false;
  if (hand_over_to_ == id)
    hand_over_to_ = 0;
  if (!leads() && primary_ == id) {
    if (leaderless_ms_ == 0)
      leaderless_ms_ = now;
    loyal_until_ms_ = async() || faulty(fault::elect_at_once) ? 0 : now + options_.loyal_ms;
  }
  if (campaign_)
    count_votes(now);
}

void replica::peer_down(member_id id, std::int64_t now) {
  peer_lost(id, now);
  if (primary_ == id)
    loyal_until_ms_ = 0;
}

void replica::tick(std::int64_t now) {
  if (!leads()) {
    watch_for_primary(now);
    return;
  }
  watch_peers(now);
  move_towards_wanted(now);
  // What expires is freed everywhere once an entry says that it has. Not without a majority: if
  // another copy leads by now, this one would differ and need a snapshot.
  constexpr std::int64_t expiry_ms = 1'000;
  if (accepts_writes() && time_ms(now) >= stamp_ms_ + expiry_ms
      && store_.next_deadline() <= time_ms(now)) {
    entry e;
    e.stamp_ms = time_ms(now);
    append_own(e);
  }
}

void replica::steer(member_list wanted, std::int64_t now) {
  wanted_ = std::move(wanted);
  if (leads())
    move_towards_wanted(now);
}

status replica::force(std::int64_t now) {
  if (blank())
    return {errc::invalid_argument, "this node holds no data of the partition"};
  if (leads())
    step_down(now);
  campaign_.reset();
  promised_ = {promised_.number + 1, options_.self.id};
  entry e;
  e.kind = entry_kind::members;
  e.who.members = {options_.self};
  lead(now, std::move(e));
  return ok();
}

} // namespace supercache
