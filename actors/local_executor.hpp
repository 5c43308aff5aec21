#pragma once

#include "executor.hpp"

#include <functional>
#include <string>

namespace supercache::detail {

/// Does everything in this process, at once.
class local_executor final : public executor {
public:
  using on_items = std::function<void(std::size_t partition, const std::string& queue)>;

  local_executor(const stores& all, on_items items)
    : executor(&all), stores_(all), on_items_(std::move(items)) {}

  future<value> begin_write(std::size_t partition, operation what, milliseconds) override;
  future<answer> read(std::size_t partition, query what, const read_options&) override;
  future<answer> look_for_item(std::size_t partition, const std::string& queue,
                               milliseconds) override;
  bool leads(std::size_t) const override { return true; }
  bool get_here(std::size_t partition, const place& in, const value& key, std::uint64_t key_hash,
                read_mode, records& out) override;
  void items_came(std::size_t partition, std::string_view queue) override;

private:
  void gather(void (*call)(void*), void* begin_all) override { call(begin_all); }

  const stores& stores_;
  const on_items on_items_;
};

} // namespace supercache::detail
