#pragma once

#include <supercache/listing.hpp>

#include <utility>

namespace supercache::detail {
struct place;
} // namespace supercache::detail

namespace supercache::inline SUPERCACHE_ABI {

/// A namespace of keys and values. Keys spread over all partitions; namespaces never see each other
/// nor the tuples. With a bag as the cache's table type, a key can have many values.
///
/// A handle, like `cache`: cheap to copy, for any thread. Two handles with one name are the same
/// namespace. `try_` forms and errors as at `cache`. An operation on one key costs what
/// `cache::put` or `cache::get` does, and the look-up of the namespace.
class SUPERCACHE_API kv {
public:
  /// Stores a value under a key; in a bag, adds it.
  void add(const value& key, value x, const write_options& o = {});
  caf::expected<void> try_add(const value& key, value x, const write_options& o = {});
  /// Stores many pairs; of several with one key the last, in a bag all. In a cluster one request
  /// per partition, each of which succeeds or fails as a whole.
  void add_batch(std::span<const std::pair<value, value>> pairs, const write_options& o = {});
  caf::expected<void> try_add_batch(std::span<const std::pair<value, value>> pairs,
                                    const write_options& o = {});
  /// Stores unless the key has a value; answers whether it did.
  bool add_new(const value& key, value x, const write_options& o = {});
  caf::expected<bool> try_add_new(const value& key, value x, const write_options& o = {});
  /// Stores only if the key has a value; answers whether it did. The time to live stays. In a bag
  /// `x` replaces all values of the key.
  bool replace(const value& key, value x, const wait_options& o = {});
  caf::expected<bool> try_replace(const value& key, value x, const wait_options& o = {});

  /// The value under a key, or `otherwise`; in a bag the oldest.
  value get(const value& key, value otherwise = {}, const read_options& o = {}) const;
  caf::expected<value> try_get(const value& key, value otherwise = {},
                               const read_options& o = {}) const;
  /// The value under a key, if there is one, which may be nil; in a bag the oldest.
  std::optional<value> find(const value& key, const read_options& o = {}) const;
  caf::expected<std::optional<value>> try_find(const value& key, const read_options& o = {}) const;
  /// Whether a key has a value.
  bool contains(const value& key, const read_options& o = {}) const;
  caf::expected<bool> try_contains(const value& key, const read_options& o = {}) const;
  /// The value under a key. If there is none, stores the value that `make` answers, with `add_new`.
  /// For values that are expensive to make: of all threads of this process that want the key at the
  /// same time, one makes it, and the others wait and get the same value. If `make` fails, its
  /// caller is told, and the next thread tries. Other processes may make it, too; the first value
  /// that is stored wins, and all answer that one.
  ///
  /// `make` runs on the caller's thread, without any lock; it may use the cache, and `get_or_add`
  /// of other keys. Exceptions that it throws pass through, in both forms; an `error` is the answer
  /// of the `try_` form. Blocks while another thread makes the value, `o.timeout` at most; so in an
  /// actor it occupies one of the scheduler's threads. Errors: `timeout` if the other thread takes
  /// longer; `invalid_argument` for a caller that would wait for itself, such as a maker that wants
  /// its own key, or two makers that want each other's; `overloaded` if others kept adding and
  /// removing the key; those of `get` and `add_new`. Cost if the key is there: a `get`.
  value get_or_add(const value& key, const std::function<value()>& make,
                   const write_options& o = {});
  caf::expected<value> try_get_or_add(const value& key, const std::function<value()>& make,
                                      const write_options& o = {});
  /// All values under a key, oldest first; none if there is no such key.
  value_list get_all(const value& key, const read_options& o = {}) const;
  caf::expected<value_list> try_get_all(const value& key, const read_options& o = {}) const;
  /// The value of each key, in the order of the keys; `otherwise` where there is none.
  value_list get_many(std::span<const value> keys, const value& otherwise = {},
                      const read_options& o = {}) const;
  caf::expected<value_list> try_get_many(std::span<const value> keys, const value& otherwise = {},
                                         const read_options& o = {}) const;

