#include "access.hpp"
#include "distributed/remote.hpp"

#include <supercache/kv.hpp>

// Removing from key-value namespaces, and what covers all of one.

namespace supercache {

using detail::core;
using detail::read;
using detail::to_plain;
using detail::write;
namespace remote = detail::remote;

// -- removing -----------------------------------------------------------------------------------

caf::expected<std::size_t> kv::try_remove_batch(std::span<const value> keys) {
  return to_expected(
    write(cache_.internals(), metric::delete_, [&](core& c) -> result<std::size_t> {
      if (c.cluster()) {
        std::vector<std::pair<std::size_t, operation>> writes;
        for (const value& key : keys)
          writes.emplace_back(c.index_of(hash(key)), remote::writing(op::remove{key}, target()));
        return remote::as_count(remote::write_all(c, std::move(writes)));
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
std::size_t kv::remove_batch(std::span<const value> keys) {
  return to_plain(try_remove_batch(keys));
}
caf::expected<std::size_t> kv::try_remove(const value& key) {
  return try_remove_batch(std::span{&key, 1});
}
std::size_t kv::remove(const value& key) { return to_plain(try_remove(key)); }

caf::expected<std::size_t> kv::try_remove_all() {
  return to_expected(
    write(cache_.internals(), metric::delete_all, [&](core& c) -> result<std::size_t> {
      if (c.cluster())
        return remote::as_count(
          remote::write_each(c, 0, c.partitions(), remote::writing(op::clear{}, target())));
      std::size_t n = 0;
      for (std::size_t i = 0; i < c.partitions(); ++i)
        if (table* t = c.at(i).find(space_kind::kv, name_))
          n += t->clear(c.now());
      return n;
    }));
}
std::size_t kv::remove_all() { return to_plain(try_remove_all()); }

// -- everything ---------------------------------------------------------------------------------

caf::expected<void> kv::each(const std::function<void(const value&, const value&)>& visit) const {
  return to_expected(write(cache_.internals(), metric::scan, [&](core& c) -> status {
    const auto visit_row = [&](const record& r) {
      visit(r[0], r[1]);
      return true;
    };
    if (c.cluster())
      return remote::each(c, 0, c.partitions(), target(), visit_row);
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::kv, name_))
        t->each(c.now(), visit_row);
    return done();
  }));
}

caf::expected<value_list> kv::try_keys() const {
  value_list out; // the values of one key of a bag are met one after the other
  auto s = each([&](const value& key, const value&) {
    if (out.empty() || out.back() != key)
      out.push_back(key);
  });
  if (!s)
    return std::move(s.error());
  return out;
}
value_list kv::keys() const { return to_plain(try_keys()); }

caf::expected<value_list> kv::try_values() const {
  value_list out;
  if (auto s = each([&](const value&, const value& x) { out.push_back(x); }); !s)
    return std::move(s.error());
  return out;
}
value_list kv::values() const { return to_plain(try_values()); }

caf::expected<std::vector<std::pair<value, value>>> kv::try_to_list() const {
  std::vector<std::pair<value, value>> out;
  if (auto s = each([&](const value& k, const value& x) { out.emplace_back(k, x); }); !s)
    return std::move(s.error());
  return out;
}
std::vector<std::pair<value, value>> kv::to_list() const { return to_plain(try_to_list()); }

caf::expected<std::size_t> kv::try_count() const {
  return to_expected(read(cache_.internals(), {}, [&](core& c) -> result<std::size_t> {
    std::size_t n = 0;
    if (c.cluster()) {
      const auto got
        = remote::ask_each(c, 0, c.partitions(), remote::reading(ask::count{}, target()));
      if (!got)
        return got.why();
      for (const answer& x : *got)
        n += static_cast<std::size_t>(x.one.as_int());
      return n;
    }
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::kv, name_))
        n += t->count(c.now());
    return n;
  }));
}
std::size_t kv::count() const { return to_plain(try_count()); }

} // namespace supercache
