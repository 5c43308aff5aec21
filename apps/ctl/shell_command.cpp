#include "command.hpp"
#include "common/output.hpp"
#include "line_reader.hpp"
#include "shell_words.hpp"

#include <algorithm>
#include <iostream>
#include <span>

namespace supercache::app {

namespace {

// -- completion ----------------------------------------------------------------------------------

/// What may stand at this place in a line, after the words before it.
std::vector<std::string> words_after(const std::vector<std::string>& before) {
  std::vector<std::string> out;
  const auto add = [&](const std::vector<command>& from) {
    for (const command& c : from)
      out.push_back(c.name);
  };
  if (before.empty() || (before.size() == 1 && before[0] == "help")) {
    add(commands());
    out.insert(out.end(), {"help", "quit"});
    return out;
  }
  const auto first = std::ranges::find(commands(), before[0], &command::name);
  if (first != commands().end() && before.size() == 2)
    add(first->verbs);
  if (before.size() == 1 && before[0] == "stats")
    out = {"api", "cache", "cluster", "config"};
  return out;
}

std::vector<std::string> candidates(std::string_view before) {
  const auto words = shell_words(before);
  if (!words)
    return {};
  std::vector<std::string> texts;
  for (const auto& word : *words)
    texts.push_back(word.text);
  return words_after(texts);
}

// -- running them --------------------------------------------------------------------------------

int help(session& s, std::span<const std::string> about) {
  if (about.empty()) {
    std::cout << list_of_commands(commands())
              << "\nhelp COMMAND tells more. Ctrl-C drops a line or ends a watch; quit, or the end "
                 "of the input,\nleaves the shell.\n";
    return ok;
  }
  std::vector<std::string> words{about.begin(), about.end()};
  words.emplace_back("--help");
  return run(s, words);
}

/// The words of a line, with their marks.
std::vector<std::string> words_of(const std::string& line) {
  const auto words = shell_words(line);
  if (!words)
    throw usage_error(words.why().message);
  std::vector<std::string> out;
  for (const auto& word : *words)
    out.push_back(word.in_quotes ? word_in_quotes(word.text) : word_as_it_is(word.text));
  return out;
}

/// Whether the words end the shell. Throws `usage_error` if there are too many for that.
bool is_end(const std::vector<std::string>& words) {
  if (words.empty() || (words.front() != "quit" && words.front() != "exit"))
    return false;
  if (words.size() > 1)
    throw usage_error(words.front() + " takes no arguments");
  return true;
}

/// Runs one line; returns the exit status.
int run_words(session& s, const std::vector<std::string>& words) {
  if (words.empty())
    return ok;
  if (words.front() == "help" || words.front() == "?")
    return help(s, std::span{words}.subspan(1));
  if (words.front() == "shell")
    throw usage_error("this is the shell");
  return run(s, words);
}

int shell(session& s) {
  line_reader lines{candidates};
  if (lines.person())
    std::cout << "Connected to " << to_string(s.now.node) << "; help lists the commands.\n";
  const common_settings settings = s.now;
  s.in_shell = true;
  int status = ok;
  std::string line;
  for (std::size_t number = 1;; ++number) {
    int now = failed;
    std::string problem;
    try {
      if (!lines.next(line))
        break;
      const auto words = words_of(line);
      if (is_end(words))
        break;
      now = run_words(s, words);
    } catch (const usage_error& e) {
      now = bad_usage;
      problem = e.what();
    } catch (const std::exception& e) {
      problem = e.what();
    }
    if (!problem.empty())
      complain(program,
               lines.person() ? problem : "line " + std::to_string(number) + ": " + problem);
    std::cout.flush();
    s.let_go();
    s.now = settings; // options of a line apply to that line
    if (!lines.person() && status == ok)
      status = now;
  }
  s.in_shell = false;
  return status;
}

} // namespace

command shell_command() {
  return {"shell",
          "Reads commands line by line, with history and completion",
          [](CLI::App& app, call& c) {
            app.footer("A line is what stands behind `" + std::string{program}
                       + "` on a command line. Values are typed as they are printed:\n"
                         "  put {\"user\", 1} \"007\" [1, nil] '{\"a\": 1}'\n"
                         "What is in double quotes is a string, in single quotes a word as on a "
                         "command line. Input is UTF-8.\nFrom a pipe or file, the exit status is "
                         "that of the first line that failed; later lines run all the\nsame.");
            return action{[&s = c.in] {
              s.node(); // fails at once when there is no node
              return shell(s);
            }};
          },
          {},
          {}};
}

} // namespace supercache::app
