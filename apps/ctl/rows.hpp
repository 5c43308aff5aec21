#pragma once

#include "common/csv.hpp"

#include <memory>
#include <vector>

namespace supercache::app {

/// One row of a file: its elements, or why there are none.
struct input_row {
  std::size_t line = 0; ///< where it begins
  std::vector<value> items;
  std::string problem;
};

/// Rows of any file format.
class row_source {
public:
  virtual ~row_source() = default;
  /// False at the end.
  virtual bool next(input_row& row) = 0;
};

struct csv_settings {
  csv_format format;
  std::vector<column_type> columns; ///< empty: all are of type `all`
  column_type all = column_type::automatic;
  bool header = false;
  bool empty_is_string = false;
};

/// Rows of CSV. With columns or a header, every row must have as many fields.
std::unique_ptr<row_source> csv_rows(line_source& in, csv_settings s);
/// A JSON array per line, or an object. With `fields`, its members of these names, nil for a
/// missing one; else with `pairs`, {"key": …, "value": …}.
std::unique_ptr<row_source> json_rows(line_source& in, bool pairs, std::vector<std::string> fields);

} // namespace supercache::app
