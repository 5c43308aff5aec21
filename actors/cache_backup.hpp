#pragma once

#include "clauses.hpp"

/// What CACHE does when a backup is made or put back.
namespace supercache::detail {

/// Whether an operation is one of those that put a backup back, and fits the partition. Errors:
/// `invalid_argument`.
status check_restoring(const core& c, std::uint64_t partition, const operation& o);
caf::result<value> apply_restoring(core& c, std::uint64_t partition, const operation& o);
caf::result<value> read_snapshot(core& c, std::uint64_t partition, std::uint64_t id,
                                 std::uint64_t number);
caf::result<value> declared_structs(core& c);

inline auto backup_clauses(handle_source c) {
  return std::tuple{
    [=](page_atom, index_atom, std::uint64_t partition, std::uint64_t id, std::uint64_t number) {
      return read_snapshot(*c, partition, id, number);
    },
    [=](apply_atom, index_atom, std::uint64_t partition, const operation& o) {
      return apply_restoring(*c, partition, o);
    },
    [=](struct_atom, init_atom) { return declared_structs(*c); },
  };
}

} // namespace supercache::detail
