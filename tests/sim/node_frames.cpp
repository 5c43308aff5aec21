// What nodes say to each other: over connections under the flow control that ships, or, in plans
// without streams, in messages that are lost, come twice, or in another order.

#include "cluster.hpp"
#include "node.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace sim {

namespace {

/// What may wait for a stream, besides the last item.
constexpr std::size_t outbox = 100'000;

/// Small, as all that is sent here is.
link_options bounds_of(const plan& p) {
  link_options o;
  o.item = 300 + p.entry_bytes / 4;
  o.piece = 2 * o.item + 100;
  o.piece_least = o.item / 2;
  o.owed = o.piece / 2;
  o.window = 2 * o.piece;
  o.down_ms = p.down_ms;
  return o;
}

bool asks(const frame::item& i) {
  return std::holds_alternative<frame::request>(i) || std::holds_alternative<frame::question>(i);
}

bool asks(const message& m) {
  const auto* entries = std::get_if<append>(&m);
  return (entries && entries->entries.count() > 0) || std::holds_alternative<install_snapshot>(m);
}

byte_buffer encoded(const frame::item& i) {
  byte_buffer bytes;
  wire_writer w{bytes};
  frame::encode(w, i);
  return bytes;
}

} // namespace

node::link::flow::flow(const plan& p) : core(bounds_of(p)), assembly(bounds_of(p).frame) {}

// -- what is said -------------------------------------------------------------------------------

bool node::say(const member& to, const frame::item& what) {
  if (!c_.p.streams) {
    // Connections bring nothing twice: a client that was refused knows that nothing was done.
    c_.send(
      self_.node, to.node, to.id, [me = self_, what](node& n) { n.take(me, what); },
      std::holds_alternative<frame::request>(what));
    return true;
  }
  link& l = links_[to.node];
  if (!l.up || l.incarnation != to.id || !l.stream->core.put(encoded(what), asks(what), outbox))
    return false;
  flush_soon(to.id);
  return true;
}

void node::beat(const std::string& to) {
  link& l = links_[to];
  const frame::heartbeat sign{membership_.own_version(), membership_.leaving()};
  if (!c_.p.streams)
    return c_.send(self_.node, to, l.incarnation,
                   [me = self_, sign, sent = now(), echo = l.echo_ms](node& n) {
                     n.heartbeat(me, sign, sent, echo);
                   });
  if (auto f = l.stream->core.beat(encoded(sign), now()); !f.empty())
    c_.carry(self_, {to, l.incarnation}, std::move(f));
}

void node::flush_soon(member_id incarnation) {
  for (auto& [name, l] : links_)
    if (l.up && l.incarnation == incarnation && !l.flushing) {
      l.flushing = true;
      c_.w.after(static_cast<std::int64_t>(c_.w.random.below(500)),
                 [this, to = name] { flush(to); });
    }
}

void node::flush(const std::string& name) {
  if (ended_)
    return;
  link& l = links_[name];
  l.flushing = false;
  if (!l.up || paused_)
    return;
  const bool more = c_.p.streams ? flush_stream(name) : flush_messages(name);
  if (more)
    flush_soon(l.incarnation);
}

/// What copies have for a node goes to `f(partition, message)`. Answers whether there is more.
template <class F>
bool node::collect(const member& to, std::size_t most, F&& f) {
  const auto entries = c_.p.entry_bytes + c_.w.random.below(10 * c_.p.entry_bytes);
  const auto pieces = c_.p.piece_bytes + c_.w.random.below(10 * c_.p.piece_bytes);
  send_budget budget{std::min(most, entries), std::min(most, pieces)};
  bool more = false;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    std::vector<message> out;
    parts_[i]->copy().collect(to.id, budget, now(), out);
    for (const message& m : out) {
      c_.w.note([&] {
        return 'p' + std::to_string(i) + ' ' + to_string(self_) + " -> " + to_string(to) + ": "
               + to_string(m);
      });
      f(i, m);
    }
    more = more || parts_[i]->copy().wants(to.id);
  }
  return more;
}

bool node::flush_messages(const std::string& name) {
  const member to{name, links_[name].incarnation};
  byte_buffer all;
  const bool more = collect(to, SIZE_MAX, [&](std::size_t partition, const message& m) {
    byte_buffer one;
    wire_writer w{one};
    frame::encode_message(w, partition, m);
    if (!c_.hold(partition, m, self_.node, name, to.id,
                 [me = self_, one](node& n) { n.messages(me, one); }))
      all.insert(all.end(), one.begin(), one.end());
  });
  if (!all.empty())
    c_.send(self_.node, name, to.id, [me = self_, all](node& n) { n.messages(me, all); });
  return more;
}

