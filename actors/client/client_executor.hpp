#pragma once

#include "../executor.hpp"
#include "remote.hpp"

namespace supercache::detail {

/// Does everything at the nodes of a cluster, or at a single node, of which this process is none.
class client_executor final : public executor {
public:
  explicit client_executor(remote& r) noexcept : executor(nullptr), remote_(r) {}

  future<value> begin_write(std::size_t partition, operation what, milliseconds timeout) override {
    return remote_.write(partition, std::move(what), timeout);
  }
  future<answer> read(std::size_t partition, query what, const read_options& how) override {
    return remote_.read(partition, std::move(what), how, false);
  }
  future<answer> look_for_item(std::size_t partition, const std::string& queue,
                               milliseconds timeout) override {
    return remote_.read(partition, query{{space_kind::queue, queue}, ask::peek{}},
                        {read_mode::primary, timeout}, true);
  }
  bool leads(std::size_t) const override { return false; }
  bool get_here(std::size_t, const place&, const value&, std::uint64_t, read_mode,
                records&) override {
    return false;
  }
  void items_came(std::size_t, std::string_view) override {}

private:
  void gather(void (*call)(void*), void* begin_all) override { remote_.together(call, begin_all); }

  remote& remote_;
};

} // namespace supercache::detail
