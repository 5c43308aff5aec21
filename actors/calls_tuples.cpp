#include "calls.hpp"

#include <algorithm>

// Operations on tuples by key.

namespace supercache::detail {

namespace {

/// The partition of a key: of `partition` if given, else of the key itself where that is the rule.
result<std::size_t> locate(const core& c, const value& key, const partition_filter& partition) {
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

std::size_t home_of(const core& c, const record& r) {
  return c.index_of(hash(r[c.config().partition_pos]));
}

future<unit> store(core& c, std::size_t index, record r, const write_options& o) {
  const auto ttl = ttl_of(o);
  if (!ttl)
    return ttl.why();
  return c.executor().write(index, in_tuples, op::put{std::move(r), *ttl}, o.timeout, as_unit);
}

result<records> as_records(std::vector<answer> xs) { return records{rows_of(std::move(xs))}; }

/// Records in the form of `op::take`.
std::vector<record> records_in(const std::vector<value>& lists) {
  std::vector<record> out;
  for (const value& rows : lists)
    for (const value& row : rows.items())
      out.push_back(record::from_tuple(row));
  return out;
}

} // namespace

namespace calls {

future<unit> put(core& all, record r, const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<unit> {
    if (auto s = c.check(r); !s)
      return s;
    const auto at = home_of(c, r);
    return store(c, at, std::move(r), o);
  });
}

future<unit> lazy_put(core& all, record r, const write_options& o) {
  return call(all, metric::lazy_put, [&, &c = all]() -> future<unit> {
    const auto ttl = ttl_of(o);
    return ttl ? c.lazy_put(std::move(r), *ttl) : status{ttl.why()};
  });
}

namespace {

/// Hot path of `put_batch` here: a key that is the partition value, too, is hashed once.
void put_batch_here(const core& c, const executor::stores& stores, partitioned all,
                    std::int64_t ttl_ms) {
  const stamp when = c.now();
  if (!c.same_position())
    std::ranges::transform(all.rows, all.hashes.begin(),
                           [&](const record& r) { return hash(r[c.config().key_pos]); });
  for (std::size_t p = 0; p < stores.size(); ++p)
    if (const auto n = all.count(p))
      stores[p]->tuples().put_many(std::span{all.rows}.subspan(all.begin[p], n),
                                   std::span{all.hashes}.subspan(all.begin[p], n), ttl_ms, when);
}

} // namespace

future<unit> put_batch(core& all, std::vector<record> rs, const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<unit> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    for (const record& r : rs)
      if (auto s = c.check(r); !s) [[unlikely]]
        return s;
    auto all_rows = c.by_partition(std::move(rs));
    if (const auto* stores = c.executor().alone()) {
      put_batch_here(c, *stores, std::move(all_rows), *ttl);
      return ok();
    }
    std::vector<future<value>> parts;
    c.executor().together([&] {
      for (std::size_t p = 0; p < c.partitions(); ++p)
        if (all_rows.count(p) > 0)
          parts.push_back(
            c.executor().write(p, in_tuples, op::put_many{all_rows.take(p), *ttl}, o.timeout));
    });
    return all_of(std::move(parts)).map([](const std::vector<value>&) { return ok(); });
  });
}

future<bool> insert_new(core& all, record r, const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<bool> {
    if (auto s = c.check(r); !s)
      return s.why();
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    const auto at = home_of(c, r);
    return c.executor().write(at, in_tuples, op::insert_new{std::move(r), *ttl}, o.timeout,
                              as_bool);
  });
}

future<records> take(core& all, const value& key, const partition_filter& partition,
                     const wait_options& o) {
  return call(all, metric::delete_, [&, &c = all]() -> future<records> {
    return write_each(c, candidates(c, hash(key), partition), in_tuples, op::take{key}, o.timeout)
      .map([](const std::vector<value>& xs) -> result<records> { return records{records_in(xs)}; });
  });
}

future<bool> update_element(core& all, const value& key, std::vector<element_change> changes,
                            const partition_filter& partition, const wait_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<bool> {
    const auto at = locate(c, key, partition);
    if (!at)
      return at.why();
    for (const auto& change : changes)
      if (auto s = check_stays(c, change.first); !s)
        return s.why();
    return c.executor().write(*at, in_tuples, op::update_element{key, std::move(changes)},
                              o.timeout, as_bool);
  });
}

future<std::int64_t> update_counter(core& all, const value& key, std::uint32_t pos,
                                    std::int64_t step, std::optional<record> initial,
                                    const partition_filter& partition, const write_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<std::int64_t> {
    const auto ttl = ttl_of(o);
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
    return c.executor().write(*at, in_tuples,
                              op::update_counter{key, pos, step, std::move(initial), *ttl},
                              o.timeout, as_integer);
  });
}

