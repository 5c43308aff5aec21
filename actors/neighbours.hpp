#pragma once

#include "future.hpp"

#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/handshake.hpp>
#include <supercache/stats.hpp>
#include <supercache/store/change.hpp>

#include <caf/actor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace supercache::detail {

/// What a cache has to do with other nodes, beside the operations: see `executor` for these. A
/// cache that stands alone has none.
///
/// Thread: any. No function waits. Errors of those that steer a cluster: `invalid_argument` for a
/// cache that is no member of one.
class neighbours {
public:
  using milliseconds = std::chrono::milliseconds;
  virtual ~neighbours() = default;

  /// The node's name; "local" if it is in no cluster.
  virtual std::string own_name() const = 0;
  /// Where a partition's copies are, as this node sees it.
  virtual partition_place place_of(std::size_t partition) = 0;
  virtual supercache::cluster_stats stats() = 0;
  /// The present time for deadlines of a partition.
  virtual std::int64_t time_ms(std::size_t partition) const noexcept = 0;
  /// The node's own copy of a partition may free up to `budget` records that have expired; answers
  /// whether there are more. A member frees them in the order of its log.
  virtual bool reclaim(std::size_t partition, std::size_t budget) = 0;
  /// Adds the actors that this has, each with what the log calls it.
  virtual void list(std::vector<std::pair<std::string, caf::actor>>& actors) const = 0;
  virtual result<value> members() = 0;
  virtual result<value> placement() = 0;

  // -- what is watched ----------------------------------------------------------------------------
  /// Whether the feed is told of changes of the data.
  virtual void listen(bool on) = 0;
  /// Tells all nodes what listeners here watch; answers when those that can be reached know.
  /// Errors: `timeout` naming a node that does not answer.
  virtual future<unit> spread_interests() = 0;
  /// The same without an answer.
  virtual void send_interests() = 0;
  /// Tells a node what it watches. Answers false if the node cannot be told now.
  virtual bool tell_changes(const std::string& node, std::vector<transition> what) = 0;

  // -- clients ------------------------------------------------------------------------------------
  /// What clients have to know; without the options.
  virtual cluster_view look() = 0;
  /// Does what a client asks for, and sends it the answer.
  virtual void serve(frame::request r, const caf::actor& client) = 0;
  virtual void serve(frame::question q, const caf::actor& client) = 0;
  /// Of a client: a watch that another node keeps. Nothing: this one keeps it.
  virtual std::optional<future<std::uint64_t>> watch_elsewhere(const interest&, const caf::actor&) {
    return {};
  }
  virtual bool unwatch_elsewhere(std::uint64_t) { return false; }

  // -- what people and other nodes ask for --------------------------------------------------------
  virtual future<unit> leave(milliseconds longest) = 0;
  /// Answers the copies that every partition has, when each has a primary and all it should have.
  virtual future<std::size_t> sync(milliseconds longest) = 0;
  virtual status reconfigure(const std::vector<std::string>& nodes) = 0;
  virtual status force_primary(std::size_t partition) = 0;
  /// Answers a node that dialled: our own hello, and the actor that takes its frames. Errors: why
  /// it is refused.
  virtual result<std::pair<byte_buffer, caf::actor>> welcome(byte_view hello,
                                                             const caf::actor& endpoint)
    = 0;
};

/// The neighbours of a process that is no member of a cluster: nobody steers it, and no node tells
/// it what to watch.
class outsider : public neighbours {
public:
  result<value> members() final { return why_not_; }
  result<value> placement() final { return why_not_; }
  future<unit> spread_interests() final { return unit{}; }
  void send_interests() final {}
  bool tell_changes(const std::string&, std::vector<transition>) final { return true; }
  future<unit> leave(milliseconds) final { return why_not_; }
  future<std::size_t> sync(milliseconds) final { return why_not_; }
  status reconfigure(const std::vector<std::string>&) final { return why_not_; }
  status force_primary(std::size_t) final { return why_not_; }
  result<std::pair<byte_buffer, caf::actor>> welcome(byte_view, const caf::actor&) final {
    return {errc::invalid_config, "this node is no member of a cluster"};
  }

protected:
  /// `why_not`: what those are told who want to steer it.
  explicit outsider(failure why_not) : why_not_(std::move(why_not)) {}
  const failure& why_not() const noexcept { return why_not_; }

private:
  const failure why_not_;
};

} // namespace supercache::detail
