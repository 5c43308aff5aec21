#include "access.hpp"

#include <supercache/kv.hpp>

namespace supercache {

using detail::core;
using detail::read;
using detail::to_plain;
using detail::write;

// A pair is the record {key, value} in the namespace's table of the key's partition.

table& kv::open(std::uint64_t key_hash) const {
  return cache_.internals().of(key_hash).open(space_kind::kv, name_);
}
table* kv::find(std::uint64_t key_hash) const {
  return cache_.internals().of(key_hash).find(space_kind::kv, name_);
}

// -- storing ------------------------------------------------------------------------------------

caf::expected<void> kv::try_add(const value& key, value x, const write_options& o) {
  return to_expected(write(cache_.internals(), metric::put, [&](core& c) -> status {
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    const auto h = hash(key);
    open(h).put(record{key, std::move(x)}, h, *ttl, c.now());
    return done();
  }));
}
void kv::add(const value& key, value x, const write_options& o) {
  to_plain(try_add(key, std::move(x), o));
}

caf::expected<void> kv::try_add_batch(std::span<const std::pair<value, value>> pairs,
                                      const write_options& o) {
  return to_expected(write(cache_.internals(), metric::put, [&](core& c) -> status {
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    struct group {
      std::vector<record> rows;
      std::vector<std::uint64_t> hashes;
    };
    std::vector<group> groups(c.partitions());
    for (const auto& [key, x] : pairs) {
      const auto h = hash(key);
      group& g = groups[c.index_of(h)];
      g.rows.emplace_back(key, x);
      g.hashes.push_back(h);
    }
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (!groups[i].rows.empty())
        c.at(i)
          .open(space_kind::kv, name_)
          .put_many(groups[i].rows, groups[i].hashes, *ttl, c.now());
    return done();
  }));
}
void kv::add_batch(std::span<const std::pair<value, value>> pairs, const write_options& o) {
  to_plain(try_add_batch(pairs, o));
}

caf::expected<bool> kv::try_add_new(const value& key, value x, const write_options& o) {
  return to_expected(write(cache_.internals(), metric::put, [&](core& c) -> result<bool> {
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    const auto h = hash(key);
    return open(h).insert_new(record{key, std::move(x)}, h, *ttl, c.now());
  }));
}
bool kv::add_new(const value& key, value x, const write_options& o) {
  return to_plain(try_add_new(key, std::move(x), o));
}

caf::expected<bool> kv::try_replace(const value& key, value x) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<bool> {
    const auto h = hash(key);
    table* t = find(h);
    return t && t->exchange(record{key, std::move(x)}, h, table::only_if_there, c.now());
  }));
}
bool kv::replace(const value& key, value x) { return to_plain(try_replace(key, std::move(x))); }

caf::expected<void> kv::try_update(const value& key, value x) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> status {
    const auto h = hash(key);
    open(h).exchange(record{key, std::move(x)}, h, table::always, c.now());
    return done();
  }));
}
void kv::update(const value& key, value x) { to_plain(try_update(key, std::move(x))); }

// -- reading ------------------------------------------------------------------------------------

namespace {
records get_records(core& c, table* t, const value& key, std::uint64_t h) {
  return t ? t->get(key, h, c.now()) : records{};
}
} // namespace

caf::expected<value> kv::try_get(const value& key, value otherwise) const {
  return to_expected(read(cache_.internals(), {}, [&](core& c) -> result<value> {
    const auto h = hash(key);
    const records found = get_records(c, find(h), key, h);
    return found.empty() ? std::move(otherwise) : found.front()[1];
  }));
}
value kv::get(const value& key, value otherwise) const {
  return to_plain(try_get(key, std::move(otherwise)));
}

caf::expected<value_list> kv::try_get_all(const value& key) const {
  return to_expected(read(cache_.internals(), {}, [&](core& c) -> result<value_list> {
    const auto h = hash(key);
    value_list out;
    for (const record& r : get_records(c, find(h), key, h))
      out.push_back(r[1]);
    return out;
  }));
}
value_list kv::get_all(const value& key) const { return to_plain(try_get_all(key)); }

caf::expected<value_list> kv::try_get_many(std::span<const value> keys,
                                           const value& otherwise) const {
  return to_expected(read(cache_.internals(), {}, [&](core& c) -> result<value_list> {
    value_list out;
    out.reserve(keys.size());
    for (const value& key : keys) {
      const auto h = hash(key);
      const records found = get_records(c, find(h), key, h);
      out.push_back(found.empty() ? otherwise : found.front()[1]);
    }
    return out;
  }));
}
value_list kv::get_many(std::span<const value> keys, const value& otherwise) const {
  return to_plain(try_get_many(keys, otherwise));
}

