#include "host.hpp"

#include "../core.hpp"
#include "link.hpp"
#include "node.hpp"

#include <algorithm>

namespace supercache::detail {

host::host(node& n, std::size_t index, partition_store& store, const replica_options& o)
  : node_(n), index_(index), store_(store), core_(o, store) {}

// -- writes -------------------------------------------------------------------------------------

namespace {

/// Whether a write was refused because of the data: another primary may have other data.
bool depends_on_data(errc code) {
  return code != errc::not_primary && code != errc::unavailable && code != errc::overloaded
         && code != errc::outcome_unknown;
}

} // namespace

/// Hot path of a write on its primary. async: the lock, the operation, two copies of its encoding;
/// no message, no wake-up. sync: one frame to each peer, sent by this thread; what comes back
/// wakes the caller.
host::beginning host::propose(const request_id& who, const operation& what, on_done done) {
  beginning b;
  bool measured = false;
  clock::time_point begun;
  step([&](replica& core) {
    // The clock costs something next to an async write, and nothing next to a round trip.
    measured = !node_.async() || ++proposals_ % metrics::sampling == 0;
    if (measured)
      begun = clock::now();
    const auto now = node_.now_ms();
    auto p = core.propose(who, what, now);
    if (!p) {
      b.why = p.why();
      if (!depends_on_data(b.why.code) || leased())
        return;
      b.is = beginning::waits;
      await_lease({now, core.promised(), 0, [done = std::move(done), why = b.why](const status& s) {
                     done(s ? why : s.why(), {});
                   }});
      return;
    }
    if (p->watched)
      node_.watched(what.target.name, index_);
    b.at = p->at;
    b.answer = std::move(p->answer);
    const bool committed = core.commit() >= b.at.index && core.leads();
    if (committed && (!p->unchanged || leased())) {
      if (p->why.code != errc::none)
        b.why = std::move(p->why);
      else
        b.is = beginning::done;
      return;
    }
    b.is = beginning::waits;
    waiting w{b.at,
              std::move(done),
              b.answer,
              std::move(p->why),
              begun,
              end_of(now, node_.majority_timeout().count()),
              p->unchanged ? now : 0};
    if (committed)
      await_lease(finding_of(std::move(w)));
    else
      pending_.push_back(std::move(w));
  });
  if (b.is != beginning::refused && b.at.index > 0)
    node_.replicating();
  if (b.is == beginning::done && measured)
    node_.replicated(clock::now() - begun, true);
  return b;
}

/// Takes out the waiting writes whose entry is committed, or can no longer be, or that waited for
/// so long that their callers are told.
void host::settle(settled& over) {
  const entry_log& log = core_.log();
  const auto verdict = [&](const waiting& x) -> std::optional<errc> {
    if (log.has(x.at.index) ? log.at(x.at.index) != x.at : log.last().index < x.at.index)
      return errc::outcome_unknown;
    if (!log.has(x.at.index) && core_.promised().owner != node_.self().id)
      return errc::outcome_unknown; // this copy may have installed a snapshot of another epoch
    if (core_.commit() < x.at.index)
      return {};
    return errc::none;
  };
  const auto end = [&](waiting& x, errc code) {
    if (code == errc::none && x.found_ms && !leased())
      await_lease(finding_of(std::move(x)));
    else
      over.writes.emplace_back(std::move(x), code);
  };
  if (core_.leads()) { // in order: those behind the first that waits wait too
    while (!pending_.empty()) {
      const auto v = verdict(pending_.front());
      if (!v)
        break;
      end(pending_.front(), *v);
      pending_.pop_front();
    }
    if (pending_.empty())
      return;
    const auto now = node_.now_ms();
    while (!pending_.empty() && pending_.front().until_ms <= now) {
      end(pending_.front(), errc::quorum_not_reached);
      pending_.pop_front();
    }
    return;
  }
  std::erase_if(pending_, [&](waiting& x) {
    const auto v = verdict(x);
    if (v)
      end(x, *v);
    return v.has_value();
  });
}

void host::tell(settled& over) {
  for (const auto& [x, s] : over.findings)
    x.tell(s);
  if (over.writes.empty())
    return;
  const auto now = clock::now();
  for (auto& [x, code] : over.writes) {
    node_.replicated(now - x.begun, code == errc::none);
    if (code == errc::none && x.why.code == errc::none)
      x.done(std::move(x.answer), x.at);
    else if (code == errc::none)
      x.done(std::move(x.why), x.at);
    else if (code == errc::quorum_not_reached)
      x.done(failure{code, "the primary has the write, but no majority confirmed it within "
                             + std::to_string(node_.majority_timeout().count())
                             + " ms; it may survive or vanish"},
             x.at);
    else
      x.done(failure{code, "the primary changed while the write waited for a majority"}, x.at);
  }
}

/// A message that makes the copy drop its data is made known to readers before it does.
void host::receive(member_id from, message m) {
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
    for (waiting& x : pending_)
      over.writes.emplace_back(std::move(x), errc::outcome_unknown);
    pending_.clear();
    for (finding& x : findings_)
      over.findings.emplace_back(std::move(x), failure{errc::unavailable, "the node stops"});
    findings_.clear();
  }
  tell(over);
}

