#include "access.hpp"

#include <supercache/kv.hpp>

// Removing from key-value namespaces, and what covers all of one.

namespace supercache {

using detail::answer_of;
using detail::to_plain;
namespace calls = detail::calls;

// -- removing -----------------------------------------------------------------------------------

caf::expected<std::size_t> kv::try_remove_batch(std::span<const value> keys,
                                                const wait_options& o) {
  return answer_of(calls::kv_remove(cache_.internals(), where(), keys, o));
}
std::size_t kv::remove_batch(std::span<const value> keys, const wait_options& o) {
  return to_plain(try_remove_batch(keys, o));
}
caf::expected<std::size_t> kv::try_remove(const value& key, const wait_options& o) {
  return try_remove_batch(std::span{&key, 1}, o);
}
std::size_t kv::remove(const value& key, const wait_options& o) {
  return to_plain(try_remove(key, o));
}

caf::expected<std::size_t> kv::try_remove_all(const wait_options& o) {
  return answer_of(calls::clear(cache_.internals(), where(), o));
}
std::size_t kv::remove_all(const wait_options& o) { return to_plain(try_remove_all(o)); }

// -- everything ---------------------------------------------------------------------------------

namespace {

using pair = std::pair<value, value>;
value key_in(const record& r) { return r[0]; }
value value_in(const record& r) { return r[1]; }
pair pair_in(const record& r) { return {r[0], r[1]}; }

/// What `f` makes of each row.
template <class T>
std::vector<T> each_of(const std::vector<record>& rows, T (*f)(const record&)) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const record& r : rows)
    out.push_back(f(r));
  return out;
}
template <class T>
caf::expected<std::vector<T>> each_of(detail::future<std::vector<record>> rows,
                                      T (*f)(const record&)) {
  const auto got = std::move(rows).wait();
  if (!got)
    return to_caf(got.why());
  return each_of(*got, f);
}
template <class T>
caf::expected<listing<T>> page_of(detail::future<page> rows, T (*f)(const record&)) {
  auto got = std::move(rows).wait();
  if (!got)
    return to_caf(got.why());
  return listing<T>{each_of(got->rows, f), std::move(got->next)};
}

} // namespace

caf::expected<value_list> kv::try_keys(const list_options& o) const {
  return each_of(calls::all_rows(cache_.internals(), where().space(), o, true), key_in);
}
value_list kv::keys(const list_options& o) const { return to_plain(try_keys(o)); }

caf::expected<value_list> kv::try_values(const list_options& o) const {
  return each_of(calls::all_rows(cache_.internals(), where().space(), o), value_in);
}
value_list kv::values(const list_options& o) const { return to_plain(try_values(o)); }

caf::expected<std::vector<pair>> kv::try_to_list(const list_options& o) const {
  return each_of(calls::all_rows(cache_.internals(), where().space(), o), pair_in);
}
std::vector<pair> kv::to_list(const list_options& o) const { return to_plain(try_to_list(o)); }

caf::expected<listing<value>> kv::try_keys_page(const value& from, const list_options& o) const {
  return page_of(calls::next_page(cache_.internals(), where().space(), from, o, true), key_in);
}
listing<value> kv::keys_page(const value& from, const list_options& o) const {
  return to_plain(try_keys_page(from, o));
}
caf::expected<listing<pair>> kv::try_page(const value& from, const list_options& o) const {
  return page_of(calls::next_page(cache_.internals(), where().space(), from, o, false), pair_in);
}
listing<pair> kv::page(const value& from, const list_options& o) const {
  return to_plain(try_page(from, o));
}

caf::expected<std::size_t> kv::try_count(const read_options& o) const {
  return answer_of(calls::kv_count(cache_.internals(), where(), o));
}
std::size_t kv::count(const read_options& o) const { return to_plain(try_count(o)); }

} // namespace supercache
