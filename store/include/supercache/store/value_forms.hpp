#pragma once

#include <supercache/store/abi.hpp>

#include <concepts>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

/// What a value can be, and what C++ types become values: the conditions at the constructors of
/// `value`.
namespace supercache::inline SUPERCACHE_ABI {

/// The types a value can have, in their order: every nil sorts before every bool, and so on.
enum class kind : std::uint8_t { nil, boolean, integer, real, string, list, tuple, map };

/// The type's name for people, e.g. `"integer"`.
SUPERCACHE_API std::string_view to_string(kind k) noexcept;

class record;
class value;

namespace detail {

/// A character, which is neither a number nor, by itself, a text; only `char` is one.
template <class T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<
  T, char8_t> || std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept whole_number
  = std::integral<T> && !std::same_as<T,
                                      bool> && !character<T> && sizeof(T) <= sizeof(std::int64_t);
/// A `long double` would lose digits.
template <class T>
concept real_number = std::same_as<T, float> || std::same_as<T, double>;
template <class T>
concept element = std::convertible_to<const T&, value>;

template <class T>
concept text_like
  = std::convertible_to<const T&, std::string_view> || std::convertible_to<const T&,
                                                                           std::u8string_view>;
template <class T>
using element_of = std::iter_value_t<decltype(std::begin(std::declval<const T&>()))>;
template <class T>
concept map_like = element<typename T::key_type> && element<typename T::mapped_type> && requires(
  const T& x, const typename T::key_type& key) {
  x.at(key); // each key once, as not in a multimap
  x.begin()->second;
};
/// A `std::vector` and its like, an array. Not of `char`, which may be meant as a text; nor of
/// records, which may be meant one by one; nor a container with many values under a key.
template <class T>
concept list_like = !text_like<T> && !requires {
  typename T::mapped_type;
}
&&requires(const T& x) {
  requires std::same_as<decltype(std::begin(x)), decltype(std::end(x))>;
  requires !std::same_as<element_of<T>, T> && !std::same_as<element_of<T>, record>;
  requires !character<element_of<T>> && element<element_of<T>>;
};
/// A container without an order of its own.
template <class T>
concept unordered = requires {
  typename T::hasher;
};

} // namespace detail

} // namespace supercache::inline SUPERCACHE_ABI
