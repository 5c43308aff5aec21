#include "faults.hpp"

#include <supercache/cluster/link_core.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace supercache {

namespace {

/// The largest header: three numbers.
constexpr std::size_t head_most = 3 * 9;
/// Of a frame that asks for something and is not whole with the network yet.
constexpr std::uint64_t end_unknown = UINT64_MAX;

/// A header, and room for so many bytes of items.
byte_buffer headed(const frame::header& h, std::size_t items) {
  byte_buffer bytes;
  if (items > 0)
    bytes.reserve(head_most + items);
  wire_writer w{bytes};
  frame::encode(w, h);
  return bytes;
}

} // namespace

// -- gathering ------------------------------------------------------------------------------------

/// What stands before `from` becomes a frame of its own.
void link_core::turn::part(std::size_t from) {
  if (from == now.begin)
    return;
  load first{{}, now.begin, now.asks, no_partition};
  const auto at = now.bytes.begin() + static_cast<std::ptrdiff_t>(from);
  if (now.bytes.size() - from > item) { // the larger part stays where it is
    first.bytes.assign(now.bytes.begin(), at);
    now.begin = from;
  } else {
    byte_buffer rest(at, now.bytes.end());
    now.bytes.resize(from);
    first.bytes = std::exchange(now.bytes, std::move(rest));
    now.begin = 0;
  }
  now.asks = false;
  before.push_back(std::move(first));
}

void link_core::turn::took(std::size_t from, bool asks, std::size_t partition) {
  const bool large = now.bytes.size() - from > item;
  if (large || now.bytes.size() > piece)
    part(from);
  now.asks = now.asks || asks;
  if (large) {
    now.partition = partition;
    before.push_back(std::exchange(now, {}));
  }
}

// -- sessions -------------------------------------------------------------------------------------

link_core::link_core(const link_options& o) : options_(o) {
  assert(head_most < o.piece_least && o.piece_least <= o.piece && o.piece <= o.window);
  assert(2 * o.item <= o.piece);
  // Or two nodes could wait for each other: confirmations alone open the window.
  assert(o.owed + o.piece <= o.window);
  assert(2 * head_most < o.owed); // or they would be confirmed for ever
}

void link_core::open(std::uint64_t session, bool dialled) {
  close();
  sent_ = confirmed_ = received_ = told_ = asked_ = answered_before_ = 0;
  proven_ms_ = round_trip_ms_ = 0;
  signs_sent_ = 0;
  silent_ = dialled;
  session_ = session;
  up_ = true;
}

void link_core::close() {
  up_ = begun_ = false;
  full_.clear();
  leaving_.clear();
  arriving_.clear();
  open_ = {};
  waiting_ = 0;
}

// -- what waits -----------------------------------------------------------------------------------

bool link_core::put(byte_buffer&& item, bool asks, std::size_t most) {
  const auto size = item.size();
  if (!up_ || waiting_ > most || size > options_.frame)
    return false;
  const bool large = size > options_.item;
  if (!open_.bytes.empty() && (large || open_.bytes.size() + size > options_.item))
    full_.push_back(std::exchange(open_, {}));
  if (large) {
    full_.push_back({std::move(item), 0, asks, no_partition});
  } else {
    open_.bytes.insert(open_.bytes.end(), item.begin(), item.end());
    open_.asks = open_.asks || asks;
  }
  waiting_ += size;
  return true;
}

// -- frames ---------------------------------------------------------------------------------------

std::size_t link_core::room() const noexcept {
  return static_cast<std::size_t>(options_.window - std::min(options_.window, unconfirmed()));
}

/// Whether the next piece may leave. @pre there is one
bool link_core::may_cut() const noexcept {
  const load& l = leaving_.front();
  const auto most = std::min(options_.piece, room());
  return l.bytes.size() - l.begin + head_most <= most || most >= options_.piece_least;
}

link_core::turn link_core::next(std::int64_t now_ms) {
  if (!up_ || silent_)
    return {};
  if (!leaving_.empty())
    return may_cut() ? cut(now_ms) : confirm(now_ms);
  return room() < options_.piece_least ? confirm(now_ms) : gather();
}

/// The beginning of a frame: what waits longest.
link_core::turn link_core::gather() {
  turn t;
  t.is = turn::kind::gather;
  t.session = session_;
  t.told = received_;
  t.item = options_.item;
  t.piece = options_.piece;
  t.now.bytes = headed({session_, received_, 0}, 0);
  t.now.begin = t.now.bytes.size();
  const bool is_open = full_.empty();
  load& first = is_open ? open_ : full_.front();
  const auto size = first.bytes.size();
  if (size > options_.item) {
    t.before.push_back(std::move(first));
  } else {
    t.now.bytes.insert(t.now.bytes.end(), first.bytes.begin(), first.bytes.end());
    t.now.asks = first.asks;
  }
  if (is_open) {
    open_.bytes.clear(); // its memory serves the next ones
    open_.asks = false;
  } else {
    full_.pop_front();
  }
  waiting_ -= size;
  t.room = options_.piece - t.now.bytes.size();
  return t;
}

