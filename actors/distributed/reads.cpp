#include "../clock.hpp"
#include "link.hpp"
#include "node.hpp"
#include "router.hpp"

#include <supercache/store/amount.hpp>

#include <algorithm>

// Reads of this node's callers, and of other nodes'.

namespace supercache::detail {

std::int64_t patience_with(const link& l) { return attempt_ms + 2 * l.round_trip_ms(); }

later<answer> router::ask(std::size_t partition, query what, read_mode mode, milliseconds timeout,
                          bool hold_it) {
  host& h = node_.host_of(partition);
  if (mode == read_mode::local ? h.serves() : mode == read_mode::primary && h.leads()) {
    auto x = h.ask(what, mode == read_mode::primary);
    if (x || (x.why().code != errc::unavailable && x.why().code != errc::not_primary))
      return x;
  }
  auto c = std::make_shared<read_call>();
  c->partition = partition;
  c->what = std::move(what);
  c->mode = mode;
  c->hold = hold_it;
  c->deadline_ms = deadline_in(timeout);
  c->due_ms = INT64_MAX;
  {
    const std::lock_guard hold{lock_};
    if (stopped_)
      return {errc::not_started, "the cache is not started"};
    c->id = next_id_++;
    reads_.emplace(c->id, c);
  }
  attempt(c);
  return c->out;
}

/// A read that this node may answer after all. Errors: why it does not.
status router::try_here(const read_ptr& c) {
  host& h = node_.host_of(c->partition);
  const auto nobody = [&] { return node_.no_primary(c->partition); };
  const bool as_primary = c->mode == read_mode::primary;
  if (as_primary ? !h.leads() : !h.serves())
    return nobody();
  if (!as_primary) {
    auto x = h.ask(c->what, false);
    if (!x && (x.why().code == errc::unavailable || x.why().code == errc::not_primary))
      return nobody();
    finish(c, std::move(x));
    return ok();
  }
  {
    const std::lock_guard hold{lock_};
    c->last
      = {errc::unavailable, "too few members of partition " + std::to_string(c->partition)
                              + " confirmed that node " + node_.self().node + " is the primary"};
  }
  auto x = h.ask_as_primary(c->what, [this, c](result<answer> y) { found_here(c, std::move(y)); });
  if (x && !*x && x->why().code == errc::not_primary)
    return nobody();
  if (x && !*x && x->why().code == errc::unavailable)
    return x->why();
  if (x)
    finish(c, *std::move(x));
  return ok();
}

/// A read that waited here until it was known which node led.
void router::found_here(const read_ptr& c, result<answer> x) {
  if (!x && x.why().code == errc::unavailable)
    again(c, x.why());
  else
    finish(c, std::move(x));
}

/// The node that a local read asks when neither this node nor the primary can answer.
member_id router::somebody_with(std::size_t partition, const read_call& c) {
  return node_.view([&](const membership& view) -> member_id {
    for (const member& m : view.leader_of(partition).members)
      if (m.id != node_.self().id && m.id != c.asked && view.is_live(m))
        return m.id;
    return 0;
  });
}

void router::attempt(const read_ptr& c) {
  if (c->mode == read_mode::quorum)
    return attempt_quorum(c);
  const auto here = try_here(c);
  if (here)
    return;
  const batch gather{node_};
  member_id to = node_.route(c->partition);
  if (to == node_.self().id)
    to = 0;
  if (!to && c->mode == read_mode::local && !node_.host_of(c->partition).behind())
    to = somebody_with(c->partition, *c);
  link* l = to ? node_.link_of(to) : nullptr;
  if (!l)
    return again(c, here.why());
  frame::question q;
  {
    const std::lock_guard hold{lock_};
    if (c->over)
      return;
    ++c->attempt;
    c->asked = to;
    const auto now = node_.now_ms();
    c->due_ms = now + patience_with(*l);
    q = {wire_id(c->id, c->attempt), c->partition,
         c->mode == read_mode::primary || to == node_.route(c->partition),
         c->hold ? static_cast<std::uint64_t>(hold_of(c->deadline_ms, now)) : 0, c->what};
    // If that is so at the deadline.
    c->last = q.hold_ms
                ? failure{errc::timeout, "nothing came"}
                : failure{errc::unavailable, "node " + l->name()
                                               + " did not answer a question about partition "
                                               + std::to_string(c->partition)};
  }
  if (l->send(q))
    batch::current().prompt(*l);
  else
    again(c, {errc::overloaded, "too much waits to be sent to node " + l->name()});
}

/// Asks all members at once; the first of them that are enough decide.
void router::attempt_quorum(const read_ptr& c) {
  const batch gather{node_};
  auto [known, live] = node_.view([&](const membership& view) {
    return std::pair{view.leader_of(c->partition).members, view.live()};
  });
  std::optional<failure> nobody;
  if (known.empty())
    nobody = node_.no_primary(c->partition);
  unsigned number = 0;
  member_list asked;
  {
    const std::lock_guard hold{lock_};
    if (c->over)
      return;
    number = ++c->attempt;
    asked = c->quorum.whom(std::move(known));
    c->members = asked.size();
    std::erase_if(asked, [&](const member& m) { return !find_member(live, m.id); });
    c->reached = c->waits_for = asked.size();
    auto patience = asked.empty() ? retry_ms : attempt_ms;
    for (const member& m : asked)
      if (const link* l = node_.link_of(m.id))
        patience = std::max(patience, patience_with(*l));
    c->due_ms = node_.now_ms() + patience;
    c->last = c->too_few();
    if (c->members == 0 && nobody)
      c->last = *nobody;
  }
  for (const member& m : asked) {
    if (m.id == node_.self().id)
      continue;
    if (link* l = node_.link_of(m.id);
        l && l->send(frame::question{wire_id(c->id, number), c->partition, false, 0, c->what}))
      batch::current().prompt(*l);
  }
  if (find_member(asked, node_.self().id)) {
    standing at;
    auto x = node_.host_of(c->partition).ask(c->what, false, &at);
    if (x)
      take(c, node_.self().id, false, {errc::none, {}}, std::move(at), *std::move(x));
    else
      take(c, node_.self().id, false, x.why(), std::move(at), {});
  }
}

failure router::read_call::too_few() const {
  const auto n = [](std::size_t x) { return std::to_string(x); };
  return {errc::quorum_not_reached, "partition " + n(partition) + " has " + n(members)
                                      + " members, of which " + n(reached) + " can be reached and "
                                      + n(quorum.answered()) + " answered; that is too few"};
}

/// One member's answer to a quorum read. `late`: to an earlier attempt.
void router::take(const read_ptr& c, member_id who, bool late, failure why, standing at,
                  answer what) {
  std::optional<result<answer>> out;
  {
    const std::lock_guard hold{lock_};
    if (c->over)
      return;
    c->waits_for -= !late && c->waits_for > 0;
    if (why.code == errc::none) {
      if (c->quorum.take(who, std::move(at), std::move(what)))
        out = std::move(c->quorum.newest());
    } else if (why.code != errc::unavailable && why.code != errc::not_primary) {
      out = std::move(why); // else it has no complete copy
    }
    c->last = c->too_few();
    if (!out && !late && c->waits_for == 0) // others may have to be asked, or there are none
      c->due_ms = node_.now_ms() + retry_ms;
  }
  if (out)
    finish(c, *std::move(out));
}

void router::again(const read_ptr& c, failure why) {
  node_.log().decision(component::requests, "partition {}: a read is tried again: {}", c->partition,
                       why.message);
  const std::lock_guard hold{lock_};
  c->last = std::move(why);
  c->asked = 0;
  c->due_ms = node_.now_ms() + retry_ms;
}

void router::finish(const read_ptr& c, result<answer> x) {
  {
    const std::lock_guard hold{lock_};
    if (c->over)
      return;
    c->over = true;
    reads_.erase(c->id);
  }
  c->out.set(std::move(x));
}

void router::on(link& from, frame::found f) {
  read_ptr c;
  bool late = false;
  {
    const std::lock_guard hold{lock_};
    const auto found = reads_.find(f.id >> 8);
    if (found == reads_.end())
      return;
    c = found->second;
    late = (c->attempt & 255) != (f.id & 255);
  }
  if (c->mode == read_mode::quorum)
    take(c, from.incarnation(), late, std::move(f.why), f.at, std::move(f.what));
  else if (f.why.code == errc::none)
    finish(c, std::move(f.what));
  else if (f.why.code != errc::not_primary && f.why.code != errc::unavailable)
    finish(c, std::move(f.why));
  else if (!late)
    again(c, std::move(f.why));
}

void router::on(link& from, const frame::question& q) {
  const auto incarnation = from.incarnation();
  if (is_long(q.what.body))
    node_.elsewhere(q.partition,
                    [this, &from, incarnation, q] { answer_to(from, incarnation, q); });
  else
    answer_to(from, incarnation, q);
}

void router::answer_to(link& from, member_id incarnation, const frame::question& q) {
  if (from.incarnation() != incarnation)
    return;
  host& h = node_.host_of(q.partition);
  standing at;
  std::optional x{h.ask(q.what, q.at_primary, q.at_primary ? nullptr : &at)};
  if (q.at_primary && !*x && x->why().code == errc::unavailable && h.leads())
    x = h.ask_as_primary(q.what, [this, &from, incarnation, q](result<answer> y) {
      tell(from, incarnation, q, {}, std::move(y));
    });
  if (x)
    tell(from, incarnation, q, std::move(at), *std::move(x));
}

/// The answer to a question, unless it is kept until there is another.
void router::tell(link& from, member_id incarnation, const frame::question& q, standing at,
                  result<answer> x) {
  if (from.incarnation() != incarnation)
    return;
  if (x && q.hold_ms && std::holds_alternative<ask::peek>(q.what.body) && x->one.items().empty()) {
    auto again = q;
    again.hold_ms = 0;
    node_.when_items(q.partition, q.what.target.name,
                     milliseconds{std::min<std::uint64_t>(q.hold_ms, hold_most_ms)},
                     [this, &from, incarnation, again] { answer_to(from, incarnation, again); });
    return;
  }
  frame::found out{q.id, {errc::none, {}}, std::move(at), {}};
  if (x)
    out.what = *std::move(x);
  else
    out.why = x.why();
  from.send(out);
  const batch gather{node_};
  batch::current().urgent(from);
}

} // namespace supercache::detail
