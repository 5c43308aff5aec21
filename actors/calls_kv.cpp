#include "calls.hpp"

#include <algorithm>

// Operations on key-value namespaces. A pair is the record {key, value} in the namespace's table of
// the key's partition.

namespace supercache::detail {

namespace {

/// A write of one key, with its answer as `convert` makes it.
template <class Op, class Convert>
auto change(core& c, const place& ns, const value& key, Op what, std::chrono::milliseconds timeout,
            Convert convert) {
  return c.executor().write(c.index_of(hash(key)), ns, std::move(what), timeout, convert);
}

} // namespace

namespace calls {

bool is_bag(const core& c) noexcept {
  return c.config().table_type == table_type::bag
         || c.config().table_type == table_type::duplicate_bag;
}

result<std::int64_t> ttl_or_keep(const write_options& o) {
  constexpr std::int64_t keep_deadline = -1;
  const auto ttl = ttl_of(o);
  return ttl && *ttl == 0 ? keep_deadline : ttl;
}

// -- storing --------------------------------------------------------------------------------------

future<unit> kv_add(core& all, const place& ns, const value& key, value x, const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<unit> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    return change(c, ns, key, op::put{record{key, std::move(x)}, *ttl}, o.timeout, as_unit);
  });
}

future<unit> kv_add_batch(core& all, const place& ns,
                          std::span<const std::pair<value, value>> pairs, const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<unit> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    std::vector<op::put_many> groups(c.partitions());
    for (const auto& [key, x] : pairs)
      groups[c.index_of(hash(key))].rows.emplace_back(key, x);
    std::vector<future<value>> parts;
    c.executor().together([&] {
      for (std::size_t i = 0; i < groups.size(); ++i)
        if (!groups[i].rows.empty()) {
          groups[i].ttl_ms = *ttl;
          parts.push_back(c.executor().write(i, ns, std::move(groups[i]), o.timeout));
        }
    });
    return all_of(std::move(parts)).map([](const std::vector<value>&) { return ok(); });
  });
}

future<bool> kv_add_new(core& all, const place& ns, const value& key, value x,
                        const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<bool> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    return change(c, ns, key, op::insert_new{record{key, std::move(x)}, *ttl}, o.timeout, as_bool);
  });
}

future<bool> kv_replace(core& all, const place& ns, const value& key, value x,
                        const wait_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<bool> {
    return change(c, ns, key, op::exchange{record{key, std::move(x)}, true}, o.timeout, as_bool);
  });
}

future<unit> kv_update(core& all, const place& ns, const value& key, value x,
                       const write_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<unit> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    record row{key, std::move(x)};
    if (*ttl && !is_bag(c)) // one record per key: the same, and it takes a time to live
      return change(c, ns, key, op::put{std::move(row), *ttl}, o.timeout, as_unit);
    auto stored = change(c, ns, key, op::exchange{std::move(row), false}, o.timeout, as_unit);
    if (!*ttl)
      return stored;
    return std::move(stored).and_then(
      [&c, where = ns.space(), key, ttl_ms = *ttl, timeout = o.timeout](unit) {
        return change(c, {where.kind, where.name}, key, op::expire{key, ttl_ms}, timeout, as_unit);
      });
  });
}

// -- read, change, write --------------------------------------------------------------------------

future<std::int64_t> kv_increment(core& all, const place& ns, const value& key,
                                  std::int64_t initial, std::int64_t step, const write_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<std::int64_t> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    return change(c, ns, key, op::update_counter{key, 1, step, record{key, initial}, *ttl},
                  o.timeout, as_integer);
  });
}

future<std::size_t> kv_append(core& all, const place& ns, const value& key, value what,
                              const write_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<std::size_t> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    return change(c, ns, key, op::append{key, 1, std::move(what), *ttl}, o.timeout, as_count);
  });
}

