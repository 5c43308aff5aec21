#pragma once

#include "feed.hpp"
#include "local_executor.hpp"
#include "neighbours.hpp"

#include <supercache/options.hpp>

namespace supercache::detail {

/// The neighbours of a cache that has none.
class alone final : public neighbours {
public:
  alone(const executor::stores& all, feed& changes, const options& o)
    : stores_(all), changes_(changes), options_(o) {}

  std::string own_name() const override { return "local"; }
  partition_place place_of(std::size_t partition) override;
  supercache::cluster_stats stats() override;
  std::int64_t time_ms(std::size_t) const noexcept override { return system_ms(); }
  bool reclaim(std::size_t partition, std::size_t budget) override;
  void list(std::vector<std::pair<std::string, caf::actor>>&) const override {}
  result<value> members() override { return none(); }
  result<value> placement() override { return none(); }
  void listen(bool on) override;
  future<unit> spread_interests() override { return ok(); }
  void send_interests() override {}
  bool tell_changes(const std::string&, std::vector<transition>) override { return true; }
  future<unit> leave(milliseconds) override { return none(); }
  future<std::size_t> sync(milliseconds) override { return none(); }
  status reconfigure(const std::vector<std::string>&) override { return none(); }
  status force_primary(std::size_t) override { return none(); }
  result<std::pair<byte_buffer, caf::actor>> welcome(byte_view, const caf::actor&) override;

private:
  static failure none() { return {errc::invalid_argument, "this cache is no member of a cluster"}; }

  const executor::stores& stores_;
  feed& changes_;
  const options& options_;
};

} // namespace supercache::detail
