#include "dispatch.hpp"

// Messages about tuples.

namespace supercache::detail {

namespace {

auto tuple_storing() {
  return std::tuple_cat(
    on<put_atom, record>([](core& c, record& r) { return calls::put(c, std::move(r), {}); }),
    on<put_atom, record, std::int64_t>([](core& c, record& r, std::int64_t ttl) {
      return calls::put(c, std::move(r), living(ttl));
    }),
    on_long<put_atom, batch_atom, record_list>(
      [](core& c, record_list& rs) { return calls::put_batch(c, std::move(rs), {}); }),
    on_long<put_atom, batch_atom, record_list, std::int64_t>(
      [](core& c, record_list& rs, std::int64_t ttl) {
        return calls::put_batch(c, std::move(rs), living(ttl));
      }),
    on<lazy_atom, record>([](core& c, record& r) { return calls::lazy_put(c, std::move(r), {}); }),
    on<lazy_atom, record, std::int64_t>([](core& c, record& r, std::int64_t ttl) {
      return calls::lazy_put(c, std::move(r), living(ttl));
    }),
    on<flush_atom>([](core& c) { return c.begin_flush(); }),
    on<insert_atom, record, std::int64_t>([](core& c, record& r, std::int64_t ttl) {
      return calls::insert_new(c, std::move(r), living(ttl));
    }));
}

auto tuple_reading() {
  return std::tuple_cat(
    on_read<get_atom, value>([](core& c, const value& key, const read_options& o) {
      return calls::get(c, key, any_partition, o);
    }),
    on_read<get_atom, value, value>(
      [](core& c, const value& key, const value& partition, const read_options& o) {
        return calls::get(c, key, partition, o);
      }),
    on_long_read<get_atom, batch_atom, value_list>(
      [](core& c, const value_list& keys, const read_options& o) {
        return calls::get_many(c, keys, o);
      }),
    on<get_atom, value, std::string>(
      [](core& c, const value& key, const std::string& mode) -> future<records> {
        const auto o = mode_named(mode);
        return o ? calls::get(c, key, any_partition, *o) : o.why();
      }),
    on<get_atom, value, value, std::string>([](core& c, const value& key, const value& partition,
                                               const std::string& mode) -> future<records> {
      const auto o = mode_named(mode);
      return o ? calls::get(c, key, partition, *o) : o.why();
    }),
    on_long<get_atom, batch_atom, value_list, std::string>(
      [](core& c, const value_list& keys, const std::string& mode) -> future<std::vector<records>> {
        const auto o = mode_named(mode);
        return o ? calls::get_many(c, keys, *o) : o.why();
      }));
}

auto tuple_removing() {
  return std::tuple_cat(
    on<take_atom, value>(
      [](core& c, const value& key) { return calls::take(c, key, any_partition, {}); }),
    on<take_atom, value, value>([](core& c, const value& key, const value& partition) {
      return calls::take(c, key, partition, {});
    }),
    on<remove_atom, value>(
      [](core& c, const value& key) { return calls::remove(c, key, any_partition, {}); }),
    on<remove_atom, value, value>([](core& c, const value& key, const value& partition) {
      return calls::remove(c, key, partition, {});
    }),
    on_long<remove_atom, match_atom, pattern>(
      [](core& c, const pattern& p) { return calls::remove_match(c, any_partition, p, {}); }),
    on_long<remove_atom, match_atom, value, pattern>(
      [](core& c, const value& partition, const pattern& p) {
        return calls::remove_match(c, partition, p, {});
      }),
    on_long<clear_atom>([](core& c) { return calls::clear(c, {}, {}); }));
}

auto tuple_changing() {
  return std::tuple_cat(
    on<update_atom, value, std::vector<element_change>>(
      [](core& c, const value& key, std::vector<element_change>& changes) {
        return calls::update_element(c, key, std::move(changes), any_partition, {});
      }),
    on<update_atom, value, value, std::vector<element_change>>(
      [](core& c, const value& key, const value& partition, std::vector<element_change>& changes) {
        return calls::update_element(c, key, std::move(changes), partition, {});
      }),
    on<counter_atom, value, std::uint32_t, std::int64_t>(
      [](core& c, const value& key, std::uint32_t pos, std::int64_t step) {
        return calls::update_counter(c, key, pos, step, {}, any_partition, {});
      }),
    on<counter_atom, value, value, std::uint32_t, std::int64_t>(
      [](core& c, const value& key, const value& partition, std::uint32_t pos, std::int64_t step) {
        return calls::update_counter(c, key, pos, step, {}, partition, {});
      }),
    on<counter_atom, value, std::uint32_t, std::int64_t, record, std::int64_t>(
      [](core& c, const value& key, std::uint32_t pos, std::int64_t step, record& initial,
         std::int64_t ttl) {
        return calls::update_counter(c, key, pos, step, std::move(initial), any_partition,
                                     living(ttl));
      }),
    on<counter_atom, value, value, std::uint32_t, std::int64_t, record, std::int64_t>(
      [](core& c, const value& key, const value& partition, std::uint32_t pos, std::int64_t step,
         record& initial, std::int64_t ttl) {
        return calls::update_counter(c, key, pos, step, std::move(initial), partition, living(ttl));
      }));
}

auto tuple_matching() {
  return std::tuple_cat(
    on_long_read<match_atom, pattern>([](core& c, const pattern& p, const read_options& o) {
      return calls::match(c, any_partition, p, o, 0);
    }),
    on_long_read<match_atom, value, pattern>(
      [](core& c, const value& partition, const pattern& p, const read_options& o) {
        return calls::match(c, partition, p, o, 0);
      }),
    on_long_read<match_atom, pattern, std::uint64_t>(
      [](core& c, const pattern& p, std::uint64_t limit, const read_options& o) {
        return calls::match(c, any_partition, p, o, index_in(limit));
      }),
    on_long_read<match_atom, value, pattern, std::uint64_t>(
      [](core& c, const value& partition, const pattern& p, std::uint64_t limit,
         const read_options& o) { return calls::match(c, partition, p, o, index_in(limit)); }),
    on_long_read<select_atom, pattern>([](core& c, const pattern& p, const read_options& o) {
      return calls::select(c, any_partition, p, o, 0);
    }),
    on_long_read<select_atom, value, pattern>(
      [](core& c, const value& partition, const pattern& p, const read_options& o) {
        return calls::select(c, partition, p, o, 0);
      }),
    on_long_read<select_atom, pattern, std::uint64_t>(
      [](core& c, const pattern& p, std::uint64_t limit, const read_options& o) {
        return calls::select(c, any_partition, p, o, index_in(limit));
      }),
    on_long_read<select_atom, value, pattern, std::uint64_t>(
      [](core& c, const value& partition, const pattern& p, std::uint64_t limit,
         const read_options& o) { return calls::select(c, partition, p, o, index_in(limit)); }),
    on_long_read<count_atom, match_atom, pattern>(
      [](core& c, const pattern& p, const read_options& o) {
        return calls::count_match(c, any_partition, p, o);
      }),
    on_long_read<count_atom, match_atom, value, pattern>(
      [](core& c, const value& partition, const pattern& p, const read_options& o) {
        return calls::count_match(c, partition, p, o);
      }),
    on_long_read<range_atom, value, value>(
      [](core& c, const value& low, const value& high, const read_options& o) {
        return calls::range(c, low, high, o);
      }));
}

/// Straight to the partition with an index or a name.
auto of_one_partition() {
  return std::tuple_cat(
    on<put_atom, index_atom, std::uint64_t, record>([](core& c, std::uint64_t i, record& r) {
      return calls::put_at(c, index_in(i), std::move(r), {});
    }),
    on<put_atom, index_atom, std::uint64_t, record, std::int64_t>(
      [](core& c, std::uint64_t i, record& r, std::int64_t ttl) {
        return calls::put_at(c, index_in(i), std::move(r), living(ttl));
      }),
    on_read<get_atom, index_atom, std::uint64_t, value>(
      [](core& c, std::uint64_t i, const value& key, const read_options& o) {
        return calls::get_at(c, index_in(i), key, o);
      }),
    on<remove_atom, index_atom, std::uint64_t, value>(
      [](core& c, std::uint64_t i, const value& key) {
        return calls::remove_at(c, index_in(i), key, {});
      }),
    on<put_atom, index_atom, std::string, record, std::int64_t>(
      [](core& c, const std::string& name, record& r, std::int64_t ttl) -> future<unit> {
        const auto i = c.index_from_name(name);
        return i ? calls::put_at(c, *i, std::move(r), living(ttl)) : i.why();
      }),
    on_read<get_atom, index_atom, std::string, value>([](core& c, const std::string& name,
                                                         const value& key,
                                                         const read_options& o) -> future<records> {
      const auto i = c.index_from_name(name);
      return i ? calls::get_at(c, *i, key, o) : i.why();
    }),
    on<remove_atom, index_atom, std::string, value>(
      [](core& c, const std::string& name, const value& key) -> future<std::size_t> {
        const auto i = c.index_from_name(name);
        return i ? calls::remove_at(c, *i, key, {}) : i.why();
      }));
}

} // namespace

void add_tuple_rows(dispatch_table& to) {
  add_rows<tuple_actor>(to, tuple_storing(), tuple_reading(), tuple_removing(), tuple_changing(),
                        tuple_matching(), of_one_partition());
}

} // namespace supercache::detail
