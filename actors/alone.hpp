#pragma once

#include "neighbours.hpp"

#include <supercache/cluster/sessions.hpp>
#include <supercache/options.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace supercache::detail {

class core;

/// No other nodes. This process has all data.
class alone final : public neighbours {
public:
  explicit alone(core& c);

  std::string own_name() const override { return "local"; }
  partition_place place_of(std::size_t partition) override;
  supercache::cluster_stats stats() override;
  std::int64_t time_ms(std::size_t) const noexcept override;
  bool reclaim(std::size_t partition, std::size_t budget) override;
  void list(std::vector<std::pair<std::string, caf::actor>>&) const override {}
  result<value> members() override { return nobody; }
  result<value> placement() override { return nobody; }

  void listen(bool on) override;
  future<unit> spread_interests() override { return unit{}; }
  void send_interests() override {}
  bool tell_changes(const std::string&, std::vector<transition>) override { return true; }

  cluster_view look() override;
  void serve(frame::request r, const caf::actor& client) override;
  void serve(frame::question q, const caf::actor& client) override;

  future<unit> leave(milliseconds) override { return nobody; }
  future<std::size_t> sync(milliseconds) override { return nobody; }
  status reconfigure(const std::vector<std::string>&) override { return nobody; }
  status force_primary(std::size_t) override { return nobody; }
  result<std::pair<byte_buffer, caf::actor>> welcome(byte_view, const caf::actor&) override;

private:
  static inline const failure nobody{errc::invalid_argument, "this cache is in no cluster"};
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
