#pragma once

#include "core.hpp"

#include <supercache/cache.hpp>

/// Structs as records {key, {field, …}}: what handles and messages share. A type needs no `init`
/// here, as a record says its key.
namespace supercache::detail::struct_rows {

/// Errors: `key_mismatch` if the type is initialised and the key is not the key field.
status put(core& c, const std::string& type, record row, const write_options& o);
result<records> get(core& c, const std::string& type, const value& key, const read_options& o);
/// All; of an ordered_set in key order.
result<std::vector<record>> list(core& c, const std::string& type, const read_options& o);
result<std::size_t> remove(core& c, const std::string& type, const value& key,
                           const wait_options& o = {});
result<std::size_t> clear(core& c, const std::string& type, const wait_options& o = {});

} // namespace supercache::detail::struct_rows
