#pragma once

#include <supercache/cluster/options.hpp>
#include <supercache/interfaces.hpp>

#include <memory>
#include <string>
#include <vector>

namespace supercache::detail {

/// The nodes that the provider of the options has, each `name@host:port`. Errors, with the reason:
/// it cannot be read, it has none, or something in it is no node: half a list would take nodes away
/// from the cluster that are there. Never throws; may block.
result<std::vector<std::string>> ask_provider(const cluster_options& o);

/// Holds the application's callback for a cache, and lets it go when the cache stops: what it
/// captured may be a handle of that cache. Thread: any.
class provider_holder {
public:
  /// Replaces the callback of the options, if there is one, by one that asks it until it is let go.
  explicit provider_holder(cluster_options& o);
  void let_go();

private:
  struct held;
  std::shared_ptr<held> held_;
};

/// PROVIDER: asks the provider, detached, since that may take longer than a node may be silent.
using provider_actor = compat::iface<caf::result<std::vector<std::string>>(caf::tick_atom)>;
provider_actor::behavior_type provider_behavior(provider_actor::pointer self, cluster_options o);

} // namespace supercache::detail
