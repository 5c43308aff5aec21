#pragma once

#include "../future.hpp"

#include <supercache/cluster/ids.hpp>
#include <supercache/interfaces.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace supercache::detail {

class core;
class relay;

/// A node that keeps watches for a client.
struct watch_keeper {
  member_id id = 0;
  watchable_actor node;
};

/// The watches of a client. A node keeps each of them, and tells an actor here, which tells the
/// listener. When that node is gone, another one keeps the watch, and the listener is told
/// `missed`.
///
/// Thread: any.
class relays {
public:
  /// `keeper` answers a node that is connected, if there is any.
  relays(core& c, std::function<std::optional<watch_keeper>()> keeper)
    : core_(c), keeper_(std::move(keeper)) {}

  /// Errors: those of `cache::watch`; `unavailable`.
  future<std::uint64_t> add(const interest& what, const caf::actor& who);
  /// Answers whether there was one.
  bool remove(std::uint64_t watch);
  /// A node cannot be reached any more.
  void lost(member_id keeper);
  /// Finds new keepers for watches that have none. Every 25 ms or so.
  void tick();
  void stop();

private:
  core& core_;
  const std::function<std::optional<watch_keeper>()> keeper_;
  std::mutex lock_;
  std::map<std::uint64_t, std::shared_ptr<relay>> all_;
  std::uint64_t last_ = 0;
};

} // namespace supercache::detail
