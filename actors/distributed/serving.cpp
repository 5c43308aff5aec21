#include "../clock.hpp"
#include "link.hpp"
#include "node.hpp"
#include "router.hpp"

#include <algorithm>

// The requests of other nodes.

namespace supercache::detail {

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
  host& h = node_.host_of(r.partition);
  const auto propose = [&h, answer](const request_id& who, const operation& what) {
    auto b = h.propose(who, what, answer);
    if (b.is == host::beginning::done)
      answer(std::move(b.answer), b.at);
    else if (b.is == host::beginning::refused)
      answer(b.why, {});
  };
  const bool longer = is_long(r.what.body);
  if (!longer && h.is_free())
    propose(r.who, r.what);
  else
    h.when_free([propose, r] { propose(r.who, r.what); }, longer);
}

void router::on(link& from, const frame::question& q) {
  const auto incarnation = from.incarnation();
  if (is_long(q.what.body))
    node_.elsewhere(q.partition,
                    [this, &from, incarnation, q] { answer_to(from, incarnation, q); });
  else if (host& h = node_.host_of(q.partition); h.is_free())
    answer_to(from, incarnation, q);
  else
    h.when_free([this, &from, incarnation, q] { answer_to(from, incarnation, q); });
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
