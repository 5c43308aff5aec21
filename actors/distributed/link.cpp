#include "link.hpp"

#include "../core.hpp"
#include "host.hpp"
#include "node.hpp"

#include <supercache/type_ids.hpp>

#include <algorithm>
#include <bit>
#include <utility>
#include <variant>

namespace supercache::detail {

namespace {
/// So much memory of items that were sent is kept for the next ones.
constexpr std::size_t outbox_kept = 1 << 20;
} // namespace

link::link(node& n, std::string name, std::size_t partitions)
  : node_(n),
    name_(std::move(name)),
    signs_apart_ms_(n.cache().config().replication.node_monitor.down.count()
                    / static_cast<std::int64_t>(signs_.size() - 2)),
    pieces_(n.cache().config().replication.transfer_rate << 20),
    dirty_((partitions + 63) / 64) {}

void link::open(member_id incarnation, std::uint64_t session, caf::actor to, std::int64_t heard_ms,
                bool dialled) {
  const std::lock_guard hold{lock_};
  to_ = std::move(to);
  outbox_.clear();
  waiting_ = false;
  asks_ = false;
  sent_ = acknowledged_ = received_ = told_ = asked_ = answered_before_ = 0;
  proven_ms_ = round_trip_ms_ = 0;
  signs_sent_ = 0;
  for (auto& word : dirty_)
    word = 0;
  heard_ms_ = heard_ms;
  silent_ = dialled;
  incarnation_ = incarnation;
  session_ = session;
  up_ = true;
}

bool link::close(std::uint64_t session) {
  const std::lock_guard hold{lock_};
  if (!up_ || session_ != session)
    return false;
  up_ = false;
  to_ = nullptr;
  outbox_.clear();
  waiting_ = false;
  return true;
}

bool link::received(const frame::header& h, std::size_t bytes, std::int64_t now) {
  // Under the lock, so that bytes of one session never count in the next: they would prove what is
  // not so.
  const std::lock_guard hold{lock_};
  if (!up() || h.session != session())
    return false;
  heard_ms_.store(now, std::memory_order_relaxed);
  silent_ = false;
  received_ += bytes;
  if (h.received <= acknowledged_)
    return true;
  acknowledged_ = h.received;
  auto proven = proven_ms();
  for (std::size_t i = 0; i < std::min(signs_sent_, signs_.size()); ++i)
    if (signs_[i].end <= h.received)
      proven = std::max(proven, signs_[i].sent_ms);
  if (proven > proven_ms())
    round_trip_ms_.store(now - proven, std::memory_order_relaxed);
  proven_ms_.store(proven, std::memory_order_release);
  return true;
}

bool link::owes_acknowledgement() const noexcept { return received_ - told_ > window / 4; }

bool link::send(const frame::item& i, std::size_t most) {
  const std::lock_guard hold{lock_};
  if (!up_ || outbox_.size() > most)
    return false;
  wire_writer w{outbox_};
  frame::encode(w, i);
  const auto* q = std::get_if<frame::question>(&i);
  asks_ = asks_ || (q && !q->hold_ms) || std::holds_alternative<frame::request>(i);
  waiting_ = true;
  return true;
}

frame::header link::header() const noexcept { return {session(), received_.load()}; }

void link::post(byte_buffer bytes, std::uint64_t session, bool awaited) {
  caf::actor to;
  {
    const std::lock_guard hold{lock_};
    if (!to_ || session != session_)
      return;
    to = to_;
    const auto end = sent_ += bytes.size();
    if (awaited || signs_sent_ == 0)
      note_sign(end);
  }
  compat::tell_from_anywhere(to, frame_atom_v, wire_frame{std::move(bytes)});
}

/// Under the lock.
void link::note_sign(std::uint64_t end) {
  const auto now = node_.now_ms();
  if (signs_sent_ > 0 && now - signs_[(signs_sent_ - 1) % signs_.size()].sent_ms < signs_apart_ms_)
    return;
  signs_[signs_sent_++ % signs_.size()] = {end, now};
}

void link::send_now(const frame::item& i) {
  if (silent_)
    return;
  byte_buffer bytes;
  wire_writer w{bytes};
  const auto h = header();
  frame::encode(w, h);
  frame::encode(w, i);
  told_ = h.received;
  post(std::move(bytes), h.session, true);
}

void link::mark(std::size_t partition) noexcept {
  dirty_[partition / 64].fetch_or(std::uint64_t{1} << (partition % 64), std::memory_order_release);
}

bool link::has_work() const noexcept {
  if (!up())
    return false;
  if (waiting_)
    return true;
  for (const auto& word : dirty_)
    if (word.load(std::memory_order_acquire))
      return true;
  return false;
}

void link::flush() {
  again_ = true;
  while (again_) {
    const std::unique_lock hold{flushing_, std::try_to_lock};
    if (!hold)
      return; // the thread that holds it looks again
    while (again_.exchange(false))
      while (send_frame()) {}
  }
}

void link::flush_patiently() {
  constexpr unsigned calls = 3;
  if (awaits_answers() && ++patience_ < calls)
    return;
  patience_ = 0;
  flush();
}

host::left link::collect(std::size_t partition, send_budget& budget, wire_writer& w, bool& asks) {
  std::vector<message> out;
  const auto left = node_.host_of(partition).collect(incarnation(), budget, out);
  for (const message& m : out) {
    const auto* entries = std::get_if<append>(&m);
    asks = asks || (entries && entries->entries.count() > 0)
           || std::holds_alternative<install_snapshot>(m);
    frame::encode_message(w, partition, m);
  }
  return left;
}

bool link::collect_all(wire_writer& w, bool& asks) {
  send_budget budget;
  const auto now = node_.now_ms();
  budget.pieces = std::min(budget.pieces, pieces_.there_is(now));
  bool more = false, held_back = false;
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    if (!dirty_[i].load(std::memory_order_relaxed))
      continue;
    for (auto bits = dirty_[i].exchange(0, std::memory_order_acquire); bits; bits &= bits - 1) {
      const auto partition = i * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const auto left = collect(partition, budget, w, asks);
      if (left == host::left::nothing)
        continue;
      mark(partition);
      (left == host::left::more ? more : held_back) = true;
    }
  }
  pieces_.take(budget.snapshot_bytes);
  if (!held_back)
    return more;
  if (pieces_.there_is(now) > 0)
    return true;
  node_.soon();
  return more;
}

/// Answers whether there is more that may be sent.
bool link::send_frame() {
  if (!up() || silent_ || sent_ - acknowledged_ > window)
    return false;
  byte_buffer bytes;
  wire_writer w{bytes};
  const auto h = header();
  frame::encode(w, h);
  const auto empty = bytes.size();
  bool asks = false;
  {
    const std::lock_guard hold{lock_};
    bytes.insert(bytes.end(), outbox_.begin(), outbox_.end());
    outbox_.clear();
    if (outbox_.capacity() > outbox_kept)
      byte_buffer{}.swap(outbox_);
    waiting_ = false;
    asks = std::exchange(asks_, false);
  }
  const bool more = collect_all(w, asks);
  if (bytes.size() == empty && !owes_acknowledgement())
    return false;
  told_ = h.received;
  if (asks) {
    answered_before_ = asked_.load();
    asked_ = sent_ + bytes.size();
  }
  post(std::move(bytes), h.session, false);
  return more;
}

} // namespace supercache::detail
