#include "command.hpp"
#include "common/output.hpp"
#include "shell_words.hpp"

#include <editline/readline.h>

#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <pthread.h>
#include <span>
#include <unistd.h>

namespace supercache::app {

namespace {

constexpr int history_lines = 1000;

// -- completion: libedit asks through plain functions
// ---------------------------------------------------

std::vector<std::string> candidates; ///< for the word that is being completed

/// What may stand at a place of a line, given the words before it.
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

char* next_candidate(const char* text, int state) {
  static std::size_t at;
  if (state == 0)
    at = 0;
  while (at < candidates.size())
    if (const std::string& c = candidates[at++]; c.starts_with(text))
      return ::strdup(c.c_str());
  return nullptr;
}

char** complete(const char* text, int start, int) {
  const std::string_view line{rl_line_buffer, static_cast<std::size_t>(start)};
  const auto before = shell_words(line);
  candidates = before ? words_after(*before) : std::vector<std::string>{};
  rl_attempted_completion_over = candidates.empty() ? 0 : 1; // else names of files
  return candidates.empty() ? nullptr : rl_completion_matches(text, next_candidate);
}

std::string history_file() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state) {
    const auto folder = std::filesystem::path{state} / "supercache";
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    return folder / "history";
  }
  const char* home = std::getenv("HOME");
  return home && *home ? std::string{home} + "/.supercache_history" : std::string{};
}

// -- Ctrl-C
// --------------------------------------------------------------------------------------------

sigjmp_buf line_start;
volatile std::sig_atomic_t reading = 0;
pthread_t reader; ///< the thread that reads lines; those of a connection get signals, too

/// Drops the line that is being typed, which libedit can do by no other means; tells a command that
/// runs to end, and when it does not, ends the shell.
extern "C" void on_interrupt(int) {
  constexpr int status = 130; // as of all that SIGINT ends
  if (!::pthread_equal(reader, ::pthread_self())) {
    ::pthread_kill(reader, SIGINT);
    return;
  }
  if (reading)
    siglongjmp(line_start, 1);
  if (session::interrupted.exchange(true))
    ::_exit(status);
}

// -- reading lines
// --------------------------------------------------------------------------------------

/// Lines from a person, with editing, history and completion, or from a file or pipe without.
class line_reader {
public:
  line_reader() : person_(::isatty(STDIN_FILENO) == 1), file_(person_ ? history_file() : "") {
    if (!person_)
      return;
    rl_readline_name = const_cast<char*>(program);
    rl_catch_signals = 1;
    rl_initialize();
    rl_attempted_completion_function = complete;
    reader = ::pthread_self();
    std::signal(SIGINT, on_interrupt);
    using_history();
    stifle_history(history_lines);
    if (!file_.empty())
      read_history(file_.c_str());
  }

  ~line_reader() {
    if (person_)
      std::signal(SIGINT, SIG_DFL);
  }
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;

  bool person() const noexcept { return person_; }

  bool next(std::string& line) {
    if (!person_)
      return static_cast<bool>(std::getline(std::cin, line));
    if (sigsetjmp(line_start, 1) != 0)
      std::cout << '\n';
    reading = 1;
    const std::unique_ptr<char, decltype(&std::free)> read{readline("supercache> "), &std::free};
    reading = 0;
    session::interrupted = false;
    if (!read) {
      std::cout << '\n';
      return false;
    }
    line = read.get();
    if (line.find_first_not_of(" \t") != std::string::npos)
      remember(line);
    return true;
  }

private:
  /// At once, so that nothing is lost however the shell ends.
  void remember(const std::string& line) {
    add_history(line.c_str());
    if (!file_.empty())
      write_history(file_.c_str());
  }

  bool person_;
  std::string file_;
};

// -- running them
// -----------------------------------------------------------------------------------------

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

/// One line; answers the exit status.
int run_line(session& s, const std::string& line) {
  const auto words = shell_words(line);
  if (!words)
    throw usage_error(words.why().message);
  if (words->empty())
    return ok;
  if (words->front() == "help" || words->front() == "?")
    return help(s, std::span{*words}.subspan(1));
  if (words->front() == "shell")
    throw usage_error("this is the shell");
  return run(s, *words);
}

int shell(session& s) {
  line_reader lines;
  if (lines.person())
    std::cout << "Connected to " << to_string(s.now.node) << "; help lists the commands.\n";
  const common_settings settings = s.now;
  s.in_shell = true;
  int status = ok;
  std::string line;
  for (std::size_t number = 1; lines.next(line); ++number) {
    if (line == "quit" || line == "exit")
      break;
    int now = failed;
    std::string problem;
    try {
      now = run_line(s, line);
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
    s.now = settings; // options of a line are for that line
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
                       + "` on a command line, quoted in the same way. From a pipe or file,\nthe "
                         "exit status is that of the first line that failed; later lines run all "
                         "the same.");
            return action{[&s = c.in] {
              s.node(); // says at once when there is nobody
              return shell(s);
            }};
          },
          {},
          {}};
}

} // namespace supercache::app
