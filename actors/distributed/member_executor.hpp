#pragma once

#include "../executor.hpp"

namespace supercache::detail {

class node;

/// Does everything through the request protocol, as a member of a cluster.
class member_executor final : public executor {
public:
  explicit member_executor(node& n) noexcept : executor(nullptr), node_(n) {}

  future<value> begin_write(std::size_t partition, operation what, milliseconds timeout) override;
  future<answer> read(std::size_t partition, query what, const read_options& how) override;
  future<answer> look_for_item(std::size_t partition, const std::string& queue,
                               milliseconds timeout) override;
  bool leads(std::size_t partition) const override;
  /// Hot path of a local read in a cluster: some loads more than without one.
  bool get_here(std::size_t partition, const place& in, const value& key, std::uint64_t key_hash,
                read_mode mode, records& out) override;
  void items_came(std::size_t partition, std::string_view queue) override;

private:
  void gather(void (*call)(void*), void* begin_all) override;

  node& node_;
};

} // namespace supercache::detail
