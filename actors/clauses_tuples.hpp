#pragma once

#include "clauses.hpp"

namespace supercache::detail {

/// Storing, reading and removing by key.
inline auto tuple_clauses(handle_source c) {
  const auto h = [c] { return handle_of(c); };
  const auto at = [](const value& partition) { return partition_filter{partition}; };
  return std::tuple{
    [=](put_atom, record& r) { return reply(h().try_put(std::move(r))); },
    [=](put_atom, record& r, std::int64_t ttl) {
      return reply(h().try_put(std::move(r), living(ttl)));
    },
    [=](put_atom, batch_atom, record_list& rs) { return reply(h().try_put_batch(std::move(rs))); },
    [=](lazy_atom, record& r) { return reply(h().try_lazy_put(std::move(r))); },
    [=](flush_atom) { return reply(h().try_flush()); },
    [=](insert_atom, record& r, std::int64_t ttl) {
      return reply(h().try_insert_new(std::move(r), living(ttl)));
    },
    [=](get_atom, const value& key) { return reply(h().try_get(key)); },
    [=](get_atom, const value& key, const value& partition) {
      return reply(h().try_get_by_key_partition(key, partition));
    },
    [=](get_atom, batch_atom, const value_list& keys) -> caf::result<std::vector<record_list>> {
      auto found = h().try_get_many(keys);
      if (!found)
        return std::move(found.error());
      std::vector<record_list> out;
      for (const records& r : *found)
        out.push_back(r.to_vector());
      return out;
    },
    [=](take_atom, const value& key) { return reply(h().try_take(key)); },
    [=](take_atom, const value& key, const value& partition) {
      return reply(h().try_take(key, at(partition)));
    },
    [=](remove_atom, const value& key) { return reply(h().try_remove(key)); },
    [=](remove_atom, const value& key, const value& partition) {
      return reply(h().try_remove_by_key_partition(key, partition));
    },
    [=](update_atom, const value& key, std::vector<element_change>& changes) {
      return reply(h().try_update_element(key, std::move(changes)));
    },
    [=](update_atom, const value& key, const value& partition,
        std::vector<element_change>& changes) {
      return reply(h().try_update_element(key, std::move(changes), at(partition)));
    },
    [=](counter_atom, const value& key, std::uint32_t position, std::int64_t step) {
      return reply(h().try_update_counter(key, position, step));
    },
    [=](counter_atom, const value& key, const value& partition, std::uint32_t position,
        std::int64_t step) {
      return reply(h().try_update_counter(key, position, step, {}, at(partition)));
    },
  };
}

/// Patterns, and messages that name a partition.
inline auto match_clauses(handle_source c) {
  const auto h = [c] { return handle_of(c); };
  const auto at = [](const value& partition) { return partition_filter{partition}; };
  return std::tuple{
    [=](match_atom, const pattern& p) { return reply(h().try_get_by_match(any_partition, p)); },
    [=](match_atom, const value& partition, const pattern& p) {
      return reply(h().try_get_by_match(at(partition), p));
    },
    [=](select_atom, const pattern& p) {
      return reply(h().try_get_by_match_object(any_partition, p));
    },
    [=](select_atom, const value& partition, const pattern& p) {
      return reply(h().try_get_by_match_object(at(partition), p));
    },
    [=](remove_atom, match_atom, const pattern& p) {
      return reply(h().try_remove_by_match(any_partition, p));
    },
    [=](remove_atom, match_atom, const value& partition, const pattern& p) {
      return reply(h().try_remove_by_match(at(partition), p));
    },
    [=](clear_atom) { return reply(h().try_remove_all()); },
    [=](put_atom, index_atom, std::uint64_t i, record& r) {
      return reply(h().try_put_partition_by_idx(std::move(r), index_in(i)));
    },
    [=](get_atom, index_atom, std::uint64_t i, const value& key) {
      return reply(h().try_get_partition_by_idx(key, index_in(i)));
    },
    [=](remove_atom, index_atom, std::uint64_t i, const value& key) {
      return reply(h().try_remove_partition_by_idx(key, index_in(i)));
    },
  };
}

} // namespace supercache::detail
