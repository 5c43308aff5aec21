#include "access.hpp"
#include "distributed/remote.hpp"

#include <supercache/cache.hpp>

#include <algorithm>

// Operations of a cache that cover whole partitions: patterns, walks, ranges; and those that name a
// partition.

namespace supercache {

using detail::core;
using detail::read;
using detail::to_plain;
using detail::write;
namespace remote = detail::remote;

namespace {

/// Calls `f(table)` for the partitions of a filter. A pattern that fixes the partition element
/// needs no filter to be sent to one partition.
template <class F>
void each_table(core& c, const partition_filter& partition, const compiled_pattern* p, F&& f) {
  const value* fixed = partition ? &*partition
                       : p       ? p->literal_at(c.config().partition_pos)
                                 : nullptr;
  if (fixed) {
    f(c.of(hash(*fixed)).tuples());
    return;
  }
  for (std::size_t i = 0; i < c.partitions(); ++i)
    f(c.at(i).tuples());
}

/// The partitions that `each_table` covers, as a range.
std::pair<std::size_t, std::size_t> covered(core& c, const partition_filter& partition,
                                            const compiled_pattern* p) {
  const value* fixed = partition ? &*partition
                       : p       ? p->literal_at(c.config().partition_pos)
                                 : nullptr;
  if (!fixed)
    return {0, c.partitions()};
  const auto i = c.index_of(hash(*fixed));
  return {i, i + 1};
}

status walk(core& c, const partition_filter& partition, const key_range& range,
            const std::function<bool(const record&)>& visit) {
  bool more = true;
  each_table(c, partition, nullptr, [&](table& t) {
    if (more)
      t.each_in(range, c.now(), [&](const record& r) { return more = visit(r); });
  });
  return ok();
}

} // namespace

namespace {

std::size_t most(std::size_t limit) { return limit ? limit : SIZE_MAX; }

/// The query for records that match; without a limit the one that older nodes know, too.
query matching(const pattern& p, bool bind, std::size_t limit) {
  return limit ? remote::reading(ask::match_some{p, bind, limit})
               : remote::reading(ask::match{p, bind});
}

/// The answers of several partitions, each in its order, as one answer: of an ordered_set in key
/// order, and no more than the limit.
records as_one(const core& c, std::vector<record> rows, std::size_t limit = 0) {
  detail::put_in_order(c, rows);
  if (rows.size() > most(limit))
    rows.resize(limit);
  return records{std::move(rows)};
}

/// The records that match, in the order and number in which callers get them.
result<records> select_rows(core& c, const partition_filter& partition, const compiled_pattern& p,
                            const read_options& o, std::size_t limit) {
  std::vector<record> out;
  if (c.cluster()) {
    const auto [first, last] = covered(c, partition, &p);
    auto got
      = remote::as_rows(remote::ask_each(c, first, last, matching(p.source(), false, limit), o));
    if (!got)
      return got.why();
    return as_one(c, *std::move(got), limit);
  }
  // Of an ordered_set the first of all may be in any partition.
  const bool ordered = c.config().table_type == table_type::ordered_set;
  each_table(c, partition, &p, [&](table& t) {
    const auto take = [&](record r) { out.push_back(std::move(r)); };
    t.match(p, c.now(), take, most(limit) - (ordered ? 0 : out.size()));
  });
  return as_one(c, std::move(out), limit);
}

caf::expected<records> select_with(core& all, const partition_filter& partition,
                                   const compiled_pattern& p, const read_options& o,
                                   std::size_t limit) {
  return to_expected(detail::walk(all, metric::match,
                                  [&](core& c) { return select_rows(c, partition, p, o, limit); }));
}

} // namespace

caf::expected<std::vector<bindings>> cache::try_get_by_match(const partition_filter& partition,
                                                             const pattern& p,
                                                             const read_options& o,
                                                             std::size_t limit) const {
  using found = std::vector<bindings>;
  return to_expected(detail::walk(*core_, metric::match, [&](core& c) -> result<found> {
    const auto compiled = compiled_pattern::compile(p);
    if (!compiled)
      return compiled.why();
    found out;
    if (c.config().table_type == table_type::ordered_set) { // bindings do not show the order
      const auto rows = select_rows(c, partition, *compiled, o, limit);
      if (!rows)
        return rows.why();
      for (const record& r : *rows)
        compiled->matches(r.items(), out.emplace_back());
      return out;
    }
    if (c.cluster()) {
      const auto [first, last] = covered(c, partition, &*compiled);
      auto got = remote::ask_each(c, first, last, matching(p, true, limit), o);
      if (!got)
        return got.why();
      for (answer& x : *got)
        std::ranges::move(x.found, std::back_inserter(out));
      out.resize(std::min(out.size(), most(limit)));
      return out;
    }
    each_table(c, partition, &*compiled, [&](table& t) {
      const auto take = [&](bindings b) { out.push_back(std::move(b)); };
      t.match_bindings(*compiled, c.now(), take, most(limit) - out.size());
    });
    return out;
  }));
}
std::vector<bindings> cache::get_by_match(const partition_filter& partition, const pattern& p,
                                          const read_options& o, std::size_t limit) const {
  return to_plain(try_get_by_match(partition, p, o, limit));
}

caf::expected<records> cache::try_select(const partition_filter& partition,
                                         const compiled_pattern& p, const read_options& o,
                                         std::size_t limit) const {
  return select_with(*core_, partition, p, o, limit);
}
records cache::select(const partition_filter& partition, const compiled_pattern& p,
                      const read_options& o, std::size_t limit) const {
  return to_plain(try_select(partition, p, o, limit));
}

caf::expected<records> cache::try_get_by_match_object(const partition_filter& partition,
                                                      const pattern& p, const read_options& o,
                                                      std::size_t limit) const {
  const auto compiled = compiled_pattern::compile(p);
  if (!compiled)
    return to_caf(compiled.why());
  return select_with(*core_, partition, *compiled, o, limit);
}
records cache::get_by_match_object(const partition_filter& partition, const pattern& p,
                                   const read_options& o, std::size_t limit) const {
  return to_plain(try_get_by_match_object(partition, p, o, limit));
}

caf::expected<std::size_t> cache::try_count_by_match(const partition_filter& partition,
                                                     const pattern& p,
                                                     const read_options& o) const {
  return to_expected(detail::walk(*core_, metric::match, [&](core& c) -> result<std::size_t> {
    const auto compiled = compiled_pattern::compile(p);
    if (!compiled)
      return compiled.why();
    std::size_t n = 0;
    if (c.cluster()) {
      const auto [first, last] = covered(c, partition, &*compiled);
      return remote::as_count(
        remote::ask_each(c, first, last, remote::reading(ask::count_match{p}), o));
    }
    each_table(c, partition, &*compiled, [&](table& t) { n += t.count_match(*compiled, c.now()); });
    return n;
  }));
}
std::size_t cache::count_by_match(const partition_filter& partition, const pattern& p,
                                  const read_options& o) const {
  return to_plain(try_count_by_match(partition, p, o));
}

caf::expected<std::size_t> cache::try_remove_by_match(const partition_filter& partition,
                                                      const pattern& p, const wait_options& o) {
  return to_expected(write(*core_, metric::delete_match, [&](core& c) -> result<std::size_t> {
    const auto compiled = compiled_pattern::compile(p);
    if (!compiled)
      return compiled.why();
    if (c.cluster()) {
      const auto [first, last] = covered(c, partition, &*compiled);
      return remote::as_count(
        remote::write_each(c, first, last, remote::writing(op::remove_match{p}), o.timeout));
    }
    std::size_t n = 0;
    each_table(c, partition, &*compiled,
               [&](table& t) { n += t.remove_match(*compiled, c.now()); });
    return n;
  }));
}
std::size_t cache::remove_by_match(const partition_filter& partition, const pattern& p,
                                   const wait_options& o) {
  return to_plain(try_remove_by_match(partition, p, o));
}

caf::expected<void> cache::try_each(const partition_filter& partition,
                                    const std::function<bool(const record&)>& visit,
                                    const read_options& o) const {
  return to_expected(detail::walk(*core_, metric::scan, [&](core& c) -> status {
    if (!c.cluster())
      return walk(c, partition, {}, visit);
    const auto [first, last] = covered(c, partition, nullptr);
    return remote::each(c, first, last, {}, visit, o);
  }));
}
void cache::each(const partition_filter& partition, const std::function<bool(const record&)>& visit,
                 const read_options& o) const {
  to_plain(try_each(partition, visit, o));
}

caf::expected<records> cache::try_range(const value& low, const value& high,
                                        const read_options& o) const {
  return to_expected(detail::walk(*core_, metric::match, [&](core& c) -> result<records> {
    std::vector<record> out;
    if (c.cluster()) {
      auto got = remote::as_rows(
        remote::ask_each(c, 0, c.partitions(), remote::reading(ask::range{low, high}), o));
      if (!got)
        return got.why();
      return as_one(c, *std::move(got));
    }
    walk(c, any_partition, {low, high}, [&](const record& r) {
      out.push_back(r);
      return true;
    }).value();
    return as_one(c, std::move(out));
  }));
}
records cache::range(const value& low, const value& high, const read_options& o) const {
  return to_plain(try_range(low, high, o));
}

// -- straight to one partition ------------------------------------------------------------------

caf::expected<void> cache::try_put_partition_by_idx(record r, std::size_t index,
                                                    const write_options& o) {
  return to_expected(write(*core_, metric::put, [&](core& c) -> status {
    const auto ttl = detail::ttl_of(o);
    if (!ttl)
      return ttl.why();
    if (auto s = c.check(r); !s)
      return s;
    if (auto s = c.check_index(index); !s)
      return s;
    if (c.cluster())
      return remote::as_status(remote::write(c, index, {}, op::put{std::move(r), *ttl}, o.timeout));
    const auto key_hash = hash(r[c.config().key_pos]);
    c.at(index).tuples().put(std::move(r), key_hash, *ttl, c.now());
    return ok();
  }));
}
void cache::put_partition_by_idx(record r, std::size_t index, const write_options& o) {
  to_plain(try_put_partition_by_idx(std::move(r), index, o));
}

caf::expected<records> cache::try_get_partition_by_idx(const value& key, std::size_t index,
                                                       const read_options& o) const {
  return to_expected(read(*core_, o, [&](core& c) -> result<records> {
    if (auto s = c.check_index(index); !s)
      return s.why();
    if (c.cluster())
      return remote::as_records(remote::ask(c, index, remote::reading(ask::get{{key}}), o));
    return c.at(index).tuples().get(key, hash(key), c.now());
  }));
}
records cache::get_partition_by_idx(const value& key, std::size_t index,
                                    const read_options& o) const {
  return to_plain(try_get_partition_by_idx(key, index, o));
}

caf::expected<std::size_t> cache::try_remove_partition_by_idx(const value& key, std::size_t index,
                                                              const wait_options& o) {
  return to_expected(write(*core_, metric::delete_, [&](core& c) -> result<std::size_t> {
    if (auto s = c.check_index(index); !s)
      return s.why();
    if (c.cluster())
      return remote::as_count(remote::write(c, index, {}, op::remove{key}, o.timeout));
    return c.at(index).tuples().remove(key, hash(key), c.now());
  }));
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

namespace detail {

void put_in_order(const core& c, std::vector<record>& rows, std::size_t key_pos) {
  const auto key = [key_pos](const record& r) -> const value& { return r[key_pos]; };
  if (c.config().table_type == table_type::ordered_set)
    std::ranges::stable_sort(rows, {}, key); // sorted runs: few comparisons
}
void put_in_order(const core& c, std::vector<record>& rows) {
  put_in_order(c, rows, c.config().key_pos);
}

void get_pipelined(core& c, std::span<const value> keys, std::span<const std::uint64_t> hashes,
                   std::span<records> out) {
  // Each step waits for memory that an earlier one asked for: the bucket `far` keys ago, the record
  // `near` keys ago.
  constexpr std::size_t far = 16, near = 8;
  const stamp when = c.now();
  const auto table_of = [&](std::size_t i) -> table& { return c.of(hashes[i]).tuples(); };
  const reclaim::pin guard;
  for (std::size_t i = 0; i < keys.size() + far; ++i) {
    if (i < keys.size())
      table_of(i).prefetch(hashes[i]);
    if (i >= near && i - near < keys.size())
      table_of(i - near).prefetch_found(hashes[i - near]);
    if (i >= far)
      out[i - far] = table_of(i - far).get(keys[i - far], hashes[i - far], when);
  }
}

} // namespace detail

} // namespace supercache
