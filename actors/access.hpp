#pragma once

#include "calls.hpp"

#include <supercache/cache.hpp>

/// The two forms in which a handle answers a call.
namespace supercache::detail {

/// Waits for the answer of a call. Thread: any; it blocks while another node is asked.
template <class T>
auto answer_of(future<T> x) {
  return to_expected(std::move(x).wait());
}

/// What `try_…` answered, in the plain form.
template <class T>
T to_plain(caf::expected<T> x) {
  if (!x)
    throw error(code_of(x.error()), message_of(x.error()));
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

/// Whether a read can take the short way: nothing about it is special.
[[gnu::always_inline]] inline bool goes_directly(const core& c, const value& key,
                                                 const read_options& o) {
  return c.reads_directly() && !key.on_heap() && o.mode == read_mode::local;
}

} // namespace supercache::detail
