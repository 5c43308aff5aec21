#include <supercache/cluster/log.hpp>

#include <algorithm>
#include <cassert>

namespace supercache {

void encode(wire_writer& w, const entry& e) {
  encode(w, e.kind);
  encode(w, e.stamp_ms);
  encode(w, e.request);
  if (e.kind == entry_kind::write)
    encode(w, e.what);
  if (e.kind == entry_kind::members)
    encode(w, e.who);
}

void decode(wire_reader& r, entry& e) {
  decode(r, e.kind);
  decode(r, e.stamp_ms);
  decode(r, e.request);
  if (e.kind == entry_kind::write)
    decode(r, e.what);
  if (e.kind == entry_kind::members)
    decode(r, e.who);
}

std::uint64_t entry_batch::count() const noexcept {
  std::uint64_t n = 0;
  for (const run& r : runs)
    n += r.count;
  return n;
}

// -- the log ------------------------------------------------------------------------------------

std::size_t entry_log::bytes_from(log_index first) const noexcept {
  return first > last_.index || ends_.empty()
           ? 0
           : ends_.back() - begin_of(std::max(first, first_index()));
}

position entry_log::at(log_index i) const noexcept {
  if (i == last_.index) // most often
    return last_;
  const auto after = std::ranges::upper_bound(epochs_, i, {}, &position::index);
  return after == epochs_.begin() ? position{} : position{std::prev(after)->epoch, i};
}

std::uint64_t entry_log::count_missing(const epoch_list& other, log_index end) const noexcept {
  std::uint64_t missing = 0;
  for (auto mine = epochs_.begin(); mine != epochs_.end(); ++mine) {
    const log_index to
      = std::next(mine) == epochs_.end() ? last_.index : std::next(mine)->index - 1;
    const auto theirs = std::ranges::find(other, mine->epoch, &position::epoch);
    log_index common = mine->index - 1; // the last that both have
    if (theirs != other.end())
      common = std::next(theirs) == other.end() ? end : std::next(theirs)->index - 1;
    else if (!other.empty() && other.front().index > 1)
      common = other.front().index - 1;
    missing += to - std::clamp(common, mine->index - 1, to);
  }
  return missing;
}

void entry_log::note_epoch(const position& first) {
  epochs_.push_back(first);
  // What is in memory stays known.
  while (epochs_.size() > epochs_max && epochs_[1].index <= base_.index)
    epochs_.erase(epochs_.begin());
}

bool takes_longer(const entry& e, std::size_t bytes) noexcept {
  constexpr std::size_t large = 256 * 1024;
  return bytes > large || (e.kind == entry_kind::write && is_long(e.what.body));
}

void entry_log::append(const epoch& e, byte_view encoded, bool longer) {
  assert(e >= last_.epoch);
  bytes_.insert(bytes_.end(), encoded.begin(), encoded.end());
  ends_.push_back(dropped_ + bytes_.size() - begin_);
  if (epochs_.empty() || e != last_.epoch)
    note_epoch({e, last_.index + 1});
  last_ = {e, last_.index + 1};
  if (longer)
    longer_.push_back(last_.index);
}

void entry_log::drop_until(log_index i) {
  assert(has(i));
  const position p = at(i);
  const std::size_t end = i == base_.index ? dropped_ : end_of(i);
  ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(i - base_.index));
  base_ = p;
  while (!longer_.empty() && longer_.front() <= i)
    longer_.pop_front();
  begin_ += end - dropped_;
  dropped_ = end;
  if (begin_ > bytes_.size() / 2) { // so that each byte is moved once on average
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
    constexpr std::size_t spare = 64 * 1024;
    if (bytes_.capacity() / 8 > bytes_.size() + spare) // one large entry, long ago
      bytes_.shrink_to_fit();
  }
}

namespace {

/// Whether a log that ends at `end` may have these epochs.
bool fit(const epoch_list& epochs, const position& end) {
  const auto disordered
    = [](const position& a, const position& b) { return a.epoch >= b.epoch || a.index >= b.index; };
  return !epochs.empty() && epochs.front().index > 0 && epochs.back().index <= end.index
         && epochs.back().epoch == end.epoch
         && std::ranges::adjacent_find(epochs, disordered) == epochs.end();
}

} // namespace

void entry_log::reset(const position& p, epoch_list epochs) {
  base_ = last_ = p;
  epochs_ = std::move(epochs);
  if (!fit(epochs_, p))
    epochs_.clear();
  if (epochs_.empty() && p.index > 0)
    epochs_.push_back(p);
  if (epochs_.size() > epochs_max)
    epochs_.erase(epochs_.begin(), epochs_.end() - static_cast<std::ptrdiff_t>(epochs_max));
  ends_.clear();
  longer_.clear();
  byte_buffer{}.swap(bytes_); // `= {}` would keep the memory
  begin_ = dropped_ = 0;
}

entry_batch entry_log::batch(log_index first, std::size_t most) const {
  assert(first > base_.index && has(first));
  const std::size_t from = begin_of(first);
  entry_batch out;
  auto next = std::ranges::upper_bound(epochs_, first, {}, &position::index);
  log_index i = first;
  do {
    if (next != epochs_.end() && next->index == i)
      ++next;
    const epoch& e = std::prev(next)->epoch;
    if (out.runs.empty() || out.runs.back().epoch != e)
      out.runs.push_back({e, 0});
    ++out.runs.back().count;
  } while (++i <= last_.index && end_of(i) - from <= most);
  const byte_view v = view(from, end_of(i - 1));
  out.bytes.assign(v.begin(), v.end());
  const auto longer = std::ranges::lower_bound(longer_, first);
  out.takes_longer = longer != longer_.end() && *longer < i;
  return out;
}

entry entry_log::read(log_index i) const {
  assert(i > base_.index && has(i));
  wire_reader r{encoded(i)};
  return decode<entry>(r);
}

} // namespace supercache
