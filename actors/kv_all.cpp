#include "access.hpp"
#include "distributed/remote.hpp"

#include <supercache/kv.hpp>

#include <algorithm>

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

result<std::vector<record>> kv::all(const read_options& o) const {
  return detail::walk(cache_.internals(), metric::scan,
                      [&](core& c) { return detail::all_rows(c, target(), o); });
}

namespace {

/// What `f` makes of each row.
template <class T, class F>
caf::expected<std::vector<T>> each_of(const result<std::vector<record>>& rows, F&& f) {
  if (!rows)
    return to_caf(rows.why());
  std::vector<T> out;
  out.reserve(rows->size());
  for (const record& r : *rows)
    out.push_back(f(r));
  return out;
}

} // namespace

caf::expected<value_list> kv::try_keys(const read_options& o) const {
  auto keys = each_of<value>(all(o), [](const record& r) { return r[0]; });
  if (keys) // the values of one key of a bag are met one after the other
    keys->erase(std::unique(keys->begin(), keys->end()), keys->end());
  return keys;
}
value_list kv::keys(const read_options& o) const { return to_plain(try_keys(o)); }

caf::expected<value_list> kv::try_values(const read_options& o) const {
  return each_of<value>(all(o), [](const record& r) { return r[1]; });
}
value_list kv::values(const read_options& o) const { return to_plain(try_values(o)); }

caf::expected<std::vector<std::pair<value, value>>> kv::try_to_list(const read_options& o) const {
  using pair = std::pair<value, value>;
  return each_of<pair>(all(o), [](const record& r) { return pair{r[0], r[1]}; });
}
std::vector<std::pair<value, value>> kv::to_list(const read_options& o) const {
  return to_plain(try_to_list(o));
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

namespace detail {

result<std::vector<record>> all_rows(core& c, const space& of, const read_options& o) {
  std::vector<record> out;
  const auto take = [&](const record& r) {
    out.push_back(r);
    return true;
  };
  if (c.cluster()) {
    if (auto s = remote::each(c, 0, c.partitions(), of, take, o); !s)
      return s.why();
  } else {
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(of.kind, of.name))
        t->each(c.now(), take);
  }
  put_in_order(c, out, 0);
  return out;
}

} // namespace detail

} // namespace supercache
