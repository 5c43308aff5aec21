#pragma once

#include "core.hpp"

#include <supercache/kv.hpp>
#include <supercache/queue.hpp>

/// What the clauses of CACHE share. Each `…_clauses` function answers a tuple of message handlers;
/// cache_actor.cpp joins them. A handler is one call of the handle and does not block.
namespace supercache::detail {

/// A handle that does not keep the cache from stopping with the user's last one.
using handle_source = std::shared_ptr<core>;
inline cache handle_of(const handle_source& c) { return cache::borrow(*c); }

/// How long the sender of a message of `admin_atom` waits; 30 s if the message does not say.
inline std::chrono::milliseconds wait_of(const value& argument) {
  return std::chrono::milliseconds{argument.is_int() && argument.as_int() > 0 ? argument.as_int()
                                                                              : 30'000};
}

/// The handle's answer as a message's.
template <class T>
caf::result<T> reply(caf::expected<T> x) {
  if (!x)
    return std::move(x.error());
  return std::move(*x);
}
inline caf::result<void> reply(caf::expected<void> x) {
  if (!x)
    return std::move(x.error());
  return caf::unit;
}
inline caf::result<std::uint64_t> reply(caf::expected<std::size_t> x) {
  if (!x)
    return std::move(x.error());
  return static_cast<std::uint64_t>(*x);
}
inline caf::result<record_list> reply(caf::expected<records> x) {
  if (!x)
    return std::move(x.error());
  return x->to_vector();
}
inline caf::result<std::vector<record_list>> reply(caf::expected<std::vector<records>> x) {
  if (!x)
    return std::move(x.error());
  std::vector<record_list> out;
  for (const records& r : *x)
    out.push_back(r.to_vector());
  return out;
}

inline write_options living(std::int64_t ttl_ms) {
  return {.ttl = std::chrono::milliseconds{ttl_ms}};
}

/// Calls `f(read_options)` with the mode of that name, and answers its result.
template <class F>
auto in_mode(const std::string& name, F&& f) -> decltype(f(read_options{})) {
  const auto mode = read_mode_from(name);
  if (!mode)
    return make_error(errc::invalid_argument,
                      "no read mode '" + name + "'; there are local, primary, quorum");
  return f(read_options{.mode = *mode});
}

inline std::size_t index_in(std::uint64_t i) { return static_cast<std::size_t>(i); }

} // namespace supercache::detail
