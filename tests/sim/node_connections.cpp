// How nodes meet and part, and what they tell each other of themselves.

#include "cluster.hpp"
#include "node.hpp"

#include <utility>

namespace sim {

void node::hello(const member& from, bool answer, std::uint64_t session) {
  if (const node* n = c_.alive(from.node);
      !n || n->self() != from || !c_.meet(self_.node, from.node))
    return; // a connection is made only with a node that is alive
  link& l = links_[from.node];
  if (c_.p.streams && (session <= l.session || (!answer && session != l.dialled)))
    return; // it is late, or came twice
  if (l.up) // it lost the connection, or is another incarnation
    disconnect(from.node, l.incarnation != from.id);
  connect(from, session, answer);
  if (answer)
    c_.send(self_.node, from.node, from.id, [m = self_, session](node& to) {
      if (!to.links_[m.node].up)
        to.hello(m, false, session);
    });
}

void node::connect(const member& m, std::uint64_t session, bool dialled) {
  c_.w.note([&] { return to_string(self_) + " reaches " + to_string(m); });
  link& l = links_[m.node];
  l.incarnation = m.id;
  l.up = true;
  l.flushing = false;
  l.heard_ms = now();
  l.echo_ms = l.proven_ms = 0;
  l.session = session;
  if (c_.p.streams) {
    if (!l.stream)
      l.stream = std::make_unique<link::flow>(c_.p);
    l.stream->core.open(session, dialled);
  }
  membership_.node_up(m, now());
  tell_claims(m);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    parts_[i]->copy().peer_up(m.id, now());
    after_step(i);
  }
}

void node::notice(const member& other, bool dead) {
  if (ended_)
    return;
  if (paused_) {
    held_.push_back([other, dead](node& me) { me.notice(other, dead); });
    return;
  }
  if (const link& l = links_[other.node]; l.up && l.incarnation == other.id)
    disconnect(other.node, dead);
}

void node::disconnect(const std::string& name, bool dead) {
  link& l = links_[name];
  c_.w.note([&] {
    return to_string(self_) + (dead ? " takes " : " no longer reaches ")
           + to_string(member{name, l.incarnation}) + (dead ? " for dead" : "");
  });
  l.up = false;
  if (l.stream)
    l.stream->core.close();
  membership_.node_down({name, l.incarnation}, now());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (dead)
      parts_[i]->copy().peer_down(l.incarnation, now());
    else
      parts_[i]->copy().peer_lost(l.incarnation, now());
    after_step(i);
  }
}

void node::tell_claims(const member& to) {
  say(to,
      frame::all_claims{membership_.own_version(), membership_.own_claims(), membership_.gone()});
}

void node::tell_who_is_gone() {
  if (std::exchange(told_gone_, membership_.gone_version()) == membership_.gone_version())
    return;
  for (const auto& [name, l] : links_)
    if (l.up)
      tell_claims({name, l.incarnation});
}

} // namespace sim
