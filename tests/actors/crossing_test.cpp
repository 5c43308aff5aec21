#include "peer_fixture.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <set>

// Two nodes that dial each other at once.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

/// A node "z" that can be dialled, and that dials back while another node dials it.
class counterpart {
public:
  enum class order { before_answering, after_answering };

  counterpart(cache& other, order when)
    : when_(when), to_(reach(system_, other)), mine_(hello_of_z(other)) {
    endpoint_ = system_.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](frame_atom, const wire_frame& f) {
        wire_reader r{f.bytes};
        const auto session = frame::decode_header(r).session;
        const std::lock_guard hold{lock_};
        sessions_.insert(session);
      }};
    });
    handshaker_ = system_.spawn([this](caf::event_based_actor* self) { return handshake(self); });
    auto port = system_.middleman().publish(handshaker_, 0, "127.0.0.1");
    REQUIRE(port);
    mine_.node.port = *port;
  }
  ~counterpart() {
    caf::anon_send_exit(endpoint_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(handshaker_, caf::exit_reason::user_shutdown);
  }

  std::string address() const { return to_string(mine_.node); }
  int handshakes() const { return handshakes_; }
  /// Says, in the session of the handshake that it was sent, that it is there.
  void speak() { caf::anon_send(theirs_, frame_atom_v, wire_frame{empty_frame(session_)}); }
  std::uint64_t session() const { return session_; }
  bool own_was_answered() const { return own_was_answered_; }
  std::set<std::uint64_t> sessions() const {
    const std::lock_guard hold{lock_};
    return sessions_;
  }

private:
  caf::behavior handshake(caf::event_based_actor* self) {
    return {[this, self](join_atom, const wire_frame& theirs,
                         const caf::actor& their_endpoint) -> caf::result<wire_frame, caf::actor> {
              ++handshakes_;
              session_ = decode_hello(theirs.bytes)->session;
              theirs_ = their_endpoint;
              auto promise = self->make_response_promise<wire_frame, caf::actor>();
              auto answer = [this, promise]() mutable {
                hello x = mine_;
                x.session = session_;
                promise.deliver(wire_frame{encode_hello(x)}, endpoint_);
              };
              if (when_ == order::before_answering) {
                shake_hands(self, answer);
              } else {
                answer();
                self->delayed_send(self, 50ms, caf::tick_atom_v); // it was on its way for so long
              }
              return promise;
            },
            [this, self](caf::tick_atom) { shake_hands(self, [] {}); }};
  }
  void shake_hands(caf::event_based_actor* self, std::function<void()> then) {
    self->request(to_, 10s, join_atom_v, wire_frame{encode_hello(mine_)}, endpoint_)
      .then(
        [this, then](const wire_frame&, const caf::actor&) {
          own_was_answered_ = true;
          then();
        },
        [](const caf::error&) {});
  }

  node_config cfg_;
  caf::actor_system system_{cfg_};
  const order when_;
  cache_actor to_;
  hello mine_;
  caf::actor endpoint_, handshaker_, theirs_;
  std::atomic<int> handshakes_{0};
  std::atomic<std::uint64_t> session_{0};
  std::atomic<bool> own_was_answered_{false};
  mutable std::mutex lock_;
  std::set<std::uint64_t> sessions_; ///< in which frames came
};

} // namespace

TEST_CASE("two nodes that dial each other at once agree on one session") {
  using order = counterpart::order;
  for (const auto when : {order::before_answering, order::after_answering}) {
    cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
    counterpart z{nodes[0], when};
    nodes[0].reconfigure({nodes[0].cluster_stats().node, z.address()});
    REQUIRE(eventually([&] { return z.own_was_answered(); }));
    for (int i = 0; i < 25; ++i) { // for longer than a node waits for a heartbeat
      std::this_thread::sleep_for(100ms);
      z.speak();
    }
    CHECK(eventually([&] { return !z.sessions().empty(); }));
    CHECK(z.handshakes() == 1);
    CHECK(z.sessions() == std::set<std::uint64_t>{z.session()});
  }
}
