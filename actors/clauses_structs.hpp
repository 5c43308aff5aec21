#pragma once

#include "clauses.hpp"
#include "struct_rows.hpp"

#include <supercache/structs.hpp>

namespace supercache::detail {

/// Structs, as records.
inline auto struct_clauses(handle_source c) {
  return std::tuple{
    [=](struct_atom, init_atom, std::string& type, std::uint64_t field) {
      return reply(to_expected(struct_space{handle_of(c), std::move(type)}.init(index_in(field))));
    },
    [=](struct_atom, put_atom, const std::string& type, record& row) {
      return reply(to_expected(struct_rows::put(*c, type, std::move(row), {})));
    },
    [=](struct_atom, put_atom, const std::string& type, record& row, std::int64_t ttl) {
      return reply(to_expected(struct_rows::put(*c, type, std::move(row), living(ttl))));
    },
    [=](struct_atom, get_atom, const std::string& type, const value& key) {
      return reply(to_expected(struct_rows::get(*c, type, key, {})));
    },
    [=](struct_atom, remove_atom, const std::string& type, const value& key) {
      return reply(to_expected(struct_rows::remove(*c, type, key)));
    },
    [=](struct_atom, clear_atom, const std::string& type) {
      return reply(to_expected(struct_rows::clear(*c, type)));
    },
  };
}

/// Operations that walk over all structs of a type.
inline auto struct_walk_clauses(handle_source c) {
  return std::tuple{
    [=](struct_atom, list_atom, const std::string& type) {
      return reply(to_expected(struct_rows::list(*c, type, {})));
    },
  };
}

} // namespace supercache::detail
