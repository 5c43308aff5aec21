#include "command.hpp"
#include "common/output.hpp"
#include "common/table.hpp"

#include <supercache/store/json.hpp>

#include <algorithm>
#include <iostream>

// put, get, remove, match

namespace supercache::app {

namespace {

/// Options that choose a partition.
struct partition_word {
  std::optional<std::string> text;
  void declare(CLI::App& app) {
    takes_values(
      app.add_option("--partition", text,
                     "Value of the element that picks the partition; without, all are asked"))
      ->type_name("VALUE");
  }
  client::partition in(const session& s) const {
    return text ? client::partition{s.word(*text)} : std::nullopt;
  }
};

/// A pattern with its guard.
struct pattern_words {
  std::string terms, guard;
  pattern read() const {
    auto p = pattern_from_json(terms, guard);
    if (!p)
      throw usage_error("the pattern makes no sense: " + p.why().message);
    return *std::move(p);
  }
};

constexpr auto guard_help = "Condition as JSON in prefix form, e.g. '[\"and\", [\">=\", \"$1\", "
                            "10], [\"is_string\", \"$2\"]]'";

int say_records_removed(const session& s, std::uint64_t n, const std::string& if_none) {
  if (s.now.json)
    print_json(value::map({{"removed", n}}));
  else
    std::cout << "removed " << amount_text(n, "record", "records") << '\n';
  if (n == 0)
    complain(program, if_none);
  return n == 0 ? nothing_there : ok;
}

constexpr auto no_match = "no record matches";
std::string no_such_key(const value& key) { return "no record has the key " + to_string(key); }

action build_put(CLI::App& app, call& c) {
  struct words {
    std::vector<std::string> elements;
    std::int64_t ttl = 0;
  };
  auto w = std::make_shared<words>();
  takes_values(app.add_option("ELEMENT", w->elements, "Elements of the record, in order"))
    ->required();
  app.add_option("--ttl", w->ttl, "Milliseconds that the record lives; without, for ever")
    ->check(whole_number(1, INT64_MAX / 2))
    ->type_name("MS");
  app.footer("Example: put user 1 Alice --ttl 60000");
  return [w, &s = c.in] {
    std::vector<value> items;
    for (const auto& e : w->elements)
      items.push_back(s.word(e));
    s.node().put(record::of(items), client::milliseconds{w->ttl});
    if (s.now.json)
      print_json(value::map({{"stored", 1}}));
    else
      std::cout << "stored " << to_string(record::of(items)) << '\n';
    return ok;
  };
}

action build_get(CLI::App& app, call& c) {
  struct words {
    std::string key, mode = "local";
    partition_word partition;
  };
  auto w = std::make_shared<words>();
  takes_values(app.add_option("KEY", w->key, "The key"))->required();
  w->partition.declare(app);
  app
    .add_option(
      "--read-mode", w->mode,
      "Where a cluster reads it: local, which may be stale; primary; or quorum, the newest "
      "that a majority has")
    ->check(one_of({"local", "primary", "quorum"}))
    ->type_name("MODE")
    ->capture_default_str();
  return [w, &s = c.in] {
    const auto key = s.word(w->key);
    const auto in = w->partition.in(s);
    const auto found = s.node().get(key, in, w->mode);
    if (s.now.json)
      print_json(list_of(found));
    else
      print_lines(found);
    if (found.empty())
      complain(program, no_such_key(key));
    return found.empty() ? nothing_there : ok;
  };
}

action build_remove(CLI::App& app, call& c) {
  struct words {
    std::optional<std::string> key;
    pattern_words pattern;
    partition_word partition;
    bool all = false;
  };
  auto w = std::make_shared<words>();
  takes_values(app.add_option("KEY", w->key, "Remove what has this key"));
  app.add_option("--match", w->pattern.terms, "Remove what matches this pattern, see match")
    ->type_name("PATTERN");
  app.add_option("--guard", w->pattern.guard, guard_help)->type_name("JSON");
  app.add_flag("--all", w->all, "Remove all tuples; namespaces, queues, stacks and structs stay");
  w->partition.declare(app);
  return [w, &s = c.in] {
    const bool match = !w->pattern.terms.empty();
    if (w->key.has_value() + match + w->all != 1)
      throw usage_error("remove needs one of KEY, --match PATTERN and --all");
    if (w->all && w->partition.text)
      throw usage_error("--partition makes no sense with --all");
    if (!match && !w->pattern.guard.empty())
      throw usage_error("--guard needs --match");
    if (w->all)
      return say_records_removed(s, s.node().remove_all(), "there are no records");
    const auto in = w->partition.in(s);
    if (match) {
      const auto p = w->pattern.read();
      return say_records_removed(s, s.node().remove_match(p, in), no_match);
    }
    const value key = s.word(*w->key);
    return say_records_removed(s, s.node().remove(key, in), no_such_key(key));
  };
}

void collect_variables(const std::vector<term>& terms, std::vector<std::uint32_t>& numbers) {
  for (const term& t : terms) {
    if (t.is == term::what::bind)
      numbers.push_back(t.number);
    collect_variables(t.items, numbers);
  }
}

/// The bindings of the variables, as a table with a column for each.
void print_bindings(const pattern& p, const std::vector<bindings>& rows) {
  std::vector<std::uint32_t> numbers;
  collect_variables(p.terms, numbers);
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::vector<table_text::column> columns;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool number = !rows.empty() && i < rows.front().size() && rows.front()[i].is_number();
    columns.push_back({"$" + std::to_string(numbers[i]),
                       number ? table_text::side::right : table_text::side::left});
  }
  table_text table{std::move(columns)};
  for (const bindings& row : rows) {
    std::vector<std::string> cells;
    for (const value& x : row)
      cells.push_back(to_string(x));
    table.add(std::move(cells));
  }
  table.print(std::cout);
}

struct match_words {
  pattern_words pattern;
  partition_word partition;
  bool records = false, count = false;
  std::optional<std::int64_t> limit;
};

int show_count(const session& s, std::uint64_t found) {
  if (s.now.json)
    print_json(value::map({{"count", found}}));
  else
    std::cout << found << '\n';
  return ok;
}

/// `find(limit)` fetches the rows; 0 = all.
template <class Row>
int show_matches(session& s, const match_words& w, const pattern& p,
                 const std::function<std::vector<Row>(std::uint64_t)>& find,
                 const std::function<void(const std::vector<Row>&)>& print) {
  const auto limit = static_cast<std::uint64_t>(w.limit.value_or(0));
  std::vector<Row> rows;
  if (!w.limit || limit)
    rows = find(limit);
  print(rows);
  std::uint64_t all = rows.size();
  // The node counts the rows that are left out; the number may change meanwhile.
  if (w.limit && rows.size() == limit && (limit == 0 || !s.now.json))
    all = std::max(all, s.node().count_match(p, w.partition.in(s)));
  if (all > rows.size() && !s.now.json)
    std::cout << "(" << count_text(all - rows.size()) << " more)\n";
  if (all == 0)
    complain(program, no_match);
  return all == 0 ? nothing_there : ok;
}

action build_match(CLI::App& app, call& c) {
  auto w = std::make_shared<match_words>();
  app
    .add_option("PATTERN", w->pattern.terms,
                "JSON array with one term per element: \"_\" matches anything, \"$1\" to \"$64\" "
                "match anything and name it, [...] a list, {\"$tuple\": [...]} a tuple, all else "
                "itself")
    ->required()
    ->type_name("");
  app.add_option("--guard", w->pattern.guard, guard_help)->type_name("JSON");
  w->partition.declare(app);
  app.add_flag("--records", w->records, "Print whole records, not what the variables bind");
  app.add_option("--limit", w->limit, "Print no more than this many")
    ->check(whole_number(0, INT64_MAX))
    ->type_name("N");
  app.add_flag("--count", w->count, "Print only how many there are");
  app.footer("Example: match '[\"user\", \"$1\", \"_\"]' --guard '[\">\", \"$1\", 100]'");
  return [w, &s = c.in] {
    const pattern p = w->pattern.read();
    std::vector<std::uint32_t> numbers;
    collect_variables(p.terms, numbers);
    const auto in = w->partition.in(s);
    if (w->count)
      return show_count(s, s.node().count_match(p, in));
    if (w->records || numbers.empty())
      return show_matches<record>(
        s, *w, p, [&](std::uint64_t limit) { return s.node().select(p, in, limit); },
        [&](const std::vector<record>& rows) {
          s.now.json ? print_json(list_of(rows)) : print_lines(rows);
        });
    return show_matches<bindings>(
      s, *w, p, [&](std::uint64_t limit) { return s.node().match(p, in, limit); },
      [&](const std::vector<bindings>& rows) {
        if (!s.now.json)
          return print_bindings(p, rows);
        std::vector<value> out;
        for (const bindings& row : rows)
          out.push_back(value::list(row));
        print_json(value::list(out));
      });
  };
}

} // namespace

command put_command() { return {"put", "Stores a record", build_put, {}, {}}; }
command get_command() { return {"get", "Prints the records under a key", build_get, {}, {}}; }
command remove_command() {
  return {"remove", "Removes records by key, by pattern, or all", build_remove, {}, {}};
}
command match_command() { return {"match", "Prints what a pattern finds", build_match, {}, {}}; }

} // namespace supercache::app
