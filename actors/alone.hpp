#pragma once

#include "neighbours.hpp"

#include <supercache/cluster/sessions.hpp>
#include <supercache/options.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace supercache::detail {

class core;

/// The neighbours of a cache that has none.
class alone final : public outsider {
public:
  explicit alone(core& c);

  std::string own_name() const override { return "local"; }
  partition_place place_of(std::size_t partition) override;
  supercache::cluster_stats stats() override;
  std::int64_t time_ms(std::size_t) const noexcept override;
  bool reclaim(std::size_t partition, std::size_t budget) override;
  void list(std::vector<std::pair<std::string, caf::actor>>&) const override {}

  void listen(bool on) override;

  cluster_view look() override;
  void serve(frame::request r, const caf::actor& client) override;
  void serve(frame::question q, const caf::actor& client) override;

private:
  /// What clients wrote to a partition, so that what they send again is not done again.
  struct written {
    std::mutex lock;
    sessions by;
  };
  void write(sessions& by, const frame::request& r, const caf::actor& client);
  void read(const frame::question& q, const caf::actor& client);

  core& core_;
  const member self_;
  std::vector<std::unique_ptr<written>> written_; ///< of each partition
};

} // namespace supercache::detail
