#include "access.hpp"
#include "distributed/remote.hpp"

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
result<records> find_records(core& c, const std::string& type, const value& key, std::uint64_t h) {
  if (c.cluster())
    return remote::as_records(remote::ask(
      c, c.index_of(h), remote::reading(ask::get{{key}}, space{space_kind::structs, type})));
  const table* t = c.of(h).find(space_kind::structs, type);
  return t ? t->get(key, h, c.now()) : records{};
}

std::optional<std::size_t> known_key(const core& c, const std::string& type) {
  for (const auto& [name, field] : c.struct_keys)
    if (name == type)
      return field;
  return {};
}
} // namespace

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
  const std::lock_guard hold{c.structs_lock};
  if (const auto known = known_key(c, type_))
    return *known;
  return {errc::not_initialised, type_ + " is not initialised: call init with its key member"};
}

status struct_space::put(record row) {
  return write(cache_.internals(), metric::put, [&](core& c) -> status {
    const auto h = hash(row[0]);
    if (c.cluster())
      return remote::as_status(
        remote::write(c, c.index_of(h), {space_kind::structs, type_}, op::put{std::move(row), 0}));
    c.of(h).open(space_kind::structs, type_).put(std::move(row), h, 0, c.now());
    return done();
  });
}

result<record> struct_space::get(const value& key) const {
  if (auto k = key_field(); !k)
    return k.why();
  return read(cache_.internals(), {}, [&](core& c) -> result<record> {
    const auto h = hash(key);
    const auto got = find_records(c, type_, key, h);
    if (!got)
      return got.why();
    const records& found = *got;
    if (found.empty())
      return {errc::not_found, "there is no " + type_ + " with key " + to_string(key)};
    return found.front();
  });
}

result<std::vector<record>> struct_space::get_all() const {
  if (auto k = key_field(); !k)
    return k.why();
  return write(cache_.internals(), metric::scan, [&](core& c) -> result<std::vector<record>> {
    std::vector<record> out;
    if (c.cluster()) {
      auto s
        = remote::each(c, 0, c.partitions(), {space_kind::structs, type_}, [&](const record& r) {
            out.push_back(r);
            return true;
          });
      if (!s)
        return s.why();
      return out;
    }
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::structs, type_))
        t->each(c.now(), [&](const record& r) {
          out.push_back(r);
          return true;
        });
    return out;
  });
}

result<std::size_t> struct_space::remove(const value& key) {
  if (auto k = key_field(); !k)
    return k.why();
  return write(cache_.internals(), metric::delete_, [&](core& c) -> result<std::size_t> {
    const auto h = hash(key);
    if (c.cluster())
      return remote::as_count(
        remote::write(c, c.index_of(h), {space_kind::structs, type_}, op::remove{key}));
    table* t = c.of(h).find(space_kind::structs, type_);
    return t ? t->remove(key, h, c.now()) : 0;
  });
}

result<std::size_t> struct_space::remove_all() {
  if (auto k = key_field(); !k)
    return k.why();
  return write(cache_.internals(), metric::delete_all, [&](core& c) -> result<std::size_t> {
    if (c.cluster())
      return remote::as_count(remote::write_each(
        c, 0, c.partitions(), remote::writing(op::clear{}, space{space_kind::structs, type_})));
    std::size_t n = 0;
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::structs, type_))
        n += t->clear(c.now());
    return n;
  });
}

} // namespace detail

} // namespace supercache
