#include "command.hpp"
#include "common/output.hpp"
#include "listing.hpp"

#include <iostream>

// kv, queue, stack

namespace supercache::app {

namespace {

using words = std::vector<std::string>;

/// Prints one fact: alone, or as the only member of an object.
int say(const session& s, const char* name, const value& x) {
  if (s.now.json)
    print_json(value::map({{name, x}}));
  else
    std::cout << (x.is_string() ? std::string{x.as_string()} : to_string(x)) << '\n';
  return ok;
}

int say_whether(const session& s, const char* name, bool x) {
  say(s, name, x);
  return x ? ok : nothing_there;
}

std::string no_such_key(const std::string& ns, const value& key) {
  return "no key " + to_string(key) + " in " + ns;
}

int say_removed(const session& s, std::uint64_t n, const std::string& if_none) {
  say(s, "removed", n);
  if (n == 0)
    complain(program, if_none);
  return n == 0 ? nothing_there : ok;
}

int print_values(const session& s, const std::vector<value>& xs, const std::string& if_none) {
  if (s.now.json)
    print_json(list_of(xs));
  else
    print_lines(xs);
  if (xs.empty())
    complain(program, if_none);
  return xs.empty() ? nothing_there : ok;
}

/// The values of the words. Parsed before a node is asked, so that wrong words are always refused.
value_list values_of(const session& s, const words& typed) {
  value_list out;
  for (const auto& word : typed)
    out.push_back(s.word(word));
  return out;
}

/// A verb whose arguments are values that are read one by one.
command verb(std::string name, std::string summary,
             std::vector<std::pair<std::string, std::string>> arguments,
             std::function<int(session&, const std::string& name, const value_list&)> act) {
  return {
    std::move(name),
    std::move(summary),
    [arguments = std::move(arguments), act = std::move(act)](CLI::App& app, call& c) {
      auto w = std::make_shared<words>(arguments.size());
      for (std::size_t i = 0; i < arguments.size(); ++i)
        takes_values(app.add_option(arguments[i].first, (*w)[i], arguments[i].second))->required();
      return action{[w, act, &c] { return act(c.in, c.name, values_of(c.in, *w)); }};
    },
    {},
    {}};
}

const std::pair<std::string, std::string> key_argument{"KEY", "The key"};

// -- kv ------------------------------------------------------------------------------------------

command storing_verb(std::string name, std::string summary, bool only_new) {
  return {std::move(name),
          std::move(summary),
          [only_new](CLI::App& app, call& c) {
            struct state {
              std::string key, x;
              std::int64_t ttl = 0;
            };
            auto w = std::make_shared<state>();
            takes_values(app.add_option("KEY", w->key, "The key"))->required();
            takes_values(app.add_option("VALUE", w->x, "Its value"))->required();
            app.add_option("--ttl", w->ttl, "Milliseconds that it lives; without, for ever")
              ->check(whole_number(1, INT64_MAX / 2))
              ->type_name("MS");
            return action{[w, &c, only_new] {
              session& s = c.in;
              const value key = s.word(w->key), x = s.word(w->x);
              const client::milliseconds ttl{w->ttl};
              if (only_new)
                return say_whether(s, "added", s.node().kv_add_new(c.name, key, x, ttl));
              s.node().kv_put(c.name, key, x, ttl);
              return say(s, "stored", s.now.json ? value{1} : value{"stored"});
            }};
          },
          {},
          {}};
}

action build_increment(CLI::App& app, call& c) {
  struct state {
    std::string key;
    std::int64_t step = 1, initial = 0;
  };
  auto w = std::make_shared<state>();
  takes_values(app.add_option("KEY", w->key, "The key"))->required();
  app.add_option("STEP", w->step, "What is added; default 1")
    ->check(whole_number(INT64_MIN, INT64_MAX))
    ->type_name("");
  app.add_option("--initial", w->initial, "What a key that is not there counts from; default 0")
    ->check(whole_number(INT64_MIN, INT64_MAX))
    ->type_name("N");
  return [w, &c] {
    session& s = c.in;
    const value key = s.word(w->key);
    return say(s, "value", s.node().kv_increment(c.name, key, w->initial, w->step));
  };
}

int kv_get(session& s, const std::string& ns, const value_list& w) {
  const value& key = w[0];
  return print_values(s, s.node().kv_get(ns, key), no_such_key(ns, key));
}

int kv_ttl(session& s, const std::string& ns, const value_list& w) {
  const value& key = w[0];
  std::int64_t left = 0;
  try {
    left = s.node().kv_ttl(ns, key);
  } catch (const error& e) {
    if (e.code() != errc::not_found)
      throw;
    complain(program, no_such_key(ns, key));
    return nothing_there;
  }
  if (s.now.json)
    return say(s, "ttl_ms", left);
  return say(s, "ttl_ms", left < 0 ? value{"lives for ever"} : value{std::to_string(left) + " ms"});
}

action build_expire(CLI::App& app, call& c) {
  struct state {
    std::string key;
    std::int64_t ms = 0;
  };
  auto w = std::make_shared<state>();
  takes_values(app.add_option("KEY", w->key, "The key"))->required();
  app.add_option("MS", w->ms, "Milliseconds that it lives from now; 0 = for ever")
    ->required()
    ->check(whole_number(0, INT64_MAX / 2))
    ->type_name("");
  return [w, &c] {
    session& s = c.in;
    const value key = s.word(w->key);
    return say_whether(s, "changed", s.node().kv_expire(c.name, key, client::milliseconds{w->ms}));
  };
}

std::vector<command> kv_verbs() {
  return {
    storing_verb("put", "Stores a value under a key", false),
    storing_verb("add", "The same as put", false),
    verb("get", "Prints the value under a key; in a bag, all", {key_argument}, kv_get),
    storing_verb("add-new", "Stores a value unless the key is there", true),
    verb("remove", "Removes a key", {key_argument},
         [](session& s, const std::string& ns, const value_list& w) {
           return say_removed(s, s.node().kv_remove(ns, w[0]), no_such_key(ns, w[0]));
         }),
    verb("append", "Adds to the string or list under a key and prints its length",
         {key_argument, {"WHAT", "What is added: a string, or a list"}},
         [](session& s, const std::string& ns, const value_list& w) {
           const auto length = s.node().kv_append(ns, w[0], w[1]);
           return say(s, "length", static_cast<std::int64_t>(length));
         }),
    {"incr", "Adds to the integer under a key and prints the sum", build_increment, {}, {}},
    {"increment", "The same as incr", build_increment, {}, {}},
    verb("replace", "Replaces all values under a key by one, if there are any",
         {key_argument, {"VALUE", "The value"}},
         [](session& s, const std::string& ns, const value_list& w) {
           return say_whether(s, "replaced", s.node().kv_replace(ns, w[0], w[1]));
         }),
    verb("cas", "Replaces a value if it is the expected one",
         {key_argument, {"EXPECTED", "What must be there"}, {"DESIRED", "What replaces it"}},
         [](session& s, const std::string& ns, const value_list& w) {
           return say_whether(s, "changed", s.node().kv_cas(ns, w[0], w[1], w[2]));
         }),
    listing_verb("keys", "Prints the keys", listed::keys),
    listing_verb("values", "Prints the values", listed::values),
    listing_verb("list", "Prints the keys and values", listed::pairs),
    verb("count", "Prints how many there are", {},
         [](session& s, const std::string& ns, const value_list&) {
           return say(s, "count", s.node().kv_count(ns));
         }),
    verb("clear", "Removes all keys", {},
         [](session& s, const std::string& ns, const value_list&) {
           return say_removed(s, s.node().kv_clear(ns), ns + " is empty");
         }),
    verb("ttl", "Prints how long a key lives", {key_argument}, kv_ttl),
    {"expire", "Says how long a key lives", build_expire, {}, {}},
  };
}

// -- queue and stack -----------------------------------------------------------------------------

command pushing_verb(client::line kind, std::string name, std::string summary) {
  return {std::move(name),
          std::move(summary),
          [kind](CLI::App& app, call& c) {
            auto w = std::make_shared<words>();
            takes_values(app.add_option("VALUE", *w, "Values, in order"))->required();
            return action{[w, kind, &c] {
              auto items = values_of(c.in, *w);
              return say(c.in, "count", c.in.node().push(kind, c.name, std::move(items)));
            }};
          },
          {},
          {}};
}

command popping_verb(client::line kind, std::string name, std::string summary) {
  return {std::move(name),
          std::move(summary),
          [kind](CLI::App& app, call& c) {
            auto n = std::make_shared<std::uint64_t>(1);
            app.add_option("N", *n, "How many at most; default 1")
              ->check(whole_number(1, 1'000'000))
              ->type_name("");
            return action{[n, kind, &c] {
              return print_values(c.in, c.in.node().pop(kind, c.name, *n), c.name + " is empty");
            }};
          },
          {},
          {}};
}

command count_verb(client::line kind) {
  return verb("count", "Prints how many values it has", {},
              [kind](session& s, const std::string& name, const value_list&) {
                return say(s, "count", s.node().count(kind, name));
              });
}

command drain_verb(client::line kind, std::string order) {
  return verb("drain", "Takes and prints all values, the " + order + " first", {},
              [kind](session& s, const std::string& name, const value_list&) {
                return print_values(s, s.node().drain(kind, name), name + " is empty");
              });
}

action build_wait(CLI::App& app, call& c) {
  auto ms = std::make_shared<std::int64_t>(10'000);
  app.add_option("--for", *ms, "How long to wait in milliseconds; default 10000")
    ->check(whole_number(0, 86'400'000))
    ->type_name("MS");
  return [ms, &c] {
    std::vector<value> items;
    try {
      items.push_back(c.in.node().queue_wait(c.name, client::milliseconds{*ms}));
    } catch (const error& e) {
      if (e.code() != errc::timeout)
        throw;
    }
    return print_values(c.in, items,
                        "no value came to " + c.name + " within " + std::to_string(*ms) + " ms");
  };
}

std::vector<command> queue_verbs() {
  constexpr auto kind = client::line::queue;
  return {
    pushing_verb(kind, "add", "Adds values at the end; prints how many there are then"),
    popping_verb(kind, "out", "Takes and prints the oldest values"),
    verb("peek", "Prints the oldest value and leaves it", {},
         [](session& s, const std::string& name, const value_list&) {
           return print_values(s, s.node().queue_peek(name), name + " is empty");
         }),
    count_verb(kind),
    drain_verb(kind, "oldest"),
    {"wait", "Takes and prints the oldest value, waiting for one", build_wait, {}, {}},
  };
}

std::vector<command> stack_verbs() {
  constexpr auto kind = client::line::stack;
  return {
    pushing_verb(kind, "push", "Puts values on top; prints how many there are then"),
    popping_verb(kind, "pop", "Takes and prints the newest values"),
    count_verb(kind),
    drain_verb(kind, "newest"),
  };
}

} // namespace

command kv_command() {
  return {"kv", "Keys and values in a namespace", {}, "NAMESPACE", kv_verbs()};
}
command queue_command() {
  return {"queue", "First-in-first-out queues", {}, "QUEUE", queue_verbs()};
}
command stack_command() {
  return {"stack", "Last-in-first-out stacks", {}, "STACK", stack_verbs()};
}

} // namespace supercache::app
