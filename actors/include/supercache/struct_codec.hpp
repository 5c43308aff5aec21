#pragma once

#include <supercache/compat.hpp>
#include <supercache/error.hpp>
#include <supercache/store/value.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

/// Structs as values and back, through their CAF `inspect` overload: a struct becomes a tuple of
/// its fields in the order in which `inspect` visits them. Unlike CAF's binary format this keeps
/// every double exact and is readable in dumps.
namespace supercache::inline SUPERCACHE_ABI::struct_codec {

namespace detail {

using supercache::detail::character;

template <class T>
concept duration = requires {
  typename T::rep;
  typename T::period;
};
template <class T>
concept optional_like = requires(T x) {
  x.has_value();
  *x;
  x.reset();
}
|| requires(T x) {
  typename T::value_type;
  x.operator->();
  static_cast<bool>(x);
  x = T{};
};
template <class T>
concept tuple_like = requires {
  std::tuple_size<T>::value;
};
template <class T>
concept map_like = requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept container = requires(T x) {
  typename T::value_type;
  x.begin();
  x.end();
};

SUPERCACHE_API std::string demangled(const char* name);

/// Shows all fields of `x` to a visitor. Throws `error`.
template <class Visitor, class T>
void visit_all(Visitor& v, T& x) {
  if (const auto why = compat::visit_fields(v, x))
    throw error(code_of(why), message_of(why));
}

/// Turns fields into values.
struct writer : compat::field_visitor<writer, false> {
  value_list out;

  void named(const char*) {}
  template <class T>
  void field(const T& x) {
    out.push_back(one(x));
  }
  template <class T>
  static value one(const T& x) {
    if constexpr (std::is_same_v<T, value> || std::is_convertible_v<const T&, std::string_view>)
      return value{x};
    else if constexpr (std::is_floating_point_v<T>)
      return value{static_cast<double>(x)};
    else if constexpr (character<T> && !std::is_same_v<T, char>)
      return value{static_cast<std::int64_t>(x)};
    else if constexpr (std::is_arithmetic_v<T>)
      return value{x};
    else if constexpr (std::is_enum_v<T>)
      return value{static_cast<std::underlying_type_t<T>>(x)};
    else if constexpr (duration<T>)
      return value{x.count()};
    else if constexpr (map_like<T>) {
      std::vector<std::pair<value, value>> pairs;
      for (const auto& [k, v] : x)
        pairs.emplace_back(one(k), one(v));
      return value::map(std::move(pairs));
    } else if constexpr (container<T>) {
      value_list items;
      for (const auto& e : x)
        items.push_back(one(static_cast<const typename T::value_type&>(e)));
      return value::list(items);
    } else if constexpr (tuple_like<T>)
      return std::apply([](const auto&... e) { return value::tuple({one(e)...}); }, x);
    else if constexpr (optional_like<T>)
      return x ? one(*x) : value{};
    else {
      writer nested;
      visit_all(nested, const_cast<T&>(x));
      return value::tuple(nested.out);
    }
  }
};

/// Fills fields from values.
struct reader : compat::field_visitor<reader, true> {
  std::span<const value> in;
  std::size_t at = 0;

