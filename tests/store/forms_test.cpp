#include "support/checks.hpp"

#include <supercache/store/pattern.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <variant>

// How C++ writes values and records: what each form becomes, and what does not compile.

using namespace supercache;

namespace {

enum plain_enum { red };
enum class strong_enum { red };
struct something {};

template <class T>
constexpr bool becomes_a_value
  = std::is_constructible_v<value, T> || std::is_convertible_v<T, value>;

// What a function makes of its argument, as `kv::get` does.
value argument(const value& x) { return x; }
record row(record x) { return x; }
std::vector<record> rows(std::vector<record> xs) { return xs; }

value list(std::initializer_list<item> xs) { return value::list(xs); }

} // namespace

// -- values -------------------------------------------------------------------------------------

TEST_CASE("a type that would lose something does not become a value") {
  CHECK_FALSE(becomes_a_value<plain_enum>);
  CHECK_FALSE(becomes_a_value<strong_enum>);
  CHECK_FALSE(becomes_a_value<int*>);
  CHECK_FALSE(becomes_a_value<const void*>);
  CHECK_FALSE(becomes_a_value<int (*)()>);
  CHECK_FALSE(becomes_a_value<std::shared_ptr<int>>);
  CHECK_FALSE(becomes_a_value<std::unique_ptr<std::string>>);
  CHECK_FALSE(becomes_a_value<wchar_t>);
  CHECK_FALSE(becomes_a_value<char8_t>);
  CHECK_FALSE(becomes_a_value<char16_t>);
  CHECK_FALSE(becomes_a_value<char32_t>);
  CHECK_FALSE(becomes_a_value<const wchar_t*>);
  CHECK_FALSE(becomes_a_value<std::wstring>);
  CHECK_FALSE(becomes_a_value<long double>);
  CHECK_FALSE(becomes_a_value<std::vector<char>>);
  CHECK_FALSE(becomes_a_value<std::vector<char32_t>>);
  CHECK_FALSE(becomes_a_value<std::vector<plain_enum>>);
  CHECK_FALSE(becomes_a_value<std::vector<int*>>);
  CHECK_FALSE(becomes_a_value<std::vector<record>>);
  CHECK_FALSE(becomes_a_value<std::optional<int*>>);
  CHECK_FALSE(becomes_a_value<std::map<std::string, something>>);
  CHECK_FALSE(becomes_a_value<std::multimap<int, int>>);
  CHECK_FALSE(becomes_a_value<std::chrono::seconds>);
  CHECK_FALSE(becomes_a_value<std::variant<int, std::string>>);
  CHECK_FALSE(becomes_a_value<something>);
}

TEST_CASE("a character is a text of one, a null pointer no text, a large number an error") {
  CHECK(argument('a') == value{"a"});
  CHECK(argument('\0') == value{std::string(1, '\0')});
  CHECK(argument('\xe4') == value{"\xe4"});
  CHECK(argument(static_cast<signed char>('a')) == value{97});
  CHECK(argument(static_cast<unsigned char>(200)) == value{200});
  CHECK(argument("yes").kind() == kind::string); // and not true
  char buffer[8] = "text";
  CHECK(argument(buffer) == value{"text"});
  const char* none = nullptr;
  CHECK_FAILS_WITH(argument(none), errc::invalid_argument, "a null pointer is no text");
  CHECK(argument(9223372036854775807ull) == value{INT64_MAX});
  CHECK_FAILS_WITH(argument(9223372036854775808ull), errc::invalid_argument,
                   "integer 9223372036854775808 does not fit: the largest is 9223372036854775807");
  CHECK(argument(std::string_view{"view"}) == value{"view"});
  CHECK(argument(u8"Z\u00fcrich") == value{"Z\xc3\xbcrich"});
  CHECK(argument(std::u8string{u8"x"}) == value{"x"});
}

TEST_CASE("containers become lists and maps, whatever they hold") {
  CHECK(argument(std::vector{1, 2}) == list({1, 2}));
  CHECK(argument(std::vector<std::string>{}) == list({}));
  CHECK(argument(std::vector<bool>{true, false}) == list({true, false}));
  CHECK(argument(std::array<double, 2>{1.5, 2}) == list({1.5, 2.0}));
  CHECK(argument(std::deque<std::string>{"a"}) == value::list({"a"}));
  const int numbers[] = {3, 1};
  CHECK(argument(numbers) == list({3, 1}));
  CHECK(argument(std::set<int>{3, 1}) == list({1, 3}));
  CHECK(argument(std::unordered_set<int>{9, 3, 7, 1}) == list({1, 3, 7, 9}));
  CHECK(argument(std::vector<std::vector<std::optional<int>>>{{1, std::nullopt}, {}})
        == list({{1, nullptr}, {}}));
  CHECK(argument(std::map<std::string, int>{{"b", 2}, {"a", 1}})
        == value::map({{"a", 1}, {"b", 2}}));
  CHECK(argument(std::unordered_map<int, std::vector<double>>{{1, {1.5}}})
        == value::map({{1, list({1.5})}}));
  CHECK(argument(std::pair{1, "a"}) == value::tuple({1, "a"}));
  CHECK(argument(std::tuple{1, 2.5, std::string{"x"}}) == value::tuple({1, 2.5, "x"}));
  CHECK(value(value_list{1, 2}) == list({1, 2}));
}

