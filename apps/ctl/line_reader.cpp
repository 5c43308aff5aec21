#include "line_reader.hpp"

#include "common/arguments.hpp"
#include "session.hpp"

#include <supercache/store/text.hpp>

#include <editline/readline.h>

#include <clocale>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <cwchar>
#include <filesystem>
#include <iostream>
#include <langinfo.h>
#include <memory>
#include <pthread.h>
#include <termios.h>
#include <unistd.h>

namespace supercache::app {

namespace {

constexpr int history_lines = 1000;

// -- the terminal --------------------------------------------------------------------------------

termios before_us; ///< the terminal's state before ours

/// libedit reads and shows characters in the locale's encoding. Where that is not UTF-8, the
/// terminal's most likely is.
bool use_utf8() {
  for (const char* locale : {"", "C.UTF-8", "C.utf8", "en_US.UTF-8"})
    if (std::setlocale(LC_CTYPE, locale) && std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0)
      return true;
  std::setlocale(LC_CTYPE, "C");
  return false;
}

/// While no line is edited, a terminal is in a mode that cuts input at 4 kB.
void pass_on_all() {
  ::tcgetattr(STDIN_FILENO, &before_us);
  termios now = before_us;
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  now.c_cc[VMIN] = 1;
  now.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

void leave_terminal() { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_us); }

bool utf8 = false;      ///< a locale has it
bool undecoded = false; ///< bytes of this line were not a character
int begun = EOF;        ///< a byte that may begin the next character

bool read_byte(char& c) {
  if (begun != EOF) {
    c = static_cast<char>(std::exchange(begun, EOF));
    return true;
  }
  ssize_t n = 0;
  do {
    n = ::read(STDIN_FILENO, &c, 1);
  } while (n < 0 && errno == EINTR);
  return n == 1;
}

/// For libedit, which silently drops bytes that are not a character.
int next_character(FILE*) {
  constexpr int replacement = 0xfffd;
  char bytes[MB_LEN_MAX];
  std::mbstate_t state{};
  wchar_t out = 0;
  for (std::size_t n = 0; n < sizeof bytes; ++n) {
    char& c = bytes[n];
    if (!read_byte(c))
      return n == 0 ? EOF : (undecoded = true, replacement);
    if (n == 0 && static_cast<unsigned char>(c) < 0x80)
      return c;
    if (!utf8)
      break;
    const auto read = std::mbrtowc(&out, &c, 1, &state);
    if (read == static_cast<std::size_t>(-2)) // the character is not complete
      continue;
    if (read != static_cast<std::size_t>(-1))
      return static_cast<int>(out);
    if (n > 0)
      begun = static_cast<unsigned char>(c);
    break;
  }
  undecoded = true;
  return utf8 ? replacement : '?';
}

// -- completion: libedit asks through plain functions --------------------------------------------

line_reader::completion completing = nullptr;
std::vector<std::string> candidates; ///< for the word that is being completed

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
  candidates = completing({rl_line_buffer, static_cast<std::size_t>(start)});
  rl_attempted_completion_over = candidates.empty() ? 0 : 1; // else file names
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

// -- Ctrl-C --------------------------------------------------------------------------------------

sigjmp_buf line_start;
volatile std::sig_atomic_t reading = 0;
pthread_t reader; ///< the thread that reads lines; those of a connection get signals, too

/// Drops the line that is being typed, which libedit can do in no other way. Tells a running
/// command to end, and if it does not, ends the shell.
extern "C" void on_interrupt(int) {
  constexpr int status = 130; // the status after SIGINT
  if (!::pthread_equal(reader, ::pthread_self())) {
    ::pthread_kill(reader, SIGINT);
    return;
  }
  if (reading)
    siglongjmp(line_start, 1);
  if (session::interrupted.exchange(true)) {
    leave_terminal();
    ::_exit(status);
  }
}

} // namespace

// -- lines ---------------------------------------------------------------------------------------

line_reader::line_reader(completion c)
  : person_(::isatty(STDIN_FILENO) == 1), file_(person_ ? history_file() : "") {
  if (!person_)
    return;
  utf8 = use_utf8();
  completing = c;
  rl_readline_name = const_cast<char*>(program);
  rl_catch_signals = 1;
  rl_getc_function = next_character;
  rl_initialize();
  pass_on_all(); // until libedit edits, which needs an echo when it starts
  rl_parse_and_bind("setty -x -icanon -echo"); // and whenever no line is edited
  rl_attempted_completion_function = complete;
  reader = ::pthread_self();
  std::signal(SIGINT, on_interrupt);
  using_history();
  stifle_history(history_lines);
  if (!file_.empty())
    read_history(file_.c_str());
}

line_reader::~line_reader() {
  if (!person_)
    return;
  leave_terminal();
  std::signal(SIGINT, SIG_DFL);
}

bool line_reader::next(std::string& line) {
  if (person_ ? !ask_person(line) : !std::getline(std::cin, line))
    return false;
  if ((undecoded && (!utf8 || line.find("\ufffd") != std::string::npos)) || !is_utf8(line))
    throw usage_error(utf8 || !person_
                        ? "this is no UTF-8; a string of such bytes is written \"\\xff\""
                        : "only ASCII can be typed here, as there is no locale with UTF-8");
  if (person_ && line.find_first_not_of(" \t") != std::string::npos)
    remember(line);
  return true;
}

bool line_reader::ask_person(std::string& line) {
  if (sigsetjmp(line_start, 1) != 0)
    std::cout << '\n';
  undecoded = false;
  begun = EOF;
  reading = 1;
  const std::unique_ptr<char, decltype(&std::free)> read{readline("supercache> "), &std::free};
  reading = 0;
  session::interrupted = false;
  if (!read) {
    std::cout << '\n';
    return false;
  }
  line = read.get();
  return true;
}

/// Written at once, so that nothing is lost however the shell ends.
void line_reader::remember(const std::string& line) {
  add_history(line.c_str());
  if (!file_.empty())
    write_history(file_.c_str());
}

} // namespace supercache::app
