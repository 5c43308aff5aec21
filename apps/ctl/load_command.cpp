#include "command.hpp"
#include "common/output.hpp"
#include "common/progress.hpp"
#include "common/table.hpp"
#include "common/whole_file.hpp"
#include "interruption.hpp"
#include "loader.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace supercache::app {

namespace {

struct load_words {
  std::string file;
  std::string format, separator = ",", columns, types = "auto", empty = "nil";
  bool no_quotes = false, header = false, allow_rejects = false;
  std::vector<std::string> fields;
  std::string rejects, kv, structs;
  std::size_t key_column = 0, value_column = 1;
};

void declare(CLI::App& app, load_words& w) {
  app.add_option("FILE", w.file, "File to read; - is standard input")->required()->type_name("");
  app
    .add_option("--format", w.format,
                "Default: jsonl for files that end in .jsonl or .ndjson, else csv")
    ->check(one_of({"csv", "jsonl"}))
    ->type_name("csv|jsonl");
  app.add_option("--separator", w.separator, "Between the fields of CSV; tab is one, too")
    ->capture_default_str()
    ->type_name("TEXT");
  app.add_flag("--header", w.header, "The first row has names of columns and is no data");
  app
    .add_option("--columns", w.columns,
                "Types of the columns, separated by commas: auto, bool, float, hex, int, json, "
                "skip, string")
    ->type_name("TYPES");
  app
    .add_option("--types", w.types,
                "Type of all columns, if --columns does not say: auto or string. auto takes what "
                "is not quoted for a number, true or false if it looks like one")
    ->check(one_of({"auto", "string"}))
    ->type_name("TYPE")
    ->capture_default_str();
  app
    .add_option("--empty", w.empty,
                "What empty fields without quotes become in columns of type "
                "auto and string; in others they are nil")
    ->check(one_of({"nil", "string"}))
    ->type_name("nil|string")
    ->capture_default_str();
  app.add_flag("--no-quotes", w.no_quotes, "Quotes have no meaning");
  app
    .add_option("--fields", w.fields,
                "Of JSON lines that are objects: the members that become elements, in this order, "
                "separated by commas; nil where there is none")
    ->delimiter(',')
    ->type_name("NAME,...");
  app.add_option("--kv", w.kv, "Load keys and values into this namespace")->type_name("NAMESPACE");
  app.add_option("--structs", w.structs, "Load structs of this type, as dump writes them")
    ->type_name("TYPE");
  app
    .add_option("--key-column", w.key_column,
                "Column of the key for --kv, from 0, skipped ones "
                "not counted")
    ->check(whole_number(0, 65'535))
    ->capture_default_str()
    ->type_name("N");
  app.add_option("--value-column", w.value_column, "Column of the value for --kv")
    ->check(whole_number(0, 65'535))
    ->capture_default_str()
    ->type_name("N");
  app
    .add_option("--rejects", w.rejects,
                "Write the line number and reason of every rejected row here")
    ->type_name("FILE");
  app.add_flag("--allow-rejects", w.allow_rejects, "Rejected rows are no failure");
  app.footer(
    "Rows are stored in the order of the file. A row that cannot be stored is rejected and "
    "named by its line;\nall others are stored.");
}

load_target target_of(const load_words& w) {
  if (!w.kv.empty() && !w.structs.empty())
    throw usage_error("--kv and --structs exclude each other");
  if (!w.kv.empty())
    return {load_target::what::kv, w.kv, w.key_column, w.value_column};
  if (!w.structs.empty())
    return {load_target::what::structs, w.structs};
  return {};
}

std::string format_of(const load_words& w) {
  if (!w.format.empty())
    return w.format;
  return w.file.ends_with(".jsonl") || w.file.ends_with(".ndjson") ? "jsonl" : "csv";
}

csv_settings csv_settings_of(const load_words& w) {
  csv_settings s;
  s.format = {w.separator == "tab" || w.separator == "\\t" ? "\t" : w.separator, !w.no_quotes};
  if (auto good = check(s.format); !good)
    throw usage_error("--separator: " + good.why().message);
  if (!w.columns.empty()) {
    auto columns = columns_from(w.columns);
    if (!columns)
      throw usage_error("--columns: " + columns.why().message);
    s.columns = *std::move(columns);
  }
  s.all = w.types == "string" ? column_type::string : column_type::automatic;
  s.header = w.header;
  s.empty_is_string = w.empty == "string";
  return s;
}

/// The file, or standard input.
struct input {
  std::ifstream file;
  std::uint64_t size = 0; ///< 0 = unknown

  std::istream& open(const session& s, const std::string& path) {
    if (path == "-" && s.in_shell)
      throw usage_error("load - makes no sense in the shell, whose input that is");
    if (path == "-")
      return std::cin;
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
      throw error(errc::io_error, "cannot read " + path + ": it is a folder");
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file)
      throw error(errc::io_error, "cannot read " + path + ": " + std::strerror(errno));
    if (const auto n = std::filesystem::file_size(path, ignored); !ignored)
      size = n;
    return file;
  }
};

/// The file of rejected rows must not overwrite the input.
void check_rejects(const load_words& w) {
  const bool same = w.file == "-" ? is_same_file(STDIN_FILENO, w.rejects)
                                  : is_same_file(std::filesystem::path{w.file}, w.rejects);
  if (!w.rejects.empty() && same)
    throw usage_error("--rejects names the file that is loaded, " + w.rejects
                      + "; it needs one of its own");
}

void check_is_text(line_source& lines, const std::string& separator, const std::string& name) {
  const auto why = why_no_text(lines.beginning(), separator);
  if (!why.empty())
    throw error(errc::malformed, "cannot load " + name + ": " + why);
}

int report(const session& s, std::uint64_t read, std::uint64_t stored, std::uint64_t rejected,
           double seconds, bool allow_rejects) {
  if (s.now.json)
    print_json(value::map(
      {{"read", read}, {"stored", stored}, {"rejected", rejected}, {"seconds", seconds}}));
  else
    std::cout << "read " << amount_text(read, "row", "rows") << ", stored " << count_text(stored)
              << ", rejected " << count_text(rejected) << ", in " << time_text(seconds * 1e9)
              << '\n';
  return rejected == 0 || allow_rejects ? ok : failed;
}

int load(session& s, const load_words& w) {
  const auto target = target_of(w);
  const bool csv = format_of(w) == "csv";
  if (!csv
      && (!w.columns.empty() || w.header || w.no_quotes || w.separator != "," || w.types != "auto"
          || w.empty != "nil"))
    throw usage_error("--columns, --empty, --header, --no-quotes, --separator and --types are "
                      "about CSV");
  if (csv && !w.fields.empty())
    throw usage_error("--fields is about JSON lines");
  auto csv_how = csv_settings_of(w);
  check_rejects(w);
  const std::string name = w.file == "-" ? "standard input" : w.file;
  input from;
  std::istream& in = from.open(s, w.file);
  line_source lines{in};
  check_is_text(lines, csv_how.format.separator, name);
  auto rows = csv ? csv_rows(lines, std::move(csv_how))
                  : json_rows(lines, target.is == load_target::what::kv, w.fields);
  const interruption tidy; // outlives the file of rejects
  rejections refused{name, w.rejects};
  loader to{s.node(), target, refused};
  progress bar{"loading", from.size};
  std::uint64_t read = 0;
  try {
    input_row row;
    while (rows->next(row)) {
      interruption::check();
      to.add(row);
      bar.update(++read, lines.bytes());
    }
    to.finish();
  } catch (const error& e) {
    bar.clear();
    throw error(e.code(), std::string{e.what()} + "; stopped at line "
                            + std::to_string(lines.number()) + ", "
                            + amount_text(to.stored(), "row was", "rows were") + " stored before");
  }
  bar.clear();
  if (in.bad())
    throw error(errc::io_error, "cannot read " + w.file + " to its end");
  refused.finish();
  return report(s, read, to.stored(), refused.count(), bar.seconds(), w.allow_rejects);
}

} // namespace

command load_command() {
  return {"load",
          "Stores the rows of a CSV or JSON lines file",
          [](CLI::App& app, call& c) {
            auto w = std::make_shared<load_words>();
            declare(app, *w);
            return action{[w, &s = c.in] { return load(s, *w); }};
          },
          {},
          {}};
}

} // namespace supercache::app
