#pragma once

#include "plan.hpp"
#include "world.hpp"

#include <supercache/cluster/frame_assembly.hpp>
#include <supercache/cluster/link_core.hpp>
#include <supercache/cluster/membership.hpp>
#include <supercache/cluster/partition_core.hpp>
#include <supercache/cluster/requests.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace sim {

using namespace supercache;

class cluster;

/// What became of a write.
struct outcome {
  enum class kind { done, refused, unknown };
  kind is = kind::unknown;
  value answer;
};
using on_outcome = std::function<void(const outcome&)>;

/// One incarnation of a node: the cores of its partitions and of its membership, and around them,
/// in place of actors, the parts that connect, retry and wait.
class node final : public contacts, public surroundings {
public:
  node(cluster& c, member self, std::vector<std::string> declared, std::int64_t skew_ms);

  const member& self() const noexcept { return self_; }
  bool paused() const noexcept { return paused_; }
  void set_paused(bool p);
  /// The process is gone. Its clients learn nothing more.
  void end();
  bool ended() const noexcept { return ended_; }
  void declare(const std::vector<std::string>& names);
  /// Begins to give away its data.
  void leave();
  bool leaving() const noexcept { return membership_.leaving(); }
  /// Whether it may end: nothing counts on it, and another node knows that it leaves.
  bool may_end() const;
  /// Takes a frame, now or, if it is paused, later.
  void deliver(std::function<void(node&)> frame);

  replica& copy(std::size_t partition) { return parts_[partition]->core->replica(); }
  partition_store& store(std::size_t partition) { return *parts_[partition]->store; }
  const membership& view() const noexcept { return membership_; }
  std::uint64_t discarded() const noexcept { return discarded_; }
  /// For how long the record that expired first has been kept beyond its time.
  std::int64_t overdue_ms(std::size_t partition);

  /// Writes, through whichever node leads, until the deadline.
  void write(std::size_t partition, operation what, std::int64_t timeout_ms, on_outcome done);

  /// The second field of a record, nil if there is none.
  struct seen {
    value what;
    value expired; ///< what was not found because its time is over; for checks
  };
  /// What was read; nothing if no node could answer in time.
  using on_found = std::function<void(const std::optional<seen>&)>;
  struct reading {
    std::size_t partition = 0;
    space where;
    value key;
    read_mode how = read_mode::primary;
    on_found done;
  };
  /// Reads, through whichever nodes are needed, until the deadline.
  void read(reading what, std::int64_t timeout_ms);
  /// The connection to another breaks, or, if `dead`, its process is gone.
  void notice(const member& other, bool dead);

  // -- frames: what other nodes say ---------------------------------------------------------------

  /// `session`: of the connection, in plans with streams.
  void hello(const member& from, bool answer, std::uint64_t session);
  /// In plans with streams, everything else: a frame of the connection, or a piece of one.
  void arrive(const member& from, const byte_buffer& bytes);
  // In the others:
  /// `sent_ms`: by the sender's clock; `echo_ms`: when the last heartbeat that arrived there left
  /// here, by this node's clock.
  void heartbeat(const member& from, const frame::heartbeat& sign, std::int64_t sent_ms,
                 std::int64_t echo_ms);
  void messages(const member& from, const byte_buffer& bytes);
  void take(const member& from, frame::item i);

  // -- as `contacts` and `surroundings` say -------------------------------------------------------

  bool heard_us(member_id incarnation, std::int64_t since_ms) const override;
  bool leads(std::size_t partition) const override { return parts_[partition]->copy().leads(); }
  bool serves(std::size_t partition) const override;
  bool lags(std::size_t partition) const override;
  member_id primary_of(std::size_t partition) const override;
  member_list members_of(std::size_t partition) const override;
  bool reaches(member_id incarnation) const override;
  std::int64_t round_trip_ms(member_id) const override { return 0; }
  std::string name_of(member_id incarnation) const override;
  failure no_primary(std::size_t partition) const override;

private:
  struct part {
    std::unique_ptr<partition_store> store;
    std::unique_ptr<partition_core> core;
    const replica& copy() const { return core->replica(); }
    replica& copy() { return core->replica(); }
    position wrote; ///< the last write of clients here that another node acknowledged
    claim said;
    std::uint64_t steered = 0;
    log_index committed = 0;
    epoch led; ///< the last epoch that was its own
  };
  struct link {
    member_id incarnation = 0;
    bool up = false;
    bool flushing = false;
    std::int64_t heard_ms = 0;
    std::int64_t echo_ms = 0;   ///< when the last heartbeat of the other left there
    std::int64_t proven_ms = 0; ///< the other has heard what left here at this time
    struct flow {
      explicit flow(const plan& p);
      link_core core;
      frame_assembly assembly;
    };
    std::unique_ptr<flow> stream;           ///< in plans with streams, once there was one
    std::uint64_t dialled = 0, session = 0; ///< the last ones
  };
  struct inbox;
  std::int64_t now() const; ///< the node's own clock
  void tick();
  void dial();
  void connect(const member& m, std::uint64_t session, bool dialled);
  void tell_claims(const member& to);
  void tell_who_is_gone();
  void disconnect(const std::string& name, bool dead);
  void after_step(std::size_t partition);
  void announce(std::size_t partition);
  void steer(std::size_t partition);
  void flush_soon(member_id incarnation);
  void flush(const std::string& name);
  /// These answer whether there is more that may be sent.
  bool flush_messages(const std::string& name);
  bool flush_stream(const std::string& name);
  template <class F>
  bool collect(const member& to, std::size_t most, F&& f);
  /// Says something to a node. Answers false if it is not connected, or too much waits.
  bool say(const member& to, const frame::item& what);
  void beat(const std::string& to);
  void take_all(const member& from, byte_view items);
  bool hears(const member& from);
  void request(const member& from, const frame::request& r);
  void reply(const member& from, const frame::reply& r);
  void question(const member& from, const frame::question& q);
  void found(const member& from, const frame::found& f);
  void settle(std::size_t partition);
  using on_written = partition_core::on_written;
  partition_core::beginning propose(std::size_t partition, const request_id& who,
                                    const operation& what, on_written done);
  using on_answer = std::function<void(result<answer>, standing)>;
  void ask_here(std::size_t partition, const query& q, bool as_primary, on_answer done);

  /// Calls `f(requests&, effects)` and does what comes of it.
  template <class F>
  void request_step(F&& f);
  void tick_requests();
  /// The link to an incarnation that can be reached, and its node's name; nullptr: there is none.
  const std::pair<const std::string, link>* link_of(member_id incarnation) const;
  void perform(effect::try_write& e);
  void perform(effect::try_read& e);
  void perform(effect::send& e);
  void perform(effect::wrote& e);
  void perform(effect::answer_write& e) { e.done(std::move(e.answer)); }
  void perform(effect::answer_read& e) { e.done(std::move(e.answer)); }
  void perform(const effect::retry&) {}

  cluster& c_;
  member self_;
  std::int64_t skew_ms_;
  bool paused_ = false, ended_ = false;
  std::deque<std::function<void(node&)>> held_; ///< while paused
  membership membership_;
  std::vector<std::unique_ptr<part>> parts_;
  std::map<std::string, link> links_;
  requests requests_;
  std::int64_t next_beat_ms_ = 0;
  std::uint64_t told_gone_ = 0;
  std::int64_t left_ms_ = 0; ///< when it began to leave
  std::uint64_t discarded_ = 0;
};

} // namespace sim
