#include "dispatch.hpp"

// Messages about key-value namespaces.

namespace supercache::detail {

namespace {

place kv_of(const std::string& name) { return {space_kind::kv, name}; }

future<unit> add_pairs(core& c, const std::string& ns, value_list& keys, value_list& xs,
                       std::int64_t ttl) {
  if (keys.size() != xs.size())
    return {errc::invalid_argument, "as many keys as values are needed"};
  std::vector<std::pair<value, value>> pairs;
  for (std::size_t i = 0; i < keys.size(); ++i)
    pairs.emplace_back(std::move(keys[i]), std::move(xs[i]));
  return calls::kv_add_batch(c, kv_of(ns), pairs, living(ttl));
}

auto kv_storing() {
  return std::tuple_cat(
    on<kv_atom, put_atom, std::string, value, value, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, value& x, std::int64_t ttl) {
        return calls::kv_add(c, kv_of(ns), key, std::move(x), living(ttl));
      }),
    on_long<kv_atom, batch_atom, std::string, value_list, value_list>(
      [](core& c, const std::string& ns, value_list& keys, value_list& xs) {
        return add_pairs(c, ns, keys, xs, 0);
      }),
    on_long<kv_atom, batch_atom, std::string, value_list, value_list, std::int64_t>(
      [](core& c, const std::string& ns, value_list& keys, value_list& xs, std::int64_t ttl) {
        return add_pairs(c, ns, keys, xs, ttl);
      }),
    on<kv_atom, add_atom, std::string, value, value, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, value& x, std::int64_t ttl) {
        return calls::kv_add_new(c, kv_of(ns), key, std::move(x), living(ttl));
      }),
    on<kv_atom, update_atom, std::string, value, value, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, value& x, std::int64_t ttl) {
        return calls::kv_update(c, kv_of(ns), key, std::move(x), living(ttl));
      }),
    on<kv_atom, append_atom, std::string, value, value, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, value& what, std::int64_t ttl) {
        return calls::kv_append(c, kv_of(ns), key, std::move(what), living(ttl));
      }),
    on<kv_atom, replace_atom, std::string, value, value>(
      [](core& c, const std::string& ns, const value& key, value& x) {
        return calls::kv_replace(c, kv_of(ns), key, std::move(x), {});
      }),
    on<kv_atom, cas_atom, std::string, value, value, value>(
      [](core& c, const std::string& ns, const value& key, const value& expected, value& desired) {
        return calls::kv_compare_exchange(c, kv_of(ns), key, expected, std::move(desired), {});
      }),
    on<kv_atom, cas_atom, std::string, value, value, value, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, const value& expected, value& desired,
         std::int64_t ttl) {
        return calls::kv_compare_exchange(c, kv_of(ns), key, expected, std::move(desired),
                                          living(ttl));
      }),
    on<kv_atom, counter_atom, std::string, value, std::int64_t, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, std::int64_t initial,
         std::int64_t step) { return calls::kv_increment(c, kv_of(ns), key, initial, step, {}); }),
    on<kv_atom, counter_atom, std::string, value, std::int64_t, std::int64_t, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, std::int64_t initial, std::int64_t step,
         std::int64_t ttl) {
        return calls::kv_increment(c, kv_of(ns), key, initial, step, living(ttl));
      }));
}

auto kv_reading() {
  return std::tuple_cat(
    on_read<kv_atom, get_atom, std::string, value>(
      [](core& c, const std::string& ns, const value& key, const read_options& o) {
        return calls::kv_get_all(c, kv_of(ns), key, o);
      }),
    on<kv_atom, get_atom, std::string, value, std::string>(
      [](core& c, const std::string& ns, const value& key,
         const std::string& mode) -> future<value_list> {
        const auto o = mode_named(mode);
        return o ? calls::kv_get_all(c, kv_of(ns), key, *o) : o.why();
      }),
    on_long_read<kv_atom, get_atom, batch_atom, std::string, value_list, value>(
      [](core& c, const std::string& ns, const value_list& keys, const value& otherwise,
         const read_options& o) { return calls::kv_get_many(c, kv_of(ns), keys, otherwise, o); }),
    on_long<kv_atom, get_atom, batch_atom, std::string, value_list, value, std::string>(
      [](core& c, const std::string& ns, const value_list& keys, const value& otherwise,
         const std::string& mode) -> future<value_list> {
        const auto o = mode_named(mode);
        return o ? calls::kv_get_many(c, kv_of(ns), keys, otherwise, *o) : o.why();
      }),
    on_read<kv_atom, count_atom, std::string>(
      [](core& c, const std::string& ns, const read_options& o) {
        return calls::kv_count(c, kv_of(ns), o);
      }),
    on_long_read<kv_atom, list_atom, std::string>(
      [](core& c, const std::string& ns, const read_options& o) {
        return calls::all_rows(c, kv_of(ns).space(), o);
      }),
    on_read<kv_atom, ttl_atom, std::string, value>(
      [](core& c, const std::string& ns, const value& key, const read_options& o) {
        return calls::kv_ttl(c, kv_of(ns), key, o)
          .map([key](const value& left) -> result<std::int64_t> {
            if (left.is_nil())
              return {errc::not_found, "no key " + to_string(key)};
            return left.as_int();
          });
      }));
}

auto kv_removing() {
  return std::tuple_cat(
    on<kv_atom, remove_atom, std::string, value>(
      [](core& c, const std::string& ns, const value& key) {
        return calls::kv_remove(c, kv_of(ns), std::span{&key, 1}, {});
      }),
    on_long<kv_atom, remove_atom, batch_atom, std::string, value_list>(
      [](core& c, const std::string& ns, const value_list& keys) {
        return calls::kv_remove(c, kv_of(ns), keys, {});
      }),
    on_long<kv_atom, clear_atom, std::string>(
      [](core& c, const std::string& ns) { return calls::clear(c, kv_of(ns), {}); }),
    on<kv_atom, expire_atom, std::string, value, std::int64_t>(
      [](core& c, const std::string& ns, const value& key, std::int64_t ttl) {
        return calls::kv_expire(c, kv_of(ns), key, std::chrono::milliseconds{ttl}, {});
      }));
}

} // namespace

void add_kv_rows(dispatch_table& to) {
  add_rows<kv_actor>(to, kv_storing(), kv_reading(), kv_removing());
}

} // namespace supercache::detail
