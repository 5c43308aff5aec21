#pragma once

#include <supercache/cache.hpp>

namespace supercache {

/// A named first-in-first-out queue. Any number of producers and consumers; each item comes out
/// exactly once, in the order in which it went in. Every operation is O(1) per item.
///
/// A handle, like `cache`; two handles with one name are the same queue. A queue lives in the
/// partition of its name. Items carry no time to live: each stays until somebody takes it. `try_`
/// forms and errors as at `cache`.
class queue {
public:
  void add(value item, const wait_options& o = {});
  caf::expected<void> try_add(value item, const wait_options& o = {});
  void add_batch(std::span<const value> items, const wait_options& o = {});
  caf::expected<void> try_add_batch(std::span<const value> items, const wait_options& o = {});
  /// Takes the oldest item, or answers `otherwise`.
  value out(value otherwise = {}, const wait_options& o = {});
  caf::expected<value> try_out(value otherwise = {}, const wait_options& o = {});
  /// Takes up to `n` items, oldest first.
  value_list out_batch(std::size_t n, const wait_options& o = {});
  caf::expected<value_list> try_out_batch(std::size_t n, const wait_options& o = {});
  /// Takes the oldest item, waiting for one if there is none. For threads: it blocks. Actors send
  /// `(queue_atom, wait_atom, name, timeout)` to `cache::actor()` instead. Who waits longest is
  /// served first; in a cluster nearly so, as each asks anew every half second. Errors: `timeout`;
  /// `not_started` when the cache stops; in a cluster `unavailable` when no primary was reached,
  /// and `outcome_unknown` when an item may have been taken, and nobody has it.
  value out_wait(std::chrono::milliseconds timeout);
  caf::expected<value> try_out_wait(std::chrono::milliseconds timeout);
  /// The oldest item, which stays, or `otherwise`.
  value peek(value otherwise = {}, const read_options& o = {}) const;
  caf::expected<value> try_peek(value otherwise = {}, const read_options& o = {}) const;
  /// The seed's spelling.
  value peak(value otherwise = {}) const { return peek(std::move(otherwise)); }
  std::size_t count(const read_options& o = {}) const;
  caf::expected<std::size_t> try_count(const read_options& o = {}) const;
  /// Takes everything, oldest first.
  value_list get_all(const wait_options& o = {});
  caf::expected<value_list> try_get_all(const wait_options& o = {});

  const std::string& name() const noexcept { return name_; }

private:
  friend class cache;
  queue(cache c, std::string name) : cache_(std::move(c)), name_(std::move(name)) {}
  cache cache_;
  std::string name_;
};

/// A named last-in-first-out stack, with the guarantees of `queue`.
class stack {
public:
  void push(value item, const wait_options& o = {});
  caf::expected<void> try_push(value item, const wait_options& o = {});
  void push_batch(std::span<const value> items, const wait_options& o = {});
  caf::expected<void> try_push_batch(std::span<const value> items, const wait_options& o = {});
  /// Takes the newest item, or answers `otherwise`.
  value pop(value otherwise = {}, const wait_options& o = {});
  caf::expected<value> try_pop(value otherwise = {}, const wait_options& o = {});
  /// Takes up to `n` items, newest first.
  value_list pop_batch(std::size_t n, const wait_options& o = {});
  caf::expected<value_list> try_pop_batch(std::size_t n, const wait_options& o = {});
  std::size_t count(const read_options& o = {}) const;
  caf::expected<std::size_t> try_count(const read_options& o = {}) const;
  /// Takes everything, newest first.
  value_list get_all(const wait_options& o = {});
  caf::expected<value_list> try_get_all(const wait_options& o = {});

  const std::string& name() const noexcept { return name_; }

private:
  friend class cache;
  stack(cache c, std::string name) : cache_(std::move(c)), name_(std::move(name)) {}
  cache cache_;
  std::string name_;
};

} // namespace supercache
