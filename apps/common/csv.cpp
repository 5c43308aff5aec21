#include "csv.hpp"

#include <algorithm>

namespace supercache::app {

status check(const csv_format& f) {
  if (f.separator.empty() || f.separator.find_first_of("\"\r\n") != std::string::npos)
    return {errc::invalid_argument,
            "the separator must not be empty nor have quotes or ends of lines in it"};
  return supercache::ok();
}

/// Continues with the next line within a quoted field.
bool csv_reader::more(std::string_view& rest) {
  std::string line;
  if (bytes_ >= max_bytes || !in_.next(line))
    return false;
  bytes_ += line.size() + 1;
  lines_.push_back(std::move(line));
  rest = lines_.back();
  return true;
}

bool csv_reader::read_quoted(csv_row& row, std::string_view& rest) {
  csv_field& field = row.fields.emplace_back();
  field.quoted = true;
  rest.remove_prefix(1);
  for (;;) {
    const auto quote = rest.find('"');
    field.text += rest.substr(0, quote);
    if (quote == std::string_view::npos) {
      if (!more(rest)) {
        row.problem
          = "the quote of field " + std::to_string(row.fields.size()) + " is never closed";
        return false;
      }
      field.text += '\n';
    } else if (rest.substr(quote + 1).starts_with('"')) {
      field.text += '"';
      rest.remove_prefix(quote + 2);
    } else {
      rest.remove_prefix(quote + 1);
      break;
    }
  }
  if (rest == "\r")
    rest = {};
  if (rest.empty() || rest.starts_with(format_.separator))
    return true;
  row.problem = "text behind the closing quote of field " + std::to_string(row.fields.size());
  return false;
}

bool csv_reader::next(csv_row& row) {
  row.fields.clear();
  row.problem.clear();
  std::string line;
  do {
    if (!in_.next(line))
      return false;
  } while (line.empty() || line == "\r");
  row.line = in_.number();
  lines_.clear();
  bytes_ = line.size();
  lines_.push_back(std::move(line));
  std::string_view rest = lines_.back();
  for (;;) {
    if (format_.quotes && rest.starts_with('"')) {
      if (!read_quoted(row, rest)) {
        lines_.pop_front();
        in_.give_back(std::move(lines_));
        return true;
      }
    } else {
      const auto end = rest.find(format_.separator);
      std::string_view text = rest.substr(0, end);
      rest.remove_prefix(text.size());
      if (end == std::string_view::npos && text.ends_with('\r'))
        text.remove_suffix(1);
      row.fields.push_back({std::string{text}, false});
    }
    if (rest.empty())
      return true;
    rest.remove_prefix(format_.separator.size());
    // After a separator at the end of a line there is one more, empty field: the loop reads it.
  }
}

} // namespace supercache::app