bool node::flush_stream(const std::string& name) {
  const member to{name, links_[name].incarnation};
  link_core& core = links_[name].stream->core;
  bool more = false;
  for (bool again = true; again;) {
    auto t = core.next(now());
    if (t.is == link_core::turn::kind::gather) {
      wire_writer w{t.now.bytes};
      more = collect(to, t.room, [&](std::size_t partition, const message& m) {
        const auto from = t.now.bytes.size();
        frame::encode_message(w, partition, m);
        t.took(from, asks(m), partition);
      });
      t = core.finish(std::move(t), now());
    }
    if (t.is != link_core::turn::kind::post)
      return false; // there is nothing, or the window is full until something arrives
    again = t.more;
    c_.carry(self_, to, std::move(t.now.bytes));
  }
  return more;
}

// -- what is heard ------------------------------------------------------------------------------

/// What each item does.
struct node::inbox {
  node& n;
  const member& from;

  void operator()(const frame::heartbeat& x) const {
    if (x.leaving || n.c_.p.streams) // otherwise it may be an old one
      n.membership_.node_leaves(from.node, x.leaving);
    if (!n.membership_.knows_all(from, x.claims_version))
      n.say(from, frame::ask_claims{});
  }
  void operator()(const frame::ask_claims&) const { n.tell_claims(from); }
  void operator()(const frame::all_claims& x) const {
    if (n.hears(from))
      n.membership_.learn_all(from, x.version, x.claims, x.gone);
  }
  void operator()(const frame::one_claim& x) const {
    if (n.hears(from))
      n.membership_.learn(from, x.version, x.claim);
  }
  void operator()(frame::peer_message& x) const {
    n.parts_[x.partition]->copy().receive(from.id, std::move(x.what), n.now());
    n.after_step(x.partition);
  }
  void operator()(const frame::request& x) const { n.request(from, x); }
  void operator()(const frame::reply& x) const { n.reply(from, x); }
  void operator()(const frame::question& x) const { n.question(from, x); }
  void operator()(const frame::found& x) const { n.found(from, x); }
  void operator()(const frame::watching&) const { nobody(); }
  void operator()(const frame::watched&) const { nobody(); }
  void operator()(const frame::changes&) const { nobody(); }
  void operator()(const frame::known_nodes&) const { nobody(); }
  void nobody() const { n.c_.w.fail("frames", "an item came that nobody sent"); }
};

void node::take(const member& from, frame::item i) { std::visit(inbox{*this, from}, i); }

void node::take_all(const member& from, byte_view items) {
  wire_reader r{items};
  while (r.ok() && !r.at_end()) {
    auto i = frame::decode_item(r, parts_.size());
    if (r.ok())
      take(from, std::move(i));
  }
  if (auto s = r.status(); !s)
    c_.w.fail("frames", "a frame could not be read: " + s.why().message);
}

bool node::hears(const member& from) {
  const link& l = links_[from.node];
  return l.up && l.incarnation == from.id;
}

void node::heartbeat(const member& from, const frame::heartbeat& sign, std::int64_t sent_ms,
                     std::int64_t echo_ms) {
  if (!hears(from))
    return;
  link& l = links_[from.node];
  l.heard_ms = now();
  l.echo_ms = std::max(l.echo_ms, sent_ms);
  l.proven_ms = std::max(l.proven_ms, echo_ms);
  take(from, sign);
}

void node::messages(const member& from, const byte_buffer& bytes) {
  if (!hears(from))
    return;
  links_[from.node].heard_ms = now();
  take_all(from, bytes);
}

void node::arrive(const member& from, const byte_buffer& bytes) {
  if (!hears(from))
    return;
  link& l = links_[from.node];
  link_core& core = l.stream->core;
  wire_reader r{bytes};
  const auto h = frame::decode_header(r);
  const auto came = core.received(h, bytes.size(), now());
  if (came == link_core::arrival::late)
    return;
  if (came == link_core::arrival::impossible)
    return c_.w.fail("frames", to_string(from) + " confirms more than it was sent");
  l.heard_ms = now();
  l.proven_ms = core.proven_ms();
  if (h.left == 0) {
    take_all(from, r.rest());
  } else {
    const auto whole = l.stream->assembly.add(h.session, h.left, r.rest());
    if (!whole)
      c_.w.fail("frames", whole.why().message);
    else if (*whole)
      take_all(from, **whole);
  }
  if (core.owes_confirmation() || core.may_go_on()) {
    if (flush_stream(from.node))
      flush_soon(from.id);
  } else if (core.waiting() > 0 || std::ranges::any_of(parts_, [&](const auto& p) {
               return p->copy().wants(from.id);
             }))
    flush_soon(from.id);
}

} // namespace sim
