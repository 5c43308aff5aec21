#include "common/child.hpp"
#include "programs.hpp"
#include "workload.hpp"

#include <sstream>
#include <stdexcept>

namespace bench {

namespace {

using supercache::app::child;

/// Erlang's tables, in a separate process that takes commands.
class ets final : public subject {
public:
  ets(std::size_t records, std::size_t threads, const std::string& script)
    : threads_(threads),
      erlang_({"escript", script, std::to_string(records), std::to_string(threads)}) {}
  ~ets() override { erlang_.end_input(std::chrono::seconds{10}); }
  bool ready() { return erlang_.read_line(patience) == "ready"; }

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
    erlang_.say(verb + (' ' + std::to_string(ops)));
    std::istringstream numbers{erlang_.read_line(patience).value_or("")};
    std::uint64_t done = 0, ns = 0;
    if (!(numbers >> done >> ns))
      throw std::runtime_error("the Erlang baseline ended early");
    return {done, static_cast<double>(ns)};
  }

private:
  static constexpr std::chrono::minutes patience{30};

  std::size_t threads_;
  child erlang_;
};

} // namespace

std::unique_ptr<subject> make_ets(std::size_t records, std::size_t threads,
                                  const std::string& script) {
  if (!installed("escript"))
    return nullptr;
  auto s = std::make_unique<ets>(records, threads, script);
  return s->ready() ? std::move(s) : nullptr;
}

} // namespace bench
