#include "command.hpp"
#include "common/output.hpp"
#include "common/table.hpp"

#include <supercache/store/json.hpp>

#include <chrono>
#include <iostream>
#include <utility>

// watch

namespace supercache::app {

namespace {

struct watch_words {
  std::optional<std::string> key;
  std::string ns, type, terms, guard;
  std::int64_t count = INT64_MAX, longest = INT64_MAX;
};

interest read(const session& s, const watch_words& w) {
  if (!w.ns.empty() && !w.type.empty())
    throw usage_error("--kv and --structs make no sense together");
  if (w.terms.empty() && !w.guard.empty())
    throw usage_error("--guard needs --match");
  interest i;
  if (!w.ns.empty())
    i.where = {space_kind::kv, w.ns};
  if (!w.type.empty())
    i.where = {space_kind::structs, w.type};
  if (w.key)
    i.key = s.word(*w.key);
  if (!w.terms.empty()) {
    auto p = pattern_from_json(w.terms, w.guard);
    if (!p)
      throw usage_error("the pattern makes no sense: " + p.why().message);
    i.what = *std::move(p);
  }
  return i;
}

void say_begun(const session& s) {
  if (s.now.json)
    std::cout << to_json(value::map({{"event", "watching"}})) << std::endl;
  else
    std::cout << "watching " << to_string(s.now.node) << std::endl;
}

void print(const session& s, const change& x) {
  if (s.now.json)
    std::cout << to_json(value::map({{"event", to_string(x.kind)},
                                     {"kind", to_string(x.where.kind)},
                                     {"name", x.where.name},
                                     {"record", value{x.row}}}))
              << std::endl;
  else if (x.kind == change_kind::missed)
    std::cout << "missed  changes may have been lost here: look again" << std::endl;
  else
    std::cout << to_string(x.kind) << (x.kind == change_kind::stored ? "  " : " ")
              << to_string(x.row) << std::endl;
}

action build_watch(CLI::App& app, call& c) {
  auto w = std::make_shared<watch_words>();
  takes_values(app.add_option("KEY", w->key, "Only changes of this key"));
  app.add_option("--kv", w->ns, "Watch this namespace, not the tuples")->type_name("NAMESPACE");
  app.add_option("--structs", w->type, "Watch the structs of this type")->type_name("TYPE");
  app.add_option("--match", w->terms, "Only what matches this pattern, see match")
    ->type_name("PATTERN");
  app.add_option("--guard", w->guard, "Condition of the pattern, see match")->type_name("JSON");
  app.add_option("--count", w->count, "End after this many changes")
    ->check(whole_number(1, INT64_MAX))
    ->type_name("N")
    ->default_str("");
  app.add_option("--for", w->longest, "End after this many milliseconds")
    ->check(whole_number(1, INT64_MAX))
    ->type_name("MS")
    ->default_str("");
  app.footer(
    "Prints a line for each change from now on: stored, removed, expired, or missed where\n"
    "changes may have been lost. Without --count and --for until it is interrupted. The exit "
    "status "
    "is 3\nif none came, or fewer than --count.");
  return [w, &s = c.in] {
    const auto i = read(s, *w);
    const auto start = std::chrono::steady_clock::now();
    std::int64_t seen = 0;
    bool begun = false;
    s.node().watch(i, [&](const change* x) {
      if (!std::exchange(begun, true))
        say_begun(s);
      if (x) {
        print(s, *x);
        ++seen;
      }
      return !session::interrupted && seen < w->count
             && std::chrono::steady_clock::now() - start
                  < std::chrono::milliseconds{std::min(w->longest, std::int64_t{86'400'000} * 365)};
    });
    if (session::interrupted || (seen > 0 && (w->count == INT64_MAX || seen == w->count)))
      return int{ok};
    complain(program,
             (seen ? "only " + amount_text(static_cast<std::uint64_t>(seen), "change", "changes")
                   : std::string{"no change"})
               + " came within " + std::to_string(w->longest) + " ms");
    return int{nothing_there};
  };
}

} // namespace

command watch_command() { return {"watch", "Prints changes as they happen", build_watch, {}, {}}; }

} // namespace supercache::app
