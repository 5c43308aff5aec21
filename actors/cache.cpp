#include "access.hpp"
#include "distributed/remote.hpp"

#include <supercache/cache.hpp>

namespace supercache {

using detail::candidates;
using detail::core;
using detail::goes_directly;
using detail::read;
using detail::to_plain;
using detail::write;
namespace remote = detail::remote;

// -- writing tuples -----------------------------------------------------------------------------

namespace {

/// Hot path of `put`: one hash, `shelf::hashed::view::put`, one counter. False: the record has to
/// go the general way, for whatever reason.
[[gnu::always_inline]] inline bool put_directly(core& c, record& r, const write_options& o) {
  if (!c.reads_directly() || o.ttl.count() != 0 || !c.fits(r) || r.deadline()) [[unlikely]]
    return false;
  const value& key = r[c.config().key_pos];
  if (key.on_heap() || !c.metrics().count_unless_sampled(metric::put, reclaim::thread_ordinal()))
    [[unlikely]]
    return false;
  const auto key_hash = detail::hash_16(key.words()[0], key.words()[1]);
  return c.set_of(key_hash).put(r, key, key_hash);
}

[[gnu::noinline]] status put_generally(core& c, record& r, const write_options& o) {
  return write(c, metric::put, [&](core&) -> status {
    if (auto s = c.check(r); !s)
      return s;
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    if (c.cluster()) {
      const auto at = c.index_of(hash(r[c.config().partition_pos]));
      return remote::as_status(remote::write(c, at, {}, op::put{std::move(r), *ttl}, o.timeout));
    }
    const auto key_hash = hash(r[c.config().key_pos]);
    auto& store = c.of(c.same_position() ? key_hash : hash(r[c.config().partition_pos]));
    store.tuples().put(std::move(r), key_hash, *ttl, c.now());
    return ok();
  });
}

status put_batch(core& c, std::vector<record> rs, const write_options& o) {
  const auto ttl = detail::ttl_of(o);
  if (!ttl)
    return ttl.why();
  if (!c.cluster())
    return c.write_batch(rs, *ttl);
  for (const record& r : rs)
    if (auto s = c.check(r); !s) [[unlikely]]
      return s;
  return remote::put_batch(c, std::move(rs), *ttl, o.timeout);
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
    return ok();
  return {errc::invalid_argument,
          "element " + std::to_string(pos) + " picks the partition and cannot be changed"};
}

} // namespace

void cache::put(record r, const write_options& o) {
  if (!put_directly(*core_, r, o)) [[unlikely]]
    put_generally(*core_, r, o).value();
}
caf::expected<void> cache::try_put(record r, const write_options& o) {
  if (!put_directly(*core_, r, o)) [[unlikely]]
    return to_expected(put_generally(*core_, r, o));
  return caf::unit;
}

caf::expected<void> cache::try_put_batch(std::vector<record> rs, const write_options& o) {
  return to_expected(write(*core_, metric::put,
                           [&](core& c) { return supercache::put_batch(c, std::move(rs), o); }));
}
void cache::put_batch(std::vector<record> rs, const write_options& o) {
  to_plain(try_put_batch(std::move(rs), o));
}

caf::expected<void> cache::try_lazy_put(record r, const write_options& o) {
  return to_expected(operate(*core_, metric::lazy_put, true, [&](core& c) -> status {
    const auto ttl = detail::ttl_of(o);
    return ttl ? c.lazy_put(std::move(r), *ttl) : status{ttl.why()};
  }));
}
void cache::lazy_put(record r, const write_options& o) { to_plain(try_lazy_put(std::move(r), o)); }

caf::expected<void> cache::try_flush() {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return to_expected(core_->flush());
}
void cache::flush() { to_plain(try_flush()); }

caf::expected<bool> cache::try_insert_new(record r, const write_options& o) {
  return to_expected(write(*core_, metric::put, [&](core& c) -> result<bool> {
    if (auto s = c.check(r); !s)
      return s.why();
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    if (c.cluster()) {
      const auto at = c.index_of(hash(r[c.config().partition_pos]));
      return remote::as_bool(
        remote::write(c, at, {}, op::insert_new{std::move(r), *ttl}, o.timeout));
    }
    const auto key_hash = hash(r[c.config().key_pos]);
    auto& store = c.of(hash(r[c.config().partition_pos]));
    return store.tuples().insert_new(std::move(r), key_hash, *ttl, c.now());
  }));
}
bool cache::insert_new(record r, const write_options& o) {
  return to_plain(try_insert_new(std::move(r), o));
}

caf::expected<records> cache::try_take(const value& key, const partition_filter& partition,
                                       const wait_options& o) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<records> {
    std::vector<record> out;
    const auto [first, last] = candidates(c, key, partition);
    if (c.cluster()) {
      auto taken = remote::write_each(c, first, last, remote::writing(op::take{key}), o.timeout);
      if (!taken)
        return taken.why();
      for (const value& rows : *taken)
        for (const value& row : rows.items())
          out.push_back(record::from_tuple(row));
      return records{std::move(out)};
    }
    for (auto i = first; i < last; ++i)
      for (record& r : c.at(i).tuples().take(key, hash(key), c.now()))
        out.push_back(std::move(r));
    return records{std::move(out)};
  }));
}
records cache::take(const value& key, const partition_filter& partition, const wait_options& o) {
  return to_plain(try_take(key, partition, o));
}