// -- steps --------------------------------------------------------------------------------------

void host::after_step(settled& over) {
  const bool lazy = core_.leads() && node_.async();
  for (const member_id to : core_.take_addressees())
    if (link* l = node_.link_of(to)) {
      l->mark(index_);
      if (lazy)
        batch::current().soon();
      else if (core_.leads())
        batch::current().prompt(*l);
      else
        batch::current().urgent(*l);
    }
  const replica_news n = core_.take_news();
  if (n.discarded)
    node_.discarded(index_, n.discarded);
  if (n.partial)
    node_.log().warn(
      component::partitions,
      "partition {}: nobody has all of its data any more; this node goes on with a part", index_);
  publish();
  if (n.role || n.members || n.readable || n.bootstrapped || core_.promised() != said_.epoch)
    announce();
  if (!pending_.empty())
    settle(over);
  if (!findings_.empty())
    settle_findings(over);
}

/// Tells all nodes what this one has of the partition, if that changed.
void host::announce() {
  claim now_is = claim_of(index_, core_);
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
  const bool readable = core_.readable();
  if (readable_.load(std::memory_order_relaxed) != readable) {
    ++generation_;
    readable_.store(readable, std::memory_order_release);
  }
  if (leads_.load(std::memory_order_relaxed) != core_.leads()) {
    leads_.store(core_.leads(), std::memory_order_release);
    if (listening_ && core_.leads())
      node_.cache().changes().changed({}); // nobody knows what the last primary told
  }
  offset_ms_.store(core_.offset_ms(), std::memory_order_relaxed);
  stamp_ms_.store(core_.stamp_ms(), std::memory_order_relaxed);
  certain_ms_.store(core_.certain_ms(), std::memory_order_release);
  if (behind_.load(std::memory_order_relaxed) && core_.log().last() >= wrote_)
    behind_.store(false, std::memory_order_release);
}

host::left host::collect(member_id to, send_budget& budget, std::vector<message>& out) {
  const std::lock_guard hold{lock_};
  core_.collect(to, budget, node_.now_ms(), out);
  if (!core_.wants(to))
    return left::nothing;
  return core_.wants(to, false) ? left::more : left::pieces;
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
  if (core_.leads())
    node_.cache().changes().changed(std::move(t));
}

// -- reads --------------------------------------------------------------------------------------

std::int64_t host::time_ms() const noexcept {
  return std::max(stamp_ms_.load(std::memory_order_relaxed),
                  node_.now_ms() + offset_ms_.load(std::memory_order_relaxed));
}

/// What is here; and, in `f`, what that rests on.
result<answer> host::look(const query& q, bool as_primary, standing* at, finding& f) {
  const auto before = generation();
  const auto* part = std::get_if<ask::snapshot>(&q.body);
  std::optional<partition_store::snapshot_start> snapshot;
  if (part && part->number == 0)
    snapshot.emplace(store_);
  {
    const std::lock_guard hold{lock_};
    if (as_primary && !core_.accepts_writes())
      return {errc::not_primary, "another node is the primary"};
    if (!core_.readable())
      return {errc::unavailable, "this node has no complete copy"};
    if (at)
      *at = {core_.log().last(), core_.group()};
    if (snapshot) // between two operations, not in the middle of one
      if (auto s = snapshot->begin(part->id, stamp{time_ms()}); !s)
        return s.why();
    f.led_in = core_.promised();
  }
  const stamp when{time_ms()};
  auto out = store_.ask(q, when);
  if (generation() != before)
    return {errc::unavailable, "this node's copy was replaced meanwhile"};
  f.over_ms = when.latest_over();
  f.found_ms = node_.now_ms();
  if (!certain(f.over_ms))
    step([&](replica& core) { // the primary has an entry say so; others have to ask there
      if (core.accepts_writes() && f.over_ms <= core.time_ms(f.found_ms))
        core.state_time(f.over_ms);
    });
  return out;
}

