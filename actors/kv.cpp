#include "access.hpp"
#include "distributed/remote.hpp"

#include <supercache/kv.hpp>

namespace supercache {

using detail::core;
using detail::read;
using detail::to_plain;
using detail::write;
namespace remote = detail::remote;

// A pair is the record {key, value} in the namespace's table of the key's partition.

kv::kv(cache c, std::string name)
  : cache_(std::move(c)),
    name_(std::move(name)),
    name_hash_(partition_store::hash_of(space_kind::kv, name_)) {}

table& kv::open(std::uint64_t key_hash) const {
  partition_store& store = cache_.internals().of(key_hash);
  if (table* t = store.find(space_kind::kv, name_, name_hash_)) [[likely]]
    return *t;
  return store.open(space_kind::kv, name_);
}
space kv::target() const { return {space_kind::kv, name_}; }
result<value> kv::change(std::uint64_t key_hash, operation_body body,
                         std::chrono::milliseconds timeout) {
  core& c = cache_.internals();
  return remote::write(c, c.index_of(key_hash), target(), std::move(body), timeout);
}
table* kv::find(std::uint64_t key_hash) const {
  return cache_.internals().of(key_hash).find(space_kind::kv, name_, name_hash_);
}

namespace {
bool is_bag(const core& c) {
  return c.config().table_type == table_type::bag
         || c.config().table_type == table_type::duplicate_bag;
}
} // namespace

// -- storing ------------------------------------------------------------------------------------

caf::expected<void> kv::try_add(const value& key, value x, const write_options& o) {
  return to_expected(write(cache_.internals(), metric::put, [&](core& c) -> status {
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    const auto h = hash(key);
    if (c.cluster())
      return remote::as_status(change(h, op::put{record{key, std::move(x)}, *ttl}, o.timeout));
    open(h).put(record{key, std::move(x)}, h, *ttl, c.now());
    return ok();
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
    if (c.cluster()) {
      std::vector<std::pair<std::size_t, operation>> writes;
      for (std::size_t i = 0; i < groups.size(); ++i)
        if (!groups[i].rows.empty())
          writes.emplace_back(
            i, remote::writing(op::put_many{std::move(groups[i].rows), *ttl}, target()));
      return remote::as_status(remote::write_all(c, std::move(writes), o.timeout));
    }
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (!groups[i].rows.empty())
        c.at(i)
          .open(space_kind::kv, name_)
          .put_many(groups[i].rows, groups[i].hashes, *ttl, c.now());
    return ok();
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
    if (c.cluster())
      return remote::as_bool(change(h, op::insert_new{record{key, std::move(x)}, *ttl}, o.timeout));
    return open(h).insert_new(record{key, std::move(x)}, h, *ttl, c.now());
  }));
}
bool kv::add_new(const value& key, value x, const write_options& o) {
  return to_plain(try_add_new(key, std::move(x), o));
}

caf::expected<bool> kv::try_replace(const value& key, value x, const wait_options& o) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<bool> {
    const auto h = hash(key);
    if (c.cluster())
      return remote::as_bool(change(h, op::exchange{record{key, std::move(x)}, true}, o.timeout));
    table* t = find(h);
    return t && t->exchange(record{key, std::move(x)}, h, table::only_if_there, c.now());
  }));
}
bool kv::replace(const value& key, value x, const wait_options& o) {
  return to_plain(try_replace(key, std::move(x), o));
}

caf::expected<void> kv::try_update(const value& key, value x, const write_options& o) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> status {
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    const auto h = hash(key);
    record row{key, std::move(x)};
    if (*ttl && !is_bag(c)) { // one record per key: the same, and it takes a time to live
      if (c.cluster())
        return remote::as_status(change(h, op::put{std::move(row), *ttl}, o.timeout));
      open(h).put(std::move(row), h, *ttl, c.now());
      return ok();
    }
    if (c.cluster()) {
      auto s = remote::as_status(change(h, op::exchange{std::move(row), false}, o.timeout));
      return s && *ttl ? remote::as_status(change(h, op::expire{key, *ttl}, o.timeout)) : s;
    }
    table& t = open(h);
    t.exchange(std::move(row), h, table::always, c.now());
    if (*ttl)
      t.expire(key, h, *ttl, c.now());
    return ok();
  }));
}
void kv::update(const value& key, value x, const write_options& o) {
  to_plain(try_update(key, std::move(x), o));
}

// -- reading ------------------------------------------------------------------------------------

