#include "access.hpp"

namespace supercache {

using detail::answer_of;
using detail::core;
using detail::goes_directly;
using detail::to_plain;
namespace calls = detail::calls;

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
  return calls::put(c, std::move(r), o).wait();
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
  return answer_of(calls::put_batch(*core_, std::move(rs), o));
}
void cache::put_batch(std::vector<record> rs, const write_options& o) {
  to_plain(try_put_batch(std::move(rs), o));
}

caf::expected<void> cache::try_lazy_put(record r, const write_options& o) {
  return answer_of(calls::lazy_put(*core_, std::move(r), o));
}
void cache::lazy_put(record r, const write_options& o) { to_plain(try_lazy_put(std::move(r), o)); }

caf::expected<void> cache::try_flush() {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return to_expected(core_->flush());
}
void cache::flush() { to_plain(try_flush()); }

caf::expected<bool> cache::try_insert_new(record r, const write_options& o) {
  return answer_of(calls::insert_new(*core_, std::move(r), o));
}
bool cache::insert_new(record r, const write_options& o) {
  return to_plain(try_insert_new(std::move(r), o));
}

caf::expected<records> cache::try_take(const value& key, const partition_filter& partition,
                                       const wait_options& o) {
  return answer_of(calls::take(*core_, key, partition, o));
}
records cache::take(const value& key, const partition_filter& partition, const wait_options& o) {
  return to_plain(try_take(key, partition, o));
}

caf::expected<bool> cache::try_update_element(const value& key, std::vector<element_change> changes,
                                              const partition_filter& partition,
                                              const wait_options& o) {
  return answer_of(calls::update_element(*core_, key, std::move(changes), partition, o));
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
  return answer_of(calls::update_counter(*core_, key, pos, step, std::move(initial), partition, o));
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

result<records> get_generally(core& c, const value& key, const read_options& o) {
  return calls::get(c, key, any_partition, o).wait();
}
[[gnu::noinline]] records get_or_throw(core& c, const value& key, const read_options& o) {
  return get_generally(c, key, o).value();
}
[[gnu::noinline]] caf::expected<records> get_or_error(core& c, const value& key,
                                                      const read_options& o) {
  return to_expected(get_generally(c, key, o));
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
  if (auto s = core_->check(r); !s)
    return to_caf(s.why());
  return try_get_by_key_partition(r[core_->config().key_pos], r[core_->config().partition_pos], o);
}
records cache::get(const record& r, const read_options& o) const { return to_plain(try_get(r, o)); }

caf::expected<std::vector<records>> cache::try_get_many(std::span<const value> keys,
                                                        const read_options& o) const {
  return answer_of(calls::get_many(*core_, keys, o));
}
std::vector<records> cache::get_many(std::span<const value> keys, const read_options& o) const {
  return to_plain(try_get_many(keys, o));
}

caf::expected<records> cache::try_get_by_key_partition(const value& key, const value& partition,
                                                       const read_options& o) const {
  return answer_of(calls::get(*core_, key, partition, o));
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
