#include "child.hpp"

#include "process.hpp"

#include <supercache/store/result.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace supercache::app {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  throw error(errc::io_error, what + ": " + std::strerror(errno));
}

/// In the new process, between fork and exec: only what is safe there.
[[noreturn]] void become(char** words, pid_t parent, int in, int out, int log, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) // the parent ended before that was in force
    ::_exit(127);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  const int kept = ::fcntl(report, F_DUPFD_CLOEXEC, 3);
  ::dup2(kept, 3);
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  ::close_range(4, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvp(words[0], words);
  const int why = errno;
  [[maybe_unused]] const auto n = ::write(3, &why, sizeof why);
  ::_exit(127);
}

struct pipe_ends {
  int read = -1, write = -1;
  pipe_ends() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
      fail("no pipe");
    read = fds[0];
    write = fds[1];
  }
  ~pipe_ends() {
    close_write();
    if (read >= 0)
      ::close(read);
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  void close_write() {
    if (write >= 0)
      ::close(std::exchange(write, -1));
  }
};

} // namespace

child::child(const std::vector<std::string>& words, const std::filesystem::path& log) {
  pipe_ends in, out, report;
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0)
    fail("cannot write " + log.string());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const auto& w : words)
    argv.push_back(const_cast<char*>(w.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0)
    become(argv.data(), parent, in.read, out.write, log_fd, report.write);
  ::close(log_fd);
  if (pid_ < 0)
    fail("cannot start a process");
  out.close_write();
  report.close_write();
  int why = 0;
  if (::read(report.read, &why, sizeof why) == sizeof why) { // exec failed
    wait(5s);
    throw error(errc::io_error, "cannot run " + words.at(0) + ": " + std::strerror(why));
  }
  in_ = std::exchange(in.write, -1);
  out_ = std::exchange(out.read, -1);
  ::fcntl(out_, F_SETFL, O_NONBLOCK);
}

child::~child() {
  kill();
  for (const int fd : {in_, out_})
    if (fd >= 0)
      ::close(fd);
}

void child::say(const std::string& line) {
  if (write_all(in_, line + '\n') != 0)
    fail("a program that was started takes no more input");
}

std::optional<std::string> child::read_line(milliseconds wait) {
  const auto until = clock::now() + wait;
  for (;;) {
    if (const auto end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now());
    pollfd p{out_, POLLIN, 0};
    if (left <= 0ms || ::poll(&p, 1, static_cast<int>(left.count())) == 0)
      return {};
    char buffer[4096];
    const auto n = ::read(out_, buffer, sizeof buffer);
    if (n > 0)
      unread_.append(buffer, static_cast<std::size_t>(n));
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
      return {};
  }
}

bool child::running() { return !wait(0ms); }

void child::send(int signal_number) {
  if (running())
    ::kill(pid_, signal_number);
}

std::optional<int> child::wait(milliseconds longest) {
  const auto until = clock::now() + longest;
  while (!status_) {
    int raw = 0;
    const pid_t got = ::waitpid(pid_, &raw, WNOHANG);
    if (got == pid_)
      status_ = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    else if (got < 0 && errno != EINTR)
      status_ = 127; // another wait took it
    else if (clock::now() >= until)
      break;
    else
      std::this_thread::sleep_for(2ms);
  }
  return status_;
}

void child::end_input(milliseconds longest) {
  ::close(std::exchange(in_, -1));
  if (!wait(longest))
    kill();
}

void child::kill() {
  if (pid_ <= 0 || status_)
    return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL); // its group may not exist yet
  wait(10s);
}

} // namespace supercache::app
