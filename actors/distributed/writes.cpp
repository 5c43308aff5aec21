#include "../clock.hpp"
#include "link.hpp"
#include "node.hpp"
#include "router.hpp"

// Writes of this node's callers, and of other nodes'.

namespace supercache::detail {

namespace {

std::size_t bytes_of(const record& r) { return r.heap_bytes(); }
std::size_t bytes_of(const value& x) { return x.heap_bytes(); }
std::size_t bytes_of(const op::restore::row& x) { return x.what.heap_bytes(); }
template <class T>
std::size_t bytes_of(const std::pair<T, value>& x) {
  return x.second.heap_bytes();
}
template <class T>
std::size_t bytes_of(const std::optional<T>& x) {
  return x ? bytes_of(*x) : 0;
}
template <class T>
std::size_t bytes_of(const std::vector<T>& xs) {
  std::size_t n = 0;
  for (const T& x : xs)
    n += bytes_of(x);
  return n;
}

/// Whether a frame can carry it: it has room for a value of a gibibyte, and what else there is.
status check_size(const operation& what) {
  constexpr std::size_t most = (std::size_t{1} << 30) + (std::size_t{32} << 20);
  const auto n = std::visit(
    [](const auto& o) {
      std::size_t sum = 0;
      if constexpr (requires { o.row; })
        sum += bytes_of(o.row);
      if constexpr (requires { o.rows; })
        sum += bytes_of(o.rows);
      if constexpr (requires { o.items; })
        sum += bytes_of(o.items);
      if constexpr (requires { o.changes; })
        sum += bytes_of(o.changes);
      if constexpr (requires { o.desired; })
        sum += bytes_of(o.expected) + bytes_of(o.desired);
      return sum;
    },
    what.body);
  if (n <= most) [[likely]]
    return ok();
  return {errc::too_large, "what is written to one partition at once takes " + std::to_string(n)
                             + " bytes; at most " + std::to_string(most) + " are allowed"};
}

} // namespace

later<value> router::write(std::size_t partition, operation what, milliseconds timeout) {
  if (auto s = check_size(what); !s)
    return s.why();
  host& h = node_.host_of(partition);
  auto c = write_ptr{};
  if (h.leads()) {
    // Nothing is registered unless it has to wait.
    auto made = std::make_shared<write_call>();
    auto b = h.propose({}, what, [this, made](result<value> x, const position&) {
      done_here(made, 1, std::move(x));
    });
    if (b.is == host::beginning::done)
      return result<value>{std::move(b.answer)};
    if (b.is == host::beginning::refused && b.why.code != errc::not_primary
        && b.why.code != errc::unavailable && b.why.code != errc::overloaded)
      return b.why;
    c = std::move(made);
    c->last = b.why;
    c->attempt = 1;
    c->here = c->open = b.is == host::beginning::waits;
  } else {
    c = std::make_shared<write_call>();
  }
  c->partition = partition;
  c->what = std::move(what);
  c->deadline_ms = deadline_in(timeout);
  const bool waits = c->here;
  {
    const std::lock_guard hold{lock_};
    if (c->over) // the majority was faster
      return c->out;
    if (stopped_ && waits)
      return {errc::outcome_unknown, "the cache was stopped before an answer came"};
    if (stopped_)
      return {errc::not_started, "the cache is not started"};
    c->id = next_id_++;
    c->due_ms = waits || !c->attempt ? INT64_MAX : node_.now_ms() + retry_ms;
    writes_.emplace(c->id, c);
  }
  if (!c->attempt)
    attempt(c);
  return c->out;
}

void router::attempt(const write_ptr& c) {
  const batch gather{node_};
  unsigned number = 0;
  {
    const std::lock_guard hold{lock_};
    if (c->over)
      return;
    number = ++c->attempt;
    c->open = c->here = false;
    c->due_ms = INT64_MAX;
  }
  host& h = node_.host_of(c->partition);
  if (h.leads()) {
    auto b = h.propose(c->who, c->what, [this, c, number](result<value> x, const position&) {
      done_here(c, number, std::move(x));
    });
    if (b.is == host::beginning::done) {
      finish(c, std::move(b.answer));
    } else if (b.is == host::beginning::waits) {
      const std::lock_guard hold{lock_};
      if (c->attempt == number)
        c->open = c->here = true;
    } else if (b.why.code == errc::not_primary || b.why.code == errc::unavailable
               || b.why.code == errc::overloaded) {
      again(c, b.why);
    } else {
      finish(c, b.why);
    }
    return;
  }
  const member_id to = node_.route(c->partition);
  link* l = to && to != node_.self().id ? node_.link_of(to) : nullptr;
  if (l)
    send(c, *l);
  else
    again(c, node_.no_primary(c->partition));
}

void router::send(const write_ptr& c, link& to) {
  frame::request r;
  {
    const std::lock_guard hold{lock_};
    host& h = node_.host_of(c->partition);
    if (!c->who.client) {
      c->who = {node_.self().id, ++h.requests, 0};
      h.open_requests.insert(c->who.number);
    }
    c->who.done = *h.open_requests.begin() - 1;
    c->open = true;
    c->asked = to.incarnation();
    c->due_ms = node_.now_ms() + patience_with(to);
    r = {wire_id(c->id, c->attempt), c->partition, c->who, c->what};
  }
  if (to.send(r)) {
    batch::current().prompt(to);
    return;
  }
  {
    const std::lock_guard hold{lock_};
    c->open = false;
  }
  again(c, {errc::overloaded, "too much waits to be sent to node " + to.name()});
}

/// A write that waited here for its commit.
void router::done_here(const write_ptr& c, unsigned attempt, result<value> x) {
  const bool refused_for_good = !x && x.why().code != errc::unavailable
                                && x.why().code != errc::outcome_unknown
                                && x.why().code != errc::quorum_not_reached;
  if (x || refused_for_good)
    return finish(c, std::move(x));
  bool retry = false;
  {
    const std::lock_guard hold{lock_};
    if (c->attempt != attempt)
      return;
    const bool nothing_done = x.why().code == errc::unavailable;
    retry = nothing_done && c->id; // else the call is not registered yet
    c->maybe = c->maybe || !nothing_done;
    if (!nothing_done && c->who.client
        && x.why().code != errc::quorum_not_reached) { // the session table knows
      c->open = c->here = false;
      c->due_ms = node_.now_ms() + retry_ms;
      return;
    }
  }
  if (retry)
    again(c, x.why());
  else
    finish(c, x.why());
}

void router::again(const write_ptr& c, failure why) {
  node_.log().decision(component::requests, "partition {}: a write is tried again: {}",
                       c->partition, why.message);
  const std::lock_guard hold{lock_};
  c->last = std::move(why);
  c->open = c->here = false;
  c->asked = 0;
  c->due_ms = node_.now_ms() + retry_ms;
}

void router::finish(const write_ptr& c, result<value> x) {
  {
    const std::lock_guard hold{lock_};
    if (c->over)
      return;
    c->over = true;
    writes_.erase(c->id);
    if (c->who.client)
      node_.host_of(c->partition).open_requests.erase(c->who.number);
  }
  c->out.set(std::move(x));
}

/// Why a write whose deadline passed was not answered.
failure router::verdict(const write_call& c) const {
  const std::string in_time = " within the deadline";
  if (c.here)
    return {errc::quorum_not_reached, "the write is here, but no majority confirmed it" + in_time
                                        + "; it may survive or vanish"};
  if (c.maybe || c.open)
    return {errc::outcome_unknown,
            "no answer from the primary" + in_time + "; whether it happened is unknown"};
  return {c.last.code, c.last.message + in_time};
}

void router::on(link& from, const frame::request& r) {
  const auto answer = [this, &from, incarnation = from.incarnation(),
                       id = r.id](result<value> x, const position& at) {
    if (from.incarnation() != incarnation)
      return; // another incarnation would take it for an answer to a call of its own
    frame::reply out{id, {errc::none, {}}, at, {}};
    if (x)
      out.answer = *std::move(x);
    else
      out.why = x.why();
    from.send(out);
    const batch gather{node_};
    batch::current().urgent(from);
  };
  auto b = node_.host_of(r.partition).propose(r.who, r.what, answer);
  if (b.is == host::beginning::done)
    answer(std::move(b.answer), b.at);
  else if (b.is == host::beginning::refused)
    answer(b.why, {});
}

void router::on(link&, frame::reply r) {
  write_ptr c;
  bool late = false;
  {
    const std::lock_guard hold{lock_};
    const auto found = writes_.find(r.id >> 8);
    if (found == writes_.end())
      return;
    c = found->second;
    late = (c->attempt & 255) != (r.id & 255);
  }
  switch (r.why.code) {
    case errc::none:
      node_.host_of(c->partition).wrote(r.at);
      finish(c, std::move(r.answer));
      return;
    case errc::not_primary:
    case errc::unavailable:
    case errc::overloaded:
      if (!late)
        again(c, std::move(r.why));
      return;
    case errc::outcome_unknown:
      if (late)
        return;
      {
        const std::lock_guard hold{lock_};
        c->maybe = true;
      }
      again(c, std::move(r.why));
      return;
    default:
      finish(c, c->maybe ? failure{errc::outcome_unknown,
                                   "an earlier attempt was not answered; a later one failed: "
                                     + r.why.message}
                         : r.why);
  }
}

/// Several threads may come at once. The one that finds a call due takes it: no other makes its
/// next attempt.
void router::tick(std::int64_t now) {
  std::vector<write_ptr> over_writes, due_writes;
  std::vector<read_ptr> over_reads, due_reads;
  {
    const std::lock_guard hold{lock_};
    for (const auto& [id, c] : writes_) {
      if (now >= c->deadline_ms) {
        over_writes.push_back(c);
      } else if (now >= c->due_ms
                 || (c->open && !c->here && !node_.link_of(c->asked))) { // it is gone
        c->maybe = c->maybe || c->open;
        c->open = false;
        c->due_ms = INT64_MAX;
        due_writes.push_back(c);
      }
    }
    for (const auto& [id, c] : reads_)
      if (now >= c->deadline_ms)
        over_reads.push_back(c);
      else if (now >= c->due_ms || (c->asked && !node_.link_of(c->asked))) {
        c->asked = 0;
        c->due_ms = INT64_MAX;
        due_reads.push_back(c);
      }
  }
  for (const auto& c : over_writes)
    finish(c, verdict(*c));
  for (const auto& c : over_reads)
    finish(c, failure{c->last.code, c->last.message + " within the deadline"});
  const batch gather{node_};
  for (const auto& c : due_writes)
    attempt(c);
  for (const auto& c : due_reads)
    attempt(c);
}

void router::stop() {
  decltype(writes_) writes;
  decltype(reads_) reads;
  {
    const std::lock_guard hold{lock_};
    stopped_ = true;
    writes = writes_;
    reads = reads_;
  }
  for (const auto& [id, c] : writes)
    finish(c, c->maybe || c->open || c->due_ms == INT64_MAX // its attempt is being made
                ? failure{errc::outcome_unknown, "the cache was stopped before an answer came"}
                : failure{errc::not_started, "the cache was stopped"});
  for (const auto& [id, c] : reads)
    finish(c, failure{errc::not_started, "the cache was stopped"});
}

std::size_t router::under_way() const {
  const std::lock_guard hold{lock_};
  return writes_.size() + reads_.size();
}

} // namespace supercache::detail
