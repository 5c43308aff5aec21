#pragma once

#include "dispatch.hpp"

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace supercache::detail {

/// CACHE: takes messages on the thread that sends them, does at once what takes microseconds, and
/// hands the rest to the pool. It waits for nobody, and no thread of the application's scheduler is
/// needed for it; the answer is sent by the thread that has it.
///
/// The messages of one sender begin in their order. Writes of one sender to one partition are done
/// in that order, as long as the partition's primary stays where it is.
class dispatcher : public std::enable_shared_from_this<dispatcher> {
public:
  explicit dispatcher(std::shared_ptr<core> c);

  /// The actor. @pre called once
  static cache_actor spawn(caf::actor_system& system, const std::shared_ptr<dispatcher>& f);
  /// From here on it answers; earlier messages have waited.
  void open();
  /// Ends the actor, and answers what has not begun.
  static void end(const cache_actor& who);

private:
  struct request {
    compat::deferred_request from;
    const row* what = nullptr; ///< null: to be passed on to PARTITION
  };
  /// The requests of some senders, where one has to wait for another.
  struct lane {
    std::mutex lock;
    std::deque<request> waiting;
    bool busy = false;
  };

  void take(caf::mailbox_element_ptr e, const caf::actor_addr& self);
  void route(request r);
  void drain(lane& l);
  void begin(request& r) const;
  void await_item(const compat::deferred_request& r) const;
  lane& lane_of(const compat::deferred_request& r);

  const std::shared_ptr<core> core_;
  dispatch_table rows_;
  std::mutex opening_; ///< of the next two
  bool open_ = false;
  std::vector<request> early_;
  std::array<lane, 64> lanes_;
};

} // namespace supercache::detail
