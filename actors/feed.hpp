#pragma once

#include <supercache/store/change.hpp>
#include <supercache/store/fair_lock.hpp>

#include <caf/actor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace supercache::detail {

/// The watches, and the changes that wait to be told.
///
/// A thread that makes a change puts it here, under the lock of its key. WATCHES takes what
/// gathered and sends each listener its part: one message at a time, the next when the last was
/// answered, however long that takes. In a cluster a partition's primary tells the other nodes what
/// they watch, and they tell their listeners. If there is no more room, changes that wait for a
/// listener are given up, and it is told `missed`: those of the listener itself, or, if all
/// together are too many, those of the listener that has most.
///
/// Thread: any.
class feed final : public change_sink {
public:
  static constexpr std::size_t most_watches = 1'000;
  /// Bytes of changes that are made here, and as many of changes on other nodes, until they are
  /// sorted.
  static constexpr std::size_t most_gathered = 32 << 20;
  /// Bytes that wait for one listener, which misses any change that is larger; and for all
  /// together.
  static constexpr std::size_t most_of_one = 8 << 20, most_of_all = 64 << 20;
  /// Bytes in one message. A larger change goes alone, if all such that are under way are few
  /// enough, else it is missed. So listeners that answer are told, whatever is under way to others.
  static constexpr std::size_t most_at_once = 128 << 10, most_large = 32 << 20;

  /// `wake` is called, by the thread that makes a change, when there is something to `take`.
  feed(std::size_t key_pos, std::function<void()> wake);

  /// The memory that a change takes while it waits to be sorted.
  static std::size_t bytes_of(const transition& t);

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
  /// Lets all listeners go, and what waits for them.
  void clear();
  /// Whether there is any watch, here or on another node.
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
    std::vector<std::uint64_t> gone; ///< watches that ended with a message under way
  };
  /// What can be sent now. One thread at a time.
  outgoing take();
  /// The listener has answered.
  void taken(std::uint64_t watch);
  /// WATCHES is another one now: no answer of a listener is awaited any more.
  void forget_deliveries();
  /// A node could not be told.
  void undelivered(const std::string& name);
  /// Bytes that wait for all listeners.
  std::size_t held() const;

private:
  struct waiting {
    change what;
    std::size_t bytes;
  };
  struct listener {
    change_filter filter;
    caf::actor who;
    std::deque<waiting> line{};
    std::size_t line_bytes = 0;
    std::size_t large_bytes = 0; ///< of a large change that is under way
    bool under_way = false;
  };
  struct peer {
    std::vector<change_filter> filters;
    bool missed = false;
  };
  struct gathered {
    std::vector<transition> all;
    std::size_t bytes = 0;
    bool overflow = false;
  };

  void gather(gathered& to, std::vector<transition> ts);
  void tell(listener& l, const transition& t);
  void put_in_line(listener& l, change c, std::size_t bytes);
  void give_up_line(listener& l);
  bool make_room(const listener& who, std::size_t bytes);
  std::vector<change> next_of(listener& l);
  void forget(std::uint64_t watch, const listener& l);
  std::vector<transition> for_peer(peer& p, const gathered& own) const;

  const std::size_t key_pos_;
  const std::function<void()> wake_;
  fair_lock gathering_; ///< of the next three
  gathered own_, foreign_;
  bool woken_ = false;
  mutable std::mutex lock_; ///< of all below
  std::map<std::uint64_t, listener> listeners_;
  std::map<std::string, peer> peers_;
  std::vector<std::uint64_t> gone_;
  std::size_t held_ = 0, large_ = 0; ///< waiting; under way in large changes
  std::uint64_t last_ = 0;
};

} // namespace supercache::detail