// -- read, change, write ------------------------------------------------------------------------

caf::expected<value> kv::try_update(const value& key, const value& otherwise,
                                    const std::function<value(const value&)>& fn,
                                    const write_options& o) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<value> {
    constexpr std::int64_t keep_deadline = -1;
    const auto h = hash(key);
    table& t = open(h);
    if (t.holds_many())
      return {errc::type_mismatch,
              "update with a function needs one value per key, and a bag can have many"};
    const auto until = std::chrono::steady_clock::now() + o.timeout;
    do {
      const records found = t.get(key, h, c.now());
      value next = fn(found.empty() ? otherwise : found.front()[1]);
      op::compare_exchange swap{key, {}, record{key, next}, keep_deadline};
      if (!found.empty())
        swap.expected = found.front();
      const auto swapped = t.compare_exchange(swap, h, c.now());
      if (!swapped)
        return swapped.why();
      if (*swapped)
        return next;
    } while (std::chrono::steady_clock::now() < until);
    return {errc::overloaded, "others kept changing key " + to_string(key) + " for "
                                + std::to_string(o.timeout.count()) + " ms"};
  }));
}
value kv::update(const value& key, const value& otherwise,
                 const std::function<value(const value&)>& fn, const write_options& o) {
  return to_plain(try_update(key, otherwise, fn, o));
}

caf::expected<std::int64_t> kv::try_increment(const value& key, std::int64_t initial,
                                              std::int64_t step) {
  return to_expected(
    write(cache_.internals(), metric::update, [&](core& c) -> result<std::int64_t> {
      const auto h = hash(key);
      return open(h).update_counter({key, 1, step, record{key, initial}, 0}, h, c.now());
    }));
}
std::int64_t kv::increment(const value& key, std::int64_t initial, std::int64_t step) {
  return to_plain(try_increment(key, initial, step));
}

caf::expected<bool> kv::try_compare_exchange(const value& key, const value& expected,
                                             value desired) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<bool> {
    constexpr std::int64_t keep_deadline = -1;
    const auto h = hash(key);
    return open(h).compare_exchange(
      {key, record{key, expected}, record{key, std::move(desired)}, keep_deadline}, h, c.now());
  }));
}
bool kv::compare_exchange(const value& key, const value& expected, value desired) {
  return to_plain(try_compare_exchange(key, expected, std::move(desired)));
}

// -- time to live -------------------------------------------------------------------------------

caf::expected<std::optional<std::chrono::milliseconds>> kv::try_ttl(const value& key) const {
  using left = std::optional<std::chrono::milliseconds>;
  return to_expected(read(cache_.internals(), {}, [&](core& c) -> result<left> {
    const auto h = hash(key);
    const stamp when = c.now();
    const records found = get_records(c, find(h), key, h);
    if (found.empty())
      return left{};
    const auto deadline = found.front().deadline();
    return left{std::chrono::milliseconds{deadline ? deadline - when.ms() : -1}};
  }));
}
std::optional<std::chrono::milliseconds> kv::ttl(const value& key) const {
  return to_plain(try_ttl(key));
}

caf::expected<bool> kv::try_expire(const value& key, std::chrono::milliseconds ttl) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<bool> {
    const auto ms = detail::ttl_of({ttl});
    if (!ms)
      return ms.why();
    const auto h = hash(key);
    table* t = find(h);
    return t && t->expire(key, h, *ms, c.now()) > 0;
  }));
}
bool kv::expire(const value& key, std::chrono::milliseconds ttl) {
  return to_plain(try_expire(key, ttl));
}

// -- removing -----------------------------------------------------------------------------------

caf::expected<std::size_t> kv::try_remove_batch(std::span<const value> keys) {
  return to_expected(
    write(cache_.internals(), metric::delete_, [&](core& c) -> result<std::size_t> {
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
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::kv, name_))
        t->each(c.now(), [&](const record& r) {
          visit(r[0], r[1]);
          return true;
        });
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
    for (std::size_t i = 0; i < c.partitions(); ++i)
      if (table* t = c.at(i).find(space_kind::kv, name_))
        n += t->count(c.now());
    return n;
  }));
}
std::size_t kv::count() const { return to_plain(try_count()); }

} // namespace supercache
