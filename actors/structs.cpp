#include "access.hpp"
#include "distributed/remote.hpp"
#include "struct_rows.hpp"

#include <supercache/structs.hpp>

#include <cstdlib>
#include <cxxabi.h>

namespace supercache {

namespace struct_codec::detail {

std::string demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string out = status == 0 ? text : name;
  std::free(text);
  return out;
}

} // namespace struct_codec::detail

namespace detail {

namespace {
/// @pre `structs_lock` is held
std::optional<std::size_t> known_key(const core& c, const std::string& type) {
  for (const auto& [name, field] : c.struct_keys)
    if (name == type)
      return field;
  return {};
}
std::optional<std::size_t> find_key(core& c, const std::string& type) {
  const std::lock_guard hold{c.structs_lock};
  return known_key(c, type);
}
} // namespace

// -- rows {key, {field, …}}: what handles and messages share --------------------------------------

namespace struct_rows {

status put(core& all, const std::string& type, record row, const write_options& o) {
  return write(all, metric::put, [&](core& c) -> status {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    if (row.size() != 2 || !row[1].is_tuple())
      return {errc::invalid_argument, "a struct is stored as {key, {field, ...}}"};
    const auto fields = row[1].items();
    if (const auto key = find_key(c, type);
        key && (*key >= fields.size() || fields[*key] != row[0]))
      return {errc::key_mismatch, type + " has field " + std::to_string(*key)
                                    + " as its key, which is not " + to_string(row[0])};
    const auto h = hash(row[0]);
    if (c.cluster())
      return remote::as_status(remote::write(c, c.index_of(h), {space_kind::structs, type},
                                             op::put{std::move(row), *ttl}, o.timeout));
    c.of(h).open(space_kind::structs, type).put(std::move(row), h, *ttl, c.now());
    return done();
  });
}

result<records> get(core& all, const std::string& type, const value& key, const read_options& o) {
  return read(all, o, [&](core& c) -> result<records> {
    const auto h = hash(key);
    if (c.cluster())
      return remote::as_records(remote::ask(
        c, c.index_of(h), remote::reading(ask::get{{key}}, space{space_kind::structs, type}), o));
    const table* t = c.of(h).find(space_kind::structs, type);
    return t ? t->get(key, h, c.now()) : records{};
  });
}

result<std::vector<record>> list(core& all, const std::string& type, const read_options& o) {
  return walk(all, metric::scan, [&](core& c) {
    return all_rows(c, {space_kind::structs, type}, o);
  });
}

result<std::size_t> remove(core& all, const std::string& type, const value& key,
                           const wait_options& o) {
  return write(all, metric::delete_, [&](core& c) -> result<std::size_t> {
    const auto h = hash(key);
    if (c.cluster())
      return remote::as_count(
        remote::write(c, c.index_of(h), {space_kind::structs, type}, op::remove{key}, o.timeout));
    table* t = c.of(h).find(space_kind::structs, type);
    return t ? t->remove(key, h, c.now()) : 0;
  });
}

result<std::size_t> clear(core& all, const std::string& type, const wait_options& o) {
  return write(all, metric::delete_all, [&](core& c) -> result<std::size_t> {
    if (c.cluster())
      return remote::as_count(remote::write_each(
        c, 0, c.partitions(), remote::writing(op::clear{}, space{space_kind::structs, type}),
        o.timeout));
    std::size_t n = 0;
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::structs, type))
        n += t->clear(c.now());
    return n;
  });
}

} // namespace struct_rows

// -- of a handle, for types that are initialised --------------------------------------------------

status struct_space::init(std::size_t key_field) {
  core& c = cache_.internals();
  if (auto s = c.check_running(); !s)
    return s;
  const std::lock_guard hold{c.structs_lock};
  const auto known = known_key(c, type_);
  if (known && *known != key_field)
    return {errc::key_mismatch, type_ + " is initialised already, with field "
                                  + std::to_string(*known) + " as its key, not "
                                  + std::to_string(key_field)};
  if (!known)
    c.struct_keys.emplace_back(type_, key_field);
  return done();
}

result<std::size_t> struct_space::key_field() const {
  core& c = cache_.internals();
  if (auto s = c.check_running(); !s)
    return s.why();
  if (const auto known = find_key(c, type_))
    return *known;
  return {errc::not_initialised, type_ + " is not initialised: call init with its key member"};
}

status struct_space::put(record row, const write_options& o) {
  return struct_rows::put(cache_.internals(), type_, std::move(row), o);
}

result<record> struct_space::get(const value& key, const read_options& o) const {
  if (auto k = key_field(); !k)
    return k.why();
  const auto found = struct_rows::get(cache_.internals(), type_, key, o);
  if (!found)
    return found.why();
  if (found->empty())
    return {errc::not_found, "there is no " + type_ + " with key " + to_string(key)};
  return found->front();
}

result<std::vector<record>> struct_space::get_all(const read_options& o) const {
  if (auto k = key_field(); !k)
    return k.why();
  return struct_rows::list(cache_.internals(), type_, o);
}

result<std::size_t> struct_space::remove(const value& key, const wait_options& o) {
  if (auto k = key_field(); !k)
    return k.why();
  return struct_rows::remove(cache_.internals(), type_, key, o);
}

result<std::size_t> struct_space::remove_all(const wait_options& o) {
  if (auto k = key_field(); !k)
    return k.why();
  return struct_rows::clear(cache_.internals(), type_, o);
}

} // namespace detail

} // namespace supercache