result<answer> host::ask(const query& q, bool as_primary, standing* at) {
  finding f;
  auto out = look(q, as_primary, at, f);
  if (!out)
    return out;
  if (!certain(f.over_ms))
    return {errc::unavailable, "something has expired, which a majority has to confirm"};
  if (!as_primary)
    return out;
  const std::lock_guard hold{lock_};
  if (auto s = leased(); !s)
    return s.why();
  return out;
}

std::optional<result<answer>> host::ask_as_primary(const query& q, on_answer done) {
  finding f;
  auto out = look(q, true, nullptr, f);
  if (!out)
    return out;
  const std::lock_guard hold{lock_};
  if (certain(f.over_ms) && leased())
    return out;
  f.tell = [done = std::move(done), x = *std::move(out)](const status& s) {
    done(s ? result<answer>{x} : s.why());
  };
  await_lease(std::move(f));
  return {};
}

// -- leases -------------------------------------------------------------------------------------

/// Whether what was found here is the latest that any caller may have been told of: no other node
/// led when it was found. Members prove this if they heard from this node so recently that they
/// elect no other node yet; or if they heard from it after the read, however slow they are. In
/// async mode a primary needs no votes, so no member's word would mean anything.
status host::leased(std::int64_t found_ms) {
  if (node_.async())
    return ok();
  if (!core_.accepts_writes())
    return {errc::not_primary, "another node is the primary"};
  const auto now = node_.now_ms();
  const auto lease_ms = node_.cache().config().replication.node_monitor.suspect().count();
  const auto since_ms = std::min(now - lease_ms, found_ms);
  const auto heard = [&](member_id incarnation) { return node_.heard_us(incarnation, since_ms); };
  if (core_.has_lease(heard, now))
    return ok();
  node_.log().decision(component::requests, "partition {}: what was found has to wait: no lease",
                       index_);
  return {errc::unavailable, "too few members of the partition have confirmed of late that this "
                             "node is the primary"};
}

/// What a write that changed nothing found.
host::finding host::finding_of(waiting w) {
  return {w.found_ms, w.at.epoch, 0, [this, w = std::move(w)](const status& s) {
            node_.replicated(clock::now() - w.begun, s.ok());
            if (s && w.why.code == errc::none)
              w.done(w.answer, w.at);
            else
              w.done(s ? w.why : s.why(), w.at);
          }};
}

/// In the order in which they were found: a member that confirmed one has confirmed those before
/// it.
void host::await_lease(finding f) {
  ++f.found_ms; // what left within the same millisecond may have left before
  findings_.insert(std::ranges::upper_bound(findings_, f.found_ms, {}, &finding::found_ms),
                   std::move(f));
}

void host::settle_findings(settled& over) {
  // Silent members are taken for down by then, and with them the majority is gone.
  const auto too_old
    = node_.now_ms() - 2 * node_.cache().config().replication.node_monitor.down.count();
  while (!findings_.empty()) {
    finding& f = findings_.front();
    status s = leased(f.found_ms);
    const bool over_now = !core_.leads() || core_.promised() != f.led_in || f.found_ms < too_old;
    if (over_now)
      s = failure{errc::unavailable, "another primary may have been elected; nothing was changed"};
    else if (!s || !certain(f.over_ms))
      return;
    over.findings.emplace_back(std::move(f), std::move(s));
    findings_.pop_front();
  }
}

void host::wrote(const position& p) {
  const std::lock_guard hold{lock_};
  wrote_ = std::max(wrote_, p);
  behind_.store(core_.log().last() < wrote_, std::memory_order_release);
}

} // namespace supercache::detail
