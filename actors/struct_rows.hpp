#pragma once

#include "executor.hpp"

#include <supercache/listing.hpp>
#include <supercache/type_ids.hpp>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace supercache::detail {
class core;
} // namespace supercache::detail

/// Structs as records {key, {field, …}}: what handles and messages share. A type needs no `init`
/// here, as a record says its key. As in calls.hpp, no function waits.
namespace supercache::detail::struct_rows {

/// Where it is kept which field is the key of a type, as {type, field}: the structs of a type that
/// no user's type can be, and that no listing shows.
inline constexpr const char* keys_space = ".keys";
inline bool is_shown(space_kind kind, std::string_view name) noexcept {
  return kind != space_kind::structs || name != keys_space;
}

/// Errors: `invalid_argument` for a name that no type can have.
status check_type(const std::string& type);
/// The types that are initialised, and which field is the key of each.
future<std::vector<std::pair<std::string, std::size_t>>> declared(core& c, const read_options& o);
/// Makes a field the key of a type, on all nodes, unless another is. Errors: `key_mismatch`.
future<unit> init(core& c, const std::string& type, std::size_t field, const wait_options& o);
/// The field that is the key of a type, if any.
future<std::optional<std::size_t>> key_of(core& c, const std::string& type, const read_options& o);
/// Errors: `key_mismatch` if the type is initialised and the key is not the key field.
future<unit> put(core& c, const std::string& type, record row, const write_options& o);
future<records> get(core& c, const std::string& type, const value& key, const read_options& o);
/// All; of an ordered_set in key order.
future<std::vector<record>> list(core& c, const std::string& type, const read_options& o);
future<std::size_t> remove(core& c, const std::string& type, const value& key,
                           const wait_options& o);
future<std::size_t> clear(core& c, const std::string& type, const wait_options& o);

} // namespace supercache::detail::struct_rows
