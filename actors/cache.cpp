#include "access.hpp"

#include <supercache/cache.hpp>

namespace supercache {

using detail::core;
using detail::read;
using detail::to_plain;
using detail::write;
using timed = metrics::timed;

// -- writing tuples -----------------------------------------------------------------------------

namespace {

/// What is wrong with a put, if anything; apart, so that the way of a good one is short.
[[gnu::noinline]] failure why_not(core& c, const record& r, const write_options& o) {
  if (auto s = c.check_running(); !s)
    return s.why();
  if (auto s = c.check(r); !s)
    return s.why();
  return detail::ttl_of(o).why();
}

/// Hot path. Beyond `table::put`: one or two hashes, three checks, one counter.
[[gnu::always_inline]] inline bool put(core& c, record& r, const write_options& o) {
  if (!c.running() || !c.fits(r) || o.ttl.count() < 0) [[unlikely]]
    return false;
  const timed t{c.metrics(), metric::put};
  const auto key_hash = hash(r[c.config().key_pos]);
  auto& store = c.of(c.same_position() ? key_hash : hash(r[c.config().partition_pos]));
  store.tuples().put(std::move(r), key_hash, o.ttl.count(), c.now());
  return true;
}

status put_batch(core& c, std::vector<record> rs, const write_options& o) {
  for (const record& r : rs)
    if (auto s = c.check(r); !s) [[unlikely]]
      return s;
  const auto ttl = detail::ttl_of(o);
  if (!ttl)
    return ttl.why();
  c.write_batch(rs, *ttl);
  return done();
}

/// The partition of a key: of `partition` if given, else of the key itself where that is the rule.
result<std::size_t> locate(core& c, const value& key, const partition_filter& partition) {
  if (partition)
    return c.index_of(hash(*partition));
  if (c.same_position())
    return c.index_of(hash(key));
  return {errc::invalid_argument, "partition_pos differs from key_pos, so a key alone does not say "
                                  "which partition; give the partition value too"};
}

/// Whether a record stays in its partition when the element at `pos` changes.
status check_stays(const core& c, std::size_t pos) {
  if (c.same_position() || pos != c.config().partition_pos)
    return done();
  return {errc::invalid_argument,
          "element " + std::to_string(pos) + " picks the partition and cannot be changed"};
}

/// The partitions to ask about a key; all of them where the key does not say.
std::pair<std::size_t, std::size_t> candidates(core& c, const value& key,
                                               const partition_filter& partition) {
  if (!partition && !c.same_position())
    return {0, c.partitions()};
  const auto i = c.index_of(hash(partition ? *partition : key));
  return {i, i + 1};
}

} // namespace

void cache::put(record r, const write_options& o) {
  if (!supercache::put(*core_, r, o)) [[unlikely]]
    throw error(why_not(*core_, r, o));
}
caf::expected<void> cache::try_put(record r, const write_options& o) {
  if (!supercache::put(*core_, r, o)) [[unlikely]]
    return to_caf(why_not(*core_, r, o));
  return caf::unit;
}

caf::expected<void> cache::try_put_batch(std::vector<record> rs, const write_options& o) {
  return to_expected(write(*core_, metric::put,
                           [&](core& c) { return supercache::put_batch(c, std::move(rs), o); }));
}
void cache::put_batch(std::vector<record> rs, const write_options& o) {
  to_plain(try_put_batch(std::move(rs), o));
}

void cache::lazy_put(record r) {
  write(*core_, metric::lazy_put, [&](core& c) { return c.lazy_put(std::move(r)); }).value();
}
caf::expected<void> cache::try_lazy_put(record r) {
  return to_expected(
    write(*core_, metric::lazy_put, [&](core& c) { return c.lazy_put(std::move(r)); }));
}

caf::expected<void> cache::try_flush() {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  core_->flush();
  return caf::unit;
}
void cache::flush() { to_plain(try_flush()); }

caf::expected<bool> cache::try_insert_new(record r, const write_options& o) {
  return to_expected(write(*core_, metric::put, [&](core& c) -> result<bool> {
    if (auto s = c.check(r); !s)
      return s.why();
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    const auto key_hash = hash(r[c.config().key_pos]);
    auto& store = c.of(hash(r[c.config().partition_pos]));
    return store.tuples().insert_new(std::move(r), key_hash, *ttl, c.now());
  }));
}
bool cache::insert_new(record r, const write_options& o) {
  return to_plain(try_insert_new(std::move(r), o));
}

caf::expected<records> cache::try_take(const value& key, const partition_filter& partition) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<records> {
    std::vector<record> out;
    const auto [first, last] = candidates(c, key, partition);
    for (auto i = first; i < last; ++i)
      for (record& r : c.at(i).tuples().take(key, hash(key), c.now()))
        out.push_back(std::move(r));
    return records{std::move(out)};
  }));
}
records cache::take(const value& key, const partition_filter& partition) {
  return to_plain(try_take(key, partition));
}

