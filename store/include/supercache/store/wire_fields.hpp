#pragma once

#include <supercache/store/description.hpp>
#include <supercache/store/wire.hpp>

#include <algorithm>
#include <optional>
#include <vector>

/// How things that are made of fields travel: field by field, each in the form of its type.
///
///     bool                      flag                     vector     how many, then each
///     integer, enum             number                   optional   flag, then it, if there is one
///     string, byte_buffer       bytes                    pair       first, second
///     value, record, pattern,   as `encode` of           variant    number of the alternative,
///     operation                 encoding.hpp                        then that
///     space                     kind, name               described struct    its fields, in order
///
/// A type that travels otherwise overloads `encode(wire_writer&, const T&)` and
/// `decode(wire_reader&, T&)` beside its declaration. A type without a form does not compile.
namespace supercache {

template <>
inline constexpr enum_range range_of<errc>{64, "error code"}; // newer nodes have more of them
template <>
inline constexpr enum_range range_of<space_kind>{5, "kind of space"};

namespace detail {

template <class T>
inline constexpr bool is_item
  = std::same_as<
      T,
      value> || std::same_as<T, record> || std::same_as<T, pattern> || std::same_as<T, operation>;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_std_optional = false;
template <class T>
inline constexpr bool is_std_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

} // namespace detail

inline void encode(wire_writer& w, const failure& x) {
  w.number(static_cast<std::uint64_t>(x.code));
  w.text(x.message);
}

/// Appends `x`. Cost: one append per field.
template <class T>
void encode(wire_writer& w, const T& x) {
  if constexpr (std::same_as<T, bool>) {
    w.flag(x);
  } else if constexpr (std::integral<T> || std::is_enum_v<T>) {
    w.number(static_cast<std::uint64_t>(x));
  } else if constexpr (std::same_as<T, std::string>) {
    w.text(x);
  } else if constexpr (std::same_as<T, byte_buffer>) {
    w.bytes(x);
  } else if constexpr (detail::is_item<T>) {
    w.item(x);
  } else if constexpr (std::same_as<T, space>) {
    w.target(x);
  } else if constexpr (detail::is_vector<T>) {
    w.number(x.size());
    for (const auto& y : x)
      encode(w, y);
  } else if constexpr (detail::is_std_optional<T>) {
    w.flag(x.has_value());
    if (x)
      encode(w, *x);
  } else if constexpr (detail::is_pair<T>) {
    encode(w, x.first);
    encode(w, x.second);
  } else if constexpr (detail::is_variant<T>) {
    w.number(x.index());
    std::visit([&](const auto& y) { encode(w, y); }, x);
  } else {
    static_assert(described<T>, "this type has no form on the wire");
    for_each_field(x, [&](const auto& field) { encode(w, field); });
  }
}

inline void decode(wire_reader& r, failure& x) {
  const auto code = static_cast<errc>(r.number_below(range_of<errc>.limit, range_of<errc>.what));
  x = {code, r.text()};
}

/// Reads `x`. Errors show in the reader. Cost: memory for O(bytes that are left).
template <class T>
void decode(wire_reader& r, T& x) {
  if constexpr (std::same_as<T, bool>) {
    x = r.flag();
  } else if constexpr (std::integral<T>) {
    if constexpr (sizeof(T) < sizeof(std::uint64_t))
      x = static_cast<T>(
        r.number_below(std::uint64_t{std::numeric_limits<T>::max()} + 1, "number"));
    else
      x = static_cast<T>(r.number());
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(range_of<T>.limit != 0, "this enum has no range");
    x = static_cast<T>(r.number_below(range_of<T>.limit, range_of<T>.what));
  } else if constexpr (std::same_as<T, std::string>) {
    x = r.text();
  } else if constexpr (std::same_as<T, byte_buffer>) {
    const auto bytes = r.bytes();
    x.assign(bytes.begin(), bytes.end());
  } else if constexpr (detail::is_item<T>) {
    x = r.read<T>();
  } else if constexpr (std::same_as<T, space>) {
    x = r.target();
  } else if constexpr (detail::is_vector<T>) {
    constexpr std::size_t at_once = 1024; // one may take far more memory than the byte it came in
    x.clear();
    for (std::size_t n = r.count(); n > 0 && r.ok(); --n) {
      if (x.size() == x.capacity())
        x.reserve(std::min(x.size() + n, 2 * x.size() + at_once));
      decode(r, x.emplace_back());
    }
  } else if constexpr (detail::is_std_optional<T>) {
    x.reset();
    if (r.flag())
      decode(r, x.emplace());
  } else if constexpr (detail::is_pair<T>) {
    decode(r, x.first);
    decode(r, x.second);
  } else if constexpr (detail::is_variant<T>) {
    const auto kind = r.number_below(std::variant_size_v<T>, "kind of message");
    detail::alternatives<T>::emplace(x, kind, [&](auto& y) { decode(r, y); });
  } else {
    static_assert(described<T>, "this type has no form on the wire");
    for_each_field(x, [&](auto& field) { decode(r, field); });
  }
}

/// The same, answered.
template <class T>
T decode(wire_reader& r) {
  T x{};
  decode(r, x);
  return x;
}

// -- what a version of the protocol consists of --------------------------------------------------

namespace detail {

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
class digest {
public:
  constexpr void add(std::string_view text) {
    for (const char c : text)
      sum_ = (sum_ ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
    sum_ = (sum_ ^ text.size()) * 0x100000001b3;
  }
  template <class T>
  constexpr void add() {
    if constexpr (std::integral<T>) {
      add(std::same_as<T, bool> ? "bool" : std::is_signed_v<T> ? "int" : "uint");
      sum_ ^= sizeof(T);
    } else if constexpr (std::is_enum_v<T>) {
      static_assert(range_of<T>.limit != 0, "this enum has no range");
      add(range_of<T>.what);
    } else if constexpr (std::same_as<T, std::string>) {
      add("text");
    } else if constexpr (std::same_as<T, byte_buffer>) {
      add("bytes");
    } else if constexpr (std::same_as<T, value>) {
      add("value");
    } else if constexpr (std::same_as<T, record>) {
      add("record");
    } else if constexpr (std::same_as<T, pattern>) {
      add("pattern");
    } else if constexpr (std::same_as<T, failure>) {
      add("failure");
    } else if constexpr (is_vector<T>) {
      add("vector");
      add<typename T::value_type>();
    } else if constexpr (is_std_optional<T>) {
      add("optional");
      add<typename T::value_type>();
    } else if constexpr (is_pair<T>) {
      add<typename T::first_type>();
      add<typename T::second_type>();
    } else if constexpr (is_variant<T>) {
      add("variant");
      add_alternatives(static_cast<const T*>(nullptr));
    } else {
      static_assert(described<T>, "this type has no form on the wire");
      add("struct");
      if constexpr (requires { T::about; })
        add(T::about.name);
      T::fields([&]<class... Fields>(Fields T::*...) { (add<Fields>(), ...); });
      add("end");
    }
  }
  constexpr std::uint64_t sum() const { return sum_; }

private:
  template <class... Ts>
  constexpr void add_alternatives(const std::variant<Ts...>*) {
    (add<Ts>(), ...);
  }
  std::uint64_t sum_ = 0xcbf29ce484222325;
};

} // namespace detail

/// A number that changes with the names of operations and queries and with the types and the order
/// of all fields that a `T` can consist of.
template <class T>
constexpr std::uint64_t digest_of() {
  detail::digest d;
  d.add<T>();
  return d.sum();
}

/// Holds a digest against the pinned one; the compiler's message shows both.
template <std::uint64_t Digest, std::uint64_t Pinned>
struct is_unchanged {
  static_assert(Digest == Pinned, "what is sent or stored has changed");
  static constexpr bool value = true;
};

} // namespace supercache
