// The notation in which people read and type values.

#include "support/arbitrary.hpp"
#include "support/checks.hpp"
#include "support/values.hpp"

#include <supercache/store/json.hpp>
#include <supercache/store/text.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace supercache;

namespace {

value read(std::string_view text) {
  CAPTURE(std::string{text});
  auto x = value_from_text(text);
  CHECK_MESSAGE(x.ok(), (x.ok() ? "" : x.why().message));
  return x.ok() ? *x : value{"not read"};
}

bool comes_back(const value& x) {
  const auto y = value_from_text(to_string(x));
  return y && *y == x;
}

void check_malformed(std::string_view text, const std::string& message) {
  CAPTURE(std::string{text});
  CHECK_REFUSED(value_from_text(text), errc::malformed, message);
}

std::string nested(const std::string& open, const std::string& close, int n) {
  std::string text;
  for (int i = 0; i < n; ++i)
    text += open;
  for (int i = 0; i < n; ++i)
    text += close;
  return text;
}

/// Whether a terminal shows all of it: printable ASCII, and no control above.
bool is_harmless(std::string_view text) { return printable(text) == text; }

} // namespace

// -- there and back -----------------------------------------------------------------------------

TEST_CASE("every kind of value has its form in text") {
  struct form {
    value x;
    const char* text;
  };
  const form forms[] = {
    {nullptr, "nil"},
    {true, "true"},
    {INT64_MIN, "-9223372036854775808"},
    {2.0, "2.0"},
    {1e300, "1e+300"},
    {5e-324, "5e-324"},
    {std::nan(""), "nan"},
    {HUGE_VAL, "inf"},
    {-HUGE_VAL, "-inf"},
    {"ü \"quoted\"\n", R"("ü \"quoted\"\n")"},
    {"nil", R"("nil")"},
    {value::list({1, "a"}), R"([1, "a"])"},
    {value::list({}), "[]"},
    {value::tuple({1, value::tuple({})}), R"({1, {"$tuple": []}})"},
    {value::tuple({value::tuple({1})}), "{{1}}"},
    {value::map({{"b", 1}, {"a", 2}}), R"({"a": 2, "b": 1})"},
    {value::map({}), "{}"},
    {value::map({{1, 2}, {value::tuple({1}), value::map({})}}), "{1: 2, {1}: {}}"},
    {value::map({{1, "a"}, {1.0, "b"}}), R"({1: "a", 1.0: "b"})"},
    {value::map({{"$a", 1}}), R"({"$map": [["$a", 1]]})"},
    {value::map({{"$tuple", value::list({})}}), R"({"$map": [["$tuple", []]]})"},
    {value::map({{"$a", 1}, {"b", 2}}), R"({"$a": 1, "b": 2})"},
    {value::map({{"\xff", 1}}), R"({"\xff": 1})"},
    {"\xff\xfe\xc3", R"("\xff\xfe\xc3")"},
    {"caf\xe9!", R"("caf\xe9!")"},
    {"\\xff", R"("\\xff")"},
    {std::string{"\0\x1b\r", 3}, R"("\u0000\u001b\r")"},
  };
  for (const form& f : forms) {
    CAPTURE(f.x);
    CHECK(to_string(f.x) == f.text);
    CHECK(read(f.text) == f.x);
  }
}

TEST_CASE("every interesting value comes back from its text") {
  for (const value& x : values::interesting()) {
    CAPTURE(x);
    CHECK(comes_back(x));
  }
}

TEST_CASE("any value comes back from its text") {
  arbitrary::check_property([](const value& x) { RC_ASSERT(comes_back(x)); }, 2000);
}

TEST_CASE("a record is shown as a tuple that reads as one") {
  arbitrary::check_property([](const record& x) {
    if (x.size() == 0)
      return;
    const auto y = value_from_text(to_string(x));
    RC_ASSERT(y.ok());
    RC_ASSERT(*y == value{x});
  });
}

TEST_CASE("whatever is JSON reads as the value that JSON stands for") {
  arbitrary::check_property(
    [](const value& x) {
      const auto y = value_from_text(to_json(x));
      RC_ASSERT(y.ok());
      RC_ASSERT(*y == x);
    },
    2000);
}

TEST_CASE("blanks between the parts of a value mean nothing") {
  CHECK(read(" \t\r\n{ 1 ,\n\"a\" } ") == value::tuple({1, "a"}));
  CHECK(read("{1:2,3 : [ ] }") == value::map({{1, 2}, {3, value::list({})}}));
  CHECK(read("null") == value{});
  CHECK(read("-0.0") == value{0.0});
  CHECK(read("-0") == value{0});
}

TEST_CASE("strings have the escapes of JSON and \\x") {
  CHECK(read(R"("\u00fc\ud83d\ude00\u0000\/\b\f")") == value{std::string{"ü😀\0/\b\f", 10}});
  CHECK(read(R"("\x41\xc3\xbc")") == value{"Aü"});
  CHECK(read(R"("\\x41")") == value{"\\x41"});
}

// -- what is no value ---------------------------------------------------------------------------

