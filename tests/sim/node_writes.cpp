// The writes of a node's clients: on the node that leads the partition, or sent to it as requests
// of a session, again and again until an answer or the deadline.

#include "cluster.hpp"
#include "node.hpp"

namespace sim {

namespace {

constexpr std::int64_t attempt_ms = 700;

} // namespace

/// Does a write as primary. `tell` is called once, now or later; or never, if the node ends.
void node::propose(std::size_t i, const request_id& who, const operation& what, on_written tell) {
  const auto done = [tell](const result<value>& x, const position&) {
    if (x)
      tell(errc::none, *x);
    else
      tell(x.why().code, {});
  };
  const auto b = parts_[i]->core->propose(who, what, done, 0, now());
  after_step(i);
  if (b.is == partition_core::beginning::done)
    tell(errc::none, b.answer);
  else if (b.is == partition_core::beginning::refused)
    tell(b.why.code, {});
}

/// Answers those that waited and no longer have to.
void node::settle(std::size_t i) {
  partition_core::settled over;
  parts_[i]->core->settle(now(), over);
  for (auto& x : over.reads)
    x.done(x.verdict);
  for (auto& x : over.writes)
    x.tell();
}

void node::write(std::size_t partition, operation what, std::int64_t timeout_ms, on_outcome done) {
  const auto id = next_call_++;
  call c;
  c.partition = partition;
  c.what = std::move(what);
  c.deadline_ms = now() + timeout_ms;
  c.done = std::move(done);
  calls_.emplace(id, std::move(c));
  attempt(id);
  c_.w.after(timeout_ms * 1000, [this, id] {
    const auto at = calls_.find(id);
    if (at != calls_.end())
      finish(id,
             at->second.maybe || at->second.open ? outcome::kind::unknown : outcome::kind::refused,
             {});
  });
}

void node::finish(std::uint64_t id, outcome::kind kind, const value& answer) {
  auto at = calls_.find(id);
  call c = std::move(at->second);
  calls_.erase(at);
  if (c.who.client)
    parts_[c.partition]->open.erase(c.who.number);
  c.done({ended_ ? outcome::kind::unknown : kind, answer});
}

void node::again(std::uint64_t id) {
  c_.w.after(5'000 + static_cast<std::int64_t>(c_.w.random.below(30'000)), [this, id] {
    if (calls_.contains(id) && !ended_)
      attempt(id);
  });
}

void node::attempt(std::uint64_t id) {
  call& c = calls_.at(id);
  part& p = *parts_[c.partition];
  const unsigned number = ++c.attempt;
  c.open = false;
  if (paused_) {
    again(id);
    return;
  }
  if (p.copy().leads()) {
    c.open = true;
    propose(c.partition, c.who, operation{c.what}, [this, id, number](errc e, const value& x) {
      const auto at = calls_.find(id);
      if (at == calls_.end() || at->second.attempt != number)
        return;
      if (e == errc::none) {
        finish(id, outcome::kind::done, x);
      } else if (e == errc::not_primary || e == errc::unavailable || e == errc::overloaded) {
        at->second.open = false;
        again(id);
      } else if (e != errc::outcome_unknown && e != errc::quorum_not_reached) {
        finish(id, outcome::kind::refused, {});
      } else if (at->second.who.client) { // the session table knows
        at->second.maybe = true;
        again(id);
      } else {
        finish(id, outcome::kind::unknown, {});
      }
    });
    return;
  }
  const leadership& l = membership_.leader_of(c.partition);
  if (!l.current || l.primary == self_) {
    again(id);
    return;
  }
  ask(id, l.primary);
}

/// Sends the write to the node that leads, and again if there is no answer in time.
void node::ask(std::uint64_t id, const member& primary) {
  call& c = calls_.at(id);
  const unsigned number = c.attempt;
  part& p = *parts_[c.partition];
  if (!c.who.client) {
    c.who = {self_.id, ++p.requests, 0};
    p.open.insert(c.who.number);
  }
  c.who.done = *p.open.begin() - 1;
  c.open = true;
  // Connections bring nothing twice: a client that was refused knows that nothing was done.
  c_.send(
    self_.node, primary.node, primary.id,
    [from = self_, id, number, part = c.partition, who = c.who, what = c.what](node& to) {
      to.request(from, id << 8 | (number & 255), part, who, what);
    },
    true);
  c_.w.after(attempt_ms * 1000, [this, id, number] {
    const auto at = calls_.find(id);
    if (at == calls_.end() || at->second.attempt != number || !at->second.open || ended_)
      return;
    at->second.maybe = true;
    attempt(id);
  });
}

void node::request(const member& from, std::uint64_t call_id, std::size_t partition,
                   const request_id& who, const operation& what) {
  const auto answer = [this, from, call_id](errc e, const value& x) {
    c_.send(self_.node, from.node, from.id, [call_id, e, x](node& to) { to.reply(call_id, e, x); });
  };
  propose(partition, who, what, answer);
}

void node::reply(std::uint64_t call_id, errc code, const value& answer) {
  const auto id = call_id >> 8;
  const auto at = calls_.find(id);
  if (at == calls_.end())
    return;
  call& c = at->second;
  const bool late = (c.attempt & 255) != (call_id & 255);
  switch (code) {
    case errc::none: finish(id, outcome::kind::done, answer); return;
    case errc::not_primary:
    case errc::unavailable:
    case errc::overloaded:
      if (!late) {
        c.open = false;
        ++c.attempt;
        again(id);
      }
      return;
    case errc::outcome_unknown:
      if (!late) {
        c.open = false;
        c.maybe = true;
        ++c.attempt;
        again(id);
      }
      return;
    default:
      if (!c.maybe)
        finish(id, outcome::kind::refused, {});
      else
        finish(id, outcome::kind::unknown, {});
  }
}

} // namespace sim
