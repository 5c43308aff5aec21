#include "calls.hpp"
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

// Structs of a handle, for types that are initialised.

status struct_space::init(std::size_t key_field, const wait_options& o) {
  core& c = cache_.internals();
  if (auto s = c.check_running(); !s)
    return s;
  return struct_rows::init(c, type_, key_field, o).wait();
}

result<std::size_t> struct_space::key_field(const wait_options& o) const {
  core& c = cache_.internals();
  if (auto s = c.check_running(); !s)
    return s.why();
  const auto known
    = struct_rows::key_of(c, type_, {.mode = read_mode::primary, .timeout = o.timeout}).wait();
  if (!known)
    return known.why();
  if (*known)
    return **known;
  return {errc::not_initialised, type_ + " is not initialised: call init with its key member"};
}

status struct_space::put(record row, const write_options& o) {
  return struct_rows::put(cache_.internals(), type_, std::move(row), o).wait();
}

result<record> struct_space::get(const value& key, const read_options& o) const {
  if (auto k = key_field({.timeout = o.timeout}); !k)
    return k.why();
  const auto found = struct_rows::get(cache_.internals(), type_, key, o).wait();
  if (!found)
    return found.why();
  if (found->empty())
    return {errc::not_found, "there is no " + type_ + " with key " + to_string(key)};
  return found->front();
}

result<std::vector<record>> struct_space::get_all(const read_options& o) const {
  if (auto k = key_field({.timeout = o.timeout}); !k)
    return k.why();
  return struct_rows::list(cache_.internals(), type_, o).wait();
}

result<page> struct_space::page(const value& from, const list_options& o) const {
  if (auto k = key_field({.timeout = o.timeout}); !k)
    return k.why();
  return calls::next_page(cache_.internals(), {space_kind::structs, type_}, from, o, false).wait();
}

result<std::size_t> struct_space::remove(const value& key, const wait_options& o) {
  if (auto k = key_field(o); !k)
    return k.why();
  return struct_rows::remove(cache_.internals(), type_, key, o).wait();
}

result<std::size_t> struct_space::remove_all(const wait_options& o) {
  if (auto k = key_field(o); !k)
    return k.why();
  return struct_rows::clear(cache_.internals(), type_, o).wait();
}

} // namespace detail

} // namespace supercache