  /// Stores a value, whether there was one or not; in a bag it replaces all. Like `add` it keeps no
  /// earlier time to live; in a bag, the new one is set a moment after the value.
  void update(const value& key, value x, const write_options& o = {});
  caf::expected<void> try_update(const value& key, value x, const write_options& o = {});
  /// Atomically stores `fn(old value or otherwise)` and answers it. `fn` may be called again if
  /// another caller wrote meanwhile, so it should have no side effects. Without a ttl the old one
  /// stays. Not on bags. Errors: `overloaded` if others were faster for the whole of `timeout`.
  value update(const value& key, const value& otherwise,
               const std::function<value(const value&)>& fn, const write_options& o = {});
  caf::expected<value> try_update(const value& key, const value& otherwise,
                                  const std::function<value(const value&)>& fn,
                                  const write_options& o = {});
  /// Atomically adds `step` to an integer, which starts from `initial`; answers the sum. Without a
  /// ttl the old one stays. Errors: `type_mismatch` on a bag or if the value is no integer.
  std::int64_t increment(const value& key, std::int64_t initial = 0, std::int64_t step = 1,
                         const write_options& o = {});
  caf::expected<std::int64_t> try_increment(const value& key, std::int64_t initial = 0,
                                            std::int64_t step = 1, const write_options& o = {});
  /// Atomically appends to a value: a string to a string, the items of a list to a list; a key that
  /// is missing starts empty. Answers the new length, in bytes or items. Without a ttl the old one
  /// stays. Not on bags. Errors: `type_mismatch`; `too_large` beyond what a value may be. Cost:
  /// O(new length).
  std::size_t append(const value& key, value what, const write_options& o = {});
  caf::expected<std::size_t> try_append(const value& key, value what, const write_options& o = {});
  /// Atomically stores `desired` if the value equals `expected`; answers whether it did. Without a
  /// ttl the old one stays. Not on bags.
  bool compare_exchange(const value& key, const value& expected, value desired,
                        const write_options& o = {});
  caf::expected<bool> try_compare_exchange(const value& key, const value& expected, value desired,
                                           const write_options& o = {});

  /// Milliseconds left to live; nothing if there is no such key, -1 ms if it lives for ever.
  std::optional<std::chrono::milliseconds> ttl(const value& key, const read_options& o = {}) const;
  caf::expected<std::optional<std::chrono::milliseconds>> try_ttl(const value& key,
                                                                  const read_options& o = {}) const;
  /// Gives a key another time to live from now, zero = for ever; answers whether the key was there.
  bool expire(const value& key, std::chrono::milliseconds ttl, const wait_options& o = {});
  caf::expected<bool> try_expire(const value& key, std::chrono::milliseconds ttl,
                                 const wait_options& o = {});
  /// The same as `expire`, in the words of other caches.
  bool touch(const value& key, std::chrono::milliseconds ttl, const wait_options& o = {}) {
    return expire(key, ttl, o);
  }
  caf::expected<bool> try_touch(const value& key, std::chrono::milliseconds ttl,
                                const wait_options& o = {}) {
    return try_expire(key, ttl, o);
  }

  /// Removes a key; answers how many values were removed.
  std::size_t remove(const value& key, const wait_options& o = {});
  caf::expected<std::size_t> try_remove(const value& key, const wait_options& o = {});
  /// Removes keys; answers how many values were removed. In a cluster one request per partition.
  std::size_t remove_batch(std::span<const value> keys, const wait_options& o = {});
  caf::expected<std::size_t> try_remove_batch(std::span<const value> keys,
                                              const wait_options& o = {});
  /// Empties the namespace; answers how many values were removed. Cost: O(values).
  std::size_t remove_all(const wait_options& o = {});
  caf::expected<std::size_t> try_remove_all(const wait_options& o = {});

  /// The content of the namespace, or the part that the options ask for; of an ordered_set in key
  /// order, and the first pairs. Pairs stored or removed meanwhile may or may not be met. In a bag
  /// `keys` has each key once. Cost: a walk; of an ordered_set, only over the keys with the prefix.
  value_list keys(const list_options& o = {}) const;
  caf::expected<value_list> try_keys(const list_options& o = {}) const;
  value_list values(const list_options& o = {}) const;
  caf::expected<value_list> try_values(const list_options& o = {}) const;
  std::vector<std::pair<value, value>> to_list(const list_options& o = {}) const;
  caf::expected<std::vector<std::pair<value, value>>> try_to_list(const list_options& o = {}) const;
  /// The same, one page at a time. The first page begins with nil, each later one with what the
  /// last page said. A page has about `limit` items, up to a hundred more; or fewer, or none though
  /// more may come, if they are large or few have the prefix. Partition after partition, each of an
  /// ordered_set in key order.
  listing<value> keys_page(const value& from, const list_options& o = {}) const;
  caf::expected<listing<value>> try_keys_page(const value& from, const list_options& o = {}) const;
  listing<std::pair<value, value>> page(const value& from, const list_options& o = {}) const;
  caf::expected<listing<std::pair<value, value>>> try_page(const value& from,
                                                           const list_options& o = {}) const;
  /// How many values there are. Cost: O(partitions); in a cluster one request for each.
  std::size_t count(const read_options& o = {}) const;
  caf::expected<std::size_t> try_count(const read_options& o = {}) const;

