#pragma once

#include "support/arbitrary.hpp"

#include <supercache/store/wire_fields.hpp>

/// Random content for everything that describes its fields: operations, queries, messages.
namespace arbitrary {

/// Draws a `T` with any content in every field. Only inside a property or `rc::gen::exec`.
template <class T>
T any_of() {
  namespace kind = supercache::detail;
  if constexpr (std::same_as<T, std::int64_t>) {
    return *integers();
  } else if constexpr (std::integral<T>) {
    return *rc::gen::arbitrary<T>();
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(*rc::gen::inRange<std::uint64_t>(0, range_of<T>.limit));
  } else if constexpr (std::same_as<T, std::string>) {
    return *strings();
  } else if constexpr (std::same_as<T, byte_buffer>) {
    return *rc::gen::arbitrary<byte_buffer>();
  } else if constexpr (std::same_as<T, value>) {
    return *values(2);
  } else if constexpr (std::same_as<T, record>) {
    return *records();
  } else if constexpr (std::same_as<T, pattern>) {
    return *patterns();
  } else if constexpr (std::same_as<T, failure>) {
    return {any_of<errc>(), *texts()};
  } else if constexpr (kind::is_vector<T>) {
    T xs(*rc::gen::inRange<std::size_t>(0, 4));
    for (auto& x : xs)
      x = any_of<typename T::value_type>();
    return xs;
  } else if constexpr (kind::is_std_optional<T>) {
    return any_of<bool>() ? T{any_of<typename T::value_type>()} : T{};
  } else if constexpr (kind::is_pair<T>) {
    auto first = any_of<typename T::first_type>();
    return {std::move(first), any_of<typename T::second_type>()};
  } else if constexpr (kind::is_variant<T>) {
    T x;
    const auto which = *rc::gen::inRange<std::size_t>(0, std::variant_size_v<T>);
    kind::alternatives<T>::emplace(x, which, []<class Y>(Y& y) { y = any_of<Y>(); });
    return x;
  } else {
    T x;
    for_each_field(x, []<class Y>(Y& field) { field = any_of<Y>(); });
    return x;
  }
}

} // namespace arbitrary