TEST_CASE("an optional is its content, or nil; and can be asked whether it has one") {
  CHECK(argument(std::optional<int>{}).is_nil());
  CHECK(argument(std::optional<int>{3}) == value{3});
  CHECK(argument(std::nullopt).is_nil());
  CHECK(argument(std::optional<std::optional<std::string>>{std::nullopt}).is_nil());
  const std::optional<value> none, one{1};
  CHECK(!none);
  CHECK((one && one->is_int()));
  CHECK((none || one));
}

TEST_CASE("braces are a list, around one thing that thing, around nothing nil") {
  CHECK(argument({1, "a"}) == list({1, "a"}));
  CHECK(argument({1, {2, {3}}, {}}) == list({1, list({2, list({3})}), list({})}));
  CHECK(argument({1}) == value{1});
  CHECK(argument({}).is_nil());
  const value x = {1, 2}, one = {"a"};
  CHECK(x == list({1, 2}));
  CHECK(one == value{"a"});
  CHECK(value{x} == x);
  CHECK(value{std::string(40, 'x')} == value(std::string(40, 'x')));
  CHECK(value::map({{"k", {1, 2}}}) == value::map({{"k", list({1, 2})}}));
  value_list many;
  for (int i = 0; i < 40; ++i)
    many.emplace_back(i);
  CHECK(value{0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
              20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39}
        == value(many));
}

TEST_CASE("braces around values copy them and leave the originals as they are") {
  const value text{std::string(40, 'x')};
  const value pair = {text, text};
  CHECK(pair == list({text, text}));
  CHECK(text == value{std::string(40, 'x')});
  const value_list some{1, 2};
  const value_list copy{some};
  CHECK(copy == some);
}

// -- records ------------------------------------------------------------------------------------

TEST_CASE("a record is written in braces, with one element or more, nested or not") {
  const std::string text = "a text that is no short one";
  const record alice{"alice", 30};
  CHECK(row({"a"}) == record::of({value{"a"}}));
  CHECK(row({1}) == record::of({value{1}}));
  CHECK(row({text}) == record::of({value{text}}));
  CHECK(row({value{text}}) == record::of({value{text}}));
  CHECK(row({true}) == record::of({value{true}}));
  CHECK(row({nullptr}) == record::of({value{}}));
  CHECK(row({'c'}) == record::of({value{"c"}}));
  CHECK(row({}).empty());
  CHECK(row({"a", 1, nullptr, 2.5}).size() == 4);
  CHECK(row(alice) == alice);
  CHECK(row({alice}) == alice);
  CHECK(row({"a", alice}) == record{"a", value{alice}});
  CHECK(row({"a", alice, {1}}) == record{"a", value{alice}, list({1})});
  CHECK(row({"a", {1, 2}}) == record{"a", list({1, 2})});
  CHECK(row({"a", {"red"}}) == record{"a", list({"red"})});
  CHECK(row({"a", {}}) == record{"a", list({})});
  CHECK(row({{1, 2}}) == record::of({list({1, 2})}));
  CHECK(row({{"a"}}) == record::of({list({"a"})}));
  CHECK(row({{"k", 1}, "a"}) == record{list({"k", 1}), "a"});
  CHECK(row({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, {16}}).size() == 16);
  CHECK(row({"a", std::vector{1, 2}, std::map<std::string, int>{{"x", 1}}, std::optional<int>{}})
        == record{"a", list({1, 2}), value::map({{"x", 1}}), nullptr});
}

TEST_CASE("records in braces are records, each with the contents of its own braces") {
  CHECK(rows({{"a", 1}, {"b", 2}}) == std::vector<record>{record{"a", 1}, record{"b", 2}});
  CHECK(rows({{"a"}, {"b"}}) == std::vector<record>{record{"a"}, record{"b"}});
  CHECK(rows({{"a"}}) == std::vector<record>{record{"a"}});
  CHECK(rows({{"a", "b"}}) == std::vector<record>{record{"a", "b"}});
  CHECK(rows({{"a", {1}}}) == std::vector<record>{record{"a", list({1})}});
  CHECK(rows({}).empty());
}

TEST_CASE("only braces make a record of one value") {
  CHECK_FALSE(std::is_convertible_v<const char*, record>);
  CHECK_FALSE(std::is_convertible_v<int, record>);
  CHECK_FALSE(std::is_convertible_v<value, record>);
  CHECK_FALSE(std::is_constructible_v<record, const char*, void*>);
  CHECK(record{"a"}.size() == 1);
  const record one{"a"};
  const record same{one};
  CHECK(same == one);
}

// -- patterns -----------------------------------------------------------------------------------

TEST_CASE("a pattern takes as literals what a value can be made of") {
  const auto compiled
    = compiled_pattern::compile({{"k", std::vector{1, 2}, bind(1)}, var(1) != std::string{"x"}});
  REQUIRE(compiled.ok());
  CHECK(compiled->matches(record{"k", {1, 2}, "y"}));
  CHECK_FALSE(compiled->matches(record{"k", {1, 2}, "x"}));
  CHECK_FALSE(compiled->matches(record{"k", {1}, "y"}));
}
