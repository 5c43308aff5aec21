#pragma once

#include "workload.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// Latencies of single operations, one after the other, in ns, sorted.
struct latencies {
  std::vector<std::uint64_t> ns;
  std::uint64_t at(double share) const {
    return ns.empty() ? 0
                      : ns[static_cast<std::size_t>(static_cast<double>(ns.size() - 1) * share)];
  }
};

/// Repeats `op` for this many seconds.
latencies one_after_the_other(double seconds, auto&& op) {
  latencies out;
  const double start = now_ns();
  for (double before = start; before < start + seconds * 1e9;) {
    op();
    const double now = now_ns();
    out.ns.push_back(static_cast<std::uint64_t>(now - before));
    before = now;
  }
  std::ranges::sort(out.ns);
  return out;
}

/// What the operations of a cluster are compared with. Ratios are of times, or of speeds where
/// several operations are in flight.
class baseline {
public:
  virtual ~baseline() = default;
  virtual std::string name() const = 0;
  /// Whether it has a counterpart of this case of `supercache-bench cluster`.
  virtual bool can(const std::string& which) const = 0;
  virtual latencies one_by_one(const std::string& which, double seconds) = 0;
  /// Operations per second with so many in flight; 0 = not supported.
  virtual double per_sec(const std::string&, std::size_t, double) { return 0; }
};

/// 64 bytes to another process and back, over a TCP connection.
std::unique_ptr<baseline> make_tcp();
/// A request with a record to an actor in another process, answered with nothing.
std::unique_ptr<baseline> make_caf();
/// `erpc:call` to another Erlang node; nullptr when Erlang is not installed.
std::unique_ptr<baseline> make_erpc();
/// redis-server with replicas: SET, SET and WAIT 1, GET; nullptr when it is not installed.
std::unique_ptr<baseline> make_redis(std::size_t replicas);

} // namespace bench
