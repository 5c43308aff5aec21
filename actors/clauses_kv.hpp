#pragma once

#include "clauses.hpp"

namespace supercache::detail {

inline caf::result<void> add_pairs(cache h, std::string& ns, value_list& keys, value_list& xs,
                                   std::int64_t ttl) {
  if (keys.size() != xs.size())
    return make_error(errc::invalid_argument, "as many keys as values are needed");
  std::vector<std::pair<value, value>> pairs;
  for (std::size_t i = 0; i < keys.size(); ++i)
    pairs.emplace_back(std::move(keys[i]), std::move(xs[i]));
  return reply(h.kv(std::move(ns)).try_add_batch(pairs, living(ttl)));
}

/// Key-value namespaces.
inline auto kv_clauses(handle_source c) {
  const auto h = [c] { return handle_of(c); };
  return std::tuple{
    [=](kv_atom, put_atom, std::string& ns, const value& key, value& x, std::int64_t ttl) {
      return reply(h().kv(std::move(ns)).try_add(key, std::move(x), living(ttl)));
    },
    [=](kv_atom, batch_atom, std::string& ns, value_list& keys, value_list& xs) {
      return add_pairs(h(), ns, keys, xs, 0);
    },
    [=](kv_atom, batch_atom, std::string& ns, value_list& keys, value_list& xs, std::int64_t ttl) {
      return add_pairs(h(), ns, keys, xs, ttl);
    },
    [=](kv_atom, update_atom, std::string& ns, const value& key, value& x, std::int64_t ttl) {
      return reply(h().kv(std::move(ns)).try_update(key, std::move(x), living(ttl)));
    },
    [=](kv_atom, add_atom, std::string& ns, const value& key, value& x, std::int64_t ttl) {
      return reply(h().kv(std::move(ns)).try_add_new(key, std::move(x), living(ttl)));
    },
    [=](kv_atom, get_atom, std::string& ns, const value& key) {
      return reply(h().kv(std::move(ns)).try_get_all(key));
    },
    [=](kv_atom, get_atom, std::string& ns, const value& key, const std::string& mode) {
      return in_mode(mode, [&](const read_options& o) {
        return reply(h().kv(std::move(ns)).try_get_all(key, o));
      });
    },
    [=](kv_atom, get_atom, batch_atom, std::string& ns, const value_list& keys,
        const value& otherwise, const std::string& mode) {
      return in_mode(mode, [&](const read_options& o) {
        return reply(h().kv(std::move(ns)).try_get_many(keys, otherwise, o));
      });
    },
    [=](kv_atom, replace_atom, std::string& ns, const value& key, value& x) {
      return reply(h().kv(std::move(ns)).try_replace(key, std::move(x)));
    },
    [=](kv_atom, cas_atom, std::string& ns, const value& key, const value& expected,
        value& desired) {
      return reply(h().kv(std::move(ns)).try_compare_exchange(key, expected, std::move(desired)));
    },
    [=](kv_atom, cas_atom, std::string& ns, const value& key, const value& expected, value& desired,
        std::int64_t ttl) {
      return reply(
        h().kv(std::move(ns)).try_compare_exchange(key, expected, std::move(desired), living(ttl)));
    },
    [=](kv_atom, counter_atom, std::string& ns, const value& key, std::int64_t initial,
        std::int64_t step) {
      return reply(h().kv(std::move(ns)).try_increment(key, initial, step));
    },
    [=](kv_atom, counter_atom, std::string& ns, const value& key, std::int64_t initial,
        std::int64_t step, std::int64_t ttl) {
      return reply(h().kv(std::move(ns)).try_increment(key, initial, step, living(ttl)));
    },
  };
}

/// Removing and time to live of key-value namespaces.
inline auto kv_upkeep_clauses(handle_source c) {
  const auto h = [c] { return handle_of(c); };
  return std::tuple{
    [=](kv_atom, remove_atom, std::string& ns, const value& key) {
      return reply(h().kv(std::move(ns)).try_remove(key));
    },
    [=](kv_atom, remove_atom, batch_atom, std::string& ns, const value_list& keys) {
      return reply(h().kv(std::move(ns)).try_remove_batch(keys));
    },
    [=](kv_atom, clear_atom, std::string& ns) {
      return reply(h().kv(std::move(ns)).try_remove_all());
    },
    [=](kv_atom, count_atom, std::string& ns) { return reply(h().kv(std::move(ns)).try_count()); },
    [=](kv_atom, expire_atom, std::string& ns, const value& key, std::int64_t ttl) {
      return reply(h().kv(std::move(ns)).try_expire(key, std::chrono::milliseconds{ttl}));
    },
    [=](kv_atom, ttl_atom, std::string& ns, const value& key) -> caf::result<std::int64_t> {
      auto left = h().kv(std::move(ns)).try_ttl(key);
      if (!left)
        return std::move(left.error());
      if (!*left)
        return make_error(errc::not_found, "no key " + to_string(key));
      return (*left)->count();
    },
  };
}

/// Operations that walk over a whole namespace.
inline auto kv_walk_clauses(handle_source c) {
  return std::tuple{
    [=](kv_atom, list_atom, std::string& ns) -> caf::result<record_list> {
      auto pairs = handle_of(c).kv(std::move(ns)).try_to_list();
      if (!pairs)
        return std::move(pairs.error());
      record_list out;
      for (auto& [k, x] : *pairs)
        out.emplace_back(std::move(k), std::move(x));
      return out;
    },
  };
}

} // namespace supercache::detail
