#include "access.hpp"
#include "distributed/remote.hpp"
#include "pages.hpp"

#include <supercache/kv.hpp>

// Removing from key-value namespaces, and what covers all of one.

namespace supercache {

using detail::core;
using detail::read;
using detail::to_plain;
using detail::write;
namespace remote = detail::remote;

// -- removing -----------------------------------------------------------------------------------

caf::expected<std::size_t> kv::try_remove_batch(std::span<const value> keys,
                                                const wait_options& o) {
  return to_expected(
    write(cache_.internals(), metric::delete_, [&](core& c) -> result<std::size_t> {
      if (c.cluster()) {
        std::vector<std::pair<std::size_t, operation>> writes;
        for (const value& key : keys)
          writes.emplace_back(c.index_of(hash(key)), remote::writing(op::remove{key}, target()));
        return remote::as_count(remote::write_all(c, std::move(writes), o.timeout));
      }
      std::size_t n = 0;
      for (const value& key : keys) {
        const auto h = hash(key);
        if (table* t = find(h))
          n += t->remove(key, h, c.now());
      }
      return n;
    }));
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
  return to_expected(
    write(cache_.internals(), metric::delete_all, [&](core& c) -> result<std::size_t> {
      if (c.cluster())
        return remote::as_count(remote::write_each(
          c, 0, c.partitions(), remote::writing(op::clear{}, target()), o.timeout));
      std::size_t n = 0;
      for (std::size_t i = 0; i < c.partitions(); ++i)
        if (table* t = c.at(i).find(space_kind::kv, name_))
          n += t->clear(c.now());
      return n;
    }));
}
std::size_t kv::remove_all(const wait_options& o) { return to_plain(try_remove_all(o)); }

// -- everything ---------------------------------------------------------------------------------

result<std::vector<record>> kv::all(const list_options& o, bool keys_only) const {
  return detail::walk(cache_.internals(), metric::scan,
                      [&](core& c) { return detail::all_rows(c, target(), o, keys_only); });
}

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
caf::expected<std::vector<T>> each_of(const result<std::vector<record>>& rows,
                                      T (*f)(const record&)) {
  if (!rows)
    return to_caf(rows.why());
  return each_of(*rows, f);
}

template <class T>
caf::expected<listing<T>> page_of(core& all, const space& of, const value& from,
                                  const list_options& o, bool keys_only, T (*f)(const record&)) {
  auto got = walk(all, metric::scan,
                  [&](core& c) { return detail::next_page(c, of, from, o, keys_only); });
  if (!got)
    return to_caf(got.why());
  return listing<T>{each_of(got->rows, f), std::move(got->next)};
}

} // namespace

caf::expected<value_list> kv::try_keys(const list_options& o) const {
  return each_of(all(o, true), key_in);
}
value_list kv::keys(const list_options& o) const { return to_plain(try_keys(o)); }

caf::expected<value_list> kv::try_values(const list_options& o) const {
  return each_of(all(o), value_in);
}
value_list kv::values(const list_options& o) const { return to_plain(try_values(o)); }

caf::expected<std::vector<pair>> kv::try_to_list(const list_options& o) const {
  return each_of(all(o), pair_in);
}
std::vector<pair> kv::to_list(const list_options& o) const { return to_plain(try_to_list(o)); }

caf::expected<listing<value>> kv::try_keys_page(const value& from, const list_options& o) const {
  return page_of(cache_.internals(), target(), from, o, true, key_in);
}
listing<value> kv::keys_page(const value& from, const list_options& o) const {
  return to_plain(try_keys_page(from, o));
}
caf::expected<listing<pair>> kv::try_page(const value& from, const list_options& o) const {
  return page_of(cache_.internals(), target(), from, o, false, pair_in);
}
listing<pair> kv::page(const value& from, const list_options& o) const {
  return to_plain(try_page(from, o));
}

caf::expected<std::size_t> kv::try_count(const read_options& o) const {
  return to_expected(read(cache_.internals(), o, [&](core& c) -> result<std::size_t> {
    if (c.cluster())
      return remote::as_count(
        remote::ask_each(c, 0, c.partitions(), remote::reading(ask::count{}, target()), o));
    std::size_t n = 0;
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::kv, name_))
        n += t->count(c.now());
    return n;
  }));
}
std::size_t kv::count(const read_options& o) const { return to_plain(try_count(o)); }

} // namespace supercache
