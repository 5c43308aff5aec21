#pragma once

#include <supercache/store/abi.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

/// How operations, queries and messages describe themselves. Encoding, decoding, transfer and the
/// random values of tests are generic over these descriptions, so that a new one is written once.
/// README.md says how to add an operation.
namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

struct count_of {
  template <class... Members>
  constexpr std::size_t operator()(Members...) const noexcept {
    return sizeof...(Members);
  }
};

/// Converts to the next field of an aggregate, if there is one.
struct anything {
  template <class T>
  operator T() const;
};

template <class T>
struct names_all {
  template <class... Fields>
  constexpr bool operator()(Fields T::*...) const noexcept {
    return std::is_aggregate_v<T> && requires { T{std::declval<Fields>()...}; }
    &&!requires { T{std::declval<Fields>()..., anything{}}; };
  }
};

} // namespace detail

/// An aggregate that names its fields in the order in which they are declared, stored and sent:
///
///     struct ttl {
///       value key;
///       static constexpr auto fields(auto&& f) { return f(&ttl::key); }
///     };
template <class T>
concept described = requires {
  { T::fields(detail::count_of{}) } -> std::same_as<std::size_t>;
};

template <described T>
inline constexpr std::size_t field_count = T::fields(detail::count_of{});

/// Calls `f` with each field of `x`, in order. A description that leaves out a field does not
/// compile.
template <class T, class F>
requires described<std::remove_const_t<T>>
constexpr void for_each_field(T& x, F&& f) {
  using plain = std::remove_const_t<T>;
  static_assert(plain::fields(detail::names_all<plain>{}), "fields() does not name all fields");
  plain::fields([&](auto... members) { (static_cast<void>(f(x.*members)), ...); });
}

/// The numbers that an enum may have, and its name for people. Specialised for each enum that is
/// sent.
struct enum_range {
  std::uint64_t limit;
  std::string_view what;
};
template <class E>
inline constexpr enum_range range_of{};
/// The kinds of space that an operation or query is for; `partition`: all of them at once, whatever
/// the target.
enum class spaces : std::uint8_t { partition = 0, tables = 1, queues = 2, every = 3 };

/// Which data of a space an operation concerns. A name other than `space` is that of the field that
/// says which: the key, the row whose key it is, or the rows whose keys they are.
enum class concerns : std::uint8_t { key, row, rows, space };

/// The answer that says that an operation left everything as it was.
enum class unchanged : std::uint8_t { never, zero, no, empty_list };

/// How long it takes: always little, or longer the more data the space has.
enum class takes : std::uint8_t { microseconds, longer };

/// What code that handles every operation needs to know of one.
struct operation_description {
  std::uint8_t code; ///< as it is stored and sent: never renumber
  std::string_view name;
  supercache::spaces spaces;
  supercache::concerns concerns;
  supercache::unchanged unchanged;
  supercache::takes takes = supercache::takes::microseconds;
};

/// The same of a query.
struct query_description {
  std::uint8_t code; ///< as it is sent: never renumber
  std::string_view name;
  supercache::spaces spaces;
  supercache::takes takes = supercache::takes::microseconds;
};

template <class T>
inline constexpr bool for_tables
  = (static_cast<unsigned>(T::about.spaces) & static_cast<unsigned>(spaces::tables)) != 0;
template <class T>
inline constexpr bool for_queues
  = (static_cast<unsigned>(T::about.spaces) & static_cast<unsigned>(spaces::queues)) != 0;

namespace detail {

template <class Variant>
struct alternatives;

template <class... Ts>
struct alternatives<std::variant<Ts...>> {
  /// The alternatives have the codes 0, 1, 2 …, so that index and code are the same.
  static constexpr bool are_coded_in_order() {
    std::size_t next = 0;
    return ((Ts::about.code == next++) && ...);
  }
  /// Makes `x` hold its alternative number `i` and calls `f` with that. @pre i < sizeof...(Ts)
  template <class F>
  static void emplace(std::variant<Ts...>& x, std::size_t i, F&& f) {
    std::size_t next = 0;
    ((next++ == i ? static_cast<void>(f(x.template emplace<Ts>())) : void()), ...);
  }
};

} // namespace detail

} // namespace supercache::inline SUPERCACHE_ABI
