#include "access.hpp"
#include "distributed/remote.hpp"
#include "pages.hpp"
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

// -- rows {key, {field, …}}: what handles and messages share --------------------------------------

namespace struct_rows {

namespace {

status other_key(const std::string& type, std::size_t known, std::size_t wanted) {
  return {errc::key_mismatch, type + " is initialised already, with field " + std::to_string(known)
                                + " as its key, not " + std::to_string(wanted)};
}

/// What this node knows.
std::optional<std::size_t> known_key(core& c, const std::string& type) {
  const std::lock_guard hold{c.structs_lock};
  for (const auto& [name, field] : c.struct_keys)
    if (name == type)
      return field;
  return {};
}

/// Notes the key of a type, once; answers what it is.
std::size_t learn_key(core& c, const std::string& type, std::size_t field) {
  const std::lock_guard hold{c.structs_lock};
  for (const auto& [name, known] : c.struct_keys)
    if (name == type)
      return known;
  c.struct_keys.emplace_back(type, field);
  return field;
}

std::size_t home_of_key(core& c, const std::string& type) { return c.index_of(hash(value{type})); }

/// What the cluster has agreed upon.
result<std::optional<std::size_t>> agreed_key(core& c, const std::string& type,
                                              const read_options& o) {
  const auto found = remote::as_records(remote::ask(
    c, home_of_key(c, type),
    remote::reading(ask::get{{value{type}}}, space{space_kind::structs, keys_space}), o));
  if (!found)
    return found.why();
  if (found->empty() || found->front().size() != 2 || !found->front()[1].is_int())
    return std::optional<std::size_t>{};
  return std::optional{static_cast<std::size_t>(found->front()[1].as_int())};
}

} // namespace

status check_type(const std::string& type) {
  if (is_shown(space_kind::structs, type))
    return ok();
  return {errc::invalid_argument, "no type of structs can be called '" + type + '\''};
}

status init(core& c, const std::string& type, std::size_t field, const wait_options& o) {
  if (auto s = check_type(type); !s)
    return s;
  if (const auto known = known_key(c, type))
    return *known == field ? ok() : other_key(type, *known, field);
  auto agreed = field;
  if (c.cluster()) {
    const auto first = remote::as_bool(
      remote::write(c, home_of_key(c, type), {space_kind::structs, keys_space},
                    op::insert_new{record{type, static_cast<std::int64_t>(field)}, 0}, o.timeout));
    if (!first)
      return first.why();
    if (!*first) {
      const auto before = agreed_key(c, type, {.mode = read_mode::primary, .timeout = o.timeout});
      if (!before)
        return before.why();
      agreed = before->value_or(field);
    }
  }
  agreed = learn_key(c, type, agreed);
  return agreed == field ? ok() : other_key(type, agreed, field);
}

result<std::optional<std::size_t>> key_of(core& c, const std::string& type, const read_options& o) {
  const auto known = known_key(c, type);
  if (known || !c.cluster())
    return known;
  auto agreed = agreed_key(c, type, o);
  if (agreed && *agreed)
    return std::optional{learn_key(c, type, **agreed)};
  return agreed;
}

result<std::vector<std::pair<std::string, std::size_t>>> declared(core& c, const read_options& o) {
  if (!c.cluster()) {
    const std::lock_guard hold{c.structs_lock};
    return c.struct_keys;
  }
  const auto rows = all_rows(c, {space_kind::structs, keys_space}, o);
  if (!rows)
    return rows.why();
  std::vector<std::pair<std::string, std::size_t>> out;
  for (const record& r : *rows)
    out.emplace_back(r[0].as_string(), static_cast<std::size_t>(r[1].as_int()));
  return out;
}

status put(core& all, const std::string& type, record row, const write_options& o) {
  return write(all, metric::put, [&](core& c) -> status {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    if (row.size() != 2 || !row[1].is_tuple())
      return {errc::invalid_argument, "a struct is stored as {key, {field, ...}}"};
    if (auto s = check_type(type); !s)
      return s;
    const auto fields = row[1].items();
    const auto key = key_of(c, type, {.timeout = o.timeout});
    if (!key)
      return key.why();
    if (*key && (**key >= fields.size() || fields[**key] != row[0]))
      return {errc::key_mismatch, type + " has field " + std::to_string(**key)
                                    + " as its key, which is not " + to_string(row[0])};
    const auto h = hash(row[0]);
    if (c.cluster())
      return remote::as_status(remote::write(c, c.index_of(h), {space_kind::structs, type},
                                             op::put{std::move(row), *ttl}, o.timeout));
    c.of(h).open(space_kind::structs, type).put(std::move(row), h, *ttl, c.now());
    return ok();
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
  if (auto s = check_type(type); !s)
    return s.why();
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

status struct_space::init(std::size_t key_field, const wait_options& o) {
  core& c = cache_.internals();
  if (auto s = c.check_running(); !s)
    return s;
  return struct_rows::init(c, type_, key_field, o);
}

result<std::size_t> struct_space::key_field(const wait_options& o) const {
  core& c = cache_.internals();
  if (auto s = c.check_running(); !s)
    return s.why();
  const auto known
    = struct_rows::key_of(c, type_, {.mode = read_mode::primary, .timeout = o.timeout});
  if (!known)
    return known.why();
  if (*known)
    return **known;
  return {errc::not_initialised, type_ + " is not initialised: call init with its key member"};
}

status struct_space::put(record row, const write_options& o) {
  return struct_rows::put(cache_.internals(), type_, std::move(row), o);
}

result<record> struct_space::get(const value& key, const read_options& o) const {
  if (auto k = key_field({.timeout = o.timeout}); !k)
    return k.why();
  const auto found = struct_rows::get(cache_.internals(), type_, key, o);
  if (!found)
    return found.why();
  if (found->empty())
    return {errc::not_found, "there is no " + type_ + " with key " + to_string(key)};
  return found->front();
}

result<std::vector<record>> struct_space::get_all(const read_options& o) const {
  if (auto k = key_field({.timeout = o.timeout}); !k)
    return k.why();
  return struct_rows::list(cache_.internals(), type_, o);
}

result<page> struct_space::page(const value& from, const list_options& o) const {
  if (auto k = key_field({.timeout = o.timeout}); !k)
    return k.why();
  return walk(cache_.internals(), metric::scan, [&](core& c) {
    return next_page(c, {space_kind::structs, type_}, from, o, false);
  });
}

result<std::size_t> struct_space::remove(const value& key, const wait_options& o) {
  if (auto k = key_field(o); !k)
    return k.why();
  return struct_rows::remove(cache_.internals(), type_, key, o);
}

result<std::size_t> struct_space::remove_all(const wait_options& o) {
  if (auto k = key_field(o); !k)
    return k.why();
  return struct_rows::clear(cache_.internals(), type_, o);
}

} // namespace detail

} // namespace supercache
