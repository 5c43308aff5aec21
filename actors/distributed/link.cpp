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

link_options bounds_of(const node& n) {
  link_options o;
  o.down_ms = n.cache().config().replication.node_monitor.down.count();
  return o;
}

/// Whether an item is to be answered. A question that is kept until there is an answer is not one
/// that others should wait for.
bool asks(const frame::item& i) {
  const auto* q = std::get_if<frame::question>(&i);
  return (q && !q->hold_ms) || std::holds_alternative<frame::request>(i);
}

bool asks(const message& m) {
  const auto* entries = std::get_if<append>(&m);
  return (entries && entries->entries.count() > 0) || std::holds_alternative<install_snapshot>(m);
}

} // namespace

link::link(node& n, std::string name, std::size_t partitions)
  : node_(n),
    name_(std::move(name)),
    core_(bounds_of(n)),
    assembly_(bounds_of(n).frame),
    snapshots_(n.cache().config().replication.transfer_rate << 20),
    dirty_((partitions + 63) / 64) {}

// -- sessions -------------------------------------------------------------------------------------

void link::open(member_id incarnation, std::uint64_t session, caf::actor to, std::int64_t heard_ms,
                bool dialled) {
  const std::lock_guard hold{lock_};
  core_.open(session, dialled);
  to_ = std::move(to);
  for (auto& word : dirty_)
    word = 0;
  heard_ms_ = heard_ms;
  incarnation_ = incarnation;
  session_ = session;
  publish();
  up_ = true;
}

bool link::close(std::uint64_t session) {
  {
    const std::lock_guard hold{lock_};
    if (!up_ || session_ != session)
      return false;
    core_.close();
    to_ = nullptr;
    up_ = false;
    publish();
  }
  const std::lock_guard hold{assembling_};
  assembly_.forget(session);
  return true;
}

/// Under the lock.
void link::publish() noexcept {
  proven_ms_.store(core_.proven_ms(), std::memory_order_release);
  round_trip_ms_.store(core_.round_trip_ms(), std::memory_order_relaxed);
  waiting_.store(core_.waiting(), std::memory_order_relaxed);
  awaits_answers_.store(core_.awaits_answers(), std::memory_order_release);
  owes_.store(core_.owes_confirmation(), std::memory_order_relaxed);
  may_go_on_.store(core_.may_go_on(), std::memory_order_relaxed);
}

// -- what comes -----------------------------------------------------------------------------------

link_core::arrival link::received(const frame::header& h, std::size_t bytes, std::int64_t now) {
  const std::lock_guard hold{lock_};
  const auto a = core_.received(h, bytes, now);
  if (a == link_core::arrival::counts) {
    heard_ms_.store(now, std::memory_order_relaxed);
    publish();
  }
  return a;
}

result<std::optional<byte_buffer>> link::assemble(const frame::header& h, byte_view piece) {
  const std::lock_guard hold{assembling_};
  if (h.session != session())
    return std::optional<byte_buffer>{}; // it is over by now
  return assembly_.add(h.session, h.left, piece);
}

std::vector<std::size_t> link::partitions_under_way(std::int64_t now) {
  const std::lock_guard hold{lock_};
  return core_.partitions_under_way(now);
}

// -- what is sent ---------------------------------------------------------------------------------

bool link::send(const frame::item& i, std::size_t most) {
  if (!up() || waiting_.load(std::memory_order_relaxed) > most)
    return false;
  // Encoded before the lock is taken: heartbeats need it, too, and the item may be large.
  thread_local byte_buffer encoded;
  encoded.clear();
  wire_writer w{encoded};
  frame::encode(w, i);
  const auto size = encoded.size();
  bool taken = false;
  {
    const std::lock_guard hold{lock_};
    taken = core_.put(std::move(encoded), asks(i), most);
    publish();
  }
  constexpr link_options bounds;
  if (size > bounds.item)
    byte_buffer{}.swap(encoded); // it was not taken, and its memory serves nobody
  if (size > bounds.frame)
    node_.log().error(component::peers,
                      "what is to be said to node {} takes {} bytes; at most {} are allowed", name_,
                      size, bounds.frame);
  return taken;
}

void link::send_now(const frame::item& i) {
  byte_buffer encoded;
  wire_writer w{encoded};
  frame::encode(w, i);
  const auto now = node_.now_ms();
  caf::actor to;
  {
    const std::lock_guard hold{lock_};
    encoded = core_.beat(encoded, now);
    to = to_;
    publish();
  }
  if (to && !encoded.empty())
    compat::tell_from_anywhere(to, frame_atom_v, wire_frame{std::move(encoded)});
}

void link::mark(std::size_t partition) noexcept {
  dirty_[partition / 64].fetch_or(std::uint64_t{1} << (partition % 64), std::memory_order_release);
}

bool link::has_work() const noexcept {
  if (!up())
    return false;
  if (waiting_.load(std::memory_order_relaxed) > 0 || may_go_on())
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

host::left link::collect(std::size_t partition, send_budget& budget, link_core::turn& t) {
  std::vector<message> out;
  const auto left = node_.host_of(partition).collect(incarnation(), budget, out);
  wire_writer w{t.now.bytes};
  for (const message& m : out) {
    const auto from = t.now.bytes.size();
    frame::encode_message(w, partition, m);
    t.took(from, asks(m), partition);
  }
  return left;
}

bool link::collect_all(link_core::turn& t, std::int64_t now) {
  send_budget budget;
  budget.entries = std::min(budget.entries, t.room);
  budget.pieces = std::min({budget.pieces, t.room, snapshots_.there_is(now)});
  bool more = false, held_back = false;
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    if (!dirty_[i].load(std::memory_order_relaxed))
      continue;
    for (auto bits = dirty_[i].exchange(0, std::memory_order_acquire); bits; bits &= bits - 1) {
      const auto partition = i * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const auto left = collect(partition, budget, t);
      if (left == host::left::nothing)
        continue;
      mark(partition);
      (left == host::left::more ? more : held_back) = true;
    }
  }
  snapshots_.take(budget.snapshot_bytes);
  if (!held_back)
    return more;
  if (snapshots_.there_is(now) > 0)
    return true;
  node_.soon();
  return more;
}

/// Answers whether there is more that may be sent.
bool link::send_frame() {
  const auto now = node_.now_ms();
  caf::actor to;
  link_core::turn t;
  const auto take = [&](auto&& step) { // of the core
    const std::lock_guard hold{lock_};
    t = step();
    if (t.is == link_core::turn::kind::post)
      to = to_;
    publish();
  };
  take([&] { return core_.next(now); });
  bool more = false;
  if (t.is == link_core::turn::kind::gather) {
    more = collect_all(t, now);
    if (t.empty() && !owes_confirmation())
      return false;
    take([&] { return core_.finish(std::move(t), now); });
  }
  if (t.is != link_core::turn::kind::post)
    return false;
  compat::tell_from_anywhere(to, frame_atom_v, wire_frame{std::move(t.now.bytes)});
  return more || t.more;
}

} // namespace supercache::detail
