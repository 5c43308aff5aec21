#pragma once

#include "core.hpp"
#include "timed.hpp"

#include <supercache/cache.hpp>

/// What surrounds every operation of a handle: the check that the cache runs, counting, and the two
/// forms of an answer.
namespace supercache::detail {

/// What `try_…` answered, in the plain form.
template <class T>
T to_plain(caf::expected<T> x) {
  if (!x)
    throw error(code_of(x.error()), message_of(x.error()));
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

inline result<std::int64_t> ttl_of(const write_options& o) {
  if (o.ttl.count() < 0) [[unlikely]]
    return {errc::invalid_argument,
            "ttl is " + std::to_string(o.ttl.count()) + " ms; it cannot be negative"};
  return o.ttl.count();
}

/// Runs an operation if the cache runs, and counts it. An exception, e.g. ours that a value is too
/// deep for a record, or that memory ran out, becomes its answer. `here_only`: a stop meanwhile may
/// have emptied what it looked at, so that its answer would mean nothing.
template <class F>
auto operate(core& c, metric what, bool here_only, F&& f) -> decltype(f(c)) {
  if (!c.running()) [[unlikely]]
    return c.check_running().why();
  metrics::timed t{c.metrics(), what};
  try {
    auto r = f(c);
    if (here_only && !c.running()) [[unlikely]]
      return c.check_running().why();
    if (!r) [[unlikely]]
      t.fail();
    return r;
  } catch (const error& e) {
    t.fail();
    return failure{e.code(), e.what()};
  } catch (const std::bad_alloc&) {
    t.fail();
    return out_of_memory();
  }
}

/// Runs a write. In a cluster the other nodes have what was written, so its answer counts though
/// this node stops.
template <class F>
auto write(core& c, metric what, F&& f) -> decltype(f(c)) {
  return operate(c, what, !c.cluster(), std::forward<F>(f));
}

/// Whether a read can take the short way: nothing about it is special.
[[gnu::always_inline]] inline bool goes_directly(const core& c, const value& key,
                                                 const read_options& o) {
  return c.reads_directly() && !key.on_heap() && o.mode == read_mode::local;
}

inline metric metric_of(read_mode m) noexcept {
  return m == read_mode::local     ? metric::get_local
         : m == read_mode::primary ? metric::get_primary
                                   : metric::get_quorum;
}

/// Runs a read. With one member all read modes are the same.
template <class F>
auto read(core& c, const read_options& o, F&& f) -> decltype(f(c)) {
  return operate(c, metric_of(o.mode), true, std::forward<F>(f));
}

/// Counts the rest of `n` reads that are made as one.
inline void count_reads(core& c, const read_options& o, std::size_t n) {
  if (n > 1)
    c.metrics().add(metric_of(o.mode), n - 1);
}

/// Runs a read of many records.
template <class F>
auto walk(core& c, metric what, F&& f) -> decltype(f(c)) {
  return operate(c, what, true, std::forward<F>(f));
}

/// The partitions to ask about a key; all of them where the key does not say.
inline std::pair<std::size_t, std::size_t> candidates(core& c, const value& key,
                                                      const partition_filter& partition) {
  if (!partition && !c.same_position())
    return {0, c.partitions()};
  const auto i = c.index_of(hash(partition ? *partition : key));
  return {i, i + 1};
}

/// Puts records of several partitions, each in its order, into the order that the table type
/// promises over all: of an ordered_set that of the keys.
void put_in_order(const core& c, std::vector<record>& rows);
/// The same for rows {key, …} of a namespace or struct type.
void put_in_order(const core& c, std::vector<record>& rows, std::size_t key_pos);

/// `out[i]` becomes what `keys[i]` has, whatever partitions they are in.
void get_pipelined(core& c, std::span<const value> keys, std::span<const std::uint64_t> hashes,
                   std::span<records> out);

} // namespace supercache::detail
