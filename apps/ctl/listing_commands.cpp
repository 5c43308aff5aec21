#include "common/output.hpp"
#include "common/table.hpp"
#include "interruption.hpp"
#include "listing.hpp"

#include <supercache/store/json.hpp>

#include <algorithm>
#include <iostream>

// Listings: page by page as they come, of any size.

namespace supercache::app {

namespace {

struct listing_words {
  std::string kind, prefix;
  std::uint64_t limit = 0;
  std::uint64_t most() const { return limit ? limit : UINT64_MAX; }
};

void declare(CLI::App& app, listing_words& w, const std::string& of) {
  app.add_option("--prefix", w.prefix, "Only those of " + of + " that are strings and begin so")
    ->type_name("TEXT");
  app.add_option("--limit", w.limit, "No more than so many")
    ->check(whole_number(1, INT64_MAX))
    ->type_name("N")
    ->default_str("");
}

/// Prints a listing as it comes, and a short one in order.
class printer {
public:
  printer(const session& s, listed what) : json_(s.now.json), what_(what) {}

  void add(std::vector<record> rows) {
    count_ += rows.size();
    std::ranges::move(rows, std::back_inserter(waiting_));
    if (waiting_.size() > in_order)
      print();
  }
  void finish() {
    if (!begun_) // the whole listing
      std::ranges::stable_sort(waiting_, {}, [](const record& r) { return r[0]; });
    print();
    if (json_)
      std::cout << "]\n";
  }
  std::uint64_t count() const noexcept { return count_; }

private:
  /// Longer ones are printed as they come.
  static constexpr std::size_t in_order = 10'000;

  void print() {
    if (json_)
      print_as_json();
    else if (what_ == listed::pairs)
      print_as_table();
    else
      for (const record& r : waiting_)
        std::cout << to_string(shown(r)) << '\n';
    begun_ = true;
    waiting_.clear();
  }
  void print_as_json() {
    if (!begun_)
      std::cout << '[';
    bool first = !begun_;
    for (const record& r : waiting_) {
      std::cout << (first ? "" : ",");
      std::cout << (what_ == listed::pairs ? to_json(r) : to_json(shown(r)));
      first = false;
    }
  }
  /// Columns are as wide as the first rows need.
  void print_as_table() {
    if (waiting_.empty() && begun_)
      return;
    table_text table{{{"key"}, {"value"}}};
    for (const record& r : waiting_)
      table.add({to_string(r[0]), to_string(r[1])});
    table.print(std::cout, begun_ ? table_text::heading::no : table_text::heading::yes);
  }
  const value& shown(const record& r) const { return r[what_ == listed::values ? 1 : 0]; }

  const bool json_;
  const listed what_;
  bool begun_ = false;
  std::uint64_t count_ = 0;
  std::vector<record> waiting_;
};

int list_namespace(session& s, const std::string& ns, const listing_words& w, listed what) {
  const interruption tidy;
  printer out{s, what};
  client::page_of page{"kv", ns, w.prefix, std::min<std::uint64_t>(w.most(), 2'000),
                       what == listed::keys};
  value from;
  do {
    interruption::check();
    auto got = s.node().next_page(page, from);
    if (const auto room = w.most() - out.count(); got.rows.size() > room)
      got.rows.resize(room);
    out.add(std::move(got.rows));
    from = std::move(got.next);
  } while (!from.is_nil() && out.count() < w.most() && std::cout);
  out.finish();
  if (out.count() == 0)
    complain(program, w.prefix.empty() ? ns + " is empty"
                                       : "no key in " + ns + " begins with '" + w.prefix + "'");
  return out.count() == 0 ? nothing_there : ok;
}

// -- names ---------------------------------------------------------------------------------------

int list_names(session& s, const listing_words& w) {
  constexpr std::uint64_t at_once = 20'000;
  const interruption tidy;
  std::uint64_t count = 0;
  value behind;
  if (s.now.json)
    std::cout << '[';
  for (bool more = true; more && count < w.most() && std::cout;) {
    interruption::check();
    const auto wanted = std::min(at_once, w.most() - count);
    const auto names = s.node().names(w.kind, behind, w.prefix, wanted);
    for (const value& name : names)
      if (s.now.json)
        std::cout << (count++ ? "," : "") << to_json(name);
      else
        ++count, std::cout << to_string(name) << '\n';
    more = names.size() >= wanted;
    if (!names.empty())
      behind = names.back();
  }
  if (s.now.json)
    std::cout << "]\n";
  if (count == 0)
    complain(program, "there are no names of kind " + w.kind
                        + (w.prefix.empty() ? "" : " that begin with '" + w.prefix + "'"));
  return count == 0 ? nothing_there : ok;
}

action build_names(CLI::App& app, call& c) {
  auto w = std::make_shared<listing_words>();
  app
    .add_option("KIND", w->kind, "kv for namespaces, queue, stack, or structs for types of structs")
    ->required()
    ->check(one_of({"kv", "queue", "stack", "structs"}))
    ->type_name("");
  declare(app, *w, "them");
  app.footer("Prints what has something in it, in order.");
  return [w, &s = c.in] { return list_names(s, *w); };
}

} // namespace

command listing_verb(std::string name, std::string summary, listed what) {
  return {std::move(name),
          std::move(summary),
          [what](CLI::App& app, call& c) {
            auto w = std::make_shared<listing_words>();
            declare(app, *w, "the keys");
            app.footer("Up to 10000 are printed in the order of their keys, more as they come.");
            return action{[w, what, &c] { return list_namespace(c.in, c.name, *w, what); }};
          },
          {},
          {}};
}

command names_command() {
  return {
    "names", "Prints the names of namespaces, queues, stacks or structs", build_names, {}, {}};
}

} // namespace supercache::app
