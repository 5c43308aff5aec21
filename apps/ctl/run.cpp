#include "command.hpp"
#include "common/nearest.hpp"

#include <supercache/version.hpp>

#include <algorithm>
#include <iostream>

namespace supercache::app {

const std::vector<command>& commands() {
  static const std::vector<command> all{
    put_command(),
    get_command(),
    remove_command(),
    match_command(),
    kv_command(),
    queue_command(),
    stack_command(),
    load_command(),
    dump_command(),
    backup_command(),
    restore_command(),
    names_command(),
    stats_command(),
    watch_command(),
    members_command(),
    partitions_command(),
    cluster_stats_command(),
    sync_command(),
    leave_command(),
    force_primary_command(),
    debug_log_command(),
    bench_command(),
    shell_command(),
  };
  return all;
}

std::string list_of_commands(const std::vector<command>& of) {
  std::size_t width = 0;
  for (const command& c : of)
    width = std::max(width, c.name.size());
  std::string text;
  for (const command& c : of)
    text += "  " + c.name + std::string(width + 2 - c.name.size(), ' ') + c.summary + '\n';
  return text;
}

void add_common(CLI::App& app, common_settings& to) {
  app
    .add_option_function<std::string>(
      "--node",
      [&to](const std::string& text) {
        auto a = address_from(text);
        if (!a)
          throw CLI::ValidationError("--node", a.why().message);
        to.node = *std::move(a);
      },
      "Where the node is; default $SUPERCACHE_NODE, else " + to_string(address{}))
    ->type_name("HOST:PORT")
    ->group("Common options");
  app
    .add_option_function<std::int64_t>(
      "--timeout", [&to](std::int64_t ms) { to.timeout = std::chrono::milliseconds{ms}; },
      "Longest wait for an answer in milliseconds, beyond --for; default 6000")
    ->check(whole_number(1, 3'600'000))
    ->type_name("MS")
    ->group("Common options");
  app.add_flag("--json", to.json, "Print JSON, for scripts")->group("Common options");
  app.add_flag("--string", to.plain, "Take words as strings, also those that are JSON")
    ->group("Common options");
}

namespace {

const command& find(const std::vector<command>& among, const std::string& typed,
                    const std::string& what) {
  const std::string word = plain_word(typed);
  const auto at = std::ranges::find(among, word, &command::name);
  if (at != among.end())
    return *at;
  std::vector<std::string> names;
  std::string all;
  for (const command& c : among) {
    names.push_back(c.name);
    all += (all.empty() ? "" : ", ") + c.name;
  }
  const auto hint = did_you_mean(word, names);
  throw usage_error("unknown " + what + " '" + word + "'"
                    + (hint.empty() ? "; there are " + all : hint));
}

int run_one(call& c, const command& what, const std::string& title,
            std::vector<std::string> words) {
  CLI::App app{what.summary, title};
  const action act = what.build(app, c);
  add_common(app, c.in.now);
  return parse(app, std::move(words)) ? act() : ok;
}

bool asks_for_help(const std::string& word) { return word == "--help" || word == "-h"; }

int print_verbs(const command& c) {
  std::cout << c.summary << "\nUsage: " << program << ' ' << c.name << ' ' << c.object
            << " COMMAND [ARGUMENT]... [OPTION]...\n\nCommands:\n"
            << list_of_commands(c.verbs) << "\n`" << program << ' ' << c.name << ' ' << c.object
            << " COMMAND --help` tells more.\n";
  return ok;
}

/// `kv users get 1`: a name, then a verb.
int run_verb(call& c, const command& group, const std::vector<std::string>& words) {
  if (std::ranges::any_of(words.begin(),
                          words.begin() + std::min<std::ptrdiff_t>(2, std::ssize(words)),
                          asks_for_help))
    return print_verbs(group);
  c.name = words.empty() ? "" : plain_word(words[0]);
  if (c.name.empty() || words[0].starts_with('-'))
    throw usage_error(group.name + " needs a " + group.object + " behind it; see " + group.name
                      + " --help");
  if (words.size() < 2)
    throw usage_error(group.name + ' ' + c.name + " needs a command behind it; see " + group.name
                      + " --help");
  const command& verb = find(group.verbs, words[1], group.name + " command");
  return run_one(c, verb,
                 std::string{program} + ' ' + group.name + ' ' + group.object + ' ' + verb.name,
                 {words.begin() + 2, words.end()});
}

} // namespace

int run(session& s, const std::vector<std::string>& words) {
  call c{s, {}};
  const command& what = find(commands(), words.at(0), "command");
  const std::vector<std::string> rest{words.begin() + 1, words.end()};
  if (!what.verbs.empty())
    return run_verb(c, what, rest);
  return run_one(c, what, std::string{program} + ' ' + what.name, rest);
}

} // namespace supercache::app
