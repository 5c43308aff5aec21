#pragma once

#include <supercache/cluster/ids.hpp>
#include <supercache/interfaces.hpp>

#include <caf/actor_addr.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace supercache::detail {

/// Which nodes the application was told of, and who is told. Thread: any. Its lock is taken alone.
class node_events {
public:
  /// Tells a listener of the nodes that there are, and of changes from then on; once, however often
  /// it is added. Errors: see `cache::watch_nodes`.
  status add(const caf::actor& who);
  /// Answers whether it was there.
  bool remove(const caf::actor& who);
  /// Tells nobody any more.
  void clear();
  /// The nodes that can be reached now; tells the difference.
  void now_live(const member_list& nodes);

private:
  void tell(const caf::actor& who, const std::string& node, bool up) const;

  std::mutex lock_; ///< of the rest
  std::map<std::string, member_id> live_;
  std::vector<caf::actor_addr> listeners_;
};

} // namespace supercache::detail
