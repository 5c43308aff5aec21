#pragma once

#include "cluster_fixture.hpp"

#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/handshake.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// A client that speaks to the nodes of a cluster as if it were one.
namespace fixture {

/// The actor of a node that takes messages.
inline supercache::cache_actor reach(caf::actor_system& system, supercache::cache& c) {
  const auto& at = c.config().replication.node;
  auto found = system.middleman().remote_actor<supercache::cache_actor>(at.host, at.port);
  REQUIRE(found);
  return *found;
}

/// The handshake of a node "z" that suits the cluster of a cache.
inline supercache::hello hello_of_z(supercache::cache& c) {
  supercache::hello h;
  h.node = {"z", "127.0.0.1", 1};
  h.incarnation = 77;
  h.session = 5;
  h.structure = c.export_config();
  return h;
}

/// A frame that says nothing but that its sender is there, and what it has received.
inline supercache::byte_buffer empty_frame(std::uint64_t session, std::uint64_t received = 0,
                                           std::uint64_t left = 0) {
  supercache::byte_buffer bytes;
  supercache::wire_writer w{bytes};
  supercache::frame::encode(w, supercache::frame::header{session, received, left});
  return bytes;
}

using namespace supercache;
using namespace std::chrono_literals;

/// What "z" was sent.
class mail {
public:
  void take(byte_view bytes) {
    const std::lock_guard hold{lock_};
    frames_.emplace_back(bytes.begin(), bytes.end());
    wire_reader r{bytes};
    if (frame::decode_header(r).left > 0)
      return;
    while (r.ok() && !r.at_end())
      if (auto i = frame::decode_item(r, 1'000); std::holds_alternative<frame::found>(i))
        found_.push_back(std::get<frame::found>(std::move(i)));
  }
  /// Answers, unless they came in pieces.
  std::vector<frame::found> now() const {
    const std::lock_guard hold{lock_};
    return found_;
  }
  /// The frames and pieces, from a place on.
  std::vector<byte_buffer> since(std::size_t first) const {
    const std::lock_guard hold{lock_};
    return {frames_.begin() + static_cast<std::ptrdiff_t>(first), frames_.end()};
  }

private:
  mutable std::mutex lock_;
  std::vector<byte_buffer> frames_;
  std::vector<frame::found> found_;
};

/// A client that speaks as the node "z" to the first node of a cluster.
struct stranger {
  node_config cfg;
  caf::actor_system system{cfg};
  std::shared_ptr<std::atomic<int>> frames = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<mail> answered = std::make_shared<mail>();
  caf::actor endpoint
    = system.spawn([n = frames, a = answered](caf::event_based_actor*) -> caf::behavior {
        return {[n, a](frame_atom, const wire_frame& f) {
          ++*n;
          a->take(f.bytes);
        }};
      });
  caf::actor theirs;
  cache_actor to;
  hello mine;
  caf::scoped_actor self{system};

  explicit stranger(cache& c) : to(reach(system, c)), mine(hello_of_z(c)) {}
  ~stranger() { caf::anon_send_exit(endpoint, caf::exit_reason::user_shutdown); }

  /// Why it is refused; nothing if it is welcome.
  caf::error join(byte_buffer bytes) {
    caf::error why;
    self->request(to, 10s, join_atom_v, wire_frame{std::move(bytes)}, endpoint)
      .receive([&](wire_frame&, caf::actor& x) { theirs = std::move(x); },
               [&](caf::error& e) { why = std::move(e); });
    return why;
  }
  void say(byte_buffer bytes) { self->send(theirs, frame_atom_v, wire_frame{std::move(bytes)}); }
  /// Asks for an item of a queue, as a node does for a caller that waits.
  void ask_for_item(cache& c, const std::string& queue, std::uint64_t id, std::uint64_t hold_ms) {
    frame::question q;
    q.id = id;
    q.partition = c.partition_of(queue);
    q.at_primary = true;
    q.hold_ms = hold_ms;
    q.what = {{space_kind::queue, queue}, ask::peek{}};
    auto bytes = header();
    wire_writer w{bytes};
    frame::encode(w, q);
    say(std::move(bytes));
  }
  byte_buffer header(std::uint64_t received = 0, std::uint64_t left = 0) const {
    return empty_frame(mine.session, received, left);
  }
};

} // namespace fixture
