#include "workload.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

/// Erlang's tables, in a process of their own that is told what to do over a pipe.
class ets final : public subject {
public:
  ets(std::size_t records, std::size_t threads, const std::string& script) : threads_(threads) {
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0)
      throw std::runtime_error("no pipe");
    child_ = fork();
    if (child_ == 0) {
      dup2(to[0], 0);
      dup2(from[1], 1);
      for (const int fd : {to[0], to[1], from[0], from[1]})
        close(fd);
      execlp("escript", "escript", script.c_str(), std::to_string(records).c_str(),
             std::to_string(threads).c_str(), nullptr);
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    out_ = fdopen(to[1], "w");
    in_ = fdopen(from[0], "r");
    char line[64] = {};
    ready_ = std::fgets(line, sizeof line, in_) && std::string_view{line} == "ready\n";
  }
  ~ets() override {
    std::fclose(out_);
    std::fclose(in_);
    waitpid(child_, nullptr, 0);
  }
  bool ready() const noexcept { return ready_; }

  std::string name() const override { return "ets"; }
  bool can(const std::string& c, std::size_t threads) const override {
    return threads == threads_
           && (c == "put" || c == "get" || c == "put_batch" || c == "get_many" || c == "kv_add"
               || c == "kv_get" || c == "kv_add_batch");
  }
  slice run(const std::string& c, std::uint64_t ops, std::size_t) override {
    const char* verb = c.ends_with("batch")                    ? "batch"
                       : c.starts_with("put") || c == "kv_add" ? "insert"
                                                               : "lookup";
    std::fprintf(out_, "%s %lu\n", verb, ops);
    std::fflush(out_);
    unsigned long done = 0, ns = 0;
    if (std::fscanf(in_, "%lu %lu", &done, &ns) != 2)
      throw std::runtime_error("the Erlang baseline ended early");
    return {done, static_cast<double>(ns)};
  }

private:
  std::size_t threads_;
  pid_t child_ = -1;
  std::FILE* out_ = nullptr;
  std::FILE* in_ = nullptr;
  bool ready_ = false;
};

} // namespace

std::unique_ptr<subject> make_ets(std::size_t records, std::size_t threads,
                                  const std::string& script) {
  if (std::system("command -v escript > /dev/null 2>&1") != 0)
    return nullptr;
  auto s = std::make_unique<ets>(records, threads, script);
  return s->ready() ? std::move(s) : nullptr;
}

} // namespace bench
