#pragma once

#include "lines.hpp"

#include <supercache/store/record.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace supercache::app {

/// How a CSV file is written.
struct csv_format {
  std::string separator = ","; ///< one or more bytes, no quotes or ends of lines
  bool quotes = true;          ///< a `"` at the beginning of a field quotes it, as in RFC 4180
};
status check(const csv_format& f);

struct csv_field {
  std::string text;
  bool quoted = false;
  bool operator==(const csv_field&) const = default;
};

struct csv_row {
  std::size_t line = 0; ///< where it begins
  std::vector<csv_field> fields;
  std::string problem; ///< why it is not a row; empty if it is one
};

/// Rows of a CSV file. Blank lines are not rows. A quoted field may hold separators, ends of lines
/// and doubled quotes; a quote within an unquoted field is a quote. After a row that is malformed,
/// reading continues at the line after its first, so that a forgotten quote costs one row and not
/// the rest of the file.
class csv_reader {
public:
  /// A row over several lines has at most about so many bytes: what is read again after a forgotten
  /// quote is kept.
  static constexpr std::size_t max_bytes = std::size_t{16} << 20;

  csv_reader(line_source& in, csv_format f) : in_(in), format_(std::move(f)) {}
  /// False at the end.
  bool next(csv_row& row);

private:
  bool read_quoted(csv_row& row, std::string_view& rest);
  bool more(std::string_view& rest);

  line_source& in_;
  csv_format format_;
  std::deque<std::string> lines_; ///< of the row being read
  std::size_t bytes_ = 0;         ///< of those
};

/// What the text of a field stands for.
enum class column_type { automatic, boolean, floating, hex, integer, json, skip, string };
/// Reads `int,string,skip`. Errors: `invalid_argument` naming the word and what is allowed.
result<std::vector<column_type>> columns_from(std::string_view text);

/// A field's value. Quoted, it is a string to `automatic`; unquoted, a number, `true` or `false` if
/// it looks like one as a number is usually written (`7`, `-1.5`, `2e3`, but not `007`, `+1`), nil
/// if it is empty, else a string. Either way `json:` before a JSON text makes it that value. For
/// all other types an empty unquoted field is nil, too. With `empty_is_string`, empty is "" to
/// `automatic` and `string`. Errors: `invalid_argument` that names the text and what is needed.
result<value> value_of(const csv_field& f, column_type type, bool empty_is_string);

/// The record as a line, with its end, that `automatic` reads back as the same record. Strings with
/// control characters, and very long ones with ends of lines, are written as `json:` with a JSON
/// text. So the output is text, and a reader need not look far for a closing quote.
std::string csv_line(const record& r, std::string_view separator);
/// Whether `csv_line` can use the separator: it must not occur in numbers and words. Errors:
/// `invalid_argument`.
status check_for_writing(std::string_view separator);

} // namespace supercache::app
