#include "support/arbitrary.hpp"
#include "support/checks.hpp"
#include "support/same.hpp"
#include "support/values.hpp"

#include <supercache/store/json.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace supercache;

namespace {

value read(std::string_view text) {
  auto x = value_from_json(text);
  CHECK_MESSAGE(x.ok(), (x.ok() ? "" : x.why().message));
  return x.ok() ? *x : value{"not read"};
}

bool comes_back(const value& x) {
  const auto y = value_from_json(to_json(x));
  return y && *y == x;
}

std::string repeated(std::string_view text, std::size_t n) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i)
    all += text;
  return all;
}

void check_malformed(std::string_view text, const std::string& message) {
  CAPTURE(std::string{text});
  CHECK_REFUSED(value_from_json(text), errc::malformed, message);
}

void check_pattern(std::string_view terms, const pattern& wanted, std::string_view guard = {}) {
  CAPTURE(std::string{terms});
  const auto p = pattern_from_json(terms, guard);
  REQUIRE_MESSAGE(p.ok(), (p.ok() ? "" : p.why().message));
  CHECK(same::same(*p, wanted));
}

} // namespace

// -- values -------------------------------------------------------------------------------------

TEST_CASE("every kind of value has its form in JSON") {
  struct form {
    value x;
    const char* text;
  };
  const form forms[] = {
    {nullptr, "null"},
    {true, "true"},
    {INT64_MIN, "-9223372036854775808"},
    {2.0, "2.0"},
    {1e300, "1e+300"},
    {"ü \"quoted\"\n", R"("ü \"quoted\"\n")"},
    {value::list({1, "a"}), R"([1,"a"])"},
    {value::tuple({1, value::tuple({})}), R"({"$tuple":[1,{"$tuple":[]}]})"},
    {value::map({{"b", 1}, {"a", 2}}), R"({"a":2,"b":1})"},
    {value::map({}), "{}"},
    {value::map({{1, 2}}), R"({"$map":[[1,2]]})"},
    {value::map({{"a", 1}, {2, 3}}), R"({"$map":[[2,3],["a",1]]})"},
    {value::map({{"$a", 1}}), R"({"$map":[["$a",1]]})"},
    {value::map({{"$a", 1}, {"b", 2}}), R"({"$a":1,"b":2})"},
    {value::map({{"\xff", 1}}), R"({"$map":[[{"$bytes":"/w=="},1]]})"},
    {"\xff\xfe\xfd", R"({"$bytes":"//79"})"},
    {std::nan(""), R"({"$double":"nan"})"},
    {HUGE_VAL, R"({"$double":"inf"})"},
    {-HUGE_VAL, R"({"$double":"-inf"})"},
  };
  for (const form& f : forms) {
    CAPTURE(f.x);
    CHECK(to_json(f.x) == f.text);
    CHECK(read(f.text) == f.x);
  }
}

TEST_CASE("every interesting value comes back from JSON") {
  for (const value& x : values::interesting()) {
    CAPTURE(x);
    CHECK(comes_back(x));
  }
}

TEST_CASE("any value comes back from JSON") {
  arbitrary::check_property([](const value& x) { RC_ASSERT(comes_back(x)); }, 2000);
}

TEST_CASE("any record comes back from JSON") {
  arbitrary::check_property([](const record& x) {
    const auto y = record_from_json(to_json(x));
    RC_ASSERT(y.ok());
    RC_ASSERT(*y == x);
  });
}

TEST_CASE("bytes of every length come back from base64") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    CHECK(comes_back("\xff" + bytes));
    bytes += static_cast<char>(i * 37);
  }
}

TEST_CASE("integers too large for 64 bits signed are refused, doubles of that size are not") {
  CHECK(read("9223372036854775807") == value{INT64_MAX});
  for (const std::string text : {"9223372036854775808", "18446744073709551615",
                                 "-9223372036854775809", "1000000000000000000000000000000"})
    CHECK_REFUSED(value_from_json(text), errc::too_large,
                  "JSON text: integer " + text
                    + " does not fit; allowed is -9223372036854775808 to 9223372036854775807");
  CHECK(read("9223372036854775808.0") == value{9223372036854775808.0});
  CHECK(read("1e30") == value{1e30});
}

TEST_CASE("of equal keys the last wins") {
  CHECK(read(R"({"a":1,"b":[2],"a":{"c":3}})")
        == value::map({{"a", value::map({{"c", 3}})}, {"b", value::list({2})}}));
  CHECK(read(R"({"$map":[[1,2],[1,3]]})") == value::map({{1, 3}}));
}

TEST_CASE("white space and escapes are read, and text may hold any character") {
  CHECK(read(" \t\r\n[ 1 , 2 ] \n") == value::list({1, 2}));
  CHECK(read(R"("\u00fc\ud83d\ude00\u0000")") == value{std::string{"ü😀\0", 7}});
}

// -- what is no value ---------------------------------------------------------------------------

