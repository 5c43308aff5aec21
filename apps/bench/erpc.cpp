#include "baseline.hpp"
#include "common/child.hpp"
#include "programs.hpp"

#include <sstream>
#include <stdexcept>

namespace bench {

namespace {

/// A pair of Erlang nodes; the script `erpc-bench` measures for us.
class erpc final : public baseline {
public:
  explicit erpc(const std::string& script) : nodes_({"escript", script}) {
    if (nodes_.read_line(patience) != "ready")
      throw std::runtime_error("the Erlang baseline does not start");
  }
  ~erpc() override { nodes_.end_input(std::chrono::seconds{2}); }
  std::string name() const override { return "erpc"; }
  bool can(const std::string&) const override { return true; }
  latencies one_by_one(const std::string&, double seconds) override {
    nodes_.say(std::to_string(static_cast<std::uint64_t>(seconds * 1000)));
    std::istringstream numbers{nodes_.read_line(patience).value_or("")};
    latencies out;
    for (std::uint64_t x = 0; numbers >> x;)
      out.ns.push_back(x);
    if (out.ns.empty())
      throw std::runtime_error("the Erlang baseline ended early");
    return out;
  }

private:
  static constexpr std::chrono::minutes patience{15};

  supercache::app::child nodes_;
};

} // namespace

std::unique_ptr<baseline> make_erpc() {
  const auto script
    = first_there({SUPERCACHE_TOOLS "/erpc-bench", SUPERCACHE_LIBEXEC "/erpc-bench"});
  if (script.empty() || !installed("escript") || !installed("epmd"))
    return nullptr;
  return std::make_unique<erpc>(script);
}

} // namespace bench