  // -- the same with braces, which are a list, also with one element or none ----------------------

  void add(const value& key, std::initializer_list<item> xs, const write_options& o = {}) {
    add(key, value::list(xs), o);
  }
  caf::expected<void> try_add(const value& key, std::initializer_list<item> xs,
                              const write_options& o = {}) {
    return try_add(key, value::list(xs), o);
  }
  void add_batch(std::initializer_list<std::pair<value, item>> pairs, const write_options& o = {}) {
    add_batch(taken(pairs), o);
  }
  caf::expected<void> try_add_batch(std::initializer_list<std::pair<value, item>> pairs,
                                    const write_options& o = {}) {
    return try_add_batch(taken(pairs), o);
  }
  bool add_new(const value& key, std::initializer_list<item> xs, const write_options& o = {}) {
    return add_new(key, value::list(xs), o);
  }
  caf::expected<bool> try_add_new(const value& key, std::initializer_list<item> xs,
                                  const write_options& o = {}) {
    return try_add_new(key, value::list(xs), o);
  }
  bool replace(const value& key, std::initializer_list<item> xs, const wait_options& o = {}) {
    return replace(key, value::list(xs), o);
  }
  caf::expected<bool> try_replace(const value& key, std::initializer_list<item> xs,
                                  const wait_options& o = {}) {
    return try_replace(key, value::list(xs), o);
  }
  void update(const value& key, std::initializer_list<item> xs, const write_options& o = {}) {
    update(key, value::list(xs), o);
  }
  caf::expected<void> try_update(const value& key, std::initializer_list<item> xs,
                                 const write_options& o = {}) {
    return try_update(key, value::list(xs), o);
  }
  bool compare_exchange(const value& key, const value& expected,
                        std::initializer_list<item> desired, const write_options& o = {}) {
    return compare_exchange(key, expected, value::list(desired), o);
  }
  bool compare_exchange(const value& key, std::initializer_list<item> expected,
                        std::initializer_list<item> desired, const write_options& o = {}) {
    return compare_exchange(key, value::list(expected), value::list(desired), o);
  }
  bool compare_exchange(const value& key, std::initializer_list<item> expected, value desired,
                        const write_options& o = {}) {
    return compare_exchange(key, value::list(expected), std::move(desired), o);
  }
  caf::expected<bool> try_compare_exchange(const value& key, const value& expected,
                                           std::initializer_list<item> desired,
                                           const write_options& o = {}) {
    return try_compare_exchange(key, expected, value::list(desired), o);
  }
  caf::expected<bool> try_compare_exchange(const value& key, std::initializer_list<item> expected,
                                           std::initializer_list<item> desired,
                                           const write_options& o = {}) {
    return try_compare_exchange(key, value::list(expected), value::list(desired), o);
  }
  caf::expected<bool> try_compare_exchange(const value& key, std::initializer_list<item> expected,
                                           value desired, const write_options& o = {}) {
    return try_compare_exchange(key, value::list(expected), std::move(desired), o);
  }
  value_list get_many(std::initializer_list<item> keys, const value& otherwise = {},
                      const read_options& o = {}) const {
    return get_many(detail::values_of(keys), otherwise, o);
  }
  caf::expected<value_list> try_get_many(std::initializer_list<item> keys,
                                         const value& otherwise = {},
                                         const read_options& o = {}) const {
    return try_get_many(detail::values_of(keys), otherwise, o);
  }
  std::size_t remove_batch(std::initializer_list<item> keys, const wait_options& o = {}) {
    return remove_batch(detail::values_of(keys), o);
  }
  caf::expected<std::size_t> try_remove_batch(std::initializer_list<item> keys,
                                              const wait_options& o = {}) {
    return try_remove_batch(detail::values_of(keys), o);
  }

  const std::string& name() const noexcept { return name_; }

private:
  friend class cache;
  static std::vector<std::pair<value, value>> taken(
    std::initializer_list<std::pair<value, item>> pairs) {
    std::vector<std::pair<value, value>> out;
    for (const auto& [key, x] : pairs)
      out.emplace_back(key, x.take());
    return out;
  }
  kv(cache c, std::string name);
  detail::place where() const;
  bool get_directly(const value& key, value& x, const read_options& o) const;

  cache cache_;
  std::string name_;
  std::uint64_t name_hash_;
};

} // namespace supercache::inline SUPERCACHE_ABI