TEST_CASE("text that is not JSON is refused with place and reason") {
  check_malformed("", "JSON text, line 1, column 1: syntax error while parsing value - unexpected "
                      "end of input; expected '[', '{', or a literal");
  check_malformed("[1,\n 2,", "JSON text, line 2, column 4: syntax error while parsing value - "
                              "unexpected end of input; expected '[', '{', or a literal");
  check_malformed("{\"a\"\n 1}", "JSON text, line 2, column 2: syntax error while parsing object "
                                 "separator - unexpected number literal; expected ':'");
  check_malformed("[1] 2", "JSON text, line 1, column 5: syntax error while parsing value - "
                           "unexpected number literal; expected end of input");
  check_malformed("[\n\n1e999]", "JSON text, line 3, column 5: number overflow parsing '1e999'");
  check_malformed("\"\xff\"", "JSON text, line 1, column 2: syntax error while parsing value - "
                              "invalid string: ill-formed UTF-8 byte; last read: '\"\\xff'");
  for (const char* text : {"nul", "[1,]", "{,}", "'a'", "01", "1.", "NaN", "// a\n1", "{1:2}", "\"",
                           R"("\ud800")", "\"\n\"", "[", "}", "\"\\x41\""}) {
    CAPTURE(std::string{text});
    CHECK(!value_from_json(text).ok());
  }
}

TEST_CASE("messages stay short however long the text is") {
  const std::string noise(100000, 'x');
  for (const std::string& text :
       {noise, '"' + noise, "[\"" + noise + "\", nul", "{\"" + noise + "\":{\"$x\":1}}"}) {
    const auto x = value_from_json(text);
    REQUIRE(!x.ok());
    CHECK(x.why().message.size() < 400);
  }
}

TEST_CASE("wrong forms of our own are refused with their place") {
  check_malformed(R"({"$tuple":1})", "JSON text, at /$tuple: a tuple is written as an array");
  check_malformed(R"([{"$map":{}}])", "JSON text, at /0/$map: a map is written as an array");
  check_malformed(R"({"a":{"$map":[[1,2],[3]]}})",
                  "JSON text, at /a/$map/1: a map's entry is written as [key, value]");
  check_malformed(R"({"$double":"NaN"})",
                  "JSON text, at /$double: \"nan\", \"inf\" or \"-inf\" is needed");
  check_malformed(R"({"$other":1})", "JSON text, at /$other: no such form; a map with this one key "
                                     "is written as {\"$map\": [[key, value]]}");
  for (const char* text : {R"("/w=")", R"("/w")", R"("/x==")", R"("/w==/w==")", R"("====")",
                           R"("_w==")", R"("/w==\n")", "1", "null"})
    check_malformed(R"({"$bytes":)" + std::string{text} + '}',
                    "JSON text, at /$bytes: bytes are written in base64, with padding");
}

TEST_CASE("a record is an array of at least one element") {
  CHECK(record_from_json(R"(["k",{"$tuple":[1]}])").value() == record{"k", value::tuple({1})});
  for (const char* text : {"[]", "1", "{}", R"({"$tuple":[1]})"})
    CHECK_REFUSED(record_from_json(text), errc::malformed,
                  "JSON text: a record is written as an array of at least one element");
}

// -- depth --------------------------------------------------------------------------------------

TEST_CASE("values of the greatest depth come back from JSON") {
  value list, tuple, map, texts;
  for (unsigned i = 0; i < max_depth; ++i) {
    list = value::list({list});
    tuple = value::tuple({tuple});
    map = value::map({{map, "\xff"}});
    texts = value::map({{"k", texts}});
  }
  for (const value& x : {list, tuple, map, texts})
    CHECK(comes_back(x));
}

TEST_CASE("documents nested too deeply are refused, however deep they are") {
  const auto refused
    = [](std::string_view open, std::string_view close, std::size_t levels, const char* message) {
        for (const std::string& text :
             {repeated(open, levels) + "1" + repeated(close, levels), repeated(open, levels)})
          if (text.ends_with(close) || levels > 1000)
            CHECK_REFUSED(value_from_json(text), errc::too_large, message);
      };
  const char* value_too_deep = "value nested deeper than 128 levels";
  refused("[", "]", max_depth + 1, value_too_deep);
  refused(R"({"a":)", "}", max_depth + 1, value_too_deep);
  refused(R"({"$tuple":[)", "]}", max_depth + 1, value_too_deep);
  refused(R"({"$map":[[1,)", "]]}", max_depth + 1, value_too_deep);
  for (const std::size_t levels : {10000, 1000000}) {
    const char* text_too_deep = "JSON text nested deeper than a value can be, which is 128 levels";
    refused("[", "]", levels, text_too_deep);
    refused(R"({"a":)", "}", levels, text_too_deep);
  }
  CHECK(record_from_json(repeated("[", 10000)).why().code == errc::too_large);
  CHECK(pattern_from_json(repeated("[", 10000)).why().code == errc::too_large);
  CHECK(pattern_from_json("[1]", repeated("[\"not\",", 10000)).why().code == errc::too_large);
}

