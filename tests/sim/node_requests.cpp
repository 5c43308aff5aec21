// What a node's clients and other nodes want: the shell around `requests` and `partition_core`.

#include "cluster.hpp"
#include "node.hpp"

#include <algorithm>
#include <utility>

namespace sim {

namespace {

/// A client that uses a node that hangs tries again after so long.
constexpr std::int64_t hang_ms = 20;

} // namespace

template <class F>
void node::request_step(F&& f) {
  request_effects todo;
  f(requests_, todo);
  for (request_effect& e : todo)
    std::visit([this](auto& x) { perform(x); }, e);
}

// -- calls of clients ---------------------------------------------------------------------------

void node::write(std::size_t partition, operation what, std::int64_t timeout_ms, on_outcome done) {
  if (ended_ || timeout_ms <= 0)
    return done({ended_ ? outcome::kind::unknown : outcome::kind::refused, {}});
  if (paused_) {
    c_.w.after(hang_ms * 1000, [this, partition, what = std::move(what), timeout_ms,
                                done = std::move(done)]() mutable {
      write(partition, std::move(what), timeout_ms - hang_ms, std::move(done));
    });
    return;
  }
  const auto tell = [this, done = std::move(done)](const result<value>& x) {
    if (ended_)
      done({outcome::kind::unknown, {}});
    else if (x)
      done({outcome::kind::done, *x});
    else if (x.why().code == errc::outcome_unknown || x.why().code == errc::quorum_not_reached)
      done({outcome::kind::unknown, {}});
    else
      done({outcome::kind::refused, {}});
  };
  request_step([&](requests& r, request_effects& todo) {
    r.write(partition, std::move(what), now() + timeout_ms, tell, now(), todo);
  });
}

void node::read(reading what, std::int64_t timeout_ms) {
  if (ended_ || timeout_ms <= 0)
    return what.done(std::nullopt);
  if (paused_) {
    c_.w.after(hang_ms * 1000, [this, what = std::move(what), timeout_ms]() mutable {
      read(std::move(what), timeout_ms - hang_ms);
    });
    return;
  }
  const auto tell = [this, what](const result<answer>& x) {
    std::optional<seen> found;
    if (x && !ended_) {
      found.emplace();
      if (!x->rows.at(0).empty())
        found->what = x->rows.at(0).front()[1];
      if (!x->found.empty())
        found->expired = x->found.front().front();
    }
    c_.w.note([&] {
      return to_string(self_) + " reads " + to_string(what.key) + " of partition "
             + std::to_string(what.partition) + ", " + std::string{to_string(what.how)} + ": "
             + (found ? to_string(found->what) : "no answer");
    });
    what.done(found);
  };
  request_step([&](requests& r, request_effects& todo) {
    r.read(what.partition, {what.where, ask::get{{what.key}}}, what.how, now() + timeout_ms, false,
           tell, now(), todo);
  });
}

void node::end() {
  ended_ = true;
  request_step([](requests& r, request_effects& todo) { r.stop(todo); });
}

void node::tick_requests() {
  request_step([this](requests& r, request_effects& todo) { r.tick(now(), todo); });
}

// -- what requests want done --------------------------------------------------------------------

void node::perform(effect::try_write& e) {
  auto b
    = propose(e.partition, e.who, *e.what, [this, id = e.id](result<value> x, const position&) {
        request_step(
          [&](requests& r, request_effects& todo) { r.done_here(id, std::move(x), now(), todo); });
      });
  request_step(
    [&](requests& r, request_effects& todo) { r.tried(e.id, std::move(b), now(), todo); });
}

void node::perform(effect::try_read& e) {
  ask_here(e.partition, *e.what, e.mode == read_mode::primary,
           [this, id = e.id](result<answer> x, standing at) {
             request_step([&](requests& r, request_effects& todo) {
               r.read_here(id, std::move(x), std::move(at), now(), todo);
             });
           });
}

void node::perform(effect::send& e) {
  const auto* to = link_of(e.to);
  if (to && say({to->first, e.to}, e.what))
    return;
  const failure why = to ? failure{errc::overloaded, "too much waits"}
                         : failure{errc::unavailable, "the connection broke"};
  request_step([&](requests& r, request_effects& todo) { r.not_sent(e.id, why, now(), todo); });
}

void node::perform(effect::wrote& e) {
  part& p = *parts_[e.partition];
  p.wrote = std::max(p.wrote, e.at);
}

// -- what other nodes want ----------------------------------------------------------------------

void node::request(const member& from, const frame::request& r) {
  const auto answer = [this, from, id = r.id](const result<value>& x, const position& at) {
    frame::reply out{id, {errc::none, {}}, at, {}};
    if (x)
      out.answer = *x;
    else
      out.why = x.why();
    say(from, out);
  };
  auto b = propose(r.partition, r.who, r.what, answer);
  if (b.is == partition_core::beginning::done)
    answer(b.answer, b.at);
  else if (b.is == partition_core::beginning::refused)
    answer(b.why, {});
}

void node::question(const member& from, const frame::question& q) {
  ask_here(q.partition, q.what, q.at_primary,
           [this, from, id = q.id](const result<answer>& x, standing at) {
             frame::found out{id, {errc::none, {}}, std::move(at), {}};
             if (x)
               out.what = *x;
             else
               out.why = x.why();
             say(from, out);
           });
}

void node::reply(const member& from, const frame::reply& x) {
  request_step([&](requests& r, request_effects& todo) { r.on(from.id, x, now(), todo); });
}

void node::found(const member& from, const frame::found& x) {
  request_step([&](requests& r, request_effects& todo) { r.on(from.id, x, now(), todo); });
}

// -- what is here -------------------------------------------------------------------------------

partition_core::beginning node::propose(std::size_t i, const request_id& who, const operation& what,
                                        on_written done) {
  auto b = parts_[i]->core->propose(who, what, std::move(done), 0, now());
  after_step(i);
  return b;
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

/// Calls `done` with what is here: at once, if that is certain; as primary perhaps later, when no
/// other can have led. What has expired goes with it, for checks.
void node::ask_here(std::size_t partition, const query& q, bool as_primary, on_answer done) {
  partition_core& core = *parts_[partition]->core;
  standing at;
  auto f = core.begin_read(as_primary, &at);
  if (!f)
    return done(f.why(), {});
  const stamp when{core.replica().time_ms(now())};
  auto x = store(partition).ask(q, when);
  if (x && x->rows.at(0).empty())
    if (auto ever = store(partition).ask(q, stamp{std::int64_t{0}});
        ever && !ever->rows.at(0).empty())
      x->found = {{ever->rows.at(0).front()[1]}};
  core.end_read(*f, when.latest_over(), now());
  const auto may_tell = core.confirm(*f, now());
  after_step(partition);
  if (may_tell)
    return done(std::move(x), std::move(at));
  if (!as_primary)
    return done(may_tell.why(), {});
  core.await(*f, [x, at, done = std::move(done)](const status& s) {
    done(s ? x : result<answer>{s.why()}, at);
  });
}

// -- as `contacts` and `surroundings` say -------------------------------------------------------

const std::pair<const std::string, node::link>* node::link_of(member_id incarnation) const {
  const auto at = std::ranges::find_if(
    links_, [&](const auto& x) { return x.second.up && x.second.incarnation == incarnation; });
  return at == links_.end() ? nullptr : &*at;
}

bool node::heard_us(member_id incarnation, std::int64_t since_ms) const {
  const auto* to = link_of(incarnation);
  return to && to->second.proven_ms >= since_ms;
}

bool node::serves(std::size_t partition) const {
  return parts_[partition]->copy().readable() && !lags(partition);
}

bool node::lags(std::size_t partition) const {
  const part& p = *parts_[partition];
  return p.copy().log().last() < p.wrote;
}

member_id node::primary_of(std::size_t partition) const {
  const leadership& l = membership_.leader_of(partition);
  return l.current && (l.primary == self_ || membership_.is_live(l.primary)) ? l.primary.id : 0;
}

member_list node::members_of(std::size_t partition) const {
  return membership_.leader_of(partition).members;
}

bool node::reaches(member_id incarnation) const { return link_of(incarnation) != nullptr; }

std::string node::name_of(member_id incarnation) const {
  for (const auto& [name, l] : links_)
    if (l.incarnation == incarnation)
      return name;
  return "?";
}

failure node::no_primary(std::size_t partition) const {
  return {errc::unavailable,
          "no primary of partition " + std::to_string(partition) + " can be reached"};
}

} // namespace sim
