#include "strangers.hpp"

#include "connection.hpp"

#include <supercache/compat.hpp>

#include <caf/behavior.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/make_type_erased_tuple_view.hpp>
#include <caf/message_handler.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <vector>

namespace supercache::detail {

namespace {

using caf::io::basp_broker;
using caf::io::connection_handle;
using caf::io::new_data_msg;
namespace basp = caf::io::basp;

constexpr std::int64_t interval_ms = 1'000;
/// More than any handshake needs.
constexpr std::uint32_t handshake_max = 64 << 10;

bool is_known(basp_broker& broker, connection_handle connection) {
  return static_cast<bool>(broker.instance.tbl().lookup_direct(connection));
}

/// Whether CAF can be given what a connection sent. It takes for granted that a handshake has
/// content, and allocates at once as much as a header says that will follow.
bool is_harmless(basp_broker& broker, const new_data_msg& m) {
  const auto context = broker.ctx.find(m.handle);
  if (context != broker.ctx.end() && context->second.cstate != basp::await_header)
    return true; // not a header
  basp::header h;
  caf::binary_deserializer source{nullptr, m.buf};
  if (source(h))
    return false;
  if (basp::is_handshake(h))
    return h.payload_len > 0 && h.payload_len <= handshake_max;
  return is_known(broker, m.handle) || (basp::is_heartbeat(h) && h.payload_len == 0);
}

/// Whether this is the first cache of its actor system.
bool is_first(const caf::actor& broker) {
  static std::mutex lock;
  static std::vector<caf::actor_addr> seen;
  const std::lock_guard hold{lock};
  std::erase_if(seen, [](const auto& a) { return !caf::actor_cast<caf::strong_actor_ptr>(a); });
  if (std::ranges::find(seen, broker.address()) != seen.end())
    return false;
  seen.push_back(broker.address());
  return true;
}

/// Puts a check before what CAF does with data. In the I/O thread.
void guard(basp_broker& broker) {
  caf::behavior unguarded = broker.bhvr_stack().back();
  auto checked = [&broker, unguarded](new_data_msg& m) mutable {
    if (!is_harmless(broker, m))
      return end_connection(broker, m.handle, "it sent what no node sends");
    auto content = caf::make_type_erased_tuple_view(m);
    unguarded(content);
  };
  broker.become(caf::keep_behavior, caf::message_handler{checked}.or_else(unguarded));
}

} // namespace

/// Since when each connection is there that has not said who it is.
struct strangers::book {
  caf::actor broker;
  std::map<connection_handle, std::int64_t> since;

  void look(std::int64_t now) {
    basp_broker* const found = broker_behind(broker);
    if (!found)
      return;
    std::map<connection_handle, std::int64_t> still;
    for (const auto& connection : found->connections()) {
      if (is_known(*found, connection))
        continue;
      const auto before = since.find(connection);
      const auto begin = before == since.end() ? now : before->second;
      if (now - begin < patience_ms)
        still.emplace(connection, begin);
      else
        end_connection(*found, connection, "it did not say in time who it is");
    }
    since = std::move(still);
  }
};

strangers::strangers(caf::actor_system& system) : system_(system), book_(std::make_shared<book>()) {
  book_->broker = compat::connections_of<basp_broker>(system.middleman());
  system_.middleman().backend().post([b = book_] {
    if (basp_broker* found = broker_behind(b->broker); found && is_first(b->broker))
      guard(*found);
  });
}

void strangers::sweep() {
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  if (now < next_ms_)
    return;
  next_ms_ = now + interval_ms;
  system_.middleman().backend().post([b = book_, now] { b->look(now); });
}

} // namespace supercache::detail
