#pragma once

#include "executor.hpp"
#include "parking.hpp"

#include <supercache/interfaces.hpp>

#include <caf/actor_addr.hpp>
#include <caf/response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace supercache::detail {

/// What a caller that waited in vain is told.
failure none_came(const std::string& queue);

/// Waits, for callers, for items of queues of one partition, whose primary may be another node:
/// looks there, and takes an item when there is one. A primary elsewhere that has none keeps the
/// question until one comes, for half a second at most; so an idle wait costs two round trips a
/// second, and a caller learns of an item within one. Where this node is the primary, callers are
/// parked, and looked after in the order in which they came.
///
/// Thread: the partition's actor. What comes on other threads is brought to it as a message, and is
/// ignored once the wait is over; so each wait ends once, whatever is under way.
class item_waits : public std::enable_shared_from_this<item_waits> {
public:
  /// `p`: of the same partition. `e` outlives the actor's work.
  item_waits(partition_actor::pointer self, executor& e, std::size_t partition, parking& p)
    : self_(self), executor_(e), partition_(partition), parking_(p) {}

  /// `who`: nothing is taken for it once `forget` says that it is gone; none: nobody can say so.
  void add(caf::response_promise promise, std::string queue, std::chrono::milliseconds timeout,
           const caf::actor_addr& who);
  void forget(const caf::actor_addr& who);
  std::size_t count() const noexcept { return waits_.size(); }
  /// Ends all waits: with `why`, or, for those for which an item is being taken, with the answer
  /// that nobody can say whether it was.
  void stop(const failure& why);

private:
  struct wait {
    caf::response_promise promise;
    std::string queue;
    std::int64_t until_ms;
    caf::actor_addr who;
    std::int64_t pause_ms = 1;
    bool takes = false; ///< an item is being taken
  };
  using ticket = parking::ticket;

  void look(ticket id);
  void seen(ticket id, const result<answer>& x);
  void await_item(ticket id, wait& w);
  void take(ticket id, wait& w);
  void taken(ticket id, result<value> got);
  void pause(ticket id, wait& w, failure why);
  void end(ticket id, result<value> x);
  wait* find(ticket id);
  /// Calls `f(x)` on the actor, with what comes.
  template <class T, class F>
  void on_actor(future<T> x, F f);

  partition_actor::pointer self_;
  executor& executor_;
  std::size_t partition_;
  parking& parking_;
  std::map<ticket, wait> waits_;
};

} // namespace supercache::detail