future<std::size_t> remove(core& all, const value& key, const partition_filter& partition,
                           const wait_options& o) {
  return call(all, metric::delete_, [&, &c = all]() -> future<std::size_t> {
    return write_each(c, candidates(c, hash(key), partition), in_tuples, op::remove{key}, o.timeout)
      .map(sum);
  });
}

future<records> get(core& all, const value& key, const partition_filter& partition,
                    const read_options& o) {
  return call(all, metric_of(o.mode), [&, &c = all]() -> future<records> {
    const auto h = hash(key);
    const auto where = candidates(c, h, partition);
    if (records here;
        where.size() == 1 && c.executor().get_here(where.first, in_tuples, key, h, o.mode, here))
      return here;
    return read_each(c, where, in_tuples, ask::get{{key}}, o).map(as_records);
  });
}

future<unit> put_at(core& all, std::size_t index, record r, const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<unit> {
    if (auto s = c.check(r); !s)
      return s;
    if (auto s = c.check_index(index); !s)
      return s;
    return store(c, index, std::move(r), o);
  });
}

future<records> get_at(core& all, std::size_t index, const value& key, const read_options& o) {
  return call(all, metric_of(o.mode), [&, &c = all]() -> future<records> {
    if (auto s = c.check_index(index); !s)
      return s.why();
    return read_each(c, {index, index + 1}, in_tuples, ask::get{{key}}, o).map(as_records);
  });
}

future<std::size_t> remove_at(core& all, std::size_t index, const value& key,
                              const wait_options& o) {
  return call(all, metric::delete_, [&, &c = all]() -> future<std::size_t> {
    if (auto s = c.check_index(index); !s)
      return s.why();
    return c.executor().write(index, in_tuples, op::remove{key}, o.timeout, as_count);
  });
}

} // namespace calls

// -- many keys ------------------------------------------------------------------------------------

namespace {

using found = std::vector<records>;

/// All keys in this process: each step waits for memory that an earlier one asked for, the bucket
/// `far` keys ago and the record `near` keys ago.
void get_pipelined(const core& c, const executor::stores& all, std::span<const value> keys,
                   std::span<records> out) {
  constexpr std::size_t far = 16, near = 8;
  std::vector<std::uint64_t> hashes(keys.size());
  std::ranges::transform(keys, hashes.begin(), [](const value& k) { return hash(k); });
  const stamp when = c.now();
  const auto table_of
    = [&](std::size_t i) -> table& { return all[c.index_of(hashes[i])]->tuples(); };
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

/// Asks each partition once for those of its keys that are not to be had here.
future<found> get_by_partition(core& c, const place& in, std::span<const value> keys,
                               const read_options& o) {
  const auto out = std::make_shared<found>(keys.size());
  std::vector<std::vector<std::size_t>> wanted(c.partitions()); // places in `keys`
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const auto h = hash(keys[k]);
    if (const auto i = c.index_of(h); !c.executor().get_here(i, in, keys[k], h, o.mode, (*out)[k]))
      wanted[i].push_back(k);
  }
  std::vector<std::vector<std::size_t>> asked;
  std::vector<future<answer>> parts;
  c.executor().together([&] {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].empty())
        continue;
      ask::get q;
      for (const auto k : wanted[i])
        q.keys.push_back(keys[k]);
      parts.push_back(c.executor().read(i, query{in.space(), std::move(q)}, o));
      asked.push_back(std::move(wanted[i]));
    }
  });
  if (parts.empty())
    return std::move(*out);
  return all_of(std::move(parts))
    .map([out, asked = std::move(asked)](std::vector<answer> got) -> result<found> {
      for (std::size_t i = 0; i < asked.size(); ++i) {
        auto& rows = got[i].rows;
        if (rows.size() != asked[i].size())
          return {errc::internal, "a read of several keys was answered for others"};
        for (std::size_t j = 0; j < rows.size(); ++j)
          (*out)[asked[i][j]] = records{std::move(rows[j])};
      }
      return std::move(*out);
    });
}

} // namespace

future<found> get_many_of(core& c, const place& in, std::span<const value> keys,
                          const read_options& o) {
  if (keys.size() > 1)
    c.metrics().add(metric_of(o.mode), keys.size() - 1);
  return get_by_partition(c, in, keys, o);
}

namespace calls {

future<found> get_many(core& all, std::span<const value> keys, const read_options& o) {
  if (!all.same_position() && !keys.empty()) {
    std::vector<future<records>> parts;
    for (const value& key : keys)
      parts.push_back(get(all, key, any_partition, o));
    return all_of(std::move(parts));
  }
  return call(all, metric_of(o.mode), [&, &c = all]() -> future<found> {
    const auto* stores = c.executor().alone();
    if (!stores)
      return get_many_of(c, in_tuples, keys, o);
    if (keys.size() > 1)
      c.metrics().add(metric_of(o.mode), keys.size() - 1);
    found out(keys.size());
    get_pipelined(c, *stores, keys, out);
    return out;
  });
}

} // namespace calls

} // namespace supercache::detail
