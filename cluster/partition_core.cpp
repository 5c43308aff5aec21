#include "faults.hpp"

#include <supercache/cluster/partition_core.hpp>

#include <algorithm>
#include <cassert>

namespace supercache {

namespace {

/// Whether a write was refused because of the data: another primary may have other data.
bool depends_on_data(errc code) {
  return code != errc::not_primary && code != errc::unavailable && code != errc::overloaded
         && code != errc::outcome_unknown;
}

} // namespace

// -- writes -------------------------------------------------------------------------------------

partition_core::beginning partition_core::propose(const request_id& who, const operation& what,
                                                  on_written done, std::int64_t begun,
                                                  std::int64_t now) {
  beginning b;
  auto p = replica_.propose(who, what, now);
  if (!p) {
    b.why = p.why();
    if (!depends_on_data(b.why.code) || leased(INT64_MAX, now))
      return b;
    b.is = beginning::waits;
    await_lease(
      {{true, replica_.promised(), now, 0}, {}, {{}, std::move(done), {}, b.why, begun, 0, now}});
    return b;
  }
  b.watched = p->watched;
  b.at = p->at;
  b.answer = std::move(p->answer);
  const bool committed
    = (replica_.commit() >= b.at.index && replica_.leads()) || faulty(fault::answer_at_append);
  if (committed && (!p->unchanged || leased(INT64_MAX, now))) {
    if (p->why.code != errc::none)
      b.why = std::move(p->why);
    else
      b.is = beginning::done;
    return b;
  }
  b.is = beginning::waits;
  waiting w{b.at,
            std::move(done),
            b.answer,
            std::move(p->why),
            begun,
            end_of(now, options_.majority_ms),
            p->unchanged ? now : 0};
  if (committed)
    await_lease({{true, b.at.epoch, now, 0}, {}, std::move(w)});
  else
    pending_.push_back(std::move(w));
  return b;
}

/// What became of an entry: `none` when it is committed, nothing while that is open.
std::optional<errc> partition_core::verdict(const waiting& x) const {
  const entry_log& log = replica_.log();
  if (faulty(fault::confirm_lost) && replica_.commit() >= x.at.index)
    return errc::none;
  if (log.has(x.at.index) ? log.at(x.at.index) != x.at : log.last().index < x.at.index)
    return errc::outcome_unknown;
  if (!log.has(x.at.index) && replica_.promised().owner != options_.replica.self.id)
    return errc::outcome_unknown; // this copy may have installed a snapshot of another epoch
  if (replica_.commit() < x.at.index)
    return {};
  return errc::none;
}

void partition_core::end(waiting x, errc code, std::int64_t now, settled& over) {
  if (code == errc::none && x.found_ms && !leased(INT64_MAX, now)) {
    const finding f{true, x.at.epoch, x.found_ms, 0};
    await_lease({f, {}, std::move(x)});
  } else {
    tell(std::move(x), code, over);
  }
}

/// Takes out the waiting writes whose entry is committed, or can no longer be, or that waited for
/// so long that their callers are told.
void partition_core::settle_writes(std::int64_t now, settled& over) {
  if (!replica_.leads()) {
    std::deque<waiting> left;
    for (waiting& x : pending_)
      if (const auto v = verdict(x))
        end(std::move(x), *v, now, over);
      else
        left.push_back(std::move(x));
    pending_ = std::move(left);
    return;
  }
  // In order: those behind the first that waits wait too.
  while (!pending_.empty()) {
    auto v = verdict(pending_.front());
    if (!v && pending_.front().until_ms <= now)
      v = errc::quorum_not_reached;
    if (!v)
      return;
    waiting x = std::move(pending_.front());
    pending_.pop_front();
    end(std::move(x), *v, now, over);
  }
}

void partition_core::tell(waiting x, errc code, settled& over) const {
  assert(x.done); // each caller is answered once
  written w{std::move(x.done), std::move(x.answer), x.at, x.begun, code == errc::none};
  if (code == errc::none && x.why.code != errc::none)
    w.answer = std::move(x.why);
  else if (code == errc::quorum_not_reached)
    w.answer
      = failure{code, "the primary has the write, but no majority confirmed it within "
                        + std::to_string(options_.majority_ms) + " ms; it may survive or vanish"};
  else if (code != errc::none)
    w.answer = failure{code, "the primary changed while the write waited for a majority"};
  over.writes.push_back(std::move(w));
}

// -- reads --------------------------------------------------------------------------------------

result<partition_core::finding> partition_core::begin_read(bool as_primary, standing* at) const {
  if (as_primary)
    if (auto s = replica_.ready_for_writes(); !s)
      return s.why();
  if (!replica_.readable())
    return {errc::unavailable, "this node has no complete copy"};
  if (at)
    *at = {replica_.log().last(), replica_.group()};
  return finding{as_primary, replica_.promised(), 0, 0};
}

void partition_core::end_read(finding& f, std::int64_t over_ms, std::int64_t now) {
  f.over_ms = over_ms;
  f.found_ms = now;
  if (over_ms > 0 && !certain(over_ms) && replica_.accepts_writes()
      && over_ms <= replica_.time_ms(now))
    replica_.state_time(over_ms);
}

/// A record that is not found because its time is over must not be found by a later primary whose
/// clock is behind: so an entry that a majority has says how late it is.
bool partition_core::certain(std::int64_t over_ms) const noexcept {
  return over_ms <= replica_.certain_ms() || faulty(fault::tell_of_expiry_early);
}

status partition_core::confirm(const finding& f, std::int64_t now) const {
  if (!certain(f.over_ms))
    return {errc::unavailable, "something has expired, which a majority has to confirm"};
  return f.as_primary ? leased(INT64_MAX, now) : ok();
}

void partition_core::await(const finding& f, on_confirmed done) {
  assert(f.as_primary && f.found_ms > 0 && done);
  await_lease({f, std::move(done), {}});
}

// -- leases -------------------------------------------------------------------------------------

/// Whether what was found here by then, at the latest now, is the latest that any caller may have
/// been told of: no other node led when it was found. Members prove this if they heard from this
/// node so recently that they elect no other node yet; or if they heard from it after the read,
/// however slow they are. In async mode a primary needs no votes, so no member's word would mean
/// anything.
status partition_core::leased(std::int64_t found_ms, std::int64_t now) const {
  if (options_.replica.mode == replication_mode::async)
    return ok();
  if (!replica_.accepts_writes())
    return {errc::not_primary, "another node is the primary"};
  const auto since_ms = std::min(now - options_.lease_ms, found_ms);
  const auto heard = [&](member_id incarnation) { return peers_.heard_us(incarnation, since_ms); };
  if (replica_.has_lease(heard, now) || faulty(fault::read_without_lease))
    return ok();
  return {errc::unavailable, "too few members of the partition have confirmed of late that this "
                             "node is the primary"};
}

/// In the order in which they were found: a member that confirmed one has confirmed those before
/// it.
void partition_core::await_lease(unproven f) {
  assert(f.what.led_in.owner == options_.replica.self.id);
  ++f.what.found_ms; // what left within the same millisecond may have left before
  const auto found_ms = [](const unproven& x) { return x.what.found_ms; };
  findings_.insert(std::ranges::upper_bound(findings_, f.what.found_ms, {}, found_ms),
                   std::move(f));
}

void partition_core::settle_reads(std::int64_t now, settled& over) {
  // Silent members are taken for down by then, and with them the majority is gone.
  const auto too_old = now - 2 * options_.down_ms;
  while (!findings_.empty()) {
    const finding& f = findings_.front().what;
    status s = leased(f.found_ms, now);
    if (!replica_.leads() || replica_.promised() != f.led_in || f.found_ms < too_old)
      s = failure{errc::unavailable, "another primary may have been elected; nothing was changed"};
    else if (!s || !certain(f.over_ms))
      return;
    tell(std::move(findings_.front()), s, over);
    findings_.pop_front();
  }
}

void partition_core::tell(unproven x, const status& s, settled& over) const {
  if (x.read) {
    over.reads.push_back({std::move(x.read), s});
    return;
  }
  written w{std::move(x.write.done), std::move(x.write.answer), x.write.at, x.write.begun, s.ok()};
  if (!s)
    w.answer = s.why();
  else if (x.write.why.code != errc::none)
    w.answer = std::move(x.write.why);
  over.writes.push_back(std::move(w));
}

void partition_core::abandon(settled& over) {
  for (waiting& x : pending_)
    tell(std::move(x), errc::outcome_unknown, over);
  pending_.clear();
  for (unproven& x : findings_)
    tell(std::move(x), failure{errc::unavailable, "the node stops"}, over);
  findings_.clear();
}

} // namespace supercache