link_core::turn link_core::finish(turn t, std::int64_t now_ms) {
  if (!up_ || t.session != session_)
    return {};
  const auto size = t.now.bytes.size();
  const bool empty = size == t.now.begin;
  if (t.before.empty() && leaving_.empty()) {
    if (empty)
      return confirm(now_ms);
    if (size <= std::min(options_.piece, room())) { // nearly always
      told_ = std::max(told_, t.told);
      if (t.now.asks) {
        answered_before_ = asked_;
        asked_ = sent_ + size;
      }
      return posted(std::move(t.now.bytes), now_ms);
    }
  }
  for (load& l : t.before)
    leaving_.push_back(std::move(l));
  if (!empty)
    leaving_.push_back(std::move(t.now));
  return may_cut() ? cut(now_ms) : confirm(now_ms);
}

/// A piece of the first frame that is leaving, or all of it. @pre may_cut()
link_core::turn link_core::cut(std::int64_t now_ms) {
  load& l = leaving_.front();
  const auto rest = l.bytes.size() - l.begin;
  const auto most = std::min(options_.piece, room());
  auto bytes = headed({session_, received_, begun_ ? rest : 0}, std::min(rest, most));
  const bool last = bytes.size() + rest <= most;
  if (!last && !begun_)
    bytes = headed({session_, received_, rest}, most);
  const auto size = last ? rest : most - bytes.size();
  const auto from = l.bytes.begin() + static_cast<std::ptrdiff_t>(l.begin);
  bytes.insert(bytes.end(), from, from + static_cast<std::ptrdiff_t>(size));
  l.begin += size;
  if (!begun_ && l.asks) {
    answered_before_ = asked_;
    asked_ = end_unknown;
  }
  told_ = received_;
  begun_ = !last;
  if (last) {
    const auto end = sent_ + bytes.size();
    if (l.asks)
      asked_ = end;
    if (l.partition != no_partition)
      arriving_.push_back({l.partition, end});
    leaving_.pop_front();
  }
  auto t = posted(std::move(bytes), now_ms);
  t.more = leaving_.empty() || may_cut();
  return t;
}

/// What arrived, if the peer should be told though nothing else is said. It passes the window:
/// otherwise two nodes whose windows are full would wait for each other.
link_core::turn link_core::confirm(std::int64_t now_ms) {
  if (!owes_confirmation())
    return {};
  told_ = received_;
  return posted(headed({session_, received_, 0}, 0), now_ms);
}

link_core::turn link_core::posted(byte_buffer bytes, std::int64_t now_ms) {
  sent_ += bytes.size();
  if (signs_sent_ == 0)
    note_sign(now_ms);
  turn t;
  t.is = turn::kind::post;
  t.more = !full_.empty() && leaving_.empty() && room() >= options_.piece_least;
  t.now.bytes = std::move(bytes);
  return t;
}

byte_buffer link_core::beat(byte_view item, std::int64_t now_ms) {
  if (!up_ || silent_)
    return {};
  auto bytes = headed({session_, received_, 0}, item.size());
  bytes.insert(bytes.end(), item.begin(), item.end());
  told_ = received_;
  sent_ += bytes.size();
  note_sign(now_ms);
  return bytes;
}

void link_core::note_sign(std::int64_t now_ms) {
  const auto apart = options_.down_ms / static_cast<std::int64_t>(signs_.size() - 2);
  if (signs_sent_ > 0 && now_ms - signs_[(signs_sent_ - 1) % signs_.size()].sent_ms < apart)
    return;
  signs_[signs_sent_++ % signs_.size()] = {sent_, now_ms};
}

// -- what arrives ---------------------------------------------------------------------------------

link_core::arrival link_core::received(const frame::header& h, std::size_t bytes,
                                       std::int64_t now_ms) {
  if (!up_ || h.session != session_)
    return arrival::late;
  if (h.received > sent_)
    return arrival::impossible;
  silent_ = false;
  received_ += bytes;
  if (h.received <= confirmed_)
    return arrival::counts;
  confirmed_ = h.received;
  while (!arriving_.empty() && arriving_.front().end <= confirmed_)
    arriving_.pop_front();
  auto proven = proven_ms_;
  for (std::size_t i = 0; i < std::min(signs_sent_, signs_.size()); ++i)
    if (signs_[i].end <= h.received)
      proven = std::max(proven, faulty(fault::prove_by_arrival) ? now_ms : signs_[i].sent_ms);
  if (proven > proven_ms_)
    round_trip_ms_ = now_ms - proven;
  proven_ms_ = proven;
  return arrival::counts;
}

std::vector<std::size_t> link_core::partitions_under_way(std::int64_t now_ms) const {
  std::vector<std::size_t> out;
  if (now_ms - proven_ms_ > options_.down_ms)
    return out;
  for (const arriving& x : arriving_)
    out.push_back(x.partition);
  for (const load& l : leaving_)
    if (l.partition != no_partition)
      out.push_back(l.partition);
  return out;
}

} // namespace supercache
