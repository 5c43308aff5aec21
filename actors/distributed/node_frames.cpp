#include "../core.hpp"
#include "node.hpp"

// What nodes say to each other.

namespace supercache::detail {

/// What each item of a frame does.
struct node::inbox {
  node& n;
  link& from;

  void operator()(const frame::heartbeat& x) const {
    const bool known = n.view([&](membership& m) {
      m.node_leaves(from.name(), x.leaving);
      return m.knows_all(from.who(), x.claims_version);
    });
    if (!known)
      answer(frame::ask_claims{});
  }
  void operator()(const frame::ask_claims&) const {
    answer(n.heartbeat());
    answer(n.claims());
  }
  void operator()(const frame::all_claims& x) const {
    n.view([&](membership& m) {
      m.learn_all(from.who(), x.version, x.claims, x.gone);
      n.publish_routes();
    });
  }
  void operator()(const frame::one_claim& x) const {
    if (x.claim.partition >= n.partitions())
      return;
    n.view([&](membership& m) {
      m.learn(from.who(), x.version, x.claim);
      n.publish_route(x.claim.partition);
    });
  }
  void operator()(frame::peer_message& x) const {
    n.host_of(x.partition).receive(from.incarnation(), std::move(x.what));
  }
  void operator()(const frame::request& x) const { n.router_.serve(from, x); }
  void operator()(frame::reply& x) const { n.router_.on(from, std::move(x)); }
  void operator()(const frame::question& x) const { n.router_.serve(from, x); }
  void operator()(frame::found& x) const { n.router_.on(from, std::move(x)); }
  void operator()(frame::watching& x) const { n.on_watching(from, x); }
  void operator()(const frame::watched& x) const { n.on_watched(from, x); }
  void operator()(frame::changes& x) const { n.core_.changes().heard(std::move(x.what)); }
  void operator()(const frame::known_nodes& x) const { n.hear_of(x.nodes); }

  void answer(const frame::item& i) const {
    from.send(i);
    batch::current().urgent(from);
  }

  /// All items of a frame. Errors: `malformed`; those before the one that cannot be read were done.
  status take(byte_view items) const {
    wire_reader r{items};
    while (r.ok() && !r.at_end()) {
      auto i = frame::decode_item(r, n.hosts_.size());
      if (r.ok())
        std::visit(*this, i);
    }
    return r.status();
  }

  /// A piece of a frame, and once it is the last, all items. Whatever else the peer says, such as
  /// heartbeats, comes between pieces; only what stands behind the whole frame waits while its
  /// items are read: here, on the thread that reads all connections.
  status take_piece(const frame::header& h, byte_view piece) const {
    auto whole = from.assemble(h, piece);
    if (!whole)
      return whole.why();
    if (!*whole)
      return ok();
    from.flush(); // what is confirmed by now need not wait for them
    return take(**whole);
  }
};

/// An exception here would end CAF's broker, and with it all connections of the process.
void node::receive_safely(link& l, byte_view bytes) noexcept {
  try {
    receive(l, bytes);
  } catch (const std::exception& e) {
    log().error(component::peers, "what node {} sent cannot be done: {}", l.name(), e.what());
    lost(l, l.session(), "what it sent cannot be done", false);
  }
}

/// Hot path of all that comes from peers: on the I/O thread, without a message; what it causes
/// leaves in one frame per peer.
void node::receive(link& l, byte_view bytes) {
  wire_reader r{bytes};
  const auto h = frame::decode_header(r);
  if (!r.ok() || ending_)
    return;
  const auto came = l.received(h, bytes.size(), now_ms());
  if (came == link_core::arrival::late)
    return;
  const batch gather{*this};
  const inbox in{*this, l};
  const auto s = came == link_core::arrival::impossible
                   ? status{errc::malformed, "it confirms more than was sent"}
                 : h.left == 0 ? in.take(r.rest())
                               : in.take_piece(h, r.rest());
  if (!s) {
    log().warn(component::peers, "node {} sent something that cannot be read: {}", l.name(),
               s.why().message);
    lost(l, h.session, "it sent what cannot be read", false);
  } else if (l.owes_confirmation() || l.may_go_on()) {
    batch::current().urgent(l);
  } else if (l.has_work()) {
    batch::current().prompt(l); // it may have waited for this frame
  }
}

} // namespace supercache::detail