TEST_CASE("a text that is not a value is refused with place and reason") {
  check_malformed("", "character 1: a value is needed, not the end");
  check_malformed("[1,2", "character 5: ',' or ']' is needed");
  check_malformed(R"({"a":1)", "character 7: ',' or '}' is needed");
  check_malformed(R"({"a")", "character 5: ':', ',' or '}' is needed");
  check_malformed(R"({"a":1, "b"})", "character 12: ':' is needed behind a key");
  check_malformed("{1, 2: 3}", "character 6: ',' or '}' is needed");
  check_malformed("[1,]", "character 4: a value is needed, not ']'");
  check_malformed("{a:1}", "character 2: 'a' is no value");
  check_malformed("[1] 2", "character 5: nothing may follow the value");
  check_malformed(R"("a"b)", "character 4: nothing may follow the value");
  check_malformed(R"("a)", "character 3: the quote is never closed");
  check_malformed(R"("a\")", "character 5: the quote is never closed");
  check_malformed("\"a\\", "character 4: the quote is never closed");
  check_malformed(R"("\x4")", "character 2: two hexadecimal digits are needed behind \\x");
  check_malformed(R"("\x4g")", "character 2: two hexadecimal digits are needed behind \\x");
  check_malformed(R"({"a": 1, "a": 2})", "character 14: the key \"a\" is there twice");
  check_malformed(R"({1: 1, 1: 2})", "character 10: the key 1 is there twice");
  check_malformed("\x1b[31m", "character 1: '\\u001b' is no value");
}

TEST_CASE("a text that looks like a value but is not one is refused in printable words") {
  for (const char* text : {"01",
                           "+1",
                           ".5",
                           "1.",
                           "0x10",
                           "-",
                           "--1",
                           "1e",
                           "1e+",
                           "1_000",
                           "NaN",
                           "Infinity",
                           "+inf",
                           "Nil",
                           "None",
                           "True",
                           "tru",
                           "'a'",
                           "#{}",
                           "[",
                           "{",
                           "]",
                           "}",
                           ",",
                           ":",
                           "{,}",
                           "{:}",
                           "{1:}",
                           "[1 2]",
                           "{1 2}",
                           "1 2",
                           "\"\n\"",
                           R"("\ud800")",
                           R"("\udc00\ud800")",
                           R"("\q")",
                           R"("\u12")",
                           "\"\xff\"",
                           "\xff",
                           R"({"$nothing": 1})",
                           R"({"$tuple": 1})",
                           R"({"$map": [[1]]})",
                           R"({"$bytes": "!"})",
                           R"({"$double": "big"})"}) {
    CAPTURE(std::string{text});
    const auto x = value_from_text(text);
    CHECK(!x.ok());
    if (!x.ok())
      CHECK(is_harmless(x.why().message));
  }
}

TEST_CASE("a number that does not fit is refused") {
  CHECK_REFUSED(value_from_text("9223372036854775808"), errc::too_large,
                "integer 9223372036854775808 does not fit; allowed is "
                "-9223372036854775808 to 9223372036854775807");
  CHECK_REFUSED(value_from_text("[1e400]"), errc::too_large,
                "number 1e400 is too large for a double; the largest is 1.7976931348623157e+308");
  CHECK_REFUSED(value_from_text("-1e-400"), errc::too_large,
                "number -1e-400 is too small for a double; the smallest is 5e-324");
  CHECK(read("0e-400") == value{0.0});
  CHECK(read("9223372036854775808.0") == value{9223372036854775808.0});
  CHECK(!value_from_text(std::string(100'000, '9')).ok());
}

TEST_CASE("a text nested too deeply is refused, however deep it is") {
  for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{1, ", "}"},
                                    std::pair{"{1: ", "}"}, std::pair{"{\"$tuple\": [", "]}"}})
    for (const int n : {200, 600, 100'000}) {
      const auto x = value_from_text(nested(open, n == 200 ? std::string{"1"} + close : close, n));
      CHECK(!x.ok());
    }
  CHECK(read(nested("[", "]", 128)).depth() == 128);
  CHECK_REFUSED(value_from_text(nested("[", "]", 129)), errc::too_large,
                "value nested deeper than 128 levels");
  CHECK_REFUSED(value_from_text(nested("[", "]", 100'000)), errc::too_large,
                "nested deeper than a value can be, which is 128 levels");
}

TEST_CASE("any bytes are read or refused") {
  arbitrary::check_property(
    [](const std::string& text) {
      const auto x = value_from_text(text);
      RC_ASSERT((x.ok() || is_harmless(x.why().message)));
    },
    5000);
}

// -- what terminals obey --------------------------------------------------------------------------

TEST_CASE("characters that a terminal would obey are shown as escapes") {
  CHECK(printable("a\x1b[31mb") == "a\\u001b[31mb");
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable("\x7f\xc2\x9b") == "\\u007f\\u009b");
  CHECK(printable("\u202e\u2066\u2069\u200f\u061c\u2028\ufeff")
        == "\\u202e\\u2066\\u2069\\u200f\\u061c\\u2028\\ufeff");
  CHECK(printable("\x9b\xc3") == "\\x9b\\xc3");
  CHECK(printable("Zürich \\ \"x\" 😀 \u200d") == "Zürich \\ \"x\" 😀 \u200d");
  CHECK(printable("") == "");
}

TEST_CASE("neither text nor JSON of a value has anything that a terminal obeys") {
  arbitrary::check_property(
    [](const value& x) {
      RC_ASSERT(is_harmless(to_string(x)));
      RC_ASSERT(is_harmless(to_json(x)));
    },
    2000);
  CHECK(to_json(value{"\x7f\u009b\u202e"}) == R"("\u007f\u009b\u202e")");
  CHECK(value_from_json(R"("\u007f\u009b\u202e")").value() == value{"\x7f\u009b\u202e"});
}
