#include "access.hpp"

#include <supercache/kv.hpp>

namespace supercache {

using detail::answer_of;
using detail::core;
using detail::place;
using detail::to_plain;
namespace calls = detail::calls;

kv::kv(cache c, std::string name)
  : cache_(std::move(c)),
    name_(std::move(name)),
    name_hash_(partition_store::hash_of(space_kind::kv, name_)) {}

place kv::where() const { return {space_kind::kv, name_, name_hash_}; }

// -- storing ------------------------------------------------------------------------------------

caf::expected<void> kv::try_add(const value& key, value x, const write_options& o) {
  return answer_of(calls::kv_add(cache_.internals(), where(), key, std::move(x), o));
}
void kv::add(const value& key, value x, const write_options& o) {
  to_plain(try_add(key, std::move(x), o));
}

caf::expected<void> kv::try_add_batch(std::span<const std::pair<value, value>> pairs,
                                      const write_options& o) {
  return answer_of(calls::kv_add_batch(cache_.internals(), where(), pairs, o));
}
void kv::add_batch(std::span<const std::pair<value, value>> pairs, const write_options& o) {
  to_plain(try_add_batch(pairs, o));
}

caf::expected<bool> kv::try_add_new(const value& key, value x, const write_options& o) {
  return answer_of(calls::kv_add_new(cache_.internals(), where(), key, std::move(x), o));
}
bool kv::add_new(const value& key, value x, const write_options& o) {
  return to_plain(try_add_new(key, std::move(x), o));
}

caf::expected<bool> kv::try_replace(const value& key, value x, const wait_options& o) {
  return answer_of(calls::kv_replace(cache_.internals(), where(), key, std::move(x), o));
}
bool kv::replace(const value& key, value x, const wait_options& o) {
  return to_plain(try_replace(key, std::move(x), o));
}

caf::expected<void> kv::try_update(const value& key, value x, const write_options& o) {
  return answer_of(calls::kv_update(cache_.internals(), where(), key, std::move(x), o));
}
void kv::update(const value& key, value x, const write_options& o) {
  to_plain(try_update(key, std::move(x), o));
}

// -- reading ------------------------------------------------------------------------------------

caf::expected<value> kv::try_get(const value& key, value otherwise, const read_options& o) const {
  if (get_directly(key, otherwise, o)) [[likely]]
    return otherwise;
  const auto found = calls::kv_get(cache_.internals(), where(), key, o).wait();
  if (!found)
    return to_caf(found.why());
  return found->empty() ? std::move(otherwise) : found->front()[1];
}
value kv::get(const value& key, value otherwise, const read_options& o) const {
  if (get_directly(key, otherwise, o)) [[likely]]
    return otherwise;
  return to_plain(try_get(key, std::move(otherwise), o));
}

caf::expected<value_list> kv::try_get_all(const value& key, const read_options& o) const {
  return answer_of(calls::kv_get_all(cache_.internals(), where(), key, o));
}
value_list kv::get_all(const value& key, const read_options& o) const {
  return to_plain(try_get_all(key, o));
}

caf::expected<value_list> kv::try_get_many(std::span<const value> keys, const value& otherwise,
                                           const read_options& o) const {
  return answer_of(calls::kv_get_many(cache_.internals(), where(), keys, otherwise, o));
}
value_list kv::get_many(std::span<const value> keys, const value& otherwise,
                        const read_options& o) const {
  return to_plain(try_get_many(keys, otherwise, o));
}

// -- read, change, write ------------------------------------------------------------------------

namespace {

/// Reads, changes, and stores if no other write came between, until that succeeds or time is up.
result<value> update_with(core& c, const place& ns, const value& key, const value& otherwise,
                          const std::function<value(const value&)>& fn, const write_options& o,
                          std::int64_t ttl_ms) {
  const auto until = detail::deadline_in(o.timeout);
  do {
    const auto found = calls::kv_find(c, ns, key, {read_mode::primary, o.timeout}).wait();
    if (!found)
      return found.why();
    value next = fn(found->empty() ? otherwise : found->front()[1]);
    const auto swapped = calls::kv_swap(c, ns, key, *found, next, ttl_ms, o.timeout).wait();
    if (!swapped)
      return swapped.why();
    if (*swapped)
      return next;
  } while (detail::system_ms() < until);
  return {errc::overloaded, "others kept changing key " + to_string(key) + " for "
                              + std::to_string(o.timeout.count()) + " ms"};
}

} // namespace

caf::expected<value> kv::try_update(const value& key, const value& otherwise,
                                    const std::function<value(const value&)>& fn,
                                    const write_options& o) {
  core& all = cache_.internals();
  return answer_of(call(all, metric::update, [&]() -> detail::future<value> {
    const auto ttl = calls::ttl_or_keep(o);
    if (!ttl)
      return ttl.why();
    if (calls::is_bag(all))
      return {errc::type_mismatch,
              "update with a function needs one value per key, and a bag can have many"};
    return update_with(all, where(), key, otherwise, fn, o, *ttl);
  }));
}
value kv::update(const value& key, const value& otherwise,
                 const std::function<value(const value&)>& fn, const write_options& o) {
  return to_plain(try_update(key, otherwise, fn, o));
}

caf::expected<std::int64_t> kv::try_increment(const value& key, std::int64_t initial,
                                              std::int64_t step, const write_options& o) {
  return answer_of(calls::kv_increment(cache_.internals(), where(), key, initial, step, o));
}
std::int64_t kv::increment(const value& key, std::int64_t initial, std::int64_t step,
                           const write_options& o) {
  return to_plain(try_increment(key, initial, step, o));
}

caf::expected<std::size_t> kv::try_append(const value& key, value what, const write_options& o) {
  return answer_of(calls::kv_append(cache_.internals(), where(), key, std::move(what), o));
}
std::size_t kv::append(const value& key, value what, const write_options& o) {
  return to_plain(try_append(key, std::move(what), o));
}

caf::expected<bool> kv::try_compare_exchange(const value& key, const value& expected, value desired,
                                             const write_options& o) {
  return answer_of(
    calls::kv_compare_exchange(cache_.internals(), where(), key, expected, std::move(desired), o));
}
bool kv::compare_exchange(const value& key, const value& expected, value desired,
                          const write_options& o) {
  return to_plain(try_compare_exchange(key, expected, std::move(desired), o));
}

// -- time to live -------------------------------------------------------------------------------

caf::expected<std::optional<std::chrono::milliseconds>> kv::try_ttl(const value& key,
                                                                    const read_options& o) const {
  using left = std::optional<std::chrono::milliseconds>;
  return answer_of(
    calls::kv_ttl(cache_.internals(), where(), key, o).map([](const value& ms) -> result<left> {
      return ms.is_nil() ? left{} : left{std::chrono::milliseconds{ms.as_int()}};
    }));
}
std::optional<std::chrono::milliseconds> kv::ttl(const value& key, const read_options& o) const {
  return to_plain(try_ttl(key, o));
}

caf::expected<bool> kv::try_expire(const value& key, std::chrono::milliseconds ttl,
                                   const wait_options& o) {
  return answer_of(calls::kv_expire(cache_.internals(), where(), key, ttl, o));
}
bool kv::expire(const value& key, std::chrono::milliseconds ttl, const wait_options& o) {
  return to_plain(try_expire(key, ttl, o));
}

} // namespace supercache
