#pragma once

#include <supercache/cluster/options.hpp>
#include <supercache/log.hpp>
#include <supercache/store/pattern.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

/// How a call of the handle is done.
namespace supercache::inline SUPERCACHE_ABI {

/// How a write is done.
///
/// A write that stores a whole record or value (`put`, `add`, `insert_new`, `update(key, value)`,
/// …) gives it `ttl` to live. A write that changes an existing one (`update_counter`, `update` with
/// a function, `increment`, `compare_exchange`) keeps its deadline if no ttl is given; otherwise
/// the result lives that long from now.
struct write_options {
  /// How long the data lives; zero = for ever, or as said above. Negative is an error.
  std::chrono::milliseconds ttl{0};
  /// How long the caller waits for the cluster; unused with one member.
  std::chrono::milliseconds timeout{5000};
};

/// How long a caller waits, for operations without other options; unused with one member.
struct wait_options {
  std::chrono::milliseconds timeout{5000};
};

struct list_options;

/// How a read is done.
struct read_options {
  read_mode mode = read_mode::local;
  std::chrono::milliseconds timeout{5000};
  operator list_options() const; ///< of everything: see listing.hpp
};

/// How a client is connected: see `cache::connect`.
///
/// A client has the handle of a cache, and no data. It connects to every node that can be reached,
/// not only to those that it was given, and asks the primary of each partition itself. When a node
/// dies, what it was asked is asked again at its successor; a write is done once even so. Reads
/// give at least what mode `primary` gives. What only a member can do, such as `leave`, fails with
/// `invalid_argument`. A watch is kept by one node for the client; when that node is gone, another
/// one keeps it, and the listener is told `missed`.
///
/// Errors of connecting: `invalid_argument` for an address of another form; `io_error` if nobody is
/// there, or no SuperCache node; `timeout`; `invalid_config` if the node speaks another version of
/// the protocol, or if the actor system lacks something, with the line to write.
struct connect_options {
  /// How long the first node may take to answer, for all addresses together.
  std::chrono::milliseconds timeout{5000};
  /// Where the log goes; null: as for `options::log`.
  std::shared_ptr<logger> log{};
  std::size_t lazy_put_limit = 65'536; ///< see `options::lazy_put_limit`
};

inline constexpr std::nullopt_t any_partition = std::nullopt;

/// Which partitions an operation covers: all (`any_partition`), or the one of a partition value. An
/// empty `std::optional` is all of them.
class partition_filter {
public:
  partition_filter() noexcept = default;
  partition_filter(std::nullopt_t) noexcept {}
  template <detail::literal T>
  partition_filter(T&& x) : only_(std::in_place, std::forward<T>(x)) {}
  template <detail::element T>
  partition_filter(const std::optional<T>& x) {
    if (x)
      only_.emplace(*x);
  }

  bool has_value() const noexcept { return only_.has_value(); }
  explicit operator bool() const noexcept { return only_.has_value(); }
  /// @pre has_value()
  const value& operator*() const noexcept { return *only_; }

private:
  std::optional<value> only_;
};

} // namespace supercache::inline SUPERCACHE_ABI
