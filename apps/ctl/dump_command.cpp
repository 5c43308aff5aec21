#include "command.hpp"
#include "common/csv.hpp"
#include "common/output.hpp"
#include "common/progress.hpp"
#include "common/table.hpp"

#include <supercache/store/json.hpp>
#include <supercache/store/text.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
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
  app.footer("`load`, with the same --kv, --structs, --format and --separator and no other option, "
             "restores what dump\nwrote, except times to live. Records that are stored or removed "
             "meanwhile may or may not be in it.\nQueues and stacks are not dumped: what is taken "
             "from them is gone.");
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

/// Writes all rows; answers how many.
std::uint64_t write_rows(session& s, const dump_words& w, const line_maker& line_of,
                         std::ostream& out) {
  const std::string kind = !w.kv.empty() ? "kv" : !w.structs.empty() ? "structs" : "tuples";
  const std::string name = w.kv + w.structs;
  progress bar{"dumping", 0};
  std::uint64_t rows = 0;
  value next;
  do {
    auto page = s.node().next_page(kind, name, next);
    for (const record& r : page.rows)
      out << line_of(r);
    rows += page.rows.size();
    bar.update(rows, 0);
    next = std::move(page.next);
  } while (out && !next.is_nil());
  return rows;
}

/// What there is nothing of, as a sentence; asked before a file is emptied.
std::string unknown_name(session& s, const dump_words& w) {
  const auto unknown = [&](const char* kind, const std::string& name) {
    const auto names = s.node().names(kind);
    return std::ranges::find(names, value{name}) == names.end();
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
  if (w.file.empty() || w.file == "-") {
    write_rows(s, w, line_of, std::cout);
    return ok;
  }
  errno = 0;
  std::ofstream out{w.file, std::ios::binary};
  if (!out)
    throw error(errc::io_error, "cannot write " + w.file + ": " + std::strerror(errno));
  const auto rows = write_rows(s, w, line_of, out);
  out.close();
  if (!out)
    throw error(errc::io_error, "cannot write " + w.file + ": " + std::strerror(errno));
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
          "Writes everything as CSV or JSON lines that load reads back",
          [](CLI::App& app, call& c) {
            auto w = std::make_shared<dump_words>();
            declare(app, *w);
            return action{[w, &s = c.in] { return dump(s, *w); }};
          },
          {},
          {}};
}

} // namespace supercache::app