caf::expected<bool> cache::try_update_element(const value& key, std::vector<element_change> changes,
                                              const partition_filter& partition,
                                              const wait_options& o) {
  return to_expected(write(*core_, metric::update, [&](core& c) -> result<bool> {
    const auto at = locate(c, key, partition);
    if (!at)
      return at.why();
    for (const auto& change : changes)
      if (auto s = check_stays(c, change.first); !s)
        return s.why();
    if (c.cluster())
      return remote::as_bool(
        remote::write(c, *at, {}, op::update_element{key, std::move(changes)}, o.timeout));
    return c.at(*at).tuples().update_element({key, std::move(changes)}, hash(key), c.now());
  }));
}
bool cache::update_element(const value& key, std::vector<element_change> changes,
                           const partition_filter& partition, const wait_options& o) {
  return to_plain(try_update_element(key, std::move(changes), partition, o));
}

caf::expected<std::int64_t> cache::try_update_counter(const value& key, std::uint32_t pos,
                                                      std::int64_t step,
                                                      std::optional<record> initial,
                                                      const partition_filter& partition,
                                                      const write_options& o) {
  return to_expected(write(*core_, metric::update, [&](core& c) -> result<std::int64_t> {
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
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
    op::update_counter add{key, pos, step, std::move(initial), *ttl};
    if (c.cluster())
      return remote::as_integer(remote::write(c, *at, {}, std::move(add), o.timeout));
    return c.at(*at).tuples().update_counter(add, hash(key), c.now());
  }));
}
std::int64_t cache::update_counter(const value& key, std::uint32_t pos, std::int64_t step,
                                   std::optional<record> initial, const partition_filter& partition,
                                   const write_options& o) {
  return to_plain(try_update_counter(key, pos, step, std::move(initial), partition, o));
}

// -- reading tuples -----------------------------------------------------------------------------

