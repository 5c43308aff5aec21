#pragma once

#include "core.hpp"

#include <supercache/cache.hpp>

/// What every operation of a handle has around it: the check that the cache runs, counting, and the
/// two forms of an answer.
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

/// Runs a write if the cache runs, and counts it. What it throws of ours, e.g. that a value is too
/// deep for a record, becomes its answer. A stop meanwhile may have emptied what it looked at, so
/// that its answer would mean nothing.
template <class F>
auto write(core& c, metric what, F&& f) -> decltype(f(c)) {
  if (!c.running()) [[unlikely]]
    return c.check_running().why();
  metrics::timed t{c.metrics(), what};
  try {
    auto r = f(c);
    if (!c.running()) [[unlikely]]
      return c.check_running().why();
    if (!r) [[unlikely]]
      t.fail();
    return r;
  } catch (const error& e) {
    t.fail();
    return failure{e.code(), e.what()};
  }
}

inline metric metric_of(read_mode m) noexcept {
  return m == read_mode::local     ? metric::get_local
         : m == read_mode::primary ? metric::get_primary
                                   : metric::get_quorum;
}

/// Runs a read. With one member all read modes are the same.
template <class F>
auto read(core& c, const read_options& o, F&& f) -> decltype(f(c)) {
  return write(c, metric_of(o.mode), std::forward<F>(f));
}

/// `out[i]` becomes what `keys[i]` has, whatever partitions they are in.
void get_pipelined(core& c, std::span<const value> keys, std::span<const std::uint64_t> hashes,
                   std::span<records> out);

} // namespace supercache::detail
