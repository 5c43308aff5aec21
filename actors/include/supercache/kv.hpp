#pragma once

#include <supercache/cache.hpp>

#include <utility>

namespace supercache {

/// A namespace of keys and values. Keys spread over all partitions; namespaces never see each other
/// nor the tuples. With a bag as the cache's table type, a key can have many values.
///
/// A handle, like `cache`; two handles with one name are the same namespace. `try_` forms and
/// errors as at `cache`.
class kv {
public:
  /// Stores a value under a key; in a bag, adds it.
  void add(const value& key, value x, const write_options& o = {});
  caf::expected<void> try_add(const value& key, value x, const write_options& o = {});
  void add_batch(std::span<const std::pair<value, value>> pairs, const write_options& o = {});
  caf::expected<void> try_add_batch(std::span<const std::pair<value, value>> pairs,
                                    const write_options& o = {});
  /// Stores unless the key has a value; answers whether it did.
  bool add_new(const value& key, value x, const write_options& o = {});
  caf::expected<bool> try_add_new(const value& key, value x, const write_options& o = {});
  /// Stores only if the key has a value; answers whether it did. The time to live stays. In a bag
  /// all values of the key go and `x` comes.
  bool replace(const value& key, value x, const wait_options& o = {});
  caf::expected<bool> try_replace(const value& key, value x, const wait_options& o = {});

  /// The value under a key, or `otherwise`; in a bag the oldest.
  value get(const value& key, value otherwise = {}, const read_options& o = {}) const;
  caf::expected<value> try_get(const value& key, value otherwise = {},
                               const read_options& o = {}) const;
  /// All values under a key, oldest first; none if there is no such key.
  value_list get_all(const value& key, const read_options& o = {}) const;
  caf::expected<value_list> try_get_all(const value& key, const read_options& o = {}) const;
  /// What each key has, in the order of the keys, `otherwise` where there is none.
  value_list get_many(std::span<const value> keys, const value& otherwise = {},
                      const read_options& o = {}) const;
  caf::expected<value_list> try_get_many(std::span<const value> keys, const value& otherwise = {},
                                         const read_options& o = {}) const;

  /// Stores a value, whether there was one or not; in a bag in place of all. Like `add` it keeps no
  /// earlier time to live; in a bag, its own comes a moment after it.
  void update(const value& key, value x, const write_options& o = {});
  caf::expected<void> try_update(const value& key, value x, const write_options& o = {});
  /// Atomically stores `fn(old value or otherwise)` and answers it. `fn` may be called again when
  /// somebody else wrote meanwhile, so it should have no side effects. Without a ttl the old one
  /// stays. Not on bags. Errors: `overloaded` when others were faster for the whole of `timeout`.
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
  /// Gives a key another time to live from now, zero = for ever; answers whether there was one.
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

  /// Removes a key; answers how many values went.
  std::size_t remove(const value& key, const wait_options& o = {});
  caf::expected<std::size_t> try_remove(const value& key, const wait_options& o = {});
  std::size_t remove_batch(std::span<const value> keys, const wait_options& o = {});
  caf::expected<std::size_t> try_remove_batch(std::span<const value> keys,
                                              const wait_options& o = {});
  std::size_t remove_all(const wait_options& o = {});
  caf::expected<std::size_t> try_remove_all(const wait_options& o = {});

  /// Everything in the namespace; of an ordered_set in key order. What is stored or removed
  /// meanwhile may or may not be met. In a bag `keys` has each key once.
  value_list keys(const read_options& o = {}) const;
  caf::expected<value_list> try_keys(const read_options& o = {}) const;
  value_list values(const read_options& o = {}) const;
  caf::expected<value_list> try_values(const read_options& o = {}) const;
  std::vector<std::pair<value, value>> to_list(const read_options& o = {}) const;
  caf::expected<std::vector<std::pair<value, value>>> try_to_list(const read_options& o = {}) const;
  std::size_t count(const read_options& o = {}) const;
  caf::expected<std::size_t> try_count(const read_options& o = {}) const;

  const std::string& name() const noexcept { return name_; }

private:
  friend class cache;
  kv(cache c, std::string name) : cache_(std::move(c)), name_(std::move(name)) {}
  space target() const;
  /// In a cluster: a write of one key.
  result<value> change(std::uint64_t key_hash, operation_body body,
                       std::chrono::milliseconds timeout);
  table& open(std::uint64_t key_hash) const;
  table* find(std::uint64_t key_hash) const;
  /// Every pair as {key, value}; of an ordered_set in key order.
  result<std::vector<record>> all(const read_options& o) const;

  cache cache_;
  std::string name_;
};

} // namespace supercache
