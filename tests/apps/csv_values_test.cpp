#include "common/csv.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>

namespace supercache::app {

namespace {

value automatic(const char* text, bool quoted = false) {
  return value_of({text, quoted}, column_type::automatic, false).value();
}

std::string why_not(const char* text, column_type type) {
  const auto x = value_of({text, false}, type, false);
  return x ? "it is " + to_string(*x) : x.why().message;
}

/// The record that results from reading what was written.
record again(const record& r, const std::string& separator) {
  std::istringstream in{csv_line(r, separator)};
  line_source lines{in};
  csv_reader reader{lines, {separator, true}};
  csv_row row;
  REQUIRE(reader.next(row));
  CHECK(row.problem == "");
  std::vector<value> items;
  for (const csv_field& f : row.fields)
    items.push_back(value_of(f, column_type::automatic, false).value());
  CHECK_FALSE(reader.next(row));
  return record::of(items);
}

} // namespace

TEST_CASE("automatic fields are numbers only when written as numbers are") {
  CHECK(automatic("7") == value{7});
  CHECK(automatic("-12") == value{-12});
  CHECK(automatic("0") == value{0});
  CHECK(automatic("1.5") == value{1.5});
  CHECK(automatic("-0.5e3") == value{-500.0});
  CHECK(automatic("2e3") == value{2000.0});
  CHECK(automatic("true") == value{true});
  CHECK(automatic("") == value{});
  for (const char* text : {"007", "-0", "+1", "1 ", " 1", ".5", "0x1f", "1e", "1e999", "nan", "inf",
                           "True", "null", "99999999999999999999", "1,5", "-", "--1", "1-2"})
    CHECK(automatic(text) == value{text});
}

TEST_CASE("quoted fields are strings, and json: introduces JSON") {
  CHECK(automatic("7", true) == value{"7"});
  CHECK(automatic("", true) == value{""});
  CHECK(automatic("json:[1, \"a\"]", true) == value::list({1, "a"}));
  CHECK(automatic("json:null") == value{});
  CHECK(why_not("json:[1", column_type::automatic).starts_with("no JSON: "));
}

TEST_CASE("typed columns say what they need") {
  CHECK(value_of({"1F600", false}, column_type::hex, false).value() == value{0x1f600});
  CHECK(value_of({"0x0a", false}, column_type::hex, false).value() == value{10});
  CHECK(value_of({" 7 ", true}, column_type::integer, false).value() == value{7});
  CHECK(value_of({"7", false}, column_type::floating, false).value() == value{7.0});
  CHECK(value_of({"7", false}, column_type::string, false).value() == value{"7"});
  CHECK(value_of({"{\"a\":1}", true}, column_type::json, false).value() == value::map({{"a", 1}}));
  CHECK(why_not("x1", column_type::integer) == "'x1' is no whole number of 64 bits");
  CHECK(why_not("1.5", column_type::integer) == "'1.5' is no whole number of 64 bits");
  CHECK(why_not("ten", column_type::floating) == "'ten' is no number");
  CHECK(why_not("-1", column_type::hex) == "'-1' is no hexadecimal number of 63 bits");
  CHECK(why_not("ffffffffffffffff", column_type::hex)
        == "'ffffffffffffffff' is no hexadecimal number of 63 bits");
  CHECK(why_not("yes", column_type::boolean) == "'yes' is no true or false");
}

TEST_CASE("an empty field is nil, or a string on request") {
  for (const auto type : {column_type::automatic, column_type::string, column_type::integer,
                          column_type::json, column_type::hex})
    CHECK(value_of({"", false}, type, false).value() == value{});
  CHECK(value_of({"", false}, column_type::automatic, true).value() == value{""});
  CHECK(value_of({"", false}, column_type::string, true).value() == value{""});
  CHECK(value_of({"", false}, column_type::integer, true).value() == value{});
  CHECK(value_of({"", true}, column_type::string, false).value() == value{""});
}

TEST_CASE("columns are named by their types") {
  CHECK(columns_from("int, string,skip").value()
        == std::vector{column_type::integer, column_type::string, column_type::skip});
  CHECK(columns_from("int,,hex").why().message
        == "column 2 is ''; allowed is auto, bool, float, hex, int, json, skip, string");
}

TEST_CASE("a written record reads back as the same record") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const std::vector<record> all{
    record{1, -2.5, true, value{}, "text"},
    record{value{}},
    record{""},
    record{"", value{}, ""},
    record{value{}, value{}},
    record{"12", "1.5", "true", "null", "json:1", "007", "-0", "1e5"},
    record{"a,b", "a;b", "say \"hi\"", "two\nlines", "cr\r", "\r\n", " blank ", "tab\t"},
    record{"\xef\xbb\xbfmark", "\xff\xfe", std::string_view{"nul\0", 4}},
    record{value::list({1, "a,\"b\"\n", value::tuple({inf, std::nan("")})}),
           value::map({{"k", value::list({})}, {1, 2}})},
    record{1.0, 1e300, 5e-324, -0.0, inf, std::nan(""), INT64_MIN, INT64_MAX},
  };
  for (const char* separator : {",", ";", "\t", " || "})
    for (const record& r : all)
      CHECK(again(r, separator) == r);
}

TEST_CASE("separators that occur in numbers are refused for writing") {
  for (const char* good : {",", ";", "\t", "|", " "})
    CHECK(check_for_writing(good));
  for (const char* bad : {"", ".", "-", "x", "1", ",+", "\""})
    CHECK_FALSE(check_for_writing(bad));
}

} // namespace supercache::app
