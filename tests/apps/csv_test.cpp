#include "common/csv.hpp"
#include "ctl/rows.hpp"

#include <doctest/doctest.h>

#include <sstream>

namespace supercache::app {

namespace {

/// A row as text: its line, then its fields in brackets (quoted ones in quotes) or its problem.
std::string show(const csv_row& r) {
  std::string text = std::to_string(r.line) + ':';
  if (!r.problem.empty())
    return text + ' ' + r.problem;
  for (const csv_field& f : r.fields)
    text += f.quoted ? "\"" + f.text + "\"" : "[" + f.text + "]";
  return text;
}

std::vector<std::string> rows_of(const std::string& text, csv_format format = {}) {
  std::istringstream in{text};
  line_source lines{in};
  csv_reader reader{lines, std::move(format)};
  std::vector<std::string> out;
  for (csv_row row; reader.next(row);)
    out.push_back(show(row));
  return out;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("fields are the texts between separators") {
  CHECK(rows_of("a,b,c\n1,2,3\n") == texts{"1:[a][b][c]", "2:[1][2][3]"});
  CHECK(rows_of("a") == texts{"1:[a]"});
  CHECK(rows_of("a,\n,b\n,\n") == texts{"1:[a][]", "2:[][b]", "3:[][]"});
  CHECK(rows_of(" a , b\n") == texts{"1:[ a ][ b]"});
}

TEST_CASE("lines end with LF, CR LF or the end of the file, and blank ones are not rows") {
  CHECK(rows_of("a,b\r\nc,\r\n\"d\"\r\n") == texts{"1:[a][b]", "2:[c][]", "3:\"d\""});
  CHECK(rows_of("\n\na\n\r\n\nb") == texts{"3:[a]", "6:[b]"});
  CHECK(rows_of("").empty());
  CHECK(rows_of("\n").empty());
}

TEST_CASE("a byte order mark is not data") {
  CHECK(rows_of("\xef\xbb\xbf"
                "a,b\n")
        == texts{"1:[a][b]"});
  CHECK(rows_of("\xef\xbb\xbf\"a\"\n") == texts{"1:\"a\""});
  CHECK(rows_of("x\n\xef\xbb\xbf"
                "a\n")
        == texts{"1:[x]", "2:[\xef\xbb\xbf"
                          "a]"});
}

TEST_CASE("quoted fields hold separators, ends of lines and doubled quotes") {
  CHECK(rows_of("\"a,b\",\"\",\"say \"\"hi\"\"\"\n") == texts{"1:\"a,b\"\"\"\"say \"hi\"\""});
  CHECK(rows_of("\"two\r\nlines\",x\ny\n") == texts{"1:\"two\r\nlines\"[x]", "3:[y]"});
  CHECK(rows_of("\"\n\n\"\nz") == texts{"1:\"\n\n\"", "4:[z]"});
  CHECK(rows_of("a\"b,5\"\n") == texts{"1:[a\"b][5\"]"});
}

TEST_CASE("a bad row costs itself and no other") {
  CHECK(rows_of("\"a\"b,c\nd\n") == texts{"1: text behind the closing quote of field 1", "2:[d]"});
  CHECK(rows_of("a,\"b\nc,d\ne\n")
        == texts{"1: the quote of field 2 is never closed", "2:[c][d]", "3:[e]"});
  CHECK(rows_of("\"a\nb\"c\nd\n")
        == texts{"1: text behind the closing quote of field 1", "2:[b\"c]", "3:[d]"});
}

TEST_CASE("a quote that is never closed in a long file is given up") {
  const std::string line(std::size_t{1} << 20, 'x');
  const std::size_t count = csv_reader::max_bytes / line.size() + 2;
  std::string text = "\"open\n";
  for (std::size_t i = 0; i < count; ++i)
    text += line + '\n';
  text += "\"closed\"\n";
  const auto rows = rows_of(text);
  REQUIRE(rows.size() == count + 2);
  CHECK(rows[0] == "1: the quote of field 1 is never closed");
  CHECK(rows[1] == "2:[" + line + "]");
  CHECK(rows.back().ends_with(":\"closed\""));
}

TEST_CASE("a field of many lines is one field") {
  std::string text = "\"";
  for (int i = 0; i < 50'000; ++i)
    text += "line\n";
  CHECK(rows_of(text + "\",x\n") == texts{"1:" + text + "\"[x]"});
}

TEST_CASE("any separator will do, and quotes can be without meaning") {
  CHECK(rows_of("a;b,c\n", {";", true}) == texts{"1:[a][b,c]"});
  CHECK(rows_of("a||b|c||\n", {"||", true}) == texts{"1:[a][b|c][]"});
  CHECK(rows_of("a\t\"b\tc\"\n", {"\t", true}) == texts{"1:[a]\"b\tc\""});
  CHECK(rows_of("\"a,b\"\n", {",", false}) == texts{"1:[\"a][b\"]"});
  CHECK(check(csv_format{";", true}));
  for (const char* bad : {"", "\"", "\n", "a\r"})
    CHECK_FALSE(check(csv_format{bad, true}));
}

TEST_CASE("rows have as many fields as there are columns or titles") {
  std::istringstream in{"a,b\n1,2\n3\n4,5,6\n"};
  line_source lines{in};
  csv_settings settings;
  settings.header = true;
  const auto rows = csv_rows(lines, settings);
  input_row row;
  REQUIRE(rows->next(row));
  CHECK(row.line == 2);
  CHECK(row.items == value_list{1, 2});
  REQUIRE(rows->next(row));
  CHECK(row.problem == "it has 1 field; 2 are needed");
  REQUIRE(rows->next(row));
  CHECK(row.line == 4);
  CHECK(row.problem == "it has 3 fields; 2 are needed");
  CHECK_FALSE(rows->next(row));
}

} // namespace supercache::app