namespace {

/// Hot path of `get`: one hash, `shelf::hashed::view::find`, one counter; some 90 instructions in
/// all. Also nullptr when the call is to be measured.
[[gnu::always_inline]] inline auto find_directly(core& c, const value& key) {
  return reclaim::find_and_hold<detail::block>(
    [&]() __attribute__((always_inline)) {
      const auto key_hash = detail::hash_16(key.words()[0], key.words()[1]);
      return c.set_of(key_hash).find(key, key_hash);
    },
    [&](std::uint32_t thread) __attribute__((always_inline)) {
      return c.metrics().count_unless_sampled(metric::get_local, thread);
    });
}

/// Ends a short way that surely found no record. Answers whether that counts: after a stop what was
/// looked at may have been emptied.
[[gnu::always_inline]] inline bool let_go(std::atomic<const void*>* slot, const core& c) {
  slot->store(nullptr, std::memory_order_release);
  return c.reads_directly();
}

records get(core& c, const value& key) {
  const auto key_hash = hash(key);
  if (c.same_position()) [[likely]]
    return c.of(key_hash).tuples().get(key, key_hash, c.now());
  std::vector<record> out;
  for (std::size_t i = 0; i < c.partitions(); ++i)
    for (const record& r : c.at(i).tuples().get(key, key_hash, c.now()))
      out.push_back(r);
  return records{std::move(out)};
}

/// Hot path of a local read in a cluster: some loads more than without one. False: another node has
/// to be asked.
bool get_here(core& c, const value& key, const read_options& o, records& out) {
  if (o.mode != read_mode::local || !c.same_position())
    return false;
  const auto key_hash = hash(key);
  detail::host& h = c.cluster()->host_of(c.index_of(key_hash));
  const auto before = h.generation();
  if (!h.serves())
    return false;
  const stamp when{h.time_ms()};
  out = h.store().tuples().get(key, key_hash, when);
  return h.generation() == before && h.certain(when);
}

result<records> get_anywhere(core& c, const value& key, const read_options& o) {
  if (!c.cluster())
    return supercache::get(c, key);
  if (records here; get_here(c, key, o, here))
    return here;
  const auto [first, last] = candidates(c, key, any_partition);
  return remote::as_records(remote::ask_each(c, first, last, remote::reading(ask::get{{key}}), o));
}

result<records> get_generally(core& c, const value& key, const read_options& o) {
  return read(c, o, [&](core&) { return get_anywhere(c, key, o); });
}
[[gnu::noinline]] records get_or_throw(core& c, const value& key, const read_options& o) {
  return get_generally(c, key, o).value();
}
[[gnu::noinline]] caf::expected<records> get_or_error(core& c, const value& key,
                                                      const read_options& o) {
  return to_expected(get_generally(c, key, o));
}

result<records> get(core& c, const value& key, const value& partition, const read_options& o) {
  if (c.cluster())
    return remote::as_records(
      remote::ask(c, c.index_of(hash(partition)), remote::reading(ask::get{{key}}), o));
  return c.of(hash(partition)).tuples().get(key, hash(key), c.now());
}

} // namespace

records cache::get(const value& key, const read_options& o) const {
  if (goes_directly(*core_, key, o)) [[likely]]
    if (const auto [b, slot] = find_directly(*core_, key); slot) [[likely]] {
      if (b != &shelf::nothing) [[likely]]
        return records::held(b, slot);
      if (let_go(slot, *core_))
        return records{};
    }
  return get_or_throw(*core_, key, o);
}
caf::expected<records> cache::try_get(const value& key, const read_options& o) const {
  if (goes_directly(*core_, key, o)) [[likely]]
    if (const auto [b, slot] = find_directly(*core_, key); slot) [[likely]] {
      if (b != &shelf::nothing) [[likely]]
        return records::held(b, slot);
      if (let_go(slot, *core_))
        return records{};
    }
  return get_or_error(*core_, key, o);
}

caf::expected<records> cache::try_get(const record& r, const read_options& o) const {
  return to_expected(read(*core_, o, [&](core& c) -> result<records> {
    if (auto s = c.check(r); !s)
      return s.why();
    return supercache::get(c, r[c.config().key_pos], r[c.config().partition_pos], o);
  }));
}
records cache::get(const record& r, const read_options& o) const { return to_plain(try_get(r, o)); }

caf::expected<std::vector<records>> cache::try_get_many(std::span<const value> keys,
                                                        const read_options& o) const {
  using found = std::vector<records>;
  return to_expected(read(*core_, o, [&](core& c) -> result<found> {
    found out(keys.size());
    detail::count_reads(c, o, keys.size());
    if (!c.same_position()) {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        auto one = get_anywhere(c, keys[i], o);
        if (!one)
          return one.why();
        out[i] = *std::move(one);
      }
      return out;
    }
    if (c.cluster())
      return remote::get_many(c, {}, keys, o);
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
    *core_, o, [&](core& c) -> result<records> { return supercache::get(c, key, partition, o); }));
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

} // namespace supercache
