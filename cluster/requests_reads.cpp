#include "faults.hpp"

#include <supercache/cluster/requests.hpp>

#include <algorithm>
#include <cassert>

namespace supercache {

void requests::read(std::size_t partition, query what, read_mode mode, std::int64_t deadline_ms,
                    bool hold, on_answer done, std::int64_t now, request_effects& out) {
  if (stopped_) {
    out.emplace_back(
      effect::answer_read{std::move(done), failure{errc::not_started, "the cache is not started"}});
    return;
  }
  auto shared = std::make_shared<const query>(std::move(what));
  read_call& c = reads_[next_call_];
  c.number = next_call_++;
  c.partition = partition;
  c.deadline_ms = deadline_ms;
  c.what = std::move(shared);
  c.mode = mode;
  c.hold = hold;
  c.done = std::move(done);
  attempt(c, now, out);
}

requests::read_call* requests::find_read(call_id id) {
  const auto at = reads_.find(id >> 8);
  return at == reads_.end() ? nullptr : &at->second;
}

void requests::attempt(read_call& c, std::int64_t now, request_effects& out) {
  ++c.attempt;
  c.asked = 0;
  c.due_ms = INT64_MAX;
  if (c.mode == read_mode::quorum)
    return attempt_quorum(c, now, out);
  const bool as_primary = c.mode == read_mode::primary;
  const bool serves = around_.serves(c.partition) || faulty(fault::read_behind);
  if (as_primary ? !around_.leads(c.partition) : !serves)
    return ask_elsewhere(c, around_.no_primary(c.partition), now, out);
  if (as_primary) // if that is so at the deadline
    c.last
      = {errc::unavailable, "too few members of partition " + std::to_string(c.partition)
                              + " confirmed that node " + options_.self.node + " is the primary"};
  out.emplace_back(effect::try_read{c.id(), c.partition, c.mode, c.what});
}

/// Asks the primary, or, if there is none, and any copy will do, a node that has one.
void requests::ask_elsewhere(read_call& c, failure why, std::int64_t now, request_effects& out) {
  const member_id primary = around_.primary_of(c.partition);
  member_id to = primary == options_.self.id ? 0 : primary;
  if (!to && c.mode == read_mode::local && !around_.lags(c.partition))
    for (const member& m : around_.members_of(c.partition))
      if (m.id != options_.self.id && around_.reaches(m.id)) {
        to = m.id;
        break;
      }
  if (!to || !around_.reaches(to))
    return again(c, std::move(why), now, out);
  c.asked = to;
  c.due_ms = now + patience_with(to);
  const auto hold_ms = c.hold ? static_cast<std::uint64_t>(hold_of(c.deadline_ms, now)) : 0;
  c.last = hold_ms ? failure{errc::timeout, "nothing came"}
                   : failure{errc::unavailable, "node " + around_.name_of(to)
                                                  + " did not answer a question about partition "
                                                  + std::to_string(c.partition)};
  out.emplace_back(effect::send{
    c.id(), to,
    frame::question{c.id(), c.partition,
                    (c.mode == read_mode::primary || to == primary) && !faulty(fault::ask_anyone),
                    hold_ms, *c.what}});
}

/// Asks all members at once; the first of them that are enough decide.
void requests::attempt_quorum(read_call& c, std::int64_t now, request_effects& out) {
  member_list known = around_.members_of(c.partition);
  const bool nobody = known.empty();
  member_list asked = c.quorum.whom(std::move(known));
  c.members = asked.size();
  std::erase_if(
    asked, [&](const member& m) { return m.id != options_.self.id && !around_.reaches(m.id); });
  c.reached = c.waits_for = asked.size();
  auto patience = asked.empty() ? options_.retry_ms : options_.attempt_ms;
  for (const member& m : asked)
    if (m.id != options_.self.id)
      patience = std::max(patience, patience_with(m.id));
  c.due_ms = now + patience;
  c.last = c.members == 0 && nobody ? around_.no_primary(c.partition) : c.too_few();
  for (const member& m : asked)
    if (m.id == options_.self.id)
      out.emplace_back(effect::try_read{c.id(), c.partition, c.mode, c.what});
    else
      out.emplace_back(
        effect::send{c.id(), m.id, frame::question{c.id(), c.partition, false, 0, *c.what}});
}

failure requests::read_call::too_few() const {
  const auto n = [](std::size_t x) { return std::to_string(x); };
  return {errc::quorum_not_reached, "partition " + n(partition) + " has " + n(members)
                                      + " members, of which " + n(reached) + " can be reached and "
                                      + n(quorum.answered()) + " answered; that is too few"};
}

/// One member's answer to a read by quorum. `late`: to an earlier attempt.
void requests::take(read_call& c, member_id who, bool late, result<answer> x, standing at,
                    std::int64_t now, request_effects& out) {
  c.waits_for -= !late && c.waits_for > 0;
  if (x) {
    if (c.quorum.take(who, std::move(at), *std::move(x)) || faulty(fault::read_from_one))
      return finish(c, std::move(c.quorum.newest()), out);
  } else if (!may_be_retried(x.why().code)) {
    return finish(c, std::move(x), out);
  } // else it has no complete copy
  c.last = c.too_few();
  if (!late && c.waits_for == 0) // others may have to be asked, or there are none
    c.due_ms = now + options_.retry_ms;
}

void requests::read_here(call_id id, result<answer> x, standing at, std::int64_t now,
                         request_effects& out) {
  read_call* c = find_read(id);
  if (!c)
    return;
  if (c->mode == read_mode::quorum)
    take(*c, options_.self.id, c->is_late(id), std::move(x), std::move(at), now, out);
  else if (x || !may_be_retried(x.why().code))
    finish(*c, std::move(x), out);
  else if (!c->is_late(id))
    ask_elsewhere(*c,
                  c->mode == read_mode::primary && x.why().code == errc::unavailable
                    ? x.why()
                    : around_.no_primary(c->partition),
                  now, out);
}

void requests::on(member_id from, frame::found f, std::int64_t now, request_effects& out) {
  read_call* c = find_read(f.id);
  if (!c)
    return;
  const bool late = c->is_late(f.id);
  if (c->mode == read_mode::quorum) {
    auto x = f.why.code == errc::none ? result<answer>{std::move(f.what)}
                                      : result<answer>{std::move(f.why)};
    take(*c, from, late, std::move(x), std::move(f.at), now, out);
  } else if (f.why.code == errc::none) {
    finish(*c, std::move(f.what), out);
  } else if (!may_be_retried(f.why.code)) {
    finish(*c, std::move(f.why), out);
  } else if (!late) {
    again(*c, std::move(f.why), now, out);
  }
}

void requests::again(read_call& c, failure why, std::int64_t now, request_effects& out) {
  out.emplace_back(effect::retry{c.partition, false, why});
  c.last = std::move(why);
  c.asked = 0;
  c.due_ms = now + options_.retry_ms;
}

void requests::finish(read_call& c, result<answer> x, request_effects& out) {
  assert(c.done); // each call is answered once
  out.emplace_back(effect::answer_read{std::move(c.done), std::move(x)});
  reads_.erase(c.number);
}

} // namespace supercache
