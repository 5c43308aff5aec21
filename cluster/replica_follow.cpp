#include "faults.hpp"

#include <supercache/cluster/replica.hpp>

#include <algorithm>
#include <cassert>

// The side of a replica that takes entries and pieces of data from its primary. It never trusts
// that a message is new, or that the one before it arrived: a message that does not fit is refused,
// with a report of where the replica stands.

namespace supercache {

progress_report replica::report_of() const {
  progress_report r;
  r.epoch = promised_;
  r.last = log_.last();
  r.transfer = transfer_;
  r.given_up = given_up_;
  if (installing_)
    r.installing = installing_->at();
  return r;
}

/// Whether the sender leads, as far as is known here; if not, it is told.
bool replica::from_primary(member_id from, const epoch& e) {
  if (e < promised_)
    send(from, report_of());
  return e >= promised_ && from == e.owner && !(leads() && faulty(fault::keep_leading));
}

void replica::on(member_id from, const append& m, std::int64_t now) {
  if (!from_primary(from, m.epoch))
    return;
  follow(m.epoch);
  heard_ms_ = now;
  offset_ms_ = m.time_ms - now;
  progress_report found;
  const bool accepted = take_entries(m, found);
  progress_report report = report_of();
  report.accepted = accepted;
  report.match = found.match;
  report.diverged = found.diverged;
  news_.readable = news_.readable || diverged_ != found.diverged;
  diverged_ = found.diverged;
  if (accepted) {
    set_commit(std::min(m.commit, found.match));
    trim();
  }
  send(from, report);
}

/// Whether the log has, or had, this entry. An entry that is too old to be known is the same in
/// every log if it is committed.
bool replica::has_same(const position& p) const {
  if (faulty(fault::skip_matching))
    return true;
  return log_.knows(p.index) ? log_.at(p.index) == p : !async() && p.index <= commit_;
}

/// Appends the entries that fit and are not there yet. Answers whether the log is now the sender's
/// up to the last of its entries; if not, whether it `diverged`.
bool replica::take_entries(const append& m, progress_report& report) {
  const bool gap = m.previous.index > log_.last().index;
  if (gap && !faulty(fault::take_out_of_order))
    return false;
  if (!gap && !has_same(m.previous)) {
    report.diverged = true;
    return false;
  }
  wire_reader r{m.entries.bytes};
  log_index i = std::min(m.previous.index, log_.last().index);
  for (const auto& run : m.entries.runs)
    for (std::uint64_t n = 0; n < run.count; ++n) {
      const auto before = r.rest();
      const auto e = decode<entry>(r);
      if (!r.ok())
        return false; // mangled on its way: as if it were lost
      ++i;
      if (i <= log_.last().index) {
        if (has_same({run.epoch, i}))
          continue; // a duplicate
        report.diverged = true;
        return false;
      }
      if (run.epoch < log_.last().epoch || run.epoch > m.epoch)
        return false;
      if (!faulty(fault::drop_entry) || i > m.previous.index + 1 || m.entries.count() == 1)
        (void)perform(e, nullptr);
      const auto encoded = before.first(before.size() - r.rest().size());
      log_.append(run.epoch, encoded, takes_longer(e, encoded.size()));
    }
  report.match = i;
  return true;
}

void replica::on(member_id from, const install_snapshot& m, std::int64_t now) {
  if (!from_primary(from, m.epoch))
    return;
  follow(m.epoch);
  heard_ms_ = now;
  offset_ms_ = m.time_ms - now;
  bool accepted = false;
  if (m.begin && m.transfer > transfer_ && has_all(m)) {
    transfer_ = m.transfer; // it comes late, or was begun for lack of a report: what is here stays
  } else if (m.begin && m.transfer > transfer_) {
    restart_from(m);
    accepted = true;
  } else {
    accepted
      = installing_ && m.transfer == transfer_
        && ((m.at == log_.last() && m.from == installing_->at()) || faulty(fault::take_late_piece));
  }
  if (accepted && !installing_->take(m.piece, m.to)) {
    become_blank();
    return;
  }
  if (accepted && m.to.complete) {
    wire_reader r{m.sessions};
    decode(r, sessions_);
    if (!r.finish()) {
      become_blank();
      return;
    }
    installing_.reset();
    forgot_ = {};
    news_.readable = true;
  }
  auto report = report_of();
  report.accepted = accepted;
  report.match = accepted ? log_.last().index : 0;
  send(from, report);
}

/// Whether this copy has what a transfer begins with, from the same primary: then entries are
/// enough for it, and some may be committed because it has them.
bool replica::has_all(const install_snapshot& m) const {
  return !installing_ && log_.last().epoch == m.epoch && log_.last().index >= m.at.index;
}

/// Forgets everything and takes the sender's place in the log.
void replica::restart_from(const install_snapshot& m) {
  if (!installing_) // else what there was is counted already
    news_.discarded += log_.count_missing(m.epochs, m.at.index);
  remember_votes();
  const log_index known = async() ? 0 : commit_;
  store_.clear(stamp{stamp_ms_});
  log_.reset(m.at, m.epochs);
  sessions_.clear();
  group_ = m.who;
  group_index_ = m.who_index;
  commit_ = 0;
  stamp_ms_ = m.stamp_ms;
  stamps_.clear();
  if (async()) // what was certain is given up
    certain_ms_ = 0;
  note_stamp(stamp_ms_, m.at.index);
  set_commit(std::min(std::max(known, m.commit), m.at.index));
  diverged_ = false;
  assert(is_planted() || m.transfer > transfer_); // a transfer is taken part in once
  transfer_ = m.transfer;
  installing_.emplace(store_);
  news_.members = news_.readable = true;
}

/// It may come late: a copy that was made a member again since keeps its data. A copy that was only
/// called back loses nothing that counts: the primary learns that it has to start over.
void replica::on(member_id from, const retire& m, std::int64_t) {
  if (!from_primary(from, m.epoch))
    return;
  follow(m.epoch);
  const bool since = log_.last().epoch == m.epoch && group_index_ > m.index
                     && find_member(group_.involved(), options_.self.id);
  if (!since && (log_.last().index > 0 || installing_))
    become_blank();
}

/// Called before the log is given up.
void replica::remember_votes() {
  if (!async() && !installing_) // entries taken during a snapshot counted for nothing
    forgot_ = std::max(forgot_, log_.last());
}

void replica::become_blank() {
  assert(is_planted() || !leads());
  remember_votes();
  ++given_up_;
  store_.clear(stamp{stamp_ms_});
  log_.reset({});
  stamps_.clear();
  sessions_.clear();
  group_ = {};
  group_index_ = commit_ = 0;
  installing_.reset();
  bootstrapper_ = {};
  diverged_ = false;
  campaign_.reset();
  role_ = role::follower;
  news_.members = news_.readable = news_.role = true;
}

} // namespace supercache
