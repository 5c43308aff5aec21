#pragma once

#include <supercache/cache.hpp>

namespace supercache::inline SUPERCACHE_ABI {

/// A named first-in-first-out queue. Any number of producers and consumers; each item comes out
/// exactly once, in the order in which it went in. Every operation is O(1) per item.
///
/// A handle, like `cache`: cheap to copy, for any thread. Two handles with one name are the same
/// queue. A queue lives in the partition of its name. Items carry no time to live: each stays until
/// a caller takes it. `try_` forms and errors as at `cache`.
class SUPERCACHE_API queue {
public:
  /// Adds an item at the end, and wakes a caller that waits for one.
  void add(value x, const wait_options& o = {});
  caf::expected<void> try_add(value x, const wait_options& o = {});
  /// Braces are a list, also with one element or none.
  void add(std::initializer_list<item> xs, const wait_options& o = {}) { add(value::list(xs), o); }
  caf::expected<void> try_add(std::initializer_list<item> xs, const wait_options& o = {}) {
    return try_add(value::list(xs), o);
  }
  /// Adds many, in their order, with no other items between them.
  void add_batch(std::span<const value> items, const wait_options& o = {});
  caf::expected<void> try_add_batch(std::span<const value> items, const wait_options& o = {});
  void add_batch(std::initializer_list<item> items, const wait_options& o = {}) {
    add_batch(detail::values_of(items), o);
  }
  caf::expected<void> try_add_batch(std::initializer_list<item> items, const wait_options& o = {}) {
    return try_add_batch(detail::values_of(items), o);
  }
  /// Takes the oldest item, or answers `otherwise`.
  value out(value otherwise = {}, const wait_options& o = {});
  caf::expected<value> try_out(value otherwise = {}, const wait_options& o = {});
  /// Takes up to `n` items, oldest first.
  value_list out_batch(std::size_t n, const wait_options& o = {});
  caf::expected<value_list> try_out_batch(std::size_t n, const wait_options& o = {});
  /// Takes the oldest item, waiting for one if there is none. For threads: it blocks. Actors send
  /// `(queue_atom, wait_atom, name, timeout)` to `cache::actor()` instead. The caller that waits
  /// longest is served first; in a cluster nearly so, as each caller asks again every half second.
  /// Errors: `timeout`; `not_started` when the cache stops; in a cluster `unavailable` when no
  /// primary was reached, and `outcome_unknown` when an item may have been taken and no caller has
  /// it.
  value out_wait(std::chrono::milliseconds timeout);
  caf::expected<value> try_out_wait(std::chrono::milliseconds timeout);
  /// The oldest item, which stays, or `otherwise`.
  value peek(value otherwise = {}, const read_options& o = {}) const;
  caf::expected<value> try_peek(value otherwise = {}, const read_options& o = {}) const;
  /// The seed's spelling.
  value peak(value otherwise = {}) const { return peek(std::move(otherwise)); }
  /// How many items there are. Cost: a look-up.
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
class SUPERCACHE_API stack {
public:
  /// Puts an item on top.
  void push(value x, const wait_options& o = {});
  caf::expected<void> try_push(value x, const wait_options& o = {});
  /// Braces are a list, also with one element or none.
  void push(std::initializer_list<item> xs, const wait_options& o = {}) {
    push(value::list(xs), o);
  }
  caf::expected<void> try_push(std::initializer_list<item> xs, const wait_options& o = {}) {
    return try_push(value::list(xs), o);
  }
  /// Puts many on top, the last of them topmost, with no other items between them.
  void push_batch(std::span<const value> items, const wait_options& o = {});
  caf::expected<void> try_push_batch(std::span<const value> items, const wait_options& o = {});
  void push_batch(std::initializer_list<item> items, const wait_options& o = {}) {
    push_batch(detail::values_of(items), o);
  }
  caf::expected<void> try_push_batch(std::initializer_list<item> items,
                                     const wait_options& o = {}) {
    return try_push_batch(detail::values_of(items), o);
  }
  /// Takes the newest item, or answers `otherwise`.
  value pop(value otherwise = {}, const wait_options& o = {});
  caf::expected<value> try_pop(value otherwise = {}, const wait_options& o = {});
  /// Takes up to `n` items, newest first.
  value_list pop_batch(std::size_t n, const wait_options& o = {});
  caf::expected<value_list> try_pop_batch(std::size_t n, const wait_options& o = {});
  /// How many items there are. Cost: a look-up.
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

} // namespace supercache::inline SUPERCACHE_ABI
