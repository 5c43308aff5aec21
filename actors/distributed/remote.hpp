#pragma once

#include "../core.hpp"
#include "node.hpp"

#include <supercache/cache.hpp>

/// Operations of a handle in a cluster, in their blocking form: for threads and detached actors.
/// What covers several partitions asks all of them at once.
namespace supercache::detail::remote {

using std::chrono::milliseconds;

/// For messages, which do not say how long.
inline constexpr milliseconds default_timeout{5'000};

/// A read, or write; of the tuples if nothing else is said.
inline query reading(query_body body, space target = {}) {
  return {std::move(target), std::move(body)};
}
inline operation writing(operation_body body, space target = {}) {
  return {std::move(target), std::move(body)};
}

result<value> write(core& c, std::size_t partition, space target, operation_body body,
                    milliseconds timeout);
/// Several writes at once. The answers in order; after a failure the rest may have happened.
result<std::vector<value>> write_all(core& c, std::vector<std::pair<std::size_t, operation>> writes,
                                     milliseconds timeout);
/// The same write to the partitions from `first` to before `last`.
result<std::vector<value>> write_each(core& c, std::size_t first, std::size_t last,
                                      const operation& what, milliseconds timeout);
result<answer> ask(core& c, std::size_t partition, query q, const read_options& o = {});
result<std::vector<answer>> ask_each(core& c, std::size_t first, std::size_t last, const query& q,
                                     const read_options& o = {});
/// Records grouped by partition, as `core::write_batch` does; the first form does not wait.
later<std::vector<value>> begin_put_batch(core& c, std::vector<record> rs, std::int64_t ttl_ms,
                                          milliseconds timeout);
status put_batch(core& c, std::vector<record> rs, std::int64_t ttl_ms, milliseconds timeout);
/// The same; takes out of `rs` the records that were stored, and those that never can be. A record
/// that is tried again while it is unknown whether it was stored may be stored twice, which a
/// `duplicate_bag` shows.
status put_and_keep(core& c, std::vector<record>& rs, std::int64_t ttl_ms, milliseconds timeout);
/// `keys[i]` has `out[i]`, whatever partitions they are in. `index_of(key)` is the partition.
result<std::vector<records>> get_many(core& c, const space& target, std::span<const value> keys,
                                      const read_options& o);
/// Calls `visit` for every record of a space in the partitions from `first` to before `last`, page
/// by page, until it answers false.
status each(core& c, std::size_t first, std::size_t last, const space& target,
            const std::function<bool(const record&)>& visit, const read_options& o = {});

// -- answers in the form that handles have ------------------------------------------------------

inline status as_status(const result<value>& x) { return x ? ok() : status{x.why()}; }
template <class T>
status as_status(const result<std::vector<T>>& x) {
  return x ? ok() : status{x.why()};
}
/// Of an answer that is a bool, or a count, of which any but zero is true.
result<bool> as_bool(const result<value>& x);
result<std::int64_t> as_integer(const result<value>& x);
/// The sum of counts.
result<std::size_t> as_count(const result<value>& x);
result<std::size_t> as_count(const result<std::vector<value>>& x);
result<value_list> as_list(const result<value>& x);
result<std::size_t> as_count(const result<std::vector<answer>>& x);
/// All rows of all answers.
result<std::vector<record>> as_rows(result<std::vector<answer>> x);
result<records> as_records(result<answer> x);
result<records> as_records(result<std::vector<answer>> x);

} // namespace supercache::detail::remote
