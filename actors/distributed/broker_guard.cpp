#include "broker_guard.hpp"

#include "../core.hpp"
#include "delivery.hpp"

#include <supercache/compat.hpp>
#include <supercache/error.hpp>

#include <caf/binary_deserializer.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/make_type_erased_tuple_view.hpp>

#include <algorithm>
#include <chrono>

// What comes over connections, and what is sent over them.

namespace supercache::detail {

namespace basp = caf::io::basp;
using basp::message_type;
using caf::io::basp_broker;
using caf::io::new_data_msg;
using caf::io::receive_policy;

namespace {

constexpr auto nonsense = "it sent what no node sends";

/// Connections have descriptors for handles only where CAF uses sockets.
bool uses_sockets(basp_broker& b) {
  return dynamic_cast<caf::io::network::default_multiplexer*>(&b.parent().backend()) != nullptr;
}

} // namespace

broker_guard::broker_guard(basp_broker& broker, const network_limits& l)
  : broker_(broker),
    limits_(l),
    theirs_(broker.bhvr_stack().back()),
    outflow_(broker, {}, [this](handle c, const char* why) { end(c, why); }),
    has_descriptors_(uses_sockets(broker)),
    beats_(compat::sends_heartbeats(broker.config())) {}

caf::message_handler broker_guard::clauses() {
  sweep();
  return {
    [this](new_data_msg& m) { on_data(m); },
    [this](caf::io::new_connection_msg& m) { on_connection(m); },
    [this](const caf::io::connection_closed_msg& m) { on_closed(m.handle); },
    [this](caf::close_atom, const caf::node_id& to, bool all) { end_silent(to, all); },
    [this](caf::ok_atom) { release(); },
    [this](caf::tick_atom) { sweep(); },
  };
}

caf::match_case::result broker_guard::forward(caf::detail::invoke_result_visitor& f,
                                              caf::type_erased_tuple& content) {
  const auto send = [&] { return theirs_.as_behavior_impl()->invoke(f, content); };
  return is_outgoing(content) ? outflow_.pass(content, send) : send();
}

bool broker_guard::is_known(handle c) const {
  return static_cast<bool>(broker_.instance.tbl().lookup_direct(c));
}

// -- what comes -----------------------------------------------------------------------------------

void broker_guard::on_connection(caf::io::new_connection_msg& m) {
  forget(m.handle, {}); // the handle may have had another connection
  if (has_descriptors_
      && static_cast<std::size_t>(m.handle.id()) + limits_.spare_descriptors >= descriptors_)
    close_doors(true);
  admit_at_most(limits_.handshakes - 1);
  strangers_.emplace(m.handle, now_ms());
  auto content = caf::make_type_erased_tuple_view(m);
  theirs_(content);
}

void broker_guard::on_data(new_data_msg& m) {
  const auto context = broker_.ctx.find(m.handle);
  const bool announced
    = context != broker_.ctx.end() && context->second.cstate == basp::await_payload;
  if (!announced) {
    inflow_.forget(m.handle.id()); // of an earlier connection with this handle, which CAF ended
    on_header(m);
  } else if (inflow_.under_way(m.handle.id())) {
    on_piece(m);
  } else {
    on_payload(m);
  }
}

const char* broker_guard::objection(handle c, const header& h) {
  if (!basp::valid(h))
    return nonsense;
  if (basp::is_heartbeat(h))
    return nullptr;
  if (!basp::is_handshake(h))
    return !is_known(c)                    ? "it did not say who it is"
           : h.payload_len > limits_.frame ? "it announced a larger message than there is"
                                           : nullptr;
  if (h.payload_len == 0 || h.payload_len > limits_.handshake)
    return nonsense;
  // Only a process that was called answers with its identity.
  const auto context = broker_.ctx.find(c);
  const bool called = context != broker_.ctx.end() && context->second.callback;
  return h.operation == message_type::client_handshake || called ? nullptr : nonsense;
}

void broker_guard::on_header(new_data_msg& m) {
  header h;
  caf::binary_deserializer source{nullptr, m.buf};
  if (m.buf.size() != basp::header_size || source(h))
    return end(m.handle, nonsense);
  if (const char* why = objection(m.handle, h))
    return end(m.handle, why);
  broker_.set_context(m.handle);
  if (h.payload_len == 0)
    return;
  broker_.this_context->hdr = h;
  broker_.this_context->cstate = basp::await_payload;
  if (h.payload_len <= limits_.small)
    return broker_.configure_read(m.handle, receive_policy::exactly(h.payload_len));
  inflow_.begin(m.handle.id(), h.payload_len, now_ms());
  read_on(m.handle);
}

/// Reads on: at most what is missing, and not much at once, as CAF makes its buffer that large.
void broker_guard::read_on(handle c) {
  constexpr std::size_t little = 4 << 10;
  const bool waits = inflow_.must_wait(c.id());
  const auto piece = std::min(inflow_.missing(c.id()), waits ? little : limits_.piece);
  broker_.configure_read(c, receive_policy::at_most(piece));
  if (waits)
    broker_.halt(c);
}

void broker_guard::on_piece(new_data_msg& m) {
  const auto c = m.handle.id();
  broker_.set_context(m.handle);
  try {
    inflow_.add(c, m.buf, now_ms());
  } catch (const std::bad_alloc&) {
    inflow_.give_up(c); // first, so that there is memory for the answer
    if (!deny(m.handle, out_of_memory()))
      return;
    inflow_.add(c, m.buf, now_ms());
  }
  if (inflow_.missing(c) > 0)
    return read_on(m.handle);
  m.buf = inflow_.take(c);
  compat::tell(&broker_, caf::actor{&broker_}, caf::ok_atom_v); // others may go on
  if (m.buf.empty())
    await_header(m.handle); // it was given up
  else
    on_payload(m);
  bytes{}.swap(m.buf); // CAF would keep it as long as the connection
}

void broker_guard::await_header(handle c) {
  broker_.this_context->cstate = basp::await_header;
  broker_.configure_read(c, receive_policy::exactly(basp::header_size));
}

void broker_guard::on_payload(new_data_msg& m) {
  broker_.set_context(m.handle);
  const header h = broker_.this_context->hdr;
  if (m.buf.size() != h.payload_len)
    return end(m.handle, nonsense);
  if (is_for_here(h, m.buf)) {
    await_header(m.handle);
    hand_over(m.handle, h, m.buf);
  } else if (is_own_call(h, m.buf)) {
    await_header(m.handle); // the caller learns from the answer that it is this process
  } else {
    pass_on(m, h);
  }
}

/// Whether it is a message to an actor of this process.
bool broker_guard::is_for_here(const header& h, const bytes& payload) {
  if (h.operation != message_type::routed_message)
    return h.operation == message_type::direct_message;
  careful_reader in{broker_.context(), payload};
  caf::node_id from, to;
  return !in(from, to) && to == broker_.this_node();
}

/// Whether this process connected to itself.
bool broker_guard::is_own_call(const header& h, const bytes& payload) {
  careful_reader in{broker_.context(), payload};
  caf::node_id from;
  return h.operation == message_type::client_handshake && !in(from) && from == broker_.this_node();
}

void broker_guard::hand_over(handle c, const header& h, const bytes& payload) {
  last_hop_ = broker_.instance.tbl().lookup_direct(c);
  if (h.operation == message_type::routed_message && !learn_route(payload))
    return end(c, "it knows too many nodes");
  try {
    if (const auto s = deliver(broker_, h, payload, last_hop_); !s)
      deny(c, s.why());
  } catch (const std::bad_alloc&) {
    deny(c, out_of_memory());
  } catch (const std::exception& e) {
    deny(c, {errc::internal, e.what()});
  }
}

/// Answers the present frame, if it is a request, so that no caller waits for it. If it is none,
/// nobody would ever know that it is missing: the connection ends. Answers whether the connection
/// goes on.
bool broker_guard::deny(handle c, const failure& why) {
  last_hop_ = broker_.instance.tbl().lookup_direct(c);
  if (!refuse(broker_, broker_.ctx.at(c).hdr, last_hop_, why)) {
    end(c, why.message.c_str());
    return false;
  }
  if (const auto log = log_of(broker_.system()))
    log->info(component::connections, "a request of {} is refused: {}", name_of(c), why.message);
  return true;
}

/// As CAF does with messages from nodes behind others.
bool broker_guard::learn_route(const bytes& payload) {
  careful_reader in{broker_.context(), payload};
  caf::node_id from;
  auto& table = broker_.instance.tbl();
  if (in(from) || from == caf::none || from == broker_.this_node() || from == last_hop_)
    return true;
  if (table.indirect_.size() >= limits_.nodes_behind_others)
    return table.lookup_indirect(from) != caf::none;
  if (table.add_indirect(last_hop_, from))
    broker_.learned_new_node_indirectly(from);
  return true;
}

/// Gives CAF a frame that is no message to an actor here.
void broker_guard::pass_on(new_data_msg& m, const header& h) {
  if (!is_sound(m.handle, h, m.buf))
    return end(m.handle, nonsense);
  const auto node = broker_.instance.tbl().lookup_direct(m.handle);
  auto content = caf::make_type_erased_tuple_view(m);
  theirs_(content);
  if (!broker_.valid(m.handle))
    forget(m.handle, node);
  else if (is_known(m.handle))
    strangers_.erase(m.handle);
}

/// Whether a frame can be given to CAF, which believes what it reads.
bool broker_guard::is_sound(handle c, const header& h, const bytes& payload) {
  careful_reader in{broker_.context(), payload};
  caf::node_id from, to;
  switch (h.operation) {
    case message_type::server_handshake: {
      std::vector<std::string> applications;
      caf::actor_id who = 0;
      std::set<std::string> interface;
      return !in(from, applications, who, interface) && from != caf::none;
    }
    case message_type::client_handshake: {
      const auto before = broker_.instance.tbl().lookup_direct(c);
      return !in(from) && from != caf::none && (before == caf::none || before == from);
    }
    case message_type::monitor_message:
      return !in(from, to) && (to != broker_.this_node() || broker_.instance.lookup(from));
    case message_type::down_message: {
      caf::error why;
      return !in(from, to, why);
    }
    case message_type::routed_message: return !in(from, to);
    case message_type::direct_message:
    case message_type::heartbeat: break;
  }
  return true;
}

// -- what is sent ---------------------------------------------------------------------------------

namespace {

/// The length of the frame that begins there; 0: CAF did not finish it, and so did not write its
/// header.
std::size_t frame_at(const std::vector<char>& buffer, std::size_t begin) {
  if (buffer.size() - begin < basp::header_size)
    return 0;
  basp::header h;
  caf::binary_deserializer source{nullptr, buffer.data() + begin, basp::header_size};
  return source(h) || !basp::valid(h) ? 0 : basp::header_size + h.payload_len;
}

void cut_unfinished(std::vector<char>& buffer) {
  std::size_t end = 0;
  while (const auto size = frame_at(buffer, end))
    end += size;
  buffer.resize(end);
}

} // namespace

void broker_guard::failed(caf::type_erased_tuple& content, const std::exception& e) noexcept {
  try {
    if (const auto log = log_of(broker_.system()))
      log->error(component::connections, "the network cannot do what it should: {}", e.what());
    if (is_outgoing(content))
      take_back(content.get_as<caf::strong_actor_ptr>(1), content.get_as<caf::strong_actor_ptr>(3),
                content.get_as<caf::message_id>(4));
  } catch (...) { // there is no memory even for a line
  }
}

/// A message could not be written, as memory ran out. The actor that waits for an answer is told.
/// If none waits, nobody would ever know that the message is missing, and the connection ends.
void broker_guard::take_back(const caf::strong_actor_ptr& from, const caf::strong_actor_ptr& to,
                             caf::message_id id) {
  const auto route = to ? broker_.instance.lookup(to->node()) : caf::none;
  if (!route)
    return;
  cut_unfinished(broker_.wr_buf(route->hdl));
  const auto why = caf::make_message(to_caf(out_of_memory()));
  if (id.is_response())
    broker_.instance.dispatch(broker_.context(), from, {}, to->node(), to->id(), 0, id, why);
  else if (id.is_request() && from)
    from->enqueue(nullptr, id.response_id(), why, broker_.context());
  else
    end(route->hdl, out_of_memory().message.c_str());
}

} // namespace supercache::detail
