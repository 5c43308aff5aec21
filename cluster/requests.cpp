#include "faults.hpp"

#include <supercache/cluster/requests.hpp>

#include <cassert>

// What all calls have in common, and writes. Reads are in requests_reads.cpp.

namespace supercache {

namespace {

template <class T>
std::size_t bytes_of(const T&) {
  return 0;
}
std::size_t bytes_of(const record& x) { return x.heap_bytes(); }
std::size_t bytes_of(const value& x) { return x.heap_bytes(); }
template <class T>
std::size_t bytes_of(const std::optional<T>& x) {
  return x ? bytes_of(*x) : 0;
}
std::size_t bytes_of(const op::restore::row& x) { return x.what.heap_bytes(); }
template <class T>
std::size_t bytes_of(const std::pair<T, value>& x) {
  return x.second.heap_bytes();
}
template <class T>
std::size_t bytes_of(const std::vector<T>& xs) {
  std::size_t n = 0;
  for (const T& x : xs)
    n += bytes_of(x);
  return n;
}

} // namespace

std::size_t requests::size_of(const operation& what) {
  std::size_t n = 0;
  std::visit(
    [&](const auto& o) { for_each_field(o, [&](const auto& field) { n += bytes_of(field); }); },
    what.body);
  return n;
}

/// It has room for a value of a gibibyte, and what else there is.
status requests::check_size(const operation& what) {
  constexpr std::size_t most = (std::size_t{1} << 30) + (std::size_t{32} << 20);
  const auto n = size_of(what);
  if (n <= most) [[likely]]
    return ok();
  return {errc::too_large, "what is written to one partition at once takes " + std::to_string(n)
                             + " bytes; at most " + std::to_string(most) + " are allowed"};
}

std::int64_t requests::patience_with(member_id peer) const {
  return options_.attempt_ms + 2 * around_.round_trip_ms(peer);
}

void requests::tick(std::int64_t now, request_effects& out) {
  std::vector<std::uint64_t> over, over_reads, due, due_reads;
  for (auto& [number, c] : writes_)
    if (now >= c.deadline_ms)
      over.push_back(number);
    else if (now >= c.due_ms || (c.asked && c.open && !around_.reaches(c.asked)))
      due.push_back(number);
  for (auto& [number, c] : reads_)
    if (now >= c.deadline_ms)
      over_reads.push_back(number);
    else if (now >= c.due_ms || (c.asked && !around_.reaches(c.asked)))
      due_reads.push_back(number);
  for (const auto number : over) {
    write_call& c = writes_.at(number);
    finish(c, verdict(c), out);
  }
  for (const auto number : over_reads) {
    read_call& c = reads_.at(number);
    finish(c, failure{c.last.code, c.last.message + " within the deadline"}, out);
  }
  for (const auto number : due) {
    write_call& c = writes_.at(number);
    c.maybe = c.maybe || (c.open && !faulty(fault::forget_lost));
    attempt(c, now, out);
  }
  for (const auto number : due_reads)
    attempt(reads_.at(number), now, out);
}

void requests::retry_all(std::int64_t now, request_effects& out) {
  const auto waiting = [now](auto& calls) {
    std::vector<std::uint64_t> found;
    for (const auto& [number, c] : calls)
      if (!c.asked && c.due_ms != INT64_MAX && now < c.deadline_ms)
        found.push_back(number);
    return found;
  };
  for (const auto number : waiting(writes_))
    attempt(writes_.at(number), now, out);
  for (const auto number : waiting(reads_))
    if (read_call& c = reads_.at(number); c.waits_for == 0)
      attempt(c, now, out);
}

void requests::stop(request_effects& out) {
  stopped_ = true;
  while (!writes_.empty()) {
    write_call& c = writes_.begin()->second;
    finish(c,
           c.maybe || c.open
             ? failure{errc::outcome_unknown, "the cache was stopped before an answer came"}
             : failure{errc::not_started, "the cache was stopped"},
           out);
  }
  while (!reads_.empty())
    finish(reads_.begin()->second, failure{errc::not_started, "the cache was stopped"}, out);
}

void requests::not_sent(call_id id, failure why, std::int64_t now, request_effects& out) {
  if (write_call* c = find_write(id); c && !c->is_late(id)) {
    c->open = false;
    again(*c, std::move(why), now, out);
  } else if (read_call* r = find_read(id); r && !r->is_late(id)) {
    if (r->mode == read_mode::quorum)
      take(*r, 0, false, failure{errc::unavailable, std::move(why.message)}, {}, now, out);
    else
      again(*r, std::move(why), now, out);
  }
}

void requests::denied(call_id id, failure why, request_effects& out) {
  if (write_call* c = find_write(id); c && !c->is_late(id))
    refused(*c, std::move(why), out);
  else if (read_call* r = find_read(id); r && !r->is_late(id))
    finish(*r, std::move(why), out);
}

// -- writes -------------------------------------------------------------------------------------

void requests::write(std::size_t partition, operation what, std::int64_t deadline_ms, on_value done,
                     std::int64_t now, request_effects& out) {
  if (stopped_) {
    out.emplace_back(effect::answer_write{
      std::move(done), failure{errc::not_started, "the cache is not started"}, {}});
    return;
  }
  auto shared = std::make_shared<const operation>(std::move(what));
  write_call& c = writes_[next_call_];
  c.number = next_call_++;
  c.partition = partition;
  c.deadline_ms = deadline_ms;
  c.what = std::move(shared);
  c.done = std::move(done);
  attempt(c, now, out);
}

requests::write_call* requests::find_write(call_id id) {
  const auto at = writes_.find(id >> 8);
  return at == writes_.end() ? nullptr : &at->second;
}

void requests::attempt(write_call& c, std::int64_t now, request_effects& out) {
  assert(!stopped_);
  ++c.attempt;
  c.open = c.here = false;
  c.asked = 0;
  c.due_ms = INT64_MAX;
  if (around_.leads(c.partition)) {
    c.open = c.here = true;
    out.emplace_back(effect::try_write{c.id(), c.partition, c.who, c.what});
    return;
  }
  const member_id to = around_.primary_of(c.partition);
  if (to && to != options_.self.id && around_.reaches(to))
    send(c, to, now, out);
  else
    again(c, around_.no_primary(c.partition), now, out);
}

void requests::send(write_call& c, member_id to, std::int64_t now, request_effects& out) {
  client& mine = clients_[c.partition];
  if (!c.who.client || faulty(fault::send_anew)) {
    const bool same = faulty(fault::reuse_id) && mine.last;
    c.who = {options_.self.id, same ? mine.last : ++mine.last, 0};
    mine.open.insert(c.who.number);
  }
  assert(to && to != options_.self.id && mine.open.contains(c.who.number));
  c.who.done = *mine.open.begin() - 1;
  c.open = true;
  c.asked = to;
  c.due_ms
    = now + patience_with(to) + static_cast<std::int64_t>(size_of(*c.what) / options_.bytes_per_ms);
  out.emplace_back(effect::send{c.id(), to, frame::request{c.id(), c.partition, c.who, *c.what}});
}

void requests::tried(call_id id, partition_core::beginning b, std::int64_t now,
                     request_effects& out) {
  write_call* c = find_write(id);
  if (!c)
    return;
  if (b.is == partition_core::beginning::done)
    finish(*c, std::move(b.answer), out);
  else if (b.is == partition_core::beginning::refused)
    done_here(id, std::move(b.why), now, out);
}

void requests::done_here(call_id id, result<value> x, std::int64_t now, request_effects& out) {
  write_call* c = find_write(id);
  if (!c)
    return;
  if (x)
    return finish(*c, std::move(x), out);
  const failure& why = x.why();
  const bool known = why.code != errc::outcome_unknown && why.code != errc::quorum_not_reached;
  if (known && !may_be_retried(why.code))
    return refused(*c, why, out);
  if (c->is_late(id))
    return;
  c->open = c->here = false;
  if (known)
    return again(*c, why, now, out);
  c->maybe = true;
  if (why.code == errc::outcome_unknown && (c->who.client || faulty(fault::retry_without_id)))
    return again(*c, why, now, out); // the session table of the next primary knows
  finish(*c, why, out);
}

void requests::on(member_id, frame::reply r, std::int64_t now, request_effects& out) {
  write_call* c = find_write(r.id);
  if (!c)
    return;
  if (r.why.code == errc::none) {
    out.emplace_back(effect::wrote{c->partition, r.at});
    return finish(*c, std::move(r.answer), out);
  }
  const bool unknown = r.why.code == errc::outcome_unknown;
  if (!unknown && !may_be_retried(r.why.code))
    return refused(*c, std::move(r.why), out);
  if (c->is_late(r.id))
    return;
  c->open = false;
  c->maybe = c->maybe || unknown;
  again(*c, std::move(r.why), now, out);
}

void requests::again(write_call& c, failure why, std::int64_t now, request_effects& out) {
  out.emplace_back(effect::retry{c.partition, true, why});
  c.last = std::move(why);
  c.open = c.here = false;
  c.asked = 0;
  c.due_ms = now + options_.retry_ms;
}

/// A later attempt that was refused says nothing about an earlier one that was not answered.
void requests::refused(write_call& c, failure why, request_effects& out) {
  if (c.maybe && !faulty(fault::forget_unanswered))
    why = {errc::outcome_unknown,
           "an earlier attempt was not answered; a later one failed: " + why.message};
  finish(c, std::move(why), out);
}

void requests::finish(write_call& c, result<value> x, request_effects& out) {
  assert(c.done); // each call is answered once
  out.emplace_back(effect::answer_write{std::move(c.done), std::move(x), std::move(c.what)});
  if (c.who.client)
    clients_[c.partition].open.erase(c.who.number);
  writes_.erase(c.number);
}

/// Why a write whose deadline passed was not answered.
failure requests::verdict(const write_call& c) const {
  const std::string in_time = " within the deadline";
  if (c.here)
    return {errc::quorum_not_reached, "the write is here, but no majority confirmed it" + in_time
                                        + "; it may survive or vanish"};
  if ((c.maybe && !faulty(fault::forget_unanswered)) || (c.open && !faulty(fault::refuse_open)))
    return {errc::outcome_unknown,
            "no answer from the primary" + in_time + "; whether it happened is unknown"};
  return {c.last.code, c.last.message + in_time};
}

} // namespace supercache