// -- patterns -----------------------------------------------------------------------------------

TEST_CASE("patterns are read from JSON") {
  check_pattern(R"(["_", "$1", "$64", "text", 1, null])",
                {{any, bind(1), bind(64), "text", 1, nullptr}});
  check_pattern(R"([["_", "$2"], {"$tuple": ["$1", ["_"]]}, [], {"$tuple": []}])",
                {{list_of({any, bind(2)}), tuple_of({bind(1), list_of({any})}), value::list({}),
                  value::tuple({})}});
  check_pattern(R"([{"$lit": "_"}, {"$lit": "$1"}, {"$lit": ["_", {"$tuple": ["$1"]}]}])",
                {{"_", "$1", value::list({"_", value::tuple({"$1"})})}});
  check_pattern(R"([{"a": "_"}, {"$map": [[1, "$1"]]}, {"$bytes": "/w=="}, "$", "$x", "__"])",
                {{value::map({{"a", "_"}}), value::map({{1, "$1"}}), "\xff", "$", "$x", "__"}});
}

TEST_CASE("guards are read from JSON") {
  const auto check_guard = [](std::string_view text, const guard& wanted) {
    check_pattern(R"(["$1", "$2"])", {{bind(1), bind(2)}, wanted}, text);
  };
  const auto x = var(1), y = var(2);
  check_guard(R"(["==", "$1", "$2"])", x == y);
  check_guard(R"(["/=", "$1", "_"])", x != "_");
  check_guard(R"(["<", "$1", 1])", x < 1);
  check_guard(R"(["=<", "$1", 1.5])", x <= 1.5);
  check_guard(R"([">", 3, "$1"])", 3 > x);
  check_guard(R"([">=", "$1", {"$lit": "$1"}])", x >= "$1");
  check_guard(R"(["==", "$1", {"$lit": [1]}])", x == value::list({1}));
  check_guard(R"(["==", "$1", {"$tuple": [1]}])", x == value::tuple({1}));
  check_guard(R"(["and", ["is_nil", "$1"], ["is_bool", "$2"], true])",
              {guard::op::both, {is_nil(x), is_bool(y), true}});
  check_guard(R"(["or", ["is_integer", "$1"], ["is_double", "$1"]])", is_integer(x) || is_real(x));
  check_guard(R"(["not", ["or", ["is_number", "$1"], ["is_string", "$1"]]])",
              !(is_number(x) || is_string(x)));
  check_guard(R"(["or", ["is_list", "$1"], ["is_tuple", "$1"], ["is_map", "$1"]])",
              {guard::op::either, {is_list(x), is_tuple(x), is_map(x)}});
  check_guard(R"("$1")", x);
  check_guard("false", false);
}

TEST_CASE("wrong patterns are refused with place and reason") {
  const auto refused
    = [](std::string_view terms, std::string_view guard, const std::string& message) {
        CAPTURE(std::string{terms});
        CHECK_REFUSED(pattern_from_json(terms, guard), errc::malformed, message);
      };
  const std::string no_variable
    = " is no variable: they are $1 to $64; the text itself is written as "
      "{\"$lit\": \"$…\"}";
  for (const char* n : {"$0", "$65", "$01", "$100", "$99999999999999999999"})
    refused("[1,\"" + std::string{n} + "\"]", {},
            "JSON text, at /1: " + std::string{n}.substr(0, 20) + no_variable);
  refused("{}", {}, "JSON text: a pattern is written as an array");
  refused(R"([{"$tuple": 1}])", {}, "JSON text, at /0/$tuple: a tuple is written as an array");
  refused(
    R"([{"$lit": {"$x": 1}}])", {},
    "JSON text, at /0/$lit/$x: no such form; a map with this one key is written as {\"$map\": "
    "[[key, value]]}");
  refused("[", {},
          "JSON text, line 1, column 2: syntax error while parsing value - unexpected end "
          "of input; expected '[', '{', or a literal");
  refused("[1]", "[",
          "guard: JSON text, line 1, column 2: syntax error while parsing value - "
          "unexpected end of input; expected '[', '{', or a literal");
  refused("[1]", "[]", "guard: JSON text: a condition is written as [operator, operand, …]");
  const std::string no_operator
    = ": no guard operator; they are == /= < =< > >= and or not is_nil is_bool is_integer "
      "is_double is_number is_string is_list is_tuple is_map";
  refused("[\"$1\"]", R"(["and", ["<=", "$1", 2]])", "guard: JSON text, at /1/0" + no_operator);
  refused("[\"$1\"]", R"(["==", "$1", [1]])", "guard: JSON text, at /2/0" + no_operator);
}

TEST_CASE("patterns nested as deeply as can be compiled are read") {
  const auto terms = repeated("[", max_depth) + "\"$1\"" + repeated("]", max_depth);
  auto p = pattern_from_json(terms, R"([">", "$1", 10])");
  REQUIRE(p.ok());
  CHECK(compiled_pattern::compile(*std::move(p)).ok());
}
