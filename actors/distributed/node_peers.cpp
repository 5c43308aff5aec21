#include "../companion.hpp"
#include "../core.hpp"
#include "dial.hpp"
#include "guard.hpp"
#include "node.hpp"

// How nodes meet and part.

namespace supercache::detail {

namespace {

status other_name(const std::string& dialled, const std::string& found) {
  return {errc::invalid_config, "the node there is called '" + found + "', not '" + dialled + "'"};
}

} // namespace

hello node::own_hello() const {
  hello h;
  h.node = here_;
  h.incarnation = self_.id;
  h.structure = structure_of(core_.config());
  return h;
}

/// Takes the peer's frames, on the thread that reads them: CAF's I/O thread. Made once per peer;
/// none once the node ends, since nobody would end it.
caf::actor node::endpoint_of(link& l) {
  const std::lock_guard hold{actors_lock_};
  if (ending_)
    return {};
  if (!l.endpoint) {
    l.endpoint = system_.spawn<caf::actor_companion, caf::hidden>();
    companion_behind(l.endpoint)
      .on_enqueue([of = std::weak_ptr{shared()}, to = &l](caf::mailbox_element_ptr e) {
        const auto alive = of.lock();
        auto& content = e->content();
        if (alive && content.match_elements<frame_atom, wire_frame>())
          alive->receive_safely(*to, content.get_as<wire_frame>(1).bytes);
      });
  }
  return l.endpoint;
}

void link::retire() {
  if (!endpoint)
    return;
  end_companion(endpoint);
  endpoint = nullptr;
}

/// Whether a node that begins a handshake may be a peer. Errors: why not, as it is seen from there.
status node::check_hello_of(const hello& from) {
  const hello mine = own_hello();
  if (!from.dialled.empty() && from.dialled != here_.name) {
    refuse(to_string(from.node), {errc::invalid_config, "it takes this node, '" + here_.name
                                                          + "', for '" + from.dialled + '\''});
    return other_name(from.dialled, here_.name);
  }
  auto s = check_hello(mine, from);
  if (s)
    return s;
  refuse(to_string(from.node), s.why());
  auto there = check_hello(from, mine);
  return there ? s : there;
}

result<std::pair<byte_buffer, caf::actor>> node::welcome(byte_view theirs,
                                                         const caf::actor& endpoint) {
  const auto from = decode_hello(theirs);
  if (!from) {
    refuse(speaker_of(theirs), from.why());
    return from.why();
  }
  auto ours = welcome(*from, endpoint);
  if (!ours)
    return ours.why();
  return std::pair{encode_hello(ours->first), std::move(ours->second)};
}

result<std::pair<hello, caf::actor>> node::welcome(const hello& from, const caf::actor& endpoint) {
  if (from.incarnation == self_.id)
    return {errc::invalid_config, "that is the address of this node itself"};
  if (!waits_for().empty())
    return {errc::unavailable, "node " + here_.name + " waits for its first list of nodes"};
  if (auto s = check_hello_of(from); !s)
    return s.why();
  link& l = link_to(from.node.name);
  auto hold = l.meet();
  auto s = check_peer(l, from);
  if (s && !endpoint)
    s = {errc::malformed, "a handshake that does not say who takes frames"};
  if (!s) {
    refuse(to_string(from.node), s.why());
    return s.why();
  }
  const caf::actor ours = endpoint_of(l);
  if (!ours)
    return {errc::not_started, "the node is stopping"};
  hello out = own_hello();
  if (ours_stands(l, from)) {
    out.session = l.session();
    return std::pair{std::move(out), ours};
  }
  if (l.up())
    met_anew(l, from);
  l.with_dialling([&](link::dialling& d) {
    if (!d.configured)
      d.address = from.node;
  });
  open_link(l, from, endpoint, from.session, true);
  hold.unlock();
  watch_endpoint(l, endpoint, from.session);
  out.session = from.session;
  return std::pair{std::move(out), ours};
}

/// Whether a peer is the node that has its name already, if any has. A node that was restarted at
/// its old address is; one elsewhere has to wait until the other is down.
status node::check_peer(link& l, const hello& from) {
  const auto other = l.with_dialling([](const link::dialling& d) { return d.said; });
  if (!l.up() || l.incarnation() == from.incarnation || other == from.node)
    return ok();
  return {errc::invalid_config, "another node is called '" + from.node.name + "' too, at "
                                  + other.host + ':' + std::to_string(other.port)
                                  + "; node.name must be unique in a cluster"};
}

bool node::is_news(const std::string& who, const failure& why) {
  constexpr std::size_t remembered = 1'000;
  const std::lock_guard hold{refused_lock_};
  if (refused_.size() >= remembered)
    refused_.clear();
  return refused_.emplace(reason_in(why.message), who).second;
}

void node::refuse(const std::string& who, const failure& why) {
  if (is_news(who, why))
    log().warn(component::peers, "node {} is refused: {}", who, why.message);
}

status node::dialled(link& l, const hello& from, const caf::actor& endpoint,
                     std::uint64_t session) {
  if (!endpoint)
    return {errc::malformed, "a handshake that does not say who takes frames"};
  if (from.incarnation == self_.id)
    return {errc::invalid_config, "that is the address of this node itself"};
  if (auto s = check_hello(own_hello(), from); !s)
    return s;
  if (from.node.name != l.name())
    return other_name(l.name(), from.node.name);
  auto hold = l.meet();
  if (l.up() && l.incarnation() == from.incarnation
      && (l.session() == session || from.node.name < here_.name))
    return ok(); // it dialled us meanwhile, and takes our handshake for late
  if (from.session != session)
    return {errc::io_error, "it is connected in another session"};
  if (auto s = check_peer(l, from); !s)
    return s;
  if (l.up())
    met_anew(l, from);
  open_link(l, from, endpoint, session, false);
  hold.unlock();
  watch_endpoint(l, endpoint, session);
  return ok();
}

/// When two nodes dial each other at once, the handshake of the one with the smaller name counts
/// for both: that of the other was on its way when they met. A node that lost the connection and
/// begins a handshake again leaves dialling to this node for longer. Under the link's meeting lock.
bool node::ours_stands(link& l, const hello& from) {
  return l.up() && l.incarnation() == from.incarnation && here_.name < from.node.name
         && now_ms() - l.with_dialling([](const link::dialling& d) { return d.met_ms; })
              < handshake_wait(core_.config()).count();
}

/// A peer that is connected begins a handshake: it lost the connection, or is another incarnation.
/// Under the link's meeting lock.
void node::met_anew(link& l, const hello& from) {
  const bool dead = l.incarnation() != from.incarnation;
  part(l, l.session(), dead ? "it was started anew" : "it connects anew", dead);
}

/// Notices when the connection over which a session runs breaks; at once if it is broken already.
void node::watch_endpoint(link& l, const caf::actor& endpoint, std::uint64_t session) {
  drop_silent(system_, endpoint.node(), connections::spare); // they would hide that it breaks
  endpoint->attach_functor([of = std::weak_ptr{shared()}, to = &l, session](const caf::error& e) {
    const bool ended = e == caf::exit_reason::user_shutdown; // `retire`
    if (const auto alive = of.lock())
      alive->lost(*to, session, ended ? "it was stopped" : "the connection broke", ended);
  });
}

/// Under the link's meeting lock.
void node::open_link(link& l, const hello& from, const caf::actor& endpoint, std::uint64_t session,
                     bool dialled) {
  const auto now = now_ms();
  // The node that dialled speaks once it has the answer: so one more way has to be waited for, or
  // longer.
  const auto way_ms = dialled ? core_.config().replication.node_monitor.down.count() : 0;
  l.open(from.incarnation, session, endpoint, now + way_ms, dialled);
  l.with_dialling([&](link::dialling& d) {
    d.said = from.node;
    d.refused.clear();
    d.backoff_ms = 0;
    d.in_doubt = 0;
    d.unanswered = 0;
    d.met_ms = dialled ? 0 : now;
  });
  {
    const std::lock_guard hold{refused_lock_};
    std::erase_if(refused_, [&](const auto& x) { return x.second == to_string(from.node); });
  }
  log().info(component::peers, "node {} is connected", to_string(from.node));
  view([&](membership& m) {
    if (declares_whoever_comes())
      add_declared(m, l.name());
    m.node_up(l.who(), now);
    publish_routes();
  });
  const batch gather{*this};
  // A node that leaves says so at once, or it would be given data until its next heartbeat. One of
  // the two sides may send before the other has opened the link; its answer to the question says
  // it.
  l.send(heartbeat());
  l.send(frame::ask_claims{});
  batch::current().urgent(l);
  watch_opened(l);
  for (const auto& h : hosts_)
    h->when_free([of = h.get(), incarnation = from.incarnation, now] {
      of->step([&](replica& core) { core.peer_up(incarnation, now); });
    });
}

void node::lost(link& l, std::uint64_t session, const char* why, bool dead) {
  const auto hold = l.meet();
  part(l, session, why, dead);
}

/// Under the link's meeting lock.
void node::part(link& l, std::uint64_t session, const char* why, bool dead) {
  const auto incarnation = l.incarnation();
  if (!l.close(session) || ending_)
    return;
  const auto now = now_ms();
  log().info(component::peers, "node {} cannot be reached: {}", l.name(), why);
  view([&](membership& m) {
    m.node_down({l.name(), incarnation}, now);
    publish_routes();
  });
  l.with_dialling([&](link::dialling& d) {
    d.next_ms = now;
    d.in_doubt = dead || async_ ? 0 : incarnation;
    d.doubt_until_ms = now + core_.config().replication.node_monitor.down.count();
  });
  const batch gather{*this};
  for (const auto& h : hosts_)
    h->when_free([of = h.get(), incarnation, dead, now] {
      of->step([&](replica& core) {
        if (dead)
          core.peer_down(incarnation, now);
        else
          core.peer_lost(incarnation, now);
      });
    });
  router_.tick();
  watch_closed(l);
  if (dead || async_)
    return;
  ask_whether_dead(l.name());
}

void node::known_dead(const link& l, member_id incarnation) {
  log().decision(component::peers, "node {} is dead", to_string(member{l.name(), incarnation}));
  const auto now = now_ms();
  const batch gather{*this};
  for (const auto& h : hosts_)
    h->when_free([of = h.get(), incarnation, now] {
      of->step([&](replica& core) {
        core.peer_down(incarnation, now);
        core.tick(now);
      });
    });
}

void node::declare(const std::vector<node_address>& peers) {
  std::vector<std::string> names;
  for (const node_address& a : peers) {
    if (a.name == here_.name)
      continue;
    link_to(a.name).with_dialling([&](link::dialling& d) {
      d.address = a;
      d.configured = true;
    });
    names.push_back(a.name);
  }
  const auto d = view([&](membership& m) { return m.declare(names, now_ms()); });
  if (names.empty())
    log().info(component::peers, "no other node belongs to the cluster");
  for (const auto& name : d.added)
    log().info(component::peers, "node {} belongs to the cluster now", name);
  for (const auto& name : d.removed)
    log().info(component::peers, "node {} belongs to the cluster no longer", name);
}

std::string node::waits_for() const {
  return view([&](const membership& m) { return m.listed() ? std::string{} : no_list_; });
}

void node::waits_for(const std::string& why) {
  view([&](const membership&) { no_list_ = why; });
}

failure node::no_primary(std::size_t partition) const {
  if (const auto why = waits_for(); !why.empty())
    return {errc::unavailable, "node " + here_.name + " waits for its first list of nodes: " + why};
  return {errc::unavailable,
          "no primary of partition " + std::to_string(partition) + " can be reached"};
}

// -- the source `all` ---------------------------------------------------------------------------

bool node::declares_whoever_comes() const {
  return core_.config().replication.node_monitor.source == monitor_source::all;
}

void node::add_declared(membership& m, const std::string& name) {
  if (m.declared().contains(name))
    return;
  std::vector<std::string> names{m.declared().begin(), m.declared().end()};
  names.push_back(name);
  m.declare(std::move(names), now_ms());
}

/// The nodes that others are told of: those that can be reached from here, and do not leave. So no
/// node hears of one that is gone from others that have only heard of it.
frame::known_nodes node::known_nodes() {
  frame::known_nodes out;
  for (link* l : links())
    if (l->up() && !view([&](const membership& m) { return m.has_left(l->name()); }))
      out.nodes.push_back(l->with_dialling([](const link::dialling& d) { return d.said; }));
  return out;
}

/// They are dialled like those that people named, until they say goodbye.
void node::hear_of(const std::vector<node_address>& nodes) {
  if (!declares_whoever_comes())
    return;
  for (const node_address& a : nodes) {
    if (a.name == here_.name || !node_address_from(to_string(a)))
      continue;
    if (view([&](const membership& m) { return m.has_left(a.name); }))
      continue; // the news is late; or the node was restarted, and comes itself
    link& l = link_to(a.name);
    if (!l.up())
      l.with_dialling([&](link::dialling& d) {
        if (!d.configured)
          d.address = a;
      });
    view([&](membership& m) { add_declared(m, a.name); });
  }
}

} // namespace supercache::detail
