#pragma once

#include "core.hpp"

#include <supercache/cache.hpp>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

/// Structs as records {key, {field, …}}: what handles and messages share. A type needs no `init`
/// here, as a record says its key.
namespace supercache::detail::struct_rows {

/// Where a cluster keeps which field is the key of a type, as {type, field}: the structs of a type
/// that no user's type can be, and that no listing shows.
inline constexpr const char* keys_space = ".keys";
inline bool is_shown(space_kind kind, std::string_view name) noexcept {
  return kind != space_kind::structs || name != keys_space;
}

/// Errors: `invalid_argument` for a name that no type can have.
status check_type(const std::string& type);
/// The types that are initialised, and which field is the key of each. Errors: those of a read.
result<std::vector<std::pair<std::string, std::size_t>>> declared(core& c, const read_options& o);
/// Makes a field the key of a type, on all nodes, unless another is. Errors: `key_mismatch`; in a
/// cluster those of a write.
status init(core& c, const std::string& type, std::size_t field, const wait_options& o);
/// The field that is the key of a type, if any.
result<std::optional<std::size_t>> key_of(core& c, const std::string& type, const read_options& o);
/// Errors: `key_mismatch` if the type is initialised and the key is not the key field.
status put(core& c, const std::string& type, record row, const write_options& o);
result<records> get(core& c, const std::string& type, const value& key, const read_options& o);
/// All; of an ordered_set in key order.
result<std::vector<record>> list(core& c, const std::string& type, const read_options& o);
result<std::size_t> remove(core& c, const std::string& type, const value& key,
                           const wait_options& o = {});
result<std::size_t> clear(core& c, const std::string& type, const wait_options& o = {});

} // namespace supercache::detail::struct_rows
