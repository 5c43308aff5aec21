#pragma once

#include "common/address.hpp"

#include <supercache/store/value.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace supercache::app {

/// Asks a node of a cluster for its tables, and controls it. Thread: one. Leave it to `end_process`
/// at the end of the program, as with `client`.
class control {
public:
  using milliseconds = std::chrono::milliseconds;

  explicit control(address node);
  ~control();
  control(const control&) = delete;
  control& operator=(const control&) = delete;

  /// "members", "partitions", "leave", "sync", "force-primary": see `member_actor`. Connects if
  /// necessary. Throws `error` when there is no answer in time, or a bad one.
  value ask(const std::string& what, const value& argument, milliseconds wait);

private:
  struct link;
  address node_;
  std::shared_ptr<link> link_;
};

} // namespace supercache::app
