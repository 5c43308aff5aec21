#pragma once

#include "../future.hpp"

#include <supercache/cluster/requests.hpp>

#include <caf/actor.hpp>

#include <chrono>
#include <mutex>

namespace supercache::detail {

class link;
class node;

/// Who waits for an answer: a peer, in one of its incarnations, or a client.
struct asker {
  link* peer = nullptr;
  member_id incarnation = 0;
  caf::actor client{};

  asker(link& l);
  asker(caf::actor c) : client(std::move(c)) {}
  /// Another incarnation would take the answer for one to a question of its own.
  bool is_there() const noexcept;
  void tell(node& n, const frame::item& i) const;
};

/// Makes the requests of this node's callers, and answers those of other nodes. The decisions are
/// in `requests`; here are its lock and what it wants done. Thread: any.
class router {
public:
  using milliseconds = std::chrono::milliseconds;

  explicit router(node& n);

  /// Errors: see `requests::write`.
  future<value> write(std::size_t partition, operation what, milliseconds timeout);
  /// Errors: see `requests::read`, which also says what `hold` means.
  future<answer> ask(std::size_t partition, query what, read_mode mode, milliseconds timeout,
                     bool hold = false);

  // -- what peers say -----------------------------------------------------------------------------
  void serve(const asker& from, const frame::request& r);
  void serve(const asker& from, const frame::question& q);
  void on(link& from, frame::reply r);
  void on(link& from, frame::found f);

  /// Attempts that are due, deadlines that passed. Every 25 ms or so.
  void tick();
  /// Ends everything that is under way; and nothing begins any more.
  void stop();

private:
  /// Calls `f(requests&, effects)` under the lock and does what comes of it.
  template <class F>
  void step(F&& f);
  void perform(effect::try_write& e);
  void perform(effect::try_read& e);
  void perform(effect::send& e);
  void perform(effect::wrote& e);
  void perform(effect::answer_write& e);
  void perform(effect::answer_read& e);
  void perform(effect::retry& e);
  void try_write(const effect::try_write& e);
  void try_read(const effect::try_read& e);
  void answer_to(const asker& from, const frame::question& q);
  void tell(const asker& from, const frame::question& q, standing at, result<answer> x);

  node& node_;
  std::mutex lock_;
  requests requests_; ///< under the lock
};

} // namespace supercache::detail
