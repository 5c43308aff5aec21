#include "common/csv.hpp"
#include "ctl/rows.hpp"
#include "support/arbitrary.hpp"

#include <supercache/store/json.hpp>

#include <doctest/doctest.h>

#include <sstream>

// load reads what dump writes.

namespace supercache::app {

namespace {

/// The records that load makes of a file; none if it refuses it.
std::vector<record> loaded(const std::string& file, const std::string& separator) {
  std::istringstream in{file};
  line_source lines{in};
  std::vector<record> all;
  if (!why_no_text(lines.beginning(), separator).empty())
    return all;
  csv_settings how;
  how.format.separator = separator;
  const auto rows = separator.empty() ? json_rows(lines, false, {}) : csv_rows(lines, how);
  input_row row;
  while (rows->next(row)) {
    RC_ASSERT(row.problem == "");
    all.push_back(record::of(row.items));
  }
  return all;
}

std::string dumped(const std::vector<record>& rows, const std::string& separator) {
  std::string file;
  for (const record& r : rows)
    file += separator.empty() ? to_json(r) + '\n' : csv_line(r, separator);
  return file;
}

} // namespace

TEST_CASE("what dump writes, load reads back, whatever the values are") {
  for (const char* separator : {"", ",", ";", "\t", " || "})
    arbitrary::check_property(
      [separator](const std::vector<record>& rows) {
        RC_ASSERT(loaded(dumped(rows, separator), separator) == rows);
      },
      200);
}

TEST_CASE("a string with many ends of lines goes through CSV") {
  for (const std::size_t lines : {1UL, 10'000UL, 100'000UL, 1'000'000UL}) {
    std::string text;
    for (std::size_t i = 0; i < lines; ++i)
      text += i % 3 ? "\n" : "a\r\n";
    const std::vector<record> rows{record{1, text}, record{2, text + '"'}, record{3, "x"}};
    CHECK(loaded(dumped(rows, ","), ",") == rows);
  }
}

TEST_CASE("a file that begins with a byte order mark of UTF-16 as a string is still text") {
  for (const char* text : {"\xff\xfe", "\xfe\xff", "\xef\xbb\xbf", "PK\x03\x04", "\x1f\x8b"}) {
    const std::vector<record> rows{record{text, std::string(3, '\0'), "\x01\x02"}};
    CHECK(loaded(dumped(rows, ","), ",") == rows);
  }
}

} // namespace supercache::app