caf::expected<bool> cache::try_update_element(const value& key, std::vector<element_change> changes,
                                              const partition_filter& partition) {
  return to_expected(write(*core_, metric::update, [&](core& c) -> result<bool> {
    const auto at = locate(c, key, partition);
    if (!at)
      return at.why();
    for (const auto& change : changes)
      if (auto s = check_stays(c, change.first); !s)
        return s.why();
    return c.at(*at).tuples().update_element({key, std::move(changes)}, hash(key), c.now());
  }));
}
bool cache::update_element(const value& key, std::vector<element_change> changes,
                           const partition_filter& partition) {
  return to_plain(try_update_element(key, std::move(changes), partition));
}

caf::expected<std::int64_t> cache::try_update_counter(const value& key, std::uint32_t pos,
                                                      std::int64_t step,
                                                      std::optional<record> initial,
                                                      const partition_filter& partition) {
  return to_expected(write(*core_, metric::update, [&](core& c) -> result<std::int64_t> {
    const auto at = locate(c, key, partition);
    if (!at)
      return at.why();
    if (auto s = check_stays(c, pos); !s)
      return s.why();
    if (initial) {
      if (auto s = c.check(*initial); !s)
        return s.why();
      if ((*initial)[c.config().key_pos] != key)
        return {errc::invalid_argument, "the initial record has another key"};
      if (partition && (*initial)[c.config().partition_pos] != *partition)
        return {errc::invalid_argument, "the initial record belongs to another partition value"};
    }
    return c.at(*at).tuples().update_counter({key, pos, step, std::move(initial), 0}, hash(key),
                                             c.now());
  }));
}
std::int64_t cache::update_counter(const value& key, std::uint32_t pos, std::int64_t step,
                                   std::optional<record> initial,
                                   const partition_filter& partition) {
  return to_plain(try_update_counter(key, pos, step, std::move(initial), partition));
}

// -- reading tuples -----------------------------------------------------------------------------

namespace {

/// Hot path. Beyond `table::get`: one hash, one check, one counter.
[[gnu::always_inline]] inline records get(core& c, const value& key) {
  const auto key_hash = hash(key);
  if (c.same_position()) [[likely]]
    return c.of(key_hash).tuples().get(key, key_hash, c.now());
  std::vector<record> out;
  for (std::size_t i = 0; i < c.partitions(); ++i)
    for (const record& r : c.at(i).tuples().get(key, key_hash, c.now()))
      out.push_back(r);
  return records{std::move(out)};
}

records get(core& c, const value& key, const value& partition) {
  return c.of(hash(partition)).tuples().get(key, hash(key), c.now());
}

} // namespace

records cache::get(const value& key, const read_options& o) const {
  if (!core_->running()) [[unlikely]]
    throw error(core_->check_running().why());
  const timed t{core_->metrics(), detail::metric_of(o.mode)};
  records found = supercache::get(*core_, key);
  if (found.empty() && !core_->running()) [[unlikely]] // stopped, and emptied, meanwhile
    throw error(core_->check_running().why());
  return found;
}
caf::expected<records> cache::try_get(const value& key, const read_options& o) const {
  if (!core_->running()) [[unlikely]]
    return to_caf(core_->check_running().why());
  const timed t{core_->metrics(), detail::metric_of(o.mode)};
  records found = supercache::get(*core_, key);
  if (found.empty() && !core_->running()) [[unlikely]]
    return to_caf(core_->check_running().why());
  return found;
}

