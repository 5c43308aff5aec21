#pragma once

#include "core.hpp"
#include "executor.hpp"
#include "timed.hpp"

#include <supercache/listing.hpp>
#include <supercache/type_ids.hpp>

#include <functional>
#include <optional>
#include <span>

/// Every operation of the cache, once. A handle calls a function here and waits for the answer;
/// CACHE calls the same function and passes the answer on when it is there. No function waits.
///
/// Errors common to all: `not_started`; `invalid_argument` for a bad record, index or ttl;
/// `too_large` for a value that nests too deeply; `overloaded` without memory; those of `executor`.
namespace supercache::detail {

/// Begins a call if the cache runs, and counts and measures it.
template <class F>
auto call(core& c, metric what, F&& begin) -> std::invoke_result_t<F&> {
  using answer_type = std::invoke_result_t<F&>;
  if (!c.running()) [[unlikely]]
    return c.check_running().why();
  metrics::timed t{c.metrics(), what};
  const auto guarded = [&]() -> answer_type {
    try {
      return begin();
    } catch (const error& e) {
      return failure{e.code(), e.what()};
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    }
  };
  auto out = guarded();
  if (!out.here()) [[unlikely]] {
    out.observe([&m = c.metrics(), what, start = t.take()](bool done) {
      metrics::timed::finish(m, what, start, done);
    });
    return out;
  }
  if (!out.here()->ok()) [[unlikely]] {
    t.fail();
    return out;
  }
  // A stop meanwhile may have emptied what it looked at, so that its answer would mean nothing.
  if (c.executor().alone() && !c.running()) [[unlikely]]
    return c.check_running().why();
  return out;
}

inline metric metric_of(read_mode m) noexcept {
  return m == read_mode::local     ? metric::get_local
         : m == read_mode::primary ? metric::get_primary
                                   : metric::get_quorum;
}

inline result<std::int64_t> ttl_of(const write_options& o) {
  if (o.ttl.count() < 0) [[unlikely]]
    return {errc::invalid_argument,
            "ttl is " + std::to_string(o.ttl.count()) + " ms; it cannot be negative"};
  return o.ttl.count();
}

/// Partitions one after the other.
struct partition_range {
  std::size_t first = 0, last = 0; ///< `last` is not part of it
  std::size_t size() const noexcept { return last - first; }
};
inline partition_range all_partitions(const core& c) { return {0, c.partitions()}; }
/// The partitions to ask about a key; all of them where the key does not say.
partition_range candidates(const core& c, std::uint64_t key_hash,
                           const partition_filter& partition);

/// The same write in several partitions; all are tried, whatever becomes of one.
template <class Op>
future<std::vector<value>> write_each(core& c, partition_range where, const place& in,
                                      const Op& what, std::chrono::milliseconds timeout) {
  std::vector<future<value>> parts;
  parts.reserve(where.size());
  c.executor().together([&] {
    for (auto i = where.first; i < where.last; ++i)
      parts.push_back(c.executor().write(i, in, Op{what}, timeout));
  });
  return all_of(std::move(parts));
}
/// What each key has in a space of tables, in the order of the keys; counts all but one of them.
future<std::vector<records>> get_many_of(core& c, const place& in, std::span<const value> keys,
                                         const read_options& o);
/// The same read in several partitions.
future<std::vector<answer>> read_each(core& c, partition_range where, const place& in,
                                      const query_body& what, const read_options& o);

// -- answers in the form that callers have --------------------------------------------------------

result<unit> as_unit(const value& x);
/// A bool, or a count, of which any but zero is true.
result<bool> as_bool(const value& x);
result<std::int64_t> as_integer(const value& x);
result<std::size_t> as_count(const value& x);
result<std::size_t> sum(const std::vector<value>& xs);
result<std::size_t> sum_of_answers(const std::vector<answer>& xs);
result<value_list> as_values(const value& x);
/// All rows of all answers.
std::vector<record> rows_of(std::vector<answer> xs);

namespace calls {

// -- tuples: calls_tuples.cpp ---------------------------------------------------------------------

future<unit> put(core& c, record r, const write_options& o);
/// Leaves it in a buffer.
future<unit> lazy_put(core& c, record r, const write_options& o);
/// All are checked before any is stored.
future<unit> put_batch(core& c, std::vector<record> rs, const write_options& o);
future<bool> insert_new(core& c, record r, const write_options& o);
future<records> take(core& c, const value& key, const partition_filter& partition,
                     const wait_options& o);
future<bool> update_element(core& c, const value& key, std::vector<element_change> changes,
                            const partition_filter& partition, const wait_options& o);
future<std::int64_t> update_counter(core& c, const value& key, std::uint32_t pos, std::int64_t step,
                                    std::optional<record> initial,
                                    const partition_filter& partition, const write_options& o);
future<std::size_t> remove(core& c, const value& key, const partition_filter& partition,
                           const wait_options& o);
future<records> get(core& c, const value& key, const partition_filter& partition,
                    const read_options& o);
/// What each key has, in the order of the keys.
future<std::vector<records>> get_many(core& c, std::span<const value> keys, const read_options& o);

// Straight to one partition.
future<unit> put_at(core& c, std::size_t index, record r, const write_options& o);
future<records> get_at(core& c, std::size_t index, const value& key, const read_options& o);
future<std::size_t> remove_at(core& c, std::size_t index, const value& key, const wait_options& o);

// -- whole partitions: calls_walks.cpp ------------------------------------------------------------

future<std::vector<bindings>> match(core& c, const partition_filter& partition, const pattern& p,
                                    const read_options& o, std::size_t limit);
/// The records that match; of an ordered_set in key order, and with a limit the first ones.
future<records> select(core& c, const partition_filter& partition, const pattern& p,
                       const read_options& o, std::size_t limit);
future<std::size_t> count_match(core& c, const partition_filter& partition, const pattern& p,
                                const read_options& o);
future<std::size_t> remove_match(core& c, const partition_filter& partition, const pattern& p,
                                 const wait_options& o);
future<records> range(core& c, const value& low, const value& high, const read_options& o);
/// Removes all of a space of tables, and answers how much that was.
future<std::size_t> clear(core& c, const place& in, const wait_options& o);
/// Some records of a space, of all partitions one after the other, each of an ordered_set in key
/// order: about `o.limit`, up to a hundred more; fewer, or none, though there may be more to come,
/// if they are large or few have the prefix. `from`: nil, or what the page before said.
/// `keys_only`: a record of each key alone, once.
future<page> next_page(core& c, const space& of, const value& from, const list_options& o,
                       bool keys_only);
/// Calls `visit` for every tuple until it answers false, on this thread, which waits for pages.
future<unit> each(core& c, const partition_filter& partition,
                  const std::function<bool(const record&)>& visit, const read_options& o);
/// Every record {key, …} of a namespace or struct type; of an ordered_set in key order.
future<std::vector<record>> all_rows(core& c, const space& of, const list_options& o,
                                     bool keys_only = false);
/// Names in use, sorted, each once; after `from` if it is not nil.
future<value_list> names(core& c, space_kind kind, const value& from, const list_options& o);

// -- key-value namespaces: calls_kv.cpp -----------------------------------------------------------

future<unit> kv_add(core& c, const place& ns, const value& key, value x, const write_options& o);
future<unit> kv_add_batch(core& c, const place& ns, std::span<const std::pair<value, value>> pairs,
                          const write_options& o);
future<bool> kv_add_new(core& c, const place& ns, const value& key, value x,
                        const write_options& o);
future<bool> kv_replace(core& c, const place& ns, const value& key, value x, const wait_options& o);
future<unit> kv_update(core& c, const place& ns, const value& key, value x, const write_options& o);
future<std::int64_t> kv_increment(core& c, const place& ns, const value& key, std::int64_t initial,
                                  std::int64_t step, const write_options& o);
/// Answers the new length.
future<std::size_t> kv_append(core& c, const place& ns, const value& key, value what,
                              const write_options& o);
future<bool> kv_compare_exchange(core& c, const place& ns, const value& key, const value& expected,
                                 value desired, const write_options& o);
/// The records {key, value}.
future<records> kv_get(core& c, const place& ns, const value& key, const read_options& o);
future<value_list> kv_get_all(core& c, const place& ns, const value& key, const read_options& o);
future<value_list> kv_get_many(core& c, const place& ns, std::span<const value> keys,
                               const value& otherwise, const read_options& o);
/// Milliseconds; nil: there is no such key; -1: it lives for ever.
future<value> kv_ttl(core& c, const place& ns, const value& key, const read_options& o);
future<bool> kv_expire(core& c, const place& ns, const value& key, std::chrono::milliseconds ttl,
                       const wait_options& o);
future<std::size_t> kv_remove(core& c, const place& ns, std::span<const value> keys,
                              const wait_options& o);
future<std::size_t> kv_count(core& c, const place& ns, const read_options& o);

/// `kv_get` within another call, which is counted.
future<records> kv_find(core& c, const place& ns, const value& key, const read_options& o);
/// One step of `kv::update` with a function: stores `next` unless the key has changed since it had
/// `found`. A ttl of -1 keeps the deadline.
future<bool> kv_swap(core& c, const place& ns, const value& key, const records& found, value next,
                     std::int64_t ttl_ms, std::chrono::milliseconds timeout);
/// The ttl of an operation that keeps the deadline if none is given.
result<std::int64_t> ttl_or_keep(const write_options& o);
bool is_bag(const core& c) noexcept;

// -- queues and stacks: calls_queues.cpp ----------------------------------------------------------

/// Answers the new length.
future<std::size_t> push(core& c, const place& line, std::vector<value> items,
                         const wait_options& o);
/// Up to `n`; SIZE_MAX: all.
future<value_list> pop(core& c, const place& line, std::size_t n, const wait_options& o);
/// The item that would come out next, if any.
future<value_list> peek(core& c, const place& line, const read_options& o);
future<std::size_t> count(core& c, const place& line, const read_options& o);

// -- backup: calls_backup.cpp ---------------------------------------------------------------------

future<value> restore(core& c, std::size_t partition, operation what);
future<value> read_snapshot(core& c, std::size_t partition, std::uint64_t id, std::uint64_t number);

} // namespace calls

/// Puts records of several partitions, each in its order, into the order that the table type
/// promises over all: of an ordered_set that of the keys.
void put_in_order(const core& c, std::vector<record>& rows, std::size_t key_pos);

/// The partition of a queue or stack, whose name is a key.
inline std::size_t home_of(const core& c, const place& line) {
  return c.index_of(hash(value{line.name}));
}

} // namespace supercache::detail
