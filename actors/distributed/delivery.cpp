#include "delivery.hpp"

#include <supercache/compat.hpp>
#include <supercache/error.hpp>

#include <caf/detail/scope_guard.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/downstream_msg.hpp>
#include <caf/io/middleman.hpp>
#include <caf/upstream_msg.hpp>

#include <algorithm>

namespace supercache::detail {

namespace basp = caf::io::basp;
using caf::io::basp_broker;

// -- reading --------------------------------------------------------------------------------------

namespace {

constexpr std::size_t depth_most = 64;
/// So many elements are allowed even if fewer bytes are left: they may be packed.
constexpr std::size_t packed_most = 1 << 20;

} // namespace

caf::error careful_reader::begin_object(std::uint16_t& number, std::string& name) {
  if (++depth_ > depth_most)
    return caf::sec::invalid_argument;
  return in_.begin_object(number, name);
}

caf::error careful_reader::end_object() {
  --depth_;
  return in_.end_object();
}

caf::error careful_reader::begin_sequence(std::size_t& size) {
  if (auto e = in_.begin_sequence(size))
    return e;
  return size > std::max(in_.remaining(), packed_most) ? caf::error{caf::sec::end_of_stream}
                                                       : caf::error{};
}

// -- delivering -----------------------------------------------------------------------------------

namespace {

status unreadable() { return {errc::malformed, "a message that cannot be read"}; }

caf::strong_actor_ptr receiver_of(basp_broker& broker, const basp::header& h) {
  auto& actors = broker.system().registry();
  return h.has(basp::header::named_receiver_flag)
           ? actors.get(static_cast<caf::atom_value>(h.dest_actor))
           : actors.get(h.dest_actor);
}

/// Whether a message is about a link between actors, for which CAF sends messages; if so, makes or
/// ends it.
bool is_link(const caf::message& content, const caf::strong_actor_ptr& to) {
  if (!content.match_elements<caf::atom_value, caf::strong_actor_ptr>())
    return false;
  const auto what = content.get_as<caf::atom_value>(0);
  if (what != caf::link_atom::value && what != caf::unlink_atom::value)
    return false;
  const auto& other = content.get_as<caf::strong_actor_ptr>(1);
  if (other && what == caf::link_atom::value)
    other->get()->add_link(to->get());
  else if (other)
    other->get()->remove_link(to->get());
  return true;
}

/// Whether a message is of the kind that its number says: mailboxes take that for granted.
bool is_kind_right(caf::message_id id, const caf::message& content) {
  switch (id.category()) {
    case caf::message_id::upstream_message_category:
      return content.match_elements<caf::upstream_msg>();
    case caf::message_id::downstream_message_category:
      return content.match_elements<caf::downstream_msg>();
    default: return true;
  }
}

/// Whether a message would end an actor that may not be ended from another process: the library's
/// own, which are all hidden from CAF's registry. An application's other actors may be ended as
/// usual.
bool is_forbidden_end(const caf::message& content, const caf::strong_actor_ptr& to) {
  return content.match_elements<caf::exit_msg>()
         && !to->get()->getf(caf::abstract_actor::is_registered_flag);
}

struct sender {
  caf::strong_actor_ptr who;
  bool readable = true;
};

/// The sender: an actor at the other end of the connection, or behind it.
sender sender_of(basp_broker& broker, const basp::header& h, careful_reader& in,
                 const caf::node_id& last_hop) {
  auto& proxies = broker.instance.proxies();
  if (h.operation != basp::message_type::routed_message)
    return {proxies.get_or_put(last_hop, h.source_actor)};
  caf::node_id from, to;
  if (in(from, to))
    return {nullptr, false};
  if (from == caf::none || h.source_actor == 0)
    return {};
  return {from == broker.system().node() ? broker.system().registry().get(h.source_actor)
                                         : proxies.get_or_put(from, h.source_actor)};
}

} // namespace

status deliver(basp_broker& broker, const basp::header& h, const std::vector<char>& payload,
               caf::node_id& last_hop) {
  auto& queue = broker.instance.queue();
  const auto place = queue.new_id();
  auto skip = caf::detail::make_scope_guard([&] { queue.drop(broker.context(), place); });
  broker.instance.proxies().set_last_hop(&last_hop);
  auto to = receiver_of(broker, h);
  const auto id = caf::make_message_id(h.operation_data);
  if (!to && !id.is_request())
    return ok();
  careful_reader in{broker.context(), payload};
  auto from = sender_of(broker, h, in, last_hop);
  if (!from.readable)
    return unreadable();
  if (!to) {
    caf::detail::sync_request_bouncer{caf::exit_reason::remote_link_unreachable}(from.who, id);
    return ok();
  }
  std::vector<caf::strong_actor_ptr> stages;
  caf::message content;
  if (in(stages, content) || !is_kind_right(id, content))
    return unreadable();
  if (is_link(content, to) || is_forbidden_end(content, to))
    return ok();
  queue.push(
    broker.context(), place, std::move(to),
    caf::make_mailbox_element(std::move(from.who), id, std::move(stages), std::move(content)));
  skip.disable();
  return ok();
}

bool refuse(basp_broker& broker, const basp::header& h, const caf::node_id& last_hop,
            const failure& why) {
  const auto id = caf::make_message_id(h.operation_data);
  if (h.operation != basp::message_type::direct_message || !id.is_request())
    return false;
  if (const auto who = broker.instance.proxies().get_or_put(last_hop, h.source_actor))
    who->enqueue(nullptr, id.response_id(), caf::make_message(to_caf(why)), broker.context());
  return true;
}

} // namespace supercache::detail