namespace {
result<records> get_records(core& c, const std::string& name, const value& key,
                            const read_options& o) {
  const auto h = hash(key);
  const auto i = c.index_of(h);
  if (c.cluster()) {
    detail::host& here = c.cluster()->host_of(i);
    const auto before = here.generation();
    if (o.mode == read_mode::local && here.serves()) {
      const table* t = here.store().find(space_kind::kv, name);
      const stamp when{here.time_ms()};
      auto found = t ? t->get(key, h, when) : records{};
      if (here.generation() == before && here.certain(when))
        return found;
    }
    return remote::as_records(
      remote::ask(c, i, remote::reading(ask::get{{key}}, space{space_kind::kv, name}), o));
  }
  const table* t = c.at(i).find(space_kind::kv, name);
  return t ? t->get(key, h, c.now()) : records{};
}
} // namespace

caf::expected<value> kv::try_get(const value& key, value otherwise, const read_options& o) const {
  if (get_directly(key, otherwise, o)) [[likely]]
    return otherwise;
  return to_expected(read(cache_.internals(), o, [&](core& c) -> result<value> {
    const auto got = get_records(c, name_, key, o);
    if (!got)
      return got.why();
    const records& found = *got;
    return found.empty() ? std::move(otherwise) : found.front()[1];
  }));
}
value kv::get(const value& key, value otherwise, const read_options& o) const {
  if (get_directly(key, otherwise, o)) [[likely]]
    return otherwise;
  return to_plain(try_get(key, std::move(otherwise), o));
}

caf::expected<value_list> kv::try_get_all(const value& key, const read_options& o) const {
  return to_expected(read(cache_.internals(), o, [&](core& c) -> result<value_list> {
    const auto got = get_records(c, name_, key, o);
    if (!got)
      return got.why();
    value_list out;
    for (const record& r : *got)
      out.push_back(r[1]);
    return out;
  }));
}
value_list kv::get_all(const value& key, const read_options& o) const {
  return to_plain(try_get_all(key, o));
}

caf::expected<value_list> kv::try_get_many(std::span<const value> keys, const value& otherwise,
                                           const read_options& o) const {
  return to_expected(read(cache_.internals(), o, [&](core& c) -> result<value_list> {
    detail::count_reads(c, o, keys.size());
    value_list out;
    out.reserve(keys.size());
    if (c.cluster()) {
      const auto got = remote::get_many(c, target(), keys, o);
      if (!got)
        return got.why();
      for (const records& found : *got)
        out.push_back(found.empty() ? otherwise : found.front()[1]);
      return out;
    }
    for (const value& key : keys) {
      const records found = *get_records(c, name_, key, o);
      out.push_back(found.empty() ? otherwise : found.front()[1]);
    }
    return out;
  }));
}
value_list kv::get_many(std::span<const value> keys, const value& otherwise,
                        const read_options& o) const {
  return to_plain(try_get_many(keys, otherwise, o));
}

// -- read, change, write ------------------------------------------------------------------------

namespace {

failure many_values() {
  return {errc::type_mismatch,
          "update with a function needs one value per key, and a bag can have many"};
}

failure kept_changing(const value& key, const write_options& o) {
  return {errc::overloaded, "others kept changing key " + to_string(key) + " for "
                              + std::to_string(o.timeout.count()) + " ms"};
}

/// For `op::compare_exchange`: without a ttl the deadline stays.
result<std::int64_t> ttl_or_keep(const write_options& o) {
  constexpr std::int64_t keep_deadline = -1;
  const auto ttl = detail::ttl_of(o);
  return ttl && *ttl == 0 ? keep_deadline : ttl;
}

/// Reads, changes, and stores if no other write came between, until that succeeds or time is up:
/// `get()` is a `result<records>`, `exchange(compare_exchange)` a `result<bool>`.
template <class Get, class Exchange>
result<value> update_with(const value& key, const value& otherwise,
                          const std::function<value(const value&)>& fn, const write_options& o,
                          std::int64_t ttl_ms, Get&& get, Exchange&& exchange) {
  const auto until = detail::deadline_in(o.timeout);
  do {
    const result<records> found = get();
    if (!found)
      return found.why();
    value next = fn(found->empty() ? otherwise : found->front()[1]);
    op::compare_exchange swap{key, {}, record{key, next}, ttl_ms};
    if (!found->empty())
      swap.expected = found->front();
    const result<bool> swapped = exchange(std::move(swap));
    if (!swapped)
      return swapped.why();
    if (*swapped)
      return next;
  } while (detail::system_ms() < until);
  return kept_changing(key, o);
}

} // namespace

