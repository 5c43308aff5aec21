#include "router.hpp"

#include "../clock.hpp"
#include "../core.hpp"
#include "../service.hpp"
#include "link.hpp"
#include "node.hpp"

#include <random>

// The requests of this node's callers.

namespace supercache::detail {

namespace {

request_options options_of(const node& n) {
  request_options o;
  o.self = n.self();
  o.partitions = n.cache().partitions();
  o.first_call = std::random_device{}() | 1;
  return o;
}

} // namespace

router::router(node& n) : node_(n), requests_(options_of(n), n) {}

template <class F>
void router::step(F&& f) {
  request_effects todo;
  {
    const std::lock_guard hold{lock_};
    f(requests_, todo);
  }
  if (todo.empty())
    return;
  const batch gather{node_};
  perform_each(todo, [this](auto& x) { perform(x); });
}

/// Hot path of a write. async, on the primary: nothing is registered, since nothing can have to
/// wait. Otherwise: an entry in the table of requests, and the way of `host::propose`, or one item
/// to the primary.
future<value> router::write(std::size_t partition, operation what, milliseconds timeout) {
  if (auto s = requests::check_size(what); !s)
    return s.why();
  host& h = node_.host_of(partition);
  if (node_.async() && h.leads()) {
    host::beginning b;
    if (is_long(what.body))
      h.do_long([&] { b = h.propose({}, what, {}); });
    else
      b = h.propose({}, what, {});
    if (b.is == host::beginning::done)
      return result<value>{std::move(b.answer)};
    if (!requests::may_be_retried(b.why.code))
      return b.why;
  }
  auto out = future<value>::pending();
  step([&](requests& r, request_effects& todo) {
    r.write(
      partition, std::move(what), deadline_in(timeout),
      [out](result<value> x) { out.set(std::move(x)); }, node_.now_ms(), todo);
  });
  return out;
}

future<answer> router::ask(std::size_t partition, query what, read_mode mode, milliseconds timeout,
                           bool hold) {
  host& h = node_.host_of(partition);
  if (mode == read_mode::local ? h.serves() : mode == read_mode::primary && h.leads()) {
    auto x = h.ask(what, mode == read_mode::primary);
    if (x || !requests::may_be_retried(x.why().code))
      return x;
  }
  auto out = future<answer>::pending();
  step([&](requests& r, request_effects& todo) {
    r.read(
      partition, std::move(what), mode, deadline_in(timeout), hold,
      [out](result<answer> x) { out.set(std::move(x)); }, node_.now_ms(), todo);
  });
  return out;
}

void router::on(link& from, frame::reply x) {
  step([&](requests& r, request_effects& todo) {
    r.on(from.incarnation(), std::move(x), node_.now_ms(), todo);
  });
}

void router::on(link& from, frame::found x) {
  step([&](requests& r, request_effects& todo) {
    r.on(from.incarnation(), std::move(x), node_.now_ms(), todo);
  });
}

/// With a time of its own: whoever calls may have waited for locks, and an attempt that begins late
/// would count as lost at once.
void router::tick() {
  step([&](requests& r, request_effects& todo) { r.tick(node_.now_ms(), todo); });
}

void router::stop() {
  step([](requests& r, request_effects& todo) { r.stop(todo); });
}

// -- what requests want done --------------------------------------------------------------------

void router::perform(effect::try_write& e) {
  host& h = node_.host_of(e.partition);
  const bool longer = is_long(e.what->body);
  if (!longer && h.is_free())
    try_write(e);
  else
    h.when_free([this, e] { try_write(e); }, longer);
}

void router::try_write(const effect::try_write& e) {
  auto b = node_.host_of(e.partition)
             .propose(e.who, *e.what, [this, id = e.id](result<value> x, const position&) {
               step([&](requests& r, request_effects& todo) {
                 r.done_here(id, std::move(x), node_.now_ms(), todo);
               });
             });
  if (b.is != host::beginning::waits)
    step([&](requests& r, request_effects& todo) {
      r.tried(e.id, std::move(b), node_.now_ms(), todo);
    });
}

void router::perform(effect::try_read& e) {
  host& h = node_.host_of(e.partition);
  if (h.is_free())
    try_read(e);
  else
    h.when_free([this, e] { try_read(e); });
}

void router::try_read(const effect::try_read& e) {
  const auto tell = [this, id = e.id](result<answer> x, standing at) {
    step([&](requests& r, request_effects& todo) {
      r.read_here(id, std::move(x), std::move(at), node_.now_ms(), todo);
    });
  };
  host& h = node_.host_of(e.partition);
  if (e.mode == read_mode::primary) {
    auto x = h.ask_as_primary(*e.what, [tell](result<answer> y) { tell(std::move(y), {}); });
    if (x)
      tell(*std::move(x), {});
    return;
  }
  standing at;
  auto x = h.ask(*e.what, false, e.mode == read_mode::quorum ? &at : nullptr);
  tell(std::move(x), std::move(at));
}

void router::perform(effect::send& e) {
  link* l = node_.link_of(e.to);
  if (l && l->send(e.what))
    return batch::current().prompt(*l);
  failure why{errc::unavailable, "the connection to the node broke"};
  if (l)
    why = {errc::overloaded, "too much waits to be sent to node " + l->name()};
  step([&](requests& r, request_effects& todo) {
    r.not_sent(e.id, std::move(why), node_.now_ms(), todo);
  });
}

void router::perform(effect::wrote& e) { node_.host_of(e.partition).wrote(e.at); }
void router::perform(effect::answer_write& e) { e.done(std::move(e.answer)); }
void router::perform(effect::answer_read& e) { e.done(std::move(e.answer)); }

void router::perform(effect::retry& e) {
  node_.log().decision(component::requests, "partition {}: a {} is tried again: {}", e.partition,
                       e.is_write ? "write" : "read", e.why.message);
}

} // namespace supercache::detail
