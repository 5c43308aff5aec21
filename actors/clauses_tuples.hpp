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
    [=](put_atom, batch_atom, record_list& rs, std::int64_t ttl) {
      return reply(h().try_put_batch(std::move(rs), living(ttl)));
    },
    [=](lazy_atom, record& r) { return reply(h().try_lazy_put(std::move(r))); },
    [=](lazy_atom, record& r, std::int64_t ttl) {
      return reply(h().try_lazy_put(std::move(r), living(ttl)));
    },
    [=](flush_atom) { return reply(h().try_flush()); },
    [=](insert_atom, record& r, std::int64_t ttl) {
      return reply(h().try_insert_new(std::move(r), living(ttl)));
    },
    [=](get_atom, const value& key) { return reply(h().try_get(key)); },
    [=](get_atom, const value& key, const value& partition) {
      return reply(h().try_get_by_key_partition(key, partition));
    },
    [=](get_atom, batch_atom, const value_list& keys) { return reply(h().try_get_many(keys)); },
    [=](get_atom, const value& key, const std::string& mode) {
      return in_mode(mode, [&](const read_options& o) { return reply(h().try_get(key, o)); });
    },
    [=](get_atom, const value& key, const value& partition, const std::string& mode) {
      return in_mode(mode, [&](const read_options& o) {
        return reply(h().try_get_by_key_partition(key, partition, o));
      });
    },
    [=](get_atom, batch_atom, const value_list& keys, const std::string& mode) {
      return in_mode(mode, [&](const read_options& o) { return reply(h().try_get_many(keys, o)); });
    },
    [=](take_atom, const value& key) { return reply(h().try_take(key)); },
    [=](take_atom, const value& key, const value& partition) {
      return reply(h().try_take(key, at(partition)));
    },
    [=](remove_atom, const value& key) { return reply(h().try_remove(key)); },
    [=](remove_atom, const value& key, const value& partition) {
      return reply(h().try_remove_by_key_partition(key, partition));
    },
  };
}

/// Changing the records of a key.
inline auto tuple_update_clauses(handle_source c) {
  const auto h = [c] { return handle_of(c); };
  const auto at = [](const value& partition) { return partition_filter{partition}; };
  return std::tuple{
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
    [=](counter_atom, const value& key, std::uint32_t position, std::int64_t step, record& initial,
        std::int64_t ttl) {
      return reply(h().try_update_counter(key, position, step, std::move(initial), any_partition,
                                          living(ttl)));
    },
    [=](counter_atom, const value& key, const value& partition, std::uint32_t position,
        std::int64_t step, record& initial, std::int64_t ttl) {
      return reply(h().try_update_counter(key, position, step, std::move(initial), at(partition),
                                          living(ttl)));
    },
  };
}

/// Reads that look at many records.
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
    [=](match_atom, const pattern& p, std::uint64_t limit) {
      return reply(h().try_get_by_match(any_partition, p, {}, index_in(limit)));
    },
    [=](match_atom, const value& partition, const pattern& p, std::uint64_t limit) {
      return reply(h().try_get_by_match(at(partition), p, {}, index_in(limit)));
    },
    [=](select_atom, const pattern& p, std::uint64_t limit) {
      return reply(h().try_get_by_match_object(any_partition, p, {}, index_in(limit)));
    },
    [=](select_atom, const value& partition, const pattern& p, std::uint64_t limit) {
      return reply(h().try_get_by_match_object(at(partition), p, {}, index_in(limit)));
    },
    [=](count_atom, match_atom, const pattern& p) {
      return reply(h().try_count_by_match(any_partition, p));
    },
    [=](count_atom, match_atom, const value& partition, const pattern& p) {
      return reply(h().try_count_by_match(at(partition), p));
    },
    [=](range_atom, const value& low, const value& high) {
      return reply(h().try_range(low, high));
    },
  };
}

/// Removing many, and messages that name a partition.
inline auto partition_clauses(handle_source c) {
  const auto h = [c] { return handle_of(c); };
  const auto at = [](const value& partition) { return partition_filter{partition}; };
  return std::tuple{
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
    [=](put_atom, index_atom, std::uint64_t i, record& r, std::int64_t ttl) {
      return reply(h().try_put_partition_by_idx(std::move(r), index_in(i), living(ttl)));
    },
    [=](put_atom, index_atom, const std::string& name, record& r, std::int64_t ttl) {
      return reply(h().try_put_partition(std::move(r), name, living(ttl)));
    },
    [=](get_atom, index_atom, const std::string& name, const value& key) {
      return reply(h().try_get_partition(key, name));
    },
    [=](remove_atom, index_atom, const std::string& name, const value& key) {
      return reply(h().try_remove_partition(key, name));
    },
  };
}

} // namespace supercache::detail
