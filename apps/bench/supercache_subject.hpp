#pragma once

#include "workload.hpp"

#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>

namespace bench {

/// The cache itself, through its public handle.
class supercache_subject final : public subject {
public:
  supercache_subject(caf::actor_system& system, const workload& w, std::size_t partitions);

  std::string name() const override { return "supercache"; }
  bool can(const std::string&, std::size_t) const override { return true; }
  slice run(const std::string& which, std::uint64_t ops, std::size_t threads) override;
  std::vector<std::uint64_t> latencies(const std::string& which, std::size_t n) override;
  supercache::cache& cache() noexcept { return cache_; }

private:
  static supercache::cache start(caf::actor_system& system, std::size_t partitions);
  /// Fills or empties what the case needs; untimed.
  void prepare(const std::string& which, std::uint64_t ops);
  /// `around(op)` calls op, and may time it.
  std::uint64_t one_by_one(const std::string& which, std::uint64_t ops, std::size_t thread,
                           std::size_t threads, const auto& around);
  std::uint64_t in_batches(const std::string& which, std::uint64_t ops, std::size_t thread,
                           std::size_t threads);
  std::uint64_t whole_table(const std::string& which, std::uint64_t ops);
  std::uint64_t by_messages(std::uint64_t ops, std::size_t threads);
  /// Eight actors that call the handle, on the two threads of the scheduler.
  std::uint64_t by_blocking_actors(std::uint64_t ops);

  const workload& w_;
  caf::actor_system& system_;
  supercache::cache cache_;
};

} // namespace bench