caf::expected<value> kv::try_update(const value& key, const value& otherwise,
                                    const std::function<value(const value&)>& fn,
                                    const write_options& o) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<value> {
    const auto h = hash(key);
    const auto ttl = ttl_or_keep(o);
    if (!ttl)
      return ttl.why();
    if (is_bag(c))
      return many_values();
    if (c.cluster())
      return update_with(
        key, otherwise, fn, o, *ttl,
        [&] {
          return get_records(c, name_, key, {read_mode::primary, o.timeout});
        },
        [&](op::compare_exchange swap) {
          return remote::as_bool(change(h, std::move(swap), o.timeout));
        });
    table& t = open(h);
    return update_with(
      key, otherwise, fn, o, *ttl, [&] { return t.get(key, h, c.now()); },
      [&](const op::compare_exchange& swap) { return t.compare_exchange(swap, h, c.now()); });
  }));
}
value kv::update(const value& key, const value& otherwise,
                 const std::function<value(const value&)>& fn, const write_options& o) {
  return to_plain(try_update(key, otherwise, fn, o));
}

caf::expected<std::int64_t> kv::try_increment(const value& key, std::int64_t initial,
                                              std::int64_t step, const write_options& o) {
  return to_expected(
    write(cache_.internals(), metric::update, [&](core& c) -> result<std::int64_t> {
      const auto ttl = detail::ttl_of(o);
      if (!ttl)
        return ttl.why();
      const auto h = hash(key);
      op::update_counter add{key, 1, step, record{key, initial}, *ttl};
      if (c.cluster())
        return remote::as_integer(change(h, std::move(add), o.timeout));
      return open(h).update_counter(add, h, c.now());
    }));
}
std::int64_t kv::increment(const value& key, std::int64_t initial, std::int64_t step,
                           const write_options& o) {
  return to_plain(try_increment(key, initial, step, o));
}

caf::expected<bool> kv::try_compare_exchange(const value& key, const value& expected, value desired,
                                             const write_options& o) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<bool> {
    const auto ttl = ttl_or_keep(o);
    if (!ttl)
      return ttl.why();
    const auto h = hash(key);
    op::compare_exchange swap{key, record{key, expected}, record{key, std::move(desired)}, *ttl};
    if (c.cluster())
      return remote::as_bool(change(h, std::move(swap), o.timeout));
    return open(h).compare_exchange(swap, h, c.now());
  }));
}
bool kv::compare_exchange(const value& key, const value& expected, value desired,
                          const write_options& o) {
  return to_plain(try_compare_exchange(key, expected, std::move(desired), o));
}

// -- time to live -------------------------------------------------------------------------------

caf::expected<std::optional<std::chrono::milliseconds>> kv::try_ttl(const value& key,
                                                                    const read_options& o) const {
  using left = std::optional<std::chrono::milliseconds>;
  return to_expected(read(cache_.internals(), o, [&](core& c) -> result<left> {
    const auto h = hash(key);
    if (c.cluster()) {
      const auto got = remote::ask(c, c.index_of(h), remote::reading(ask::ttl{key}, target()), o);
      if (!got)
        return got.why();
      return got->one.is_nil() ? left{} : left{std::chrono::milliseconds{got->one.as_int()}};
    }
    const stamp when = c.now();
    const records found = *get_records(c, name_, key, o);
    if (found.empty())
      return left{};
    const auto deadline = found.front().deadline();
    return left{std::chrono::milliseconds{deadline ? deadline - when.ms() : -1}};
  }));
}
std::optional<std::chrono::milliseconds> kv::ttl(const value& key, const read_options& o) const {
  return to_plain(try_ttl(key, o));
}

caf::expected<bool> kv::try_expire(const value& key, std::chrono::milliseconds ttl,
                                   const wait_options& o) {
  return to_expected(write(cache_.internals(), metric::update, [&](core& c) -> result<bool> {
    const auto ms = detail::ttl_of({ttl});
    if (!ms)
      return ms.why();
    const auto h = hash(key);
    if (c.cluster())
      return remote::as_bool(change(h, op::expire{key, *ms}, o.timeout));
    table* t = find(h);
    return t && t->expire(key, h, *ms, c.now()) > 0;
  }));
}
bool kv::expire(const value& key, std::chrono::milliseconds ttl, const wait_options& o) {
  return to_plain(try_expire(key, ttl, o));
}

} // namespace supercache
