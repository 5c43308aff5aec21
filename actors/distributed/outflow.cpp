#include "outflow.hpp"

#include <supercache/error.hpp>

#include <caf/detail/serialized_size.hpp>
#include <caf/io/network/scribe_impl.hpp>

#include <chrono>
#include <vector>

namespace supercache::detail {

namespace {

using caf::io::abstract_broker;
using caf::io::basp_broker;
using caf::io::connection_handle;
using caf::io::network::scribe_impl;
using caf::io::network::stream;

// -- how much of what CAF sends is not sent yet ---------------------------------------------------

// CAF keeps it in two buffers, one that is being sent and one behind it, and shows the second only.

/// Protected members, as derived classes see them.
struct open_broker : abstract_broker {
  static scribe_map& scribes(abstract_broker& of) {
    scribe_map& (abstract_broker::*get)(connection_handle) = &open_broker::get_map;
    return (of.*get)(connection_handle::from_int(0));
  }
};
struct open_scribe : scribe_impl {
  static stream& stream_in(scribe_impl& of) { return of.*&open_scribe::stream_; }
};

/// Private members: an explicit instantiation may name them.
template <class Tag, typename Tag::type Member>
struct opened {
  friend typename Tag::type pointer_of(Tag) { return Member; }
};
struct buffer_tag {
  using type = stream::buffer_type stream::*;
  friend type pointer_of(buffer_tag);
};
struct written_tag {
  using type = std::size_t stream::*;
  friend type pointer_of(written_tag);
};
template struct opened<buffer_tag, &stream::wr_buf_>;
template struct opened<written_tag, &stream::written_>;

/// What waits for one connection.
struct backlog {
  std::size_t bytes = 0;
  std::size_t being_sent = 0, sent = 0; ///< of the first buffer; they change with all that is sent
};

backlog backlog_of(basp_broker& broker, connection_handle connection) {
  auto& all = open_broker::scribes(broker);
  const auto found = all.find(connection);
  if (found == all.end())
    return {};
  backlog out;
  out.bytes = found->second->wr_buf().size();
  if (auto* plain = dynamic_cast<scribe_impl*>(found->second.get())) {
    stream& s = open_scribe::stream_in(*plain);
    out.being_sent = (s.*pointer_of(buffer_tag{})).size();
    out.sent = s.*pointer_of(written_tag{});
    out.bytes += out.being_sent - out.sent;
  }
  return out;
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

// -- bounds ---------------------------------------------------------------------------------------

bool is_outgoing(caf::type_erased_tuple& content) {
  return content.match_elements<caf::atom_value, caf::strong_actor_ptr,
                                std::vector<caf::strong_actor_ptr>, caf::strong_actor_ptr,
                                caf::message_id, caf::message>()
         && content.get_as<caf::atom_value>(0) == caf::forward_atom::value;
}

std::size_t outflow::waits_for(handle connection) const {
  return backlog_of(broker_, connection).bytes;
}

/// The connection over which an answer goes; none if it is no answer.
outflow::handle outflow::answered_over(caf::type_erased_tuple& content) const {
  const auto to = content.get_as<caf::strong_actor_ptr>(3);
  if (!to || !content.get_as<caf::message_id>(4).is_response())
    return caf::io::invalid_connection_handle;
  const auto route = broker_.instance.lookup(to->node());
  return route ? route->hdl : caf::io::invalid_connection_handle;
}

/// Whether there is no room for an answer. Then the caller that waits for it has been told so, or
/// its connection has been ended.
bool outflow::refuses(handle connection, caf::type_erased_tuple& content) {
  if (admits(connection, content.get_as<caf::message>(5)))
    return false;
  if (++slow_[connection].refusals > limits_.refusals) {
    end(connection);
    return true;
  }
  const auto to = content.get_as<caf::strong_actor_ptr>(3);
  broker_.instance.dispatch(
    broker_.context(), content.get_as<caf::strong_actor_ptr>(1), {}, to->node(), to->id(), 0,
    content.get_as<caf::message_id>(4),
    caf::make_message(
      make_error(errc::overloaded, "too much of what was asked for before waits to be read")));
  return true;
}

bool outflow::admits(handle connection, const caf::message& answer) {
  const auto waits = waits_for(connection);
  look_at_all();
  if (waits > limits_.of_one)
    return false;
  if (sum_ <= limits_.of_all)
    return true;
  return waits <= limits_.small && is_small(answer);
}

/// An answer was put into a connection's buffer, in which so much waited before.
void outflow::put(handle connection, std::size_t before) {
  const auto waits = waits_for(connection);
  sum_ += waits > before ? waits - before : 0;
}

bool outflow::is_small(const caf::message& answer) const {
  return caf::detail::serialized_size(broker_.system(), answer) <= limits_.small;
}

/// Counts again what waits in all, ten times a second at most.
void outflow::look_at_all() {
  constexpr std::int64_t interval_ms = 100;
  const auto now = now_ms();
  if (now < next_look_ms_)
    return;
  next_look_ms_ = now + interval_ms;
  sum_ = 0;
  std::map<handle, slow> still;
  for (const auto& [connection, scribe] : open_broker::scribes(broker_)) {
    const backlog b = backlog_of(broker_, connection);
    sum_ += b.bytes;
    if (b.bytes <= limits_.small)
      continue;
    slow& s = still[connection];
    if (const auto before = slow_.find(connection); before != slow_.end())
      s = before->second;
    if (s.being_sent != b.being_sent || s.sent != b.sent || s.since_ms == 0)
      s = {b.being_sent, b.sent, now, s.being_sent == b.being_sent ? s.refusals : 0};
  }
  slow_ = std::move(still);
  if (sum_ > limits_.of_all)
    end_stalled(now);
}

void outflow::end_stalled(std::int64_t now) {
  std::vector<handle> stalled;
  for (const auto& [connection, s] : slow_)
    if (now - s.since_ms >= limits_.stall_ms)
      stalled.push_back(connection);
  for (const auto& connection : stalled)
    end(connection);
}

void outflow::end(handle connection) {
  slow_.erase(connection);
  end_(connection, "it does not read what it asked for");
}

} // namespace supercache::detail
