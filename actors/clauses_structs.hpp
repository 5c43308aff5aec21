#pragma once

#include "clauses.hpp"

namespace supercache::detail {

inline status put_struct(core& c, const std::string& type, record row) {
  if (row.size() != 2 || !row[1].is_tuple())
    return {errc::invalid_argument, "a struct is stored as {key, {field, ...}}"};
  const auto h = hash(row[0]);
  c.of(h).open(space_kind::structs, type).put(std::move(row), h, 0, c.now());
  return done();
}

/// Calls `f(table)` for the struct type's table in each partition that has one.
template <class F>
void each_struct_table(core& c, const std::string& type, F&& f) {
  for (std::size_t i = 0; i < c.partitions(); ++i)
    if (table* t = c.at(i).find(space_kind::structs, type))
      f(*t);
}

inline caf::result<record_list> list_structs(core& c, const std::string& type) {
  record_list out;
  each_struct_table(c, type, [&](table& t) {
    t.each(c.now(), [&](const record& r) {
      out.push_back(r);
      return true;
    });
  });
  return out;
}

/// Structs, as records.
inline auto struct_clauses(handle_source c) {
  return std::tuple{
    [=](struct_atom, put_atom, const std::string& type, record& row) {
      return reply(to_expected(put_struct(*c, type, std::move(row))));
    },
    [=](struct_atom, get_atom, const std::string& type,
        const value& key) -> caf::result<record_list> {
      const auto hashed = hash(key);
      table* t = c->of(hashed).find(space_kind::structs, type);
      return t ? t->get(key, hashed, c->now()).to_vector() : record_list{};
    },
    [=](struct_atom, list_atom, const std::string& type) { return list_structs(*c, type); },
    [=](struct_atom, remove_atom, const std::string& type,
        const value& key) -> caf::result<std::uint64_t> {
      const auto hashed = hash(key);
      table* t = c->of(hashed).find(space_kind::structs, type);
      return std::uint64_t{t ? t->remove(key, hashed, c->now()) : 0};
    },
    [=](struct_atom, clear_atom, const std::string& type) -> caf::result<std::uint64_t> {
      std::uint64_t n = 0;
      each_struct_table(*c, type, [&](table& t) { n += t.clear(c->now()); });
      return n;
    },
  };
}

} // namespace supercache::detail
