#include "access.hpp"

// Operations of a cache that cover whole partitions: patterns, walks, ranges; those that remove by
// key; and those that name a partition.

namespace supercache {

using detail::answer_of;
using detail::core;
using detail::to_plain;
namespace calls = detail::calls;

// -- patterns -------------------------------------------------------------------------------------

caf::expected<std::vector<bindings>> cache::try_get_by_match(const partition_filter& partition,
                                                             const pattern& p,
                                                             const read_options& o,
                                                             std::size_t limit) const {
  return answer_of(calls::match(*core_, partition, p, o, limit));
}
std::vector<bindings> cache::get_by_match(const partition_filter& partition, const pattern& p,
                                          const read_options& o, std::size_t limit) const {
  return to_plain(try_get_by_match(partition, p, o, limit));
}

caf::expected<records> cache::try_select(const partition_filter& partition,
                                         const compiled_pattern& p, const read_options& o,
                                         std::size_t limit) const {
  return answer_of(calls::select(*core_, partition, p.source(), o, limit));
}
records cache::select(const partition_filter& partition, const compiled_pattern& p,
                      const read_options& o, std::size_t limit) const {
  return to_plain(try_select(partition, p, o, limit));
}

caf::expected<records> cache::try_get_by_match_object(const partition_filter& partition,
                                                      const pattern& p, const read_options& o,
                                                      std::size_t limit) const {
  return answer_of(calls::select(*core_, partition, p, o, limit));
}
records cache::get_by_match_object(const partition_filter& partition, const pattern& p,
                                   const read_options& o, std::size_t limit) const {
  return to_plain(try_get_by_match_object(partition, p, o, limit));
}

caf::expected<std::size_t> cache::try_count_by_match(const partition_filter& partition,
                                                     const pattern& p,
                                                     const read_options& o) const {
  return answer_of(calls::count_match(*core_, partition, p, o));
}
std::size_t cache::count_by_match(const partition_filter& partition, const pattern& p,
                                  const read_options& o) const {
  return to_plain(try_count_by_match(partition, p, o));
}

caf::expected<std::size_t> cache::try_remove_by_match(const partition_filter& partition,
                                                      const pattern& p, const wait_options& o) {
  return answer_of(calls::remove_match(*core_, partition, p, o));
}
std::size_t cache::remove_by_match(const partition_filter& partition, const pattern& p,
                                   const wait_options& o) {
  return to_plain(try_remove_by_match(partition, p, o));
}

// -- walks ----------------------------------------------------------------------------------------

caf::expected<void> cache::try_each(const partition_filter& partition,
                                    const std::function<bool(const record&)>& visit,
                                    const read_options& o) const {
  return answer_of(calls::each(*core_, partition, visit, o));
}
void cache::each(const partition_filter& partition, const std::function<bool(const record&)>& visit,
                 const read_options& o) const {
  to_plain(try_each(partition, visit, o));
}

caf::expected<records> cache::try_range(const value& low, const value& high,
                                        const read_options& o) const {
  return answer_of(calls::range(*core_, low, high, o));
}
records cache::range(const value& low, const value& high, const read_options& o) const {
  return to_plain(try_range(low, high, o));
}

// -- removing by key ------------------------------------------------------------------------------

caf::expected<std::size_t> cache::try_remove(const value& key, const wait_options& o) {
  return answer_of(calls::remove(*core_, key, any_partition, o));
}
std::size_t cache::remove(const value& key, const wait_options& o) {
  return to_plain(try_remove(key, o));
}

caf::expected<std::size_t> cache::try_remove(const record& r, const wait_options& o) {
  if (auto s = core_->check(r); !s)
    return to_caf(s.why());
  return try_remove_by_key_partition(r[core_->config().key_pos], r[core_->config().partition_pos],
                                     o);
}
std::size_t cache::remove(const record& r, const wait_options& o) {
  return to_plain(try_remove(r, o));
}

caf::expected<std::size_t> cache::try_remove_by_key_partition(const value& key,
                                                              const value& partition,
                                                              const wait_options& o) {
  return answer_of(calls::remove(*core_, key, partition, o));
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
  return answer_of(calls::clear(*core_, {}, o));
}
std::size_t cache::remove_all(const wait_options& o) { return to_plain(try_remove_all(o)); }

// -- straight to one partition ------------------------------------------------------------------

caf::expected<void> cache::try_put_partition_by_idx(record r, std::size_t index,
                                                    const write_options& o) {
  return answer_of(calls::put_at(*core_, index, std::move(r), o));
}
void cache::put_partition_by_idx(record r, std::size_t index, const write_options& o) {
  to_plain(try_put_partition_by_idx(std::move(r), index, o));
}

caf::expected<records> cache::try_get_partition_by_idx(const value& key, std::size_t index,
                                                       const read_options& o) const {
  return answer_of(calls::get_at(*core_, index, key, o));
}
records cache::get_partition_by_idx(const value& key, std::size_t index,
                                    const read_options& o) const {
  return to_plain(try_get_partition_by_idx(key, index, o));
}

caf::expected<std::size_t> cache::try_remove_partition_by_idx(const value& key, std::size_t index,
                                                              const wait_options& o) {
  return answer_of(calls::remove_at(*core_, index, key, o));
}
std::size_t cache::remove_partition_by_idx(const value& key, std::size_t index,
                                           const wait_options& o) {
  return to_plain(try_remove_partition_by_idx(key, index, o));
}

caf::expected<void> cache::try_put_partition(record r, std::string_view partition,
                                             const write_options& o) {
  const auto index = core_->index_from_name(partition);
  return index ? try_put_partition_by_idx(std::move(r), *index, o) : to_caf(index.why());
}
void cache::put_partition(record r, std::string_view partition, const write_options& o) {
  to_plain(try_put_partition(std::move(r), partition, o));
}
caf::expected<records> cache::try_get_partition(const value& key, std::string_view partition,
                                                const read_options& o) const {
  const auto index = core_->index_from_name(partition);
  return index ? try_get_partition_by_idx(key, *index, o) : to_caf(index.why());
}
records cache::get_partition(const value& key, std::string_view partition,
                             const read_options& o) const {
  return to_plain(try_get_partition(key, partition, o));
}
caf::expected<std::size_t> cache::try_remove_partition(const value& key, std::string_view partition,
                                                       const wait_options& o) {
  const auto index = core_->index_from_name(partition);
  return index ? try_remove_partition_by_idx(key, *index, o) : to_caf(index.why());
}
std::size_t cache::remove_partition(const value& key, std::string_view partition,
                                    const wait_options& o) {
  return to_plain(try_remove_partition(key, partition, o));
}

} // namespace supercache
