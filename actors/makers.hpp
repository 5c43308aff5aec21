#pragma once

#include <supercache/store/operation.hpp>

#include <caf/expected.hpp>

#include <chrono>
#include <compare>
#include <functional>
#include <string>

/// `get_or_add`: one maker per key at a time in this process, however many want the key.
namespace supercache::detail {

class core;

namespace makers {

/// What is being made.
struct subject {
  const core* of;
  space where;
  value key;
  value partition; ///< of tuples, where that is not the key; else nil

  std::string text() const { return "key " + to_string(key); }
};

/// Calls `make` and answers its result; or, if another thread is making the same, waits until it is
/// done and answers the same. If that failed, by an error or an exception, the next one makes.
///
/// Blocks, at most for `longest`, and never for ever: a caller that would wait for itself, directly
/// or round a circle of threads that make one thing and wait for another, is told so at once.
/// Errors: `timeout`, `invalid_argument` for a caller that would wait for itself, `not_started`
/// after `stop`; those of `make`. Exceptions of `make` pass through. Thread: any, without locks of
/// the caller. Cost besides `make`: two locks. Memory: only while a thread makes.
caf::expected<value> once(const subject& what, std::chrono::milliseconds longest,
                          const std::function<caf::expected<value>()>& make);

/// Ends the waits for what is made for that cache.
void stop(const core& of);

} // namespace makers

} // namespace supercache::detail
