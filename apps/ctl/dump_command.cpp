#include "command.hpp"
#include "common/csv.hpp"
#include "common/output.hpp"
#include "common/progress.hpp"
#include "common/table.hpp"
#include "common/whole_file.hpp"
#include "interruption.hpp"

#include <supercache/store/json.hpp>
#include <supercache/store/text.hpp>

#include <algorithm>
#include <iostream>

namespace supercache::app {

namespace {

struct dump_words {
  std::string file, format, separator = ",", kv, structs;
};

void declare(CLI::App& app, dump_words& w) {
  app.add_option("FILE", w.file, "File to write; without, or -, standard output")->type_name("");
  app
    .add_option("--format", w.format, "Default: csv for files that end in .csv or .tsv, else jsonl")
    ->check(one_of({"csv", "jsonl"}))
    ->type_name("csv|jsonl");
  app.add_option("--separator", w.separator, "Between the fields of CSV; tab is one, too")
    ->capture_default_str()
    ->type_name("TEXT");
  app.add_option("--kv", w.kv, "Dump the keys and values of this namespace")
    ->type_name("NAMESPACE");
  app.add_option("--structs", w.structs, "Dump the structs of this type")->type_name("TYPE");
  app.footer(
    "Writes one thing: the tuples, or with --kv or --structs one namespace or struct type, "
    "as text for people\nand other programs. `load`, with the same --kv, --structs, --format "
    "and --separator and no other option,\nstores it again; times to live are not in it. "
    "Records that are stored or removed meanwhile may or may\nnot be in it. For everything, "
    "with queues, stacks and times to live, see backup.\nA file takes its place when it is "
    "whole: if that fails, or is interrupted, the old one stays.");
}

using line_maker = std::function<std::string(const record&)>;

line_maker format_of(const dump_words& w) {
  std::string format = w.format;
  if (format.empty())
    format = w.file.ends_with(".csv") || w.file.ends_with(".tsv") ? "csv" : "jsonl";
  if (format == "jsonl")
    return [](const record& r) { return to_json(r) + '\n'; };
  const std::string separator = w.separator == "tab" || w.separator == "\\t" ? "\t" : w.separator;
  if (auto s = check_for_writing(separator); !s)
    throw usage_error("--separator: " + s.why().message);
  return [separator](const record& r) { return csv_line(r, separator); };
}

/// Writes all rows; returns their number. `put` writes a text and returns whether it succeeded.
std::uint64_t write_rows(session& s, const dump_words& w, const line_maker& line_of,
                         const std::function<bool(const std::string&)>& put) {
  const std::string kind = !w.kv.empty() ? "kv" : !w.structs.empty() ? "structs" : "tuples";
  const std::string name = w.kv + w.structs;
  progress bar{"dumping", 0};
  std::uint64_t rows = 0;
  value next;
  bool good = true;
  do {
    interruption::check();
    auto page = s.node().next_page({kind, name}, next);
    std::string lines;
    for (const record& r : page.rows)
      lines += line_of(r);
    good = put(lines);
    rows += page.rows.size();
    bar.update(rows, 0);
    next = std::move(page.next);
  } while (good && !next.is_nil());
  return rows;
}

/// What the dump would find nothing of, as a sentence; checked before a file is emptied.
std::string unknown_name(session& s, const dump_words& w) {
  const auto unknown = [&](const char* kind, const std::string& name) {
    const auto names = s.node().names(kind, {}, name, 1); // the first that begins so
    return names.empty() || names.front() != value{name};
  };
  if (!w.kv.empty() && unknown("kv", w.kv))
    return "there is no namespace '" + w.kv + "'";
  if (!w.structs.empty() && unknown("structs", w.structs))
    return "there are no structs of type '" + w.structs + "'";
  s.node();
  return {};
}

int dump(session& s, const dump_words& w) {
  if (!w.kv.empty() && !w.structs.empty())
    throw usage_error("--kv and --structs exclude each other");
  const auto line_of = format_of(w);
  if (const auto missing = unknown_name(s, w); !missing.empty()) {
    complain(program, missing);
    return nothing_there;
  }
  const interruption tidy; // outlives the file: what is written of it goes when the command ends
  if (w.file.empty() || w.file == "-") {
    write_rows(s, w, line_of, [](const std::string& text) {
      return static_cast<bool>(std::cout << text); // the end of the program reports the reason
    });
    return ok;
  }
  whole_file out{w.file};
  const auto rows = write_rows(s, w, line_of, [&](const std::string& text) {
    out.write(text);
    return true;
  });
  out.commit();
  if (s.now.json)
    print_json(value::map({{"written", rows}}));
  else
    std::cout << "wrote " << amount_text(rows, "row", "rows") << " to " << printable(w.file)
              << '\n';
  return ok;
}

} // namespace

command dump_command() {
  return {"dump",
          "Writes the tuples, or one namespace or struct type, as CSV or JSON lines",
          [](CLI::App& app, call& c) {
            auto w = std::make_shared<dump_words>();
            declare(app, *w);
            return action{[w, &s = c.in] { return dump(s, *w); }};
          },
          {},
          {}};
}

} // namespace supercache::app
