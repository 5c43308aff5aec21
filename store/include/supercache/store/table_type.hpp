#pragma once

#include <supercache/store/abi.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace supercache::inline SUPERCACHE_ABI {

/// How a table keeps records; as in Erlang's ETS.
enum class table_type : std::uint8_t {
  set,           ///< one record per key, the last write wins
  ordered_set,   ///< the same, kept in key order
  bag,           ///< many records per key, no two equal
  duplicate_bag, ///< many records per key
};
SUPERCACHE_API std::string_view to_string(table_type t) noexcept;
SUPERCACHE_API std::optional<table_type> table_type_from(std::string_view name) noexcept;

} // namespace supercache::inline SUPERCACHE_ABI
