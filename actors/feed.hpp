#pragma once

#include <supercache/store/change.hpp>
#include <supercache/store/fair_lock.hpp>

#include <caf/actor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace supercache::detail {

/// Who watches what, and the changes that wait to be told.
///
/// Who makes a change puts it here, under the lock of its key. WATCHES takes what gathered and
/// sends each listener its part: one message at a time, the next when the last was answered. In a
/// cluster a partition's primary tells the other nodes what they watch, and these their listeners.
/// What waits longer than there is room for is given up, and the listener told `missed`.
///
/// Thread: any.
class feed final : public change_sink {
public:
  static constexpr std::size_t most_watches = 1'000;
  /// Changes that wait: of all, until they are sorted; then of each listener.
  static constexpr std::size_t most_waiting = 65'536;

  /// `wake` is called, by whoever makes a change, when there is something to `take`.
  feed(std::size_t key_pos, std::function<void()> wake);

  void changed(transition t) override;
  /// What another node tells the listeners here.
  void heard(std::vector<transition> ts);

  // -- who watches --------------------------------------------------------------------------------
  /// Answers the number of the watch. Errors: `invalid_argument` for what cannot be watched;
  /// `overloaded` for one too many.
  result<std::uint64_t> add(interest i, caf::actor who);
  /// Answers whether there was one.
  bool remove(std::uint64_t watch);
  void remove_all_of(const caf::actor_addr& who);
  /// Lets all go who watch, and what waits for them.
  void clear();
  /// Whether anybody watches, here or elsewhere.
  bool anybody() const;
  /// What listeners here watch: what other nodes should tell.
  std::vector<interest> interests() const;
  /// What the listeners of another node watch from now on. `anew`: it may have missed something.
  void peer_watches(const std::string& name, std::vector<interest> what, bool anew);

  // -- for WATCHES --------------------------------------------------------------------------------
  struct parcel {
    std::uint64_t watch;
    caf::actor to;
    std::vector<change> what;
  };
  struct letter {
    std::string to; ///< the name of a node
    std::vector<transition> what;
  };
  struct outgoing {
    std::vector<parcel> parcels;
    std::vector<letter> letters;
  };
  /// What can be sent now. One thread at a time.
  outgoing take();
  /// The listener has answered, or not in time.
  void taken(std::uint64_t watch, bool answered);
  /// A node could not be told.
  void undelivered(const std::string& name);

private:
  struct listener {
    change_filter filter;
    caf::actor who;
    std::vector<change> waiting;
    bool under_way = false;
  };
  struct peer {
    std::vector<change_filter> filters;
    bool missed = false;
  };
  struct gathered {
    std::vector<transition> all;
    bool overflow = false;
  };

  void gather(gathered& to, std::vector<transition> ts);
  static void tell(listener& l, const transition& t);
  std::vector<transition> for_peer(peer& p, const gathered& own) const;

  const std::size_t key_pos_;
  const std::function<void()> wake_;
  fair_lock gathering_; ///< of the next three
  gathered own_, foreign_;
  bool woken_ = false;
  mutable std::mutex lock_; ///< of all below
  std::map<std::uint64_t, listener> listeners_;
  std::map<std::string, peer> peers_;
  std::uint64_t last_ = 0;
};

} // namespace supercache::detail