future<bool> kv_compare_exchange(core& all, const place& ns, const value& key,
                                 const value& expected, value desired, const write_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<bool> {
    const auto ttl = ttl_or_keep(o);
    if (!ttl)
      return ttl.why();
    return change(
      c, ns, key,
      op::compare_exchange{key, record{key, expected}, record{key, std::move(desired)}, *ttl},
      o.timeout, as_bool);
  });
}

future<bool> kv_swap(core& c, const place& ns, const value& key, const records& found, value next,
                     std::int64_t ttl_ms, std::chrono::milliseconds timeout) {
  op::compare_exchange swap{key, {}, record{key, std::move(next)}, ttl_ms};
  if (!found.empty())
    swap.expected = found.front();
  return change(c, ns, key, std::move(swap), timeout, as_bool);
}

// -- reading --------------------------------------------------------------------------------------

future<records> kv_find(core& c, const place& ns, const value& key, const read_options& o) {
  const auto h = hash(key);
  const auto i = c.index_of(h);
  if (records here; c.executor().get_here(i, ns, key, h, o.mode, here))
    return here;
  return c.executor().read(i, query{ns.space(), ask::get{{key}}}, o).map([](answer x) {
    return result<records>{x.rows.empty() ? records{} : records{std::move(x.rows.front())}};
  });
}

future<records> kv_get(core& all, const place& ns, const value& key, const read_options& o) {
  return call(all, metric_of(o.mode), [&] { return kv_find(all, ns, key, o); });
}

future<value_list> kv_get_all(core& c, const place& ns, const value& key, const read_options& o) {
  return kv_get(c, ns, key, o).map([](const records& found) -> result<value_list> {
    value_list out;
    for (const record& r : found)
      out.push_back(r[1]);
    return out;
  });
}

future<value_list> kv_get_many(core& all, const place& ns, std::span<const value> keys,
                               const value& otherwise, const read_options& o) {
  return call(all, metric_of(o.mode), [&] {
    return get_many_of(all, ns, keys, o)
      .map([otherwise](const std::vector<records>& all_found) -> result<value_list> {
        value_list out;
        out.reserve(all_found.size());
        for (const records& one : all_found)
          out.push_back(one.empty() ? otherwise : one.front()[1]);
        return out;
      });
  });
}

// -- time to live, removing, counting -------------------------------------------------------------

future<value> kv_ttl(core& all, const place& ns, const value& key, const read_options& o) {
  return call(all, metric_of(o.mode), [&, &c = all] {
    return c.executor()
      .read(c.index_of(hash(key)), query{ns.space(), ask::ttl{key}}, o)
      .map([](answer x) -> result<value> { return std::move(x.one); });
  });
}

future<bool> kv_expire(core& all, const place& ns, const value& key, std::chrono::milliseconds ttl,
                       const wait_options& o) {
  return call(all, metric::update, [&, &c = all]() -> future<bool> {
    const auto ms = ttl_of({ttl});
    if (!ms)
      return ms.why();
    return change(c, ns, key, op::expire{key, *ms}, o.timeout, as_bool);
  });
}

future<std::size_t> kv_remove(core& all, const place& ns, std::span<const value> keys,
                              const wait_options& o) {
  return call(all, metric::delete_, [&, &c = all]() -> future<std::size_t> {
    if (keys.size() == 1)
      return change(c, ns, keys.front(), op::remove{keys.front()}, o.timeout, as_count);
    std::vector<future<value>> parts;
    c.executor().together([&] {
      for (const value& key : keys)
        parts.push_back(c.executor().write(c.index_of(hash(key)), ns, op::remove{key}, o.timeout));
    });
    return all_of(std::move(parts)).map(sum);
  });
}

future<std::size_t> kv_count(core& all, const place& ns, const read_options& o) {
  return call(all, metric_of(o.mode), [&] {
    return read_each(all, all_partitions(all), ns, ask::count{}, o).map(sum_of_answers);
  });
}

} // namespace calls

} // namespace supercache::detail
