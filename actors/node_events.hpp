#pragma once

#include <supercache/cluster/ids.hpp>
#include <supercache/interfaces.hpp>

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace supercache::detail {

/// The application's listeners for nodes, and what each was told. A listener gets one message at a
/// time, the next when it has answered; the message says how the nodes that there are then differ
/// from those it knows, so that nothing gathers for a slow listener.
///
/// Thread: any. Its lock is taken alone.
class node_events {
public:
  /// `wake` is called when there is something to `take`.
  explicit node_events(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Tells a listener of the nodes that there are, and of changes from then on; once, however often
  /// it is added. Errors: see `cache::watch_nodes`.
  status add(const caf::actor& who);
  /// Answers whether it was there.
  bool remove(const caf::actor_addr& who);
  /// Drops all listeners.
  void clear();
  /// The nodes that can be reached now.
  void now_live(const member_list& nodes);

  // -- for WATCHES --------------------------------------------------------------------------------
  struct event {
    std::uint64_t listener = 0;
    caf::actor to;
    std::string node;
    bool up = false;
  };
  struct outgoing {
    std::vector<event> events;
    std::vector<std::uint64_t> gone; ///< listeners that are no more, with a message under way
  };
  /// What can be sent now.
  outgoing take();
  /// The listener has answered.
  void taken(std::uint64_t listener);
  /// WATCHES is another one now: no answer is awaited any more.
  void forget_deliveries();

private:
  using nodes = std::map<std::string, member_id>;
  struct listener {
    caf::actor_addr who; ///< may end at any time
    nodes knows{};
    bool under_way = false;
  };
  /// The next thing to tell; none: an empty name.
  event next_for(listener& l) const;

  const std::function<void()> wake_;
  std::mutex lock_; ///< of the rest
  nodes live_;
  std::map<std::uint64_t, listener> listeners_;
  std::vector<std::uint64_t> gone_;
  std::uint64_t last_ = 0;
};

} // namespace supercache::detail
