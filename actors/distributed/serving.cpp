#include "../core.hpp"
#include "../service.hpp"
#include "link.hpp"
#include "node.hpp"
#include "router.hpp"

// The requests of other nodes, and of clients.

namespace supercache::detail {

asker::asker(link& l) : peer(&l), incarnation(l.incarnation()) {}

bool asker::is_there() const noexcept { return !peer || peer->incarnation() == incarnation; }

void asker::tell(node& n, const frame::item& i) const {
  if (!peer)
    return tell_client(client, i);
  if (!is_there())
    return;
  peer->send(i);
  const batch gather{n};
  batch::current().urgent(*peer);
}

void router::serve(const asker& from, const frame::request& r) {
  const auto answer = [this, from, id = r.id](result<value> x, const position& at) {
    from.tell(node_, reply_to(id, std::move(x), at));
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

void router::serve(const asker& from, const frame::question& q) {
  if (is_long(q.what.body))
    node_.cache().run_at(q.partition, [this, from, q] { answer_to(from, q); });
  else if (host& h = node_.host_of(q.partition); h.is_free())
    answer_to(from, q);
  else
    h.when_free([this, from, q] { answer_to(from, q); });
}

void router::answer_to(const asker& from, const frame::question& q) {
  if (!from.is_there())
    return;
  host& h = node_.host_of(q.partition);
  standing at;
  std::optional x{h.ask(q.what, q.at_primary, q.at_primary ? nullptr : &at)};
  if (q.at_primary && !*x && x->why().code == errc::unavailable && h.leads())
    x = h.ask_as_primary(q.what,
                         [this, from, q](result<answer> y) { tell(from, q, {}, std::move(y)); });
  if (x)
    tell(from, q, std::move(at), *std::move(x));
}

void node::serve(frame::request r, const caf::actor& client) {
  const batch gather{*this};
  router_.serve(client, r);
}
void node::serve(frame::question q, const caf::actor& client) {
  const batch gather{*this};
  router_.serve(client, q);
}

/// The answer to a question, unless it is kept until there is another.
void router::tell(const asker& from, const frame::question& q, standing at, result<answer> x) {
  if (!waits_for_item(q, x))
    return from.tell(node_, found_for(q, std::move(at), std::move(x)));
  auto again = q;
  again.hold_ms = 0;
  node_.cache().when_items(q.partition, q.what.target.name, hold_of(q),
                           [this, from, again] { answer_to(from, again); });
}

} // namespace supercache::detail