  explicit reader(std::span<const value> fields) : in(fields) {}
  void named(const char*) {}
  template <class T>
  void field(T& x) {
    if (at >= in.size())
      throw error(errc::type_mismatch, "the stored struct has fewer fields than its type");
    read(x, in[at++]);
  }
  template <class T>
  static void integer(T& x, const value& v) {
    using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    using limits = std::numeric_limits<T>;
    const std::int64_t n = v.as_int();
    if (std::cmp_less(n, wide{limits::min()}) || std::cmp_greater(n, wide{limits::max()}))
      throw error(errc::type_mismatch,
                  "integer " + std::to_string(n) + " does not fit the struct's field");
    x = static_cast<T>(n);
  }
  /// Throws `error(errc::type_mismatch)`.
  template <class T>
  static void read(T& x, const value& v) {
    if constexpr (std::is_same_v<T, value>)
      x = v;
    else if constexpr (std::is_same_v<T, bool>)
      x = v.as_bool();
    else if constexpr (std::is_floating_point_v<T>)
      x = static_cast<T>(v.as_real());
    else if constexpr (std::is_same_v<T, char>) {
      if (v.as_string().size() != 1)
        throw error(errc::type_mismatch, "a text of another length than one character is stored");
      x = v.as_string().front();
    } else if constexpr (std::is_integral_v<T>)
      integer(x, v);
    else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> n{};
      read(n, v);
      x = static_cast<T>(n);
    } else if constexpr (duration<T>) {
      typename T::rep n{};
      read(n, v);
      x = T{n};
    } else if constexpr (std::is_same_v<T, std::string>)
      x = v.as_string();
    else if constexpr (map_like<T>) {
      x.clear();
      const auto flat = v.items();
      for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
        typename T::key_type k{};
        typename T::mapped_type m{};
        read(k, flat[i]);
        read(m, flat[i + 1]);
        x.emplace(std::move(k), std::move(m));
      }
    } else if constexpr (tuple_like<T>)
      read_elements(x, v.items(), std::make_index_sequence<std::tuple_size_v<T>>{});
    else if constexpr (container<T>) {
      x.clear();
      for (const value& e : v.items()) {
        typename T::value_type y{};
        read(y, e);
        x.insert(x.end(), std::move(y));
      }
    } else if constexpr (optional_like<T>) {
      x = T{};
      if (!v.is_nil()) {
        std::remove_cvref_t<decltype(*x)> y{};
        read(y, v);
        x = std::move(y);
      }
    } else {
      reader nested{v.items()};
      visit_all(nested, x);
    }
  }
  template <class T, std::size_t... Is>
  static void read_elements(T& x, std::span<const value> items, std::index_sequence<Is...>) {
    if (items.size() != sizeof...(Is))
      throw error(errc::type_mismatch, "a tuple of another size is stored");
    (read(std::get<Is>(x), items[Is]), ...);
  }
};

/// Finds a field by its address, and the type's name.
struct finder : compat::field_visitor<finder, false> {
  const void* wanted = nullptr;
  std::size_t count = 0;
  std::optional<std::size_t> found;
  std::string name;

  void named(const char* text) { name = text; }
  template <class T>
  void field(T& x) {
    if (static_cast<const void*>(&x) == wanted)
      found = count;
    ++count;
  }
};

} // namespace detail

template <class T>
std::string name_of() {
  T sample{};
  detail::finder f;
  detail::visit_all(f, sample);
  return f.name.empty() ? detail::demangled(typeid(T).name()) : f.name;
}

template <class T>
std::optional<std::size_t> field_at(T& sample, const void* member) {
  detail::finder f;
  f.wanted = member;
  detail::visit_all(f, sample);
  return f.found;
}

/// Errors: `too_large` for a struct nested too deeply, `invalid_argument` for an integer beyond 64
/// bits signed.
template <class T>
result<value_list> fields_of(const T& x) {
  try {
    detail::writer w;
    detail::visit_all(w, const_cast<T&>(x));
    return std::move(w.out);
  } catch (const error& e) {
    return {e.code(), e.what()};
  }
}

/// Errors: `type_mismatch` when the stored fields are not those of the type.
template <class T>
status read(T& x, const value& fields) {
  try {
    detail::reader r{fields.items()};
    detail::visit_all(r, x);
    if (r.at != r.in.size())
      return {errc::type_mismatch, "the stored struct has more fields than its type"};
    return ok();
  } catch (const error& e) {
    return {e.code(), e.what()};
  }
}

} // namespace supercache::inline SUPERCACHE_ABI::struct_codec

namespace supercache::inline SUPERCACHE_ABI::detail {

/// The value, or an exception.
template <class T>
T to_value_or_throw(result<T> r) {
  return std::move(r).value();
}

} // namespace supercache::inline SUPERCACHE_ABI::detail