caf::expected<records> cache::try_get(const record& r, const read_options& o) const {
  return to_expected(read(*core_, o, [&](core& c) -> result<records> {
    if (auto s = c.check(r); !s)
      return s.why();
    return supercache::get(c, r[c.config().key_pos], r[c.config().partition_pos]);
  }));
}
records cache::get(const record& r, const read_options& o) const { return to_plain(try_get(r, o)); }

caf::expected<std::vector<records>> cache::try_get_many(std::span<const value> keys,
                                                        const read_options& o) const {
  using found = std::vector<records>;
  return to_expected(read(*core_, o, [&](core& c) -> result<found> {
    found out(keys.size());
    c.metrics().add(metric::get_local, keys.size() - (keys.empty() ? 0 : 1));
    if (!c.same_position()) {
      for (std::size_t i = 0; i < keys.size(); ++i)
        out[i] = supercache::get(c, keys[i]);
      return out;
    }
    std::vector<std::uint64_t> hashes(keys.size());
    std::ranges::transform(keys, hashes.begin(), [](const value& k) { return hash(k); });
    detail::get_pipelined(c, keys, hashes, out);
    return out;
  }));
}
std::vector<records> cache::get_many(std::span<const value> keys, const read_options& o) const {
  return to_plain(try_get_many(keys, o));
}

caf::expected<records> cache::try_get_by_key_partition(const value& key, const value& partition,
                                                       const read_options& o) const {
  return to_expected(read(
    *core_, o, [&](core& c) -> result<records> { return supercache::get(c, key, partition); }));
}
records cache::get_by_key_partition(const value& key, const value& partition,
                                    const read_options& o) const {
  return to_plain(try_get_by_key_partition(key, partition, o));
}
caf::expected<records> cache::try_get_same_key_partition(const value& key,
                                                         const read_options& o) const {
  return try_get_by_key_partition(key, key, o);
}
records cache::get_same_key_partition(const value& key, const read_options& o) const {
  return get_by_key_partition(key, key, o);
}

// -- removing tuples ----------------------------------------------------------------------------

caf::expected<std::size_t> cache::try_remove(const value& key) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<std::size_t> {
    std::size_t n = 0;
    const auto [first, last] = candidates(c, key, any_partition);
    for (auto i = first; i < last; ++i)
      n += c.at(i).tuples().remove(key, hash(key), c.now());
    return n;
  }));
}
std::size_t cache::remove(const value& key) { return to_plain(try_remove(key)); }

caf::expected<std::size_t> cache::try_remove(const record& r) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<std::size_t> {
    if (auto s = c.check(r); !s)
      return s.why();
    const value& key = r[c.config().key_pos];
    return c.of(hash(r[c.config().partition_pos])).tuples().remove(key, hash(key), c.now());
  }));
}
std::size_t cache::remove(const record& r) { return to_plain(try_remove(r)); }

caf::expected<std::size_t> cache::try_remove_by_key_partition(const value& key,
                                                              const value& partition) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<std::size_t> {
    return c.of(hash(partition)).tuples().remove(key, hash(key), c.now());
  }));
}
std::size_t cache::remove_by_key_partition(const value& key, const value& partition) {
  return to_plain(try_remove_by_key_partition(key, partition));
}
caf::expected<std::size_t> cache::try_remove_same_key_partition(const value& key) {
  return try_remove_by_key_partition(key, key);
}
std::size_t cache::remove_same_key_partition(const value& key) {
  return remove_by_key_partition(key, key);
}

caf::expected<std::size_t> cache::try_remove_all() {
  return to_expected(write(*core_, metric::delete_all, [&](core& c) -> result<std::size_t> {
    std::size_t n = 0;
    for (std::size_t i = 0; i < c.partitions(); ++i)
      n += c.at(i).tuples().clear(c.now());
    return n;
  }));
}
std::size_t cache::remove_all() { return to_plain(try_remove_all()); }

} // namespace supercache
