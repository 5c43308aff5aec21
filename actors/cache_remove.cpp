#include "access.hpp"
#include "distributed/remote.hpp"

#include <supercache/cache.hpp>

// Removing tuples by key.

namespace supercache {

using detail::candidates;
using detail::core;
using detail::to_plain;
using detail::write;
namespace remote = detail::remote;

caf::expected<std::size_t> cache::try_remove(const value& key, const wait_options& o) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<std::size_t> {
    std::size_t n = 0;
    const auto [first, last] = candidates(c, key, any_partition);
    if (c.cluster())
      return remote::as_count(
        remote::write_each(c, first, last, remote::writing(op::remove{key}), o.timeout));
    for (auto i = first; i < last; ++i)
      n += c.at(i).tuples().remove(key, hash(key), c.now());
    return n;
  }));
}
std::size_t cache::remove(const value& key, const wait_options& o) {
  return to_plain(try_remove(key, o));
}

caf::expected<std::size_t> cache::try_remove(const record& r, const wait_options& o) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<std::size_t> {
    if (auto s = c.check(r); !s)
      return s.why();
    const value& key = r[c.config().key_pos];
    if (c.cluster())
      return remote::as_count(remote::write(c, c.index_of(hash(r[c.config().partition_pos])), {},
                                            op::remove{key}, o.timeout));
    return c.of(hash(r[c.config().partition_pos])).tuples().remove(key, hash(key), c.now());
  }));
}
std::size_t cache::remove(const record& r, const wait_options& o) {
  return to_plain(try_remove(r, o));
}

caf::expected<std::size_t> cache::try_remove_by_key_partition(const value& key,
                                                              const value& partition,
                                                              const wait_options& o) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<std::size_t> {
    if (c.cluster())
      return remote::as_count(
        remote::write(c, c.index_of(hash(partition)), {}, op::remove{key}, o.timeout));
    return c.of(hash(partition)).tuples().remove(key, hash(key), c.now());
  }));
}
std::size_t cache::remove_by_key_partition(const value& key, const value& partition,
                                           const wait_options& o) {
  return to_plain(try_remove_by_key_partition(key, partition, o));
}
caf::expected<std::size_t> cache::try_remove_same_key_partition(const value& key,
                                                                const wait_options& o) {
  return try_remove_by_key_partition(key, key, o);
}
std::size_t cache::remove_same_key_partition(const value& key, const wait_options& o) {
  return remove_by_key_partition(key, key, o);
}

caf::expected<std::size_t> cache::try_remove_all(const wait_options& o) {
  return to_expected(write(*core_, metric::delete_all, [&](core& c) -> result<std::size_t> {
    if (c.cluster())
      return remote::as_count(
        remote::write_each(c, 0, c.partitions(), remote::writing(op::clear{}), o.timeout));
    std::size_t n = 0;
    for (std::size_t i = 0; i < c.partitions(); ++i)
      n += c.at(i).tuples().clear(c.now());
    return n;
  }));
}
std::size_t cache::remove_all(const wait_options& o) { return to_plain(try_remove_all(o)); }

} // namespace supercache
