#include "faults.hpp"

#include <supercache/cluster/replica.hpp>

#include <algorithm>
#include <cassert>

// The side of a primary that brings the other copies up to date; see progress.hpp for the states of
// a copy. Nothing is sent unasked: links fetch with `collect` what they have room for, so
// that a busy peer gets larger batches, and a slow one does not fill memory.

namespace supercache {

namespace {

constexpr std::size_t probe_bytes = 16 * 1024;
constexpr std::size_t batch_bytes = 64 * 1024;
constexpr std::size_t window_bytes = 512 * 1024;
constexpr std::size_t piece_bytes = 32 * 1024;
constexpr std::size_t pieces_under_way = 4;

} // namespace

// -- sending ------------------------------------------------------------------------------------

/// Whether there are entries to send, and not too many under way.
bool replica::may_send_entries(const progress& p) const {
  if (p.next > log_.last().index)
    return false;
  const log_index first = std::min(p.seen + 1, p.next);
  return log_.bytes_from(first) - log_.bytes_from(p.next) < window_bytes;
}

/// Sync: a copy that installs a snapshot has dropped its data first. Copies that have data begin
/// one after the other, so that as many as possible can be elected if this node dies meanwhile.
bool replica::may_begin_snapshot(const progress& p) const {
  return async() || !p.whole || std::ranges::none_of(peers_, [&](const auto& x) {
           const progress& other = x.second;
           return &other != &p && other.up && other.phase == progress::phases::snapshot
                  && (other.begun || !other.whole) && is_member(other.who.id);
         });
}

bool replica::wants(const progress& p, bool pieces) const {
  if (!p.up)
    return false;
  const bool entries = may_send_entries(p);
  switch (p.phase) {
    case progress::phases::probe: return !p.waiting;
    case progress::phases::stream: return p.ask || entries;
    case progress::phases::snapshot:
      return (pieces && !p.begun && may_begin_snapshot(p))
             || (p.confirmed
                 && (p.ask || entries
                     || (pieces && !p.rewind && !p.sent.complete
                         && p.under_way.size() < pieces_under_way)));
  }
  return false;
}

void replica::collect_from(progress& p, send_budget& budget, std::int64_t now,
                           std::vector<message>& out) {
  assert(leads() && p.who.id != options_.self.id);
  if (!wants(p))
    return;
  if (!p.expects_report())
    p.heard_ms = now;
  if (p.phase != progress::phases::snapshot && !log_.has(p.next - 1))
    begin_snapshot(p);
  switch (p.phase) {
    case progress::phases::probe:
      p.next = entries_for(p, std::min(budget.entries, probe_bytes), now, out).previous.index
               + 1; // perhaps once more
      p.waiting = true;
      break;
    case progress::phases::stream: collect_entries(p, budget, now, out); break;
    case progress::phases::snapshot: collect_pieces(p, budget, now, out); break;
  }
}

/// A message with the entries from `p.next` on, which is moved behind them.
const append& replica::entries_for(progress& p, std::size_t most, std::int64_t now,
                                   std::vector<message>& out) {
  assert(p.next >= 1 && p.next <= log_.last().index + 1 && log_.has(p.next - 1));
  auto& m = std::get<append>(out.emplace_back(std::in_place_type<append>));
  m.epoch = promised_;
  m.previous = log_.at(p.next - 1);
  m.commit = commit_;
  m.time_ms = time_ms(now);
  if (p.next <= log_.last().index && most > 0)
    m.entries = log_.batch(p.next, most);
  p.next += m.entries.count();
  p.told = commit_;
  p.ask = false;
  return m;
}

void replica::collect_entries(progress& p, send_budget& budget, std::int64_t now,
                              std::vector<message>& out) {
  while (budget.entries > 0 && may_send_entries(p)) {
    const append& m = entries_for(p, std::min(budget.entries, batch_bytes), now, out);
    budget.entries -= std::min(budget.entries, m.entries.bytes.size());
  }
  if (p.ask)
    entries_for(p, 0, now, out);
}

void replica::collect_pieces(progress& p, send_budget& budget, std::int64_t now,
                             std::vector<message>& out) {
  if (p.begun && !log_.has(p.next - 1))
    begin_snapshot(p); // writes came faster than they could be sent
  if (!p.begun && budget.pieces > 0 && may_begin_snapshot(p))
    send_piece(p, budget, now, out);
  while (p.confirmed) {
    collect_entries(p, budget, now, out);
    if (p.rewind || p.next <= log_.last().index || p.sent.complete || budget.pieces == 0
        || p.under_way.size() >= pieces_under_way)
      return;
    send_piece(p, budget, now, out);
  }
}

void replica::send_piece(progress& p, send_budget& budget, std::int64_t now,
                         std::vector<message>& out) {
  auto& m = std::get<install_snapshot>(out.emplace_back(std::in_place_type<install_snapshot>));
  m.epoch = promised_;
  m.transfer = p.transfer;
  m.begin = !p.begun;
  m.at = log_.last();
  m.commit = commit_;
  m.time_ms = time_ms(now);
  if (m.begin) {
    m.epochs = log_.epochs();
    m.stamp_ms = stamp_ms_;
    m.who = group_;
    m.who_index = group_index_;
    p.sent = {};
    p.next = log_.last().index + 1;
    p.seen = log_.last().index;
  }
  m.from = p.sent;
  m.to = read_piece(store_, p.sent, std::min(budget.pieces, piece_bytes), m.piece);
  if (m.to.complete) {
    wire_writer w{m.sessions};
    encode(w, sessions_);
  }
  const std::size_t bytes = m.piece.size() + m.sessions.size();
  budget.pieces -= std::min(budget.pieces, bytes);
  budget.snapshot_bytes += bytes;
  p.sent = m.to;
  p.under_way.push_back(m.to);
  p.begun = true;
}

// -- states of a copy ---------------------------------------------------------------------------

void replica::begin_snapshot(progress& p) {
  p.phase = progress::phases::snapshot;
  p.transfer = {promised_, ++snapshots_begun_};
  p.begun = p.confirmed = p.ask = p.waiting = p.rewind = false;
  p.under_way.clear();
  p.match = 0;
  p.next = log_.last().index + 1;
  p.seen = log_.last().index;
  address(p.who.id);
}

void replica::back_to_probe(progress& p) {
  p.phase = progress::phases::probe;
  p.next = p.match ? p.match + 1 : std::min(p.next, log_.last().index + 1);
  p.waiting = p.ask = false;
  address(p.who.id);
}

void replica::still_sending(member_id id, std::int64_t now) {
  if (const auto p = peers_.find(id); p != peers_.end())
    p->second.heard_ms = now;
}

// -- what copies report -------------------------------------------------------------------------

void replica::on(member_id from, const progress_report& m, std::int64_t now) {
  if (m.epoch > promised_ && leads() && faulty(fault::keep_leading))
    return;
  if (m.epoch > promised_) {
    promise(m.epoch, 0);
    step_down(now + options_.campaign_ms);
    return;
  }
  if (m.asking && m.epoch < promised_)
    send(from, report_of());
  if (!leads() || m.epoch != promised_)
    return;
  if (m.match > log_.last().index)
    return; // nobody has what was never written: it is not believed
  if (m.asking && (m.last.index > 0 || m.installing) && may_go(from))
    send(from, retire{promised_, group_index_});
  const auto found = peers_.find(from);
  if (found == peers_.end())
    return;
  progress& p = found->second;
  if (m.given_up < p.given_up)
    return; // of a log that it no longer has
  if (m.given_up > p.given_up && p.phase != progress::phases::snapshot) {
    p.match = p.seen = 0;
    back_to_probe(p);
  }
  p.given_up = m.given_up;
  if (m.transfer < p.reported || (m.transfer == p.reported && m.installing && p.complete))
    return; // from before its snapshot
  p.complete = !m.installing;
  p.whole = !m.installing && m.last.index > 0;
  p.reported = m.transfer;
  if (m.asking) {
    p.ask = true;
    address(from);
    return;
  }
  p.heard_ms = now;
  p.waiting = false;
  address(from);
  if (p.phase == progress::phases::snapshot) {
    on_snapshot_report(p, m);
  } else if (m.diverged || m.installing || (m.last.index == 0 && p.match > 0)) {
    begin_snapshot(p);
    if (m.installing)
      on_snapshot_report(p, m);
  } else if (m.accepted) {
    p.match = std::max(p.match, m.match);
    p.seen = std::max(p.seen, p.match);
    p.next = std::max(p.next, p.match + 1);
    p.phase = progress::phases::stream;
  } else if (m.last.index + 1 < p.next || p.phase == progress::phases::probe) {
    p.next = std::max(p.match + 1, std::min(p.next - 1, m.last.index + 1));
    p.seen = p.match;
    p.phase = progress::phases::probe;
  }
  advance_commit();
  if (hand_over_to_ == from)
    consider_hand_over(now);
}

void replica::on_snapshot_report(progress& p, const progress_report& m) {
  if (m.transfer != p.transfer) {
    // Of another transfer: one that another primary began can go on if it stands on our log.
    if (!m.installing || p.begun || !log_.has(m.last) || !m.installing->portable())
      return;
    p.transfer = m.transfer;
    p.begun = true;
    p.sent = *m.installing;
    p.next = m.last.index + 1;
  }
  p.confirmed = true;
  p.seen = m.last.index;
  if (m.diverged) {
    begin_snapshot(p);
  } else if (!m.installing) {
    p.under_way.clear();
    p.phase = progress::phases::probe;
    if (m.accepted) {
      p.phase = progress::phases::stream;
      p.match = m.match;
      p.next = std::max(p.next, p.match + 1);
    }
  } else if (m.accepted && !p.rewind) {
    const auto arrived = std::ranges::find(p.under_way, *m.installing);
    if (arrived != p.under_way.end()) {
      p.under_way.erase(p.under_way.begin(), arrived + 1);
    } else if (p.under_way.empty()) {
      p.sent = *m.installing;
      p.next = std::max(p.next, p.seen + 1);
    }
  } else if (log_.has(m.last)) { // something was lost: go on from where it stands
    p.rewind = false;
    p.under_way.clear();
    p.sent = *m.installing;
    p.next = m.last.index + 1;
  } else {
    begin_snapshot(p);
  }
}

// -- commit -------------------------------------------------------------------------------------

void replica::advance_commit() {
  if (async() || faulty(fault::acknowledge_early)) {
    set_commit(log_.last().index);
    if (async() && group_.joint)
      change_committed();
    return;
  }
  // The answer is some member's match: the highest that enough members to decide have reached.
  log_index best = 0;
  const auto match_of = [&](const member& m) {
    if (m.id == options_.self.id)
      return log_.last().index;
    const auto p = peers_.find(m.id);
    if (faulty(fault::count_installing) && p != peers_.end()
        && p->second.phase == progress::phases::snapshot)
      return p->second.seen;
    const bool counts = p != peers_.end() && p->second.phase == progress::phases::stream
                        && p->second.match >= p->second.member_since;
    return counts ? p->second.match : log_index{0};
  };
  for (const auto* group : {&group_.members, &group_.before})
    for (const member& candidate : *group) {
      const log_index i = match_of(candidate);
      if (i > best && i > commit_
          && group_.decides([&](const member& m) { return match_of(m) >= i; }))
        best = i;
    }
  if (best >= epoch_begin_
      || faulty(
        fault::commit_older)) // §3.6.2: entries of former epochs are committed by one of its own
    set_commit(best);
}

void replica::watch_peers(std::int64_t now) {
  constexpr std::int64_t recent_ms = 100;
  if (now >= recent_ms_ + recent_ms) {
    recent_ms_ = now;
    recent_end_ = std::exchange(next_recent_end_, log_.last().index);
  }
  const bool news = now >= next_news_ms_;
  if (news)
    next_news_ms_ = now + options_.news_ms;
  for (auto& [id, p] : peers_) {
    if (!p.up)
      continue;
    if (p.phase == progress::phases::snapshot && !p.begun)
      address(id); // it may have waited for another
    if (news && p.phase == progress::phases::stream && p.told < commit_) {
      p.ask = true;
      address(id);
    }
    if (!p.expects_report() || now - p.heard_ms < options_.silence_ms)
      continue;
    p.heard_ms = now;
    if (p.phase != progress::phases::snapshot) {
      back_to_probe(p);
      continue;
    }
    p.ask = p.rewind = p.confirmed;
    p.begun = p.confirmed;
    address(id);
  }
}

} // namespace supercache
