#include "host.hpp"

#include "../core.hpp"
#include "../pool.hpp"
#include "link.hpp"
#include "node.hpp"

#include <algorithm>
#include <cassert>

namespace supercache::detail {

host::host(node& n, std::size_t index, partition_store& store, const partition_options& o)
  : node_(n), index_(index), store_(store), core_(o, n, store) {}

// -- writes -------------------------------------------------------------------------------------

/// Hot path of a write on its primary. async: the lock, the operation, two copies of its encoding;
/// no message, no wake-up. sync: one frame to each peer, sent by this thread; what comes back
/// wakes the caller.
host::beginning host::propose(const request_id& who, const operation& what, on_done done) {
  beginning b;
  bool measured = false;
  clock::time_point begun;
  step([&](replica&) {
    // The clock costs something next to an async write, and nothing next to a round trip.
    measured = !node_.async() || ++proposals_ % metrics::sampling == 0;
    if (measured)
      begun = clock::now();
    b = core_.propose(who, what, std::move(done), begun.time_since_epoch().count(), node_.now_ms());
    if (b.watched)
      node_.cache().items_came(index_, what.target.name);
  });
  if (b.is != beginning::refused && b.at.index > 0)
    node_.replicating();
  if (b.is == beginning::done && measured)
    node_.replicated(clock::now() - begun, true);
  return b;
}

void host::tell(settled& over) {
  for (auto& x : over.reads)
    x.done(x.verdict);
  if (over.writes.empty())
    return;
  const auto now = clock::now();
  for (auto& x : over.writes) {
    const auto took
      = x.begun ? now.time_since_epoch() - clock::duration{x.begun} : clock::duration{};
    if (x.at.index > 0) // else nothing was logged
      node_.replicated(took, x.committed);
    x.tell();
  }
}

// -- long work ----------------------------------------------------------------------------------

void host::when_free(std::function<void()> work, bool longer) {
  {
    const std::lock_guard hold{inbox_lock_};
    if (!is_free()) {
      inbox_.push_back(std::move(work)); // in its place, by the thread that does long work
      return;
    }
    long_works_ += longer;
  }
  if (!longer)
    return work();
  node_.cache().pool().run([of = node_.shared(), this, work = std::move(work)] {
    const std::lock_guard one_at_a_time{long_lock_};
    do_safely(work);
    finish_long();
  });
}

void host::do_long(const std::function<void()>& work) {
  {
    const std::lock_guard hold{inbox_lock_};
    ++long_works_;
  }
  const std::lock_guard one_at_a_time{long_lock_};
  try {
    work();
  } catch (...) {
    finish_long();
    throw;
  }
  finish_long();
}

/// On a thread that nobody waits for: those that do are answered when their time is over.
void host::do_safely(const std::function<void()>& work) const noexcept {
  try {
    work();
  } catch (const std::exception& e) {
    node_.log().error(component::partitions, "partition {}: what waited cannot be done: {}", index_,
                      e.what());
  }
}

/// Does what waited, in order.
void host::finish_long() {
  for (;;) {
    std::vector<std::function<void()>> next;
    std::vector<member_id> turned_away;
    {
      const std::lock_guard hold{inbox_lock_};
      if (inbox_.empty()) {
        assert(long_works_ > 0);
        --long_works_;
        turned_away.swap(turned_away_);
      } else {
        next.swap(inbox_);
      }
    }
    const batch gather{node_};
    if (next.empty()) {
      for (const auto to : turned_away)
        if (link* l = node_.link_of(to)) {
          l->mark(index_);
          batch::current().prompt(*l);
        }
      return;
    }
    for (const auto& work : next)
      do_safely(work);
  }
}

void host::receive(member_id from, message m) {
  const auto* entries = std::get_if<append>(&m);
  const bool longer = entries && entries->entries.takes_longer;
  if (!longer && is_free())
    return receive_now(from, std::move(m));
  when_free(
    [this, from, what = std::make_shared<message>(std::move(m))] {
      receive_now(from, std::move(*what));
    },
    longer);
}

/// A message that makes the copy drop its data is made known to readers before it does.
void host::receive_now(member_id from, message m) {
  const auto* piece = std::get_if<install_snapshot>(&m);
  const bool drops = (piece && piece->begin) || std::holds_alternative<retire>(m);
  step([&](replica& core) {
    if (drops && readable_) {
      readable_ = false;
      ++generation_;
    }
    core.receive(from, std::move(m), node_.now_ms());
  });
}

void host::abandon() {
  settled over;
  {
    const std::lock_guard hold{lock_};
    core_.abandon(over);
  }
  tell(over);
}

// -- steps --------------------------------------------------------------------------------------

void host::after_step(settled& over) {
  replica& mine = core_.replica();
  const bool lazy = mine.leads() && node_.async();
  for (const member_id to : mine.take_addressees())
    if (link* l = node_.link_of(to)) {
      l->mark(index_);
      if (lazy)
        batch::current().soon();
      else if (mine.leads())
        batch::current().prompt(*l);
      else
        batch::current().urgent(*l);
    }
  const replica_news n = mine.take_news();
  if (n.discarded)
    node_.discarded(index_, n.discarded);
  if (n.partial)
    node_.log().warn(
      component::partitions,
      "partition {}: nobody has all of its data any more; this node goes on with a part", index_);
  publish();
  if (n.role || n.members || n.readable || n.bootstrapped || mine.promised() != said_.epoch)
    announce();
  if (core_.waits())
    core_.settle(node_.now_ms(), over);
}

/// Tells all nodes what this one has of the partition, if that changed.
void host::announce() {
  claim now_is = claim_of(index_, core_.replica());
  if (now_is == said_)
    return;
  if (node_.log().decides())
    node_.log().decision(component::partitions, "partition {}: epoch {}, {}, {}; group {}{}",
                         index_, to_string(now_is.epoch),
                         now_is.leads ? "primary here" : "not primary here",
                         now_is.holds ? "with data" : "without data", to_string(now_is.members),
                         now_is.coming.empty() ? "" : ", coming " + to_string(now_is.coming));
  said_ = now_is;
  node_.announce(now_is);
}

void host::publish() {
  const replica& mine = core_.replica();
  const bool readable = mine.readable();
  if (readable_.load(std::memory_order_relaxed) != readable) {
    ++generation_;
    readable_.store(readable, std::memory_order_release);
  }
  if (leads_.load(std::memory_order_relaxed) != mine.leads()) {
    leads_.store(mine.leads(), std::memory_order_release);
    if (listening_ && mine.leads())
      node_.cache().changes().changed({}); // nobody knows what the last primary told
  }
  offset_ms_.store(mine.offset_ms(), std::memory_order_relaxed);
  stamp_ms_.store(mine.stamp_ms(), std::memory_order_relaxed);
  certain_ms_.store(mine.certain_ms(), std::memory_order_release);
  if (behind_.load(std::memory_order_relaxed) && mine.log().last() >= wrote_)
    behind_.store(false, std::memory_order_release);
}

host::left host::collect(member_id to, send_budget& budget, std::vector<message>& out) {
  if (!is_free()) {
    const std::lock_guard hold{inbox_lock_};
    if (!is_free()) {
      if (std::ranges::find(turned_away_, to) == turned_away_.end())
        turned_away_.push_back(to);
      return left::nothing;
    }
  }
  const std::lock_guard hold{lock_};
  core_.replica().collect(to, budget, node_.now_ms(), out);
  if (!core_.replica().wants(to))
    return left::nothing;
  return core_.replica().wants(to, false) ? left::more : left::pieces;
}

// -- changes ------------------------------------------------------------------------------------

void host::listen(bool on) {
  {
    const std::lock_guard hold{lock_};
    listening_ = on;
  }
  store_.tell(on ? this : nullptr); // slow if there are many namespaces
}

/// Called within a step, under the lock.
void host::changed(transition t) {
  if (core_.replica().leads())
    node_.cache().changes().changed(std::move(t));
}

// -- reads --------------------------------------------------------------------------------------

std::int64_t host::time_ms() const noexcept {
  return std::max(stamp_ms_.load(std::memory_order_relaxed),
                  node_.now_ms() + offset_ms_.load(std::memory_order_relaxed));
}

/// What is here, and what that rests on.
result<host::found> host::look(const query& q, bool as_primary, standing* at) {
  const auto before = generation();
  const auto* part = std::get_if<ask::snapshot>(&q.body);
  std::optional<partition_store::snapshot_start> snapshot;
  if (part && part->number == 0)
    snapshot.emplace(store_);
  partition_core::finding f;
  {
    const std::lock_guard hold{lock_};
    auto begun = core_.begin_read(as_primary, at);
    if (!begun)
      return begun.why();
    f = *begun;
    if (snapshot) // between two operations, not in the middle of one
      if (auto s = snapshot->begin(part->id, stamp{time_ms()}); !s)
        return s.why();
  }
  const stamp when{time_ms()};
  auto out = store_.ask(q, when);
  if (generation() != before)
    return {errc::unavailable, "this node's copy was replaced meanwhile"};
  if (!out)
    return out.why();
  if (certain(when))
    core_.end_read(f, 0, node_.now_ms());
  else
    step([&](replica&) { core_.end_read(f, when.latest_over(), node_.now_ms()); });
  return found{*std::move(out), f};
}

result<answer> host::ask(const query& q, bool as_primary, standing* at) {
  auto x = look(q, as_primary, at);
  if (!x)
    return x.why();
  if (!as_primary && x->rests_on.over_ms == 0)
    return std::move(x->what);
  const std::lock_guard hold{lock_};
  if (auto s = core_.confirm(x->rests_on, node_.now_ms()); !s)
    return s.why();
  return std::move(x->what);
}

std::optional<result<answer>> host::ask_as_primary(const query& q, on_answer done) {
  auto x = look(q, true, nullptr);
  if (!x)
    return x.why();
  const std::lock_guard hold{lock_};
  const auto s = core_.confirm(x->rests_on, node_.now_ms());
  if (s)
    return std::move(x->what);
  node_.log().decision(component::requests, "partition {}: what was found has to wait: {}", index_,
                       s.why().message);
  core_.await(x->rests_on, [done = std::move(done), found = std::move(x->what)](const status& y) {
    done(y ? result<answer>{found} : y.why());
  });
  return {};
}

void host::wrote(const position& p) {
  const std::lock_guard hold{lock_};
  wrote_ = std::max(wrote_, p);
  behind_.store(core_.replica().log().last() < wrote_, std::memory_order_release);
}

} // namespace supercache::detail
