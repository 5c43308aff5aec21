#pragma once

#include <supercache/interfaces.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/result.hpp>

#include <caf/actor_addr.hpp>
#include <caf/response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace supercache::detail {

class core;
class parking;

/// What a caller that waited in vain is told.
failure none_came(const std::string& queue);

/// Waits in a cluster, for callers, for items of queues of one partition, whose primary may be
/// another node: looks there, and takes an item when there is one. A primary that has none keeps
/// the question until one comes, for half a second at most; so an idle wait costs two round trips a
/// second, and a caller learns of an item within one.
///
/// Thread: the partition's actor. What comes on other threads is brought to it as a message, and is
/// ignored once the wait is over; so each wait ends once, whatever is under way.
class distant_waits : public std::enable_shared_from_this<distant_waits> {
public:
  /// `p`: of the same partition.
  distant_waits(partition_actor::pointer self, std::shared_ptr<core> c, std::size_t partition,
                parking& p)
    : self_(self), core_(std::move(c)), partition_(partition), parking_(p) {}

  /// `who`: nothing is taken for it once `forget` says that it is gone; none: nobody can say so.
  void add(caf::response_promise promise, std::string queue, std::chrono::milliseconds timeout,
           const caf::actor_addr& who);
  void forget(const caf::actor_addr& who);
  std::size_t count() const noexcept { return waits_.size(); }
  /// Answers all waits: the cache stops, or nobody can say whether an item was taken.
  void stop();

private:
  struct wait {
    caf::response_promise promise;
    std::string queue;
    std::int64_t until_ms;
    caf::actor_addr who;
    std::int64_t pause_ms = 1;
    bool takes = false; ///< an item is being taken
  };

  void look(std::uint64_t id);
  void seen(std::uint64_t id, const result<answer>& x);
  void await_item(std::uint64_t id, wait& w);
  void take(std::uint64_t id, wait& w);
  void taken(std::uint64_t id, result<value> got);
  void pause(std::uint64_t id, wait& w, failure why);
  void end(std::uint64_t id, result<value> x);
  wait* find(std::uint64_t id);
  /// Makes the actor call `f(x)` with what comes.
  template <class T, class F>
  std::function<void(result<T>)> on_actor(F f);

  partition_actor::pointer self_;
  std::shared_ptr<core> core_;
  std::size_t partition_;
  parking& parking_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, wait> waits_;
};

} // namespace supercache::detail
