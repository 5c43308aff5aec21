#pragma once

#include <supercache/listing.hpp>
#include <supercache/struct_codec.hpp>

#include <array>
#include <optional>

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

/// The part of `structs_of<T>` that does not depend on T. Fields travel as {key, {field, …}}.
class SUPERCACHE_API struct_space {
public:
  struct_space(cache c, std::string type) : cache_(std::move(c)), type_(std::move(type)) {}

  /// Errors: `key_mismatch` when the type was initialised with another field.
  status init(std::size_t key_field, const wait_options& o = {});
  /// The field that is the key. Errors: `not_initialised`.
  result<std::size_t> key_field(const wait_options& o) const;
  status put(record row, const write_options& o);
  /// Errors: `not_found`, `not_initialised`.
  result<record> get(const value& key, const read_options& o) const;
  result<std::vector<record>> get_all(const read_options& o) const;
  result<supercache::page> page(const value& from, const list_options& o) const;
  result<std::size_t> remove(const value& key, const wait_options& o);
  result<std::size_t> remove_all(const wait_options& o);
  const std::string& type() const noexcept { return type_; }

private:
  cache cache_;
  std::string type_;
};

} // namespace detail

/// Structs of one type, each under the value of its key member.
///
/// T is default-constructible and has a CAF `inspect` overload; its fields may be numbers, bools,
/// enums, strings, durations, optionals, containers, pairs, tuples and such structs in turn. A type
/// is known by the `type_name` in its `inspect`, else by its C++ name.
///
/// A handle, like `cache`. `try_` forms and errors as at `cache`; also `not_initialised` before
/// `init`, `not_found` for a key that is not there.
template <class T>
class structs_of {
public:
  /// Says which member is the key: once per type and cache, on any node. Naming the same member
  /// again is fine. Errors: `key_mismatch` for another member, `invalid_argument` if `inspect` does
  /// not visit the member; in a cluster those of a write.
  template <class Key>
  void init(Key T::*key, const wait_options& o = {}) {
    detail::to_value_or_throw(init_with(key, o));
  }
  template <class Key>
  caf::expected<void> try_init(Key T::*key, const wait_options& o = {}) {
    return to_expected(init_with(key, o));
  }

  /// Stores a struct; it replaces one with the same key.
  void add(const T& x, const write_options& o = {}) { detail::to_value_or_throw(put(x, o)); }
  caf::expected<void> try_add(const T& x, const write_options& o = {}) {
    return to_expected(put(x, o));
  }
  T get(const value& key, const read_options& o = {}) const {
    return detail::to_value_or_throw(one(key, o));
  }
  caf::expected<T> try_get(const value& key, const read_options& o = {}) const {
    return to_expected(one(key, o));
  }
  /// The same, but nothing instead of `not_found`.
  std::optional<T> find(const value& key, const read_options& o = {}) const {
    return detail::to_value_or_throw(if_any(key, o));
  }
  caf::expected<std::optional<T>> try_find(const value& key, const read_options& o = {}) const {
    return to_expected(if_any(key, o));
  }
  bool contains(const value& key, const read_options& o = {}) const {
    return find(key, o).has_value();
  }
  caf::expected<bool> try_contains(const value& key, const read_options& o = {}) const {
    auto x = if_any(key, o);
    if (!x)
      return to_caf(x.why());
    return x->has_value();
  }
  /// All of them; of an ordered_set in key order.
  std::vector<T> get_all(const read_options& o = {}) const {
    return detail::to_value_or_throw(all(o));
  }
  caf::expected<std::vector<T>> try_get_all(const read_options& o = {}) const {
    return to_expected(all(o));
  }
  /// Some of them, as `kv::page`. With a prefix, those whose key is a string that begins with it.
  listing<T> page(const value& from, const list_options& o = {}) const {
    return detail::to_value_or_throw(some(from, o));
  }
  caf::expected<listing<T>> try_page(const value& from, const list_options& o = {}) const {
    return to_expected(some(from, o));
  }
  /// Answers whether there was one.
  bool remove(const value& key, const wait_options& o = {}) {
    return detail::to_value_or_throw(space_.remove(key, o)) > 0;
  }
  caf::expected<bool> try_remove(const value& key, const wait_options& o = {}) {
    auto n = space_.remove(key, o);
    if (!n)
      return to_caf(n.why());
    return *n > 0;
  }
  std::size_t remove_all(const wait_options& o = {}) {
    return detail::to_value_or_throw(space_.remove_all(o));
  }
  caf::expected<std::size_t> try_remove_all(const wait_options& o = {}) {
    return to_expected(space_.remove_all(o));
  }

private:
  friend class cache;
  explicit structs_of(cache c) : space_(std::move(c), struct_codec::name_of<T>()) {}

  template <class Key>
  status init_with(Key T::*key, const wait_options& o) {
    T sample{};
    const auto field = struct_codec::field_at(sample, &(sample.*key));
    if (!field)
      return {errc::invalid_argument, "the key member of " + space_.type()
                                        + " is not among the fields that its inspect visits"};
    return space_.init(*field, o);
  }
  status put(const T& x, const write_options& o) {
    const auto field = space_.key_field({.timeout = o.timeout});
    if (!field)
      return field.why();
    auto fields = struct_codec::fields_of(x);
    if (!fields)
      return fields.why();
    value key = (*fields)[*field];
    return space_.put(record{std::move(key), value::tuple(*fields)}, o);
  }
  static result<T> from(const record& row) {
    T x{};
    if (auto s = struct_codec::read(x, row[1]); !s)
      return s.why();
    return x;
  }
  result<T> one(const value& key, const read_options& o) const {
    auto row = space_.get(key, o);
    if (!row)
      return row.why();
    return from(*row);
  }
  result<std::optional<T>> if_any(const value& key, const read_options& o) const {
    auto x = one(key, o);
    if (x)
      return std::optional<T>{*std::move(x)};
    if (x.why().code == errc::not_found)
      return std::optional<T>{};
    return x.why();
  }
  result<std::vector<T>> all(const read_options& o) const {
    auto rows = space_.get_all(o);
    if (!rows)
      return rows.why();
    return each_of(*rows);
  }
  result<listing<T>> some(const value& from, const list_options& o) const {
    auto page = space_.page(from, o);
    if (!page)
      return page.why();
    auto items = each_of(page->rows);
    if (!items)
      return items.why();
    return listing<T>{*std::move(items), std::move(page->next)};
  }
  static result<std::vector<T>> each_of(const std::vector<record>& rows) {
    std::vector<T> out;
    for (const record& row : rows) {
      auto x = from(row);
      if (!x)
        return x.why();
      out.push_back(*std::move(x));
    }
    return out;
  }

  detail::struct_space space_;
};

template <class T>
structs_of<T> cache::structs() const {
  return structs_of<T>{*this};
}
template <class T, class Key>
structs_of<T> cache::structs(Key T::*key) const {
  structs_of<T> s{*this};
  s.init(key);
  return s;
}

} // namespace supercache::inline SUPERCACHE_ABI
