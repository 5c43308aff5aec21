#include "rows.hpp"

#include "common/table.hpp"

#include <supercache/store/json.hpp>

namespace supercache::app {

namespace {

class csv_source : public row_source {
public:
  csv_source(line_source& in, csv_settings s)
    : reader_(in, s.format), settings_(std::move(s)), expected_(settings_.columns.size()) {
    csv_row first;
    if (settings_.header && reader_.next(first) && expected_ == 0)
      expected_ = first.fields.size();
  }

  bool next(input_row& row) override {
    if (!reader_.next(read_))
      return false;
    row.line = read_.line;
    row.items.clear();
    row.problem = read_.problem;
    if (row.problem.empty())
      convert(row);
    return true;
  }

private:
  void convert(input_row& row) {
    if (expected_ != 0 && read_.fields.size() != expected_) {
      row.problem = "it has " + amount_text(read_.fields.size(), "field", "fields") + "; "
                    + std::to_string(expected_) + (expected_ == 1 ? " is needed" : " are needed");
      return;
    }
    for (std::size_t i = 0; i < read_.fields.size(); ++i) {
      const auto type = settings_.columns.empty() ? settings_.all : settings_.columns[i];
      if (type == column_type::skip)
        continue;
      auto x = value_of(read_.fields[i], type, settings_.empty_is_string);
      if (!x) {
        row.problem = "field " + std::to_string(i + 1) + ": " + x.why().message;
        return;
      }
      row.items.push_back(*std::move(x));
    }
  }

  csv_reader reader_;
  csv_settings settings_;
  std::size_t expected_; ///< fields per row; 0 = any number
  csv_row read_;
};

class json_source : public row_source {
public:
  json_source(line_source& in, bool pairs, std::vector<std::string> fields)
    : in_(in), pairs_(pairs), fields_(std::move(fields)) {}

  bool next(input_row& row) override {
    std::string line;
    do {
      if (!in_.next(line))
        return false;
    } while (line.find_first_not_of(" \t\r") == std::string::npos);
    row.line = in_.number();
    row.items.clear();
    row.problem.clear();
    const auto x = value_from_json(line);
    if (!x)
      row.problem = x.why().message;
    else if (x->is_list() && !x->items().empty())
      row.items.assign(x->items().begin(), x->items().end());
    else if (x->is_map())
      take_members(*x, row);
    else
      row.problem = pairs_ ? "neither an array nor an object with key and value"
                           : "not an array of at least one element";
    return true;
  }

private:
  void take_members(const value& x, input_row& row) const {
    for (const auto& name : fields_) {
      const value* held = x.find(name);
      row.items.push_back(held ? *held : value{});
    }
    if (!fields_.empty())
      return;
    const value *key = x.find("key"), *held = x.find("value");
    if (pairs_ && key && held)
      row.items = {*key, *held};
    else
      row.problem = "an object; --fields says which of its members to take, in their order";
  }

  line_source& in_;
  bool pairs_;
  std::vector<std::string> fields_;
};

} // namespace

std::unique_ptr<row_source> csv_rows(line_source& in, csv_settings s) {
  return std::make_unique<csv_source>(in, std::move(s));
}
std::unique_ptr<row_source> json_rows(line_source& in, bool pairs,
                                      std::vector<std::string> fields) {
  return std::make_unique<json_source>(in, pairs, std::move(fields));
}

} // namespace supercache::app
