#pragma once

#include <supercache/cache.hpp>

namespace supercache::inline SUPERCACHE_ABI {

/// Which part of a listing is wanted, and how it is read.
struct list_options {
  read_mode mode = read_mode::local;
  std::chrono::milliseconds timeout{5000}; ///< in a cluster: longest wait for each page
  std::string prefix{};  ///< only keys, or names, that are strings and begin with this
  std::size_t limit = 0; ///< at most so many; 0 = all, or, of one page, about 1000
};

inline read_options::operator list_options() const { return {mode, timeout}; }

/// A part of a listing, for a caller that does not want all of it in memory at once.
template <class T>
struct listing {
  std::vector<T> items;
  value next; ///< where the next page begins; nil after the last one
};

/// Names of the namespaces, queues, stacks or struct types that have something in them, each once,
/// sorted. `from`: only names after this one. Cost: O(names) in each partition.
/// Errors: `invalid_argument` for the tuples, which have no name.
SUPERCACHE_API std::vector<std::string> names(const cache& c, space_kind kind,
                                              const list_options& o = {},
                                              const std::optional<std::string>& from = {});
SUPERCACHE_API caf::expected<std::vector<std::string>> try_names(
  const cache& c, space_kind kind, const list_options& o = {},
  const std::optional<std::string>& from = {});

} // namespace supercache::inline SUPERCACHE_ABI
