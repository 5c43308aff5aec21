#include <supercache/store/operation.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/wire_fields.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace supercache;

namespace {

struct whole {
  value key;
  std::optional<record> row;
  static constexpr auto fields(auto&& f) { return f(&whole::key, &whole::row); }
};
struct forgetful {
  value key;
  std::int64_t ttl_ms = 0;
  static constexpr auto fields(auto&& f) { return f(&forgetful::key); }
};
struct forgetful_of_optional {
  value key;
  std::optional<record> row;
  static constexpr auto fields(auto&& f) { return f(&forgetful_of_optional::key); }
};
struct in_wrong_order {
  value key;
  std::string name;
  static constexpr auto fields(auto&& f) { return f(&in_wrong_order::name, &in_wrong_order::key); }
};

struct other_type {
  value key;
  std::optional<value> row;
  static constexpr auto fields(auto&& f) { return f(&other_type::key, &other_type::row); }
};
struct other_place {
  std::optional<record> row;
  value key;
  static constexpr auto fields(auto&& f) { return f(&other_place::row, &other_place::key); }
};

template <class T>
constexpr bool names_all = T::fields(detail::names_all<T>{});

template <class... Ts>
std::set<std::string_view> names_of_all(const std::variant<Ts...>*) {
  return {Ts::about.name...};
}

} // namespace

TEST_CASE("a description that leaves out a field, or has another order, is recognised") {
  static_assert(names_all<whole>);
  static_assert(!names_all<forgetful>);
  static_assert(!names_all<forgetful_of_optional>);
  static_assert(!names_all<in_wrong_order>);
  static_assert(field_count<whole> == 2);
  static_assert(described<op::clear> && field_count<op::clear> == 0);
}

TEST_CASE("every operation and every query has a name of its own") {
  CHECK(names_of_all(static_cast<const operation_body*>(nullptr)).size()
        == std::variant_size_v<operation_body>);
  CHECK(names_of_all(static_cast<const query_body*>(nullptr)).size()
        == std::variant_size_v<query_body>);
}

TEST_CASE("the digest changes with the type of a field, its place, and the name of an operation") {
  static_assert(digest_of<whole>() != digest_of<other_type>());
  static_assert(digest_of<whole>() != digest_of<other_place>());
  static_assert(digest_of<op::remove>() != digest_of<op::take>()); // they differ in their names
  static_assert(digest_of<std::int64_t>() != digest_of<std::uint64_t>());
  static_assert(digest_of<std::uint32_t>() != digest_of<std::uint64_t>());
}

TEST_CASE("answers that say that nothing changed are those that the operation names") {
  CHECK(changed_nothing(op::remove{"a"}, 0));
  CHECK_FALSE(changed_nothing(op::remove{"a"}, 1));
  CHECK(changed_nothing(op::insert_new{{"a", 1}}, false));
  CHECK_FALSE(changed_nothing(op::insert_new{{"a", 1}}, true));
  CHECK(changed_nothing(op::pop{3}, value::list({})));
  CHECK_FALSE(changed_nothing(op::pop{3}, value::list({1})));
  CHECK_FALSE(changed_nothing(op::put{{"a", 1}}, {}));
  CHECK_FALSE(changed_nothing(op::update_counter{"a"}, 0)); // a sum of zero
  CHECK_FALSE(changed_nothing(op::push{{}}, 0));
}
