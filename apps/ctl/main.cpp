#include "command.hpp"
#include "common/output.hpp"
#include "common/process.hpp"

#include <supercache/version.hpp>

#include <cstdlib>

namespace {

using namespace supercache;
using namespace supercache::app;

constexpr auto values_help = R"(
Keys, values and elements are typed as they are printed:
  nil  true  1  -0.5  inf        nil (or null), bool, integer, double; nan, -inf
  Alice  '"007"'  '"a\n\xff"'    string; in quotes if it looks like anything else; \xff is a byte
  '[1, "a"]'  '{1, "a"}'         list, tuple
  '{"a": 1, 2: nil}'             map; {} is the empty one
JSON is read as such. What begins as a value and is none is refused. --string makes strings of all.
In the shell the outer quotes are left out: put {"user", 1} "007".
)";

constexpr auto status_help = R"(
Exit status:
  0  done
  1  it failed, or whether it happened is unknown: standard error says which
  2  the words make no sense; nothing was done
  3  nothing was there to be found, taken or removed, nothing came in time, or a condition (add-new,
     replace, cas, expire) did not hold; a count is 0 without that
)";

class general_help : public CLI::Formatter {
public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: " + std::string{program} + " [OPTION]... COMMAND [ARGUMENT]... [OPTION]...\n";
  }
  std::string make_footer(const CLI::App*) const override {
    return "\nCommands:\n" + list_of_commands(commands()) + values_help + status_help + "\n`"
           + program + " COMMAND --help` tells more about a command.\n";
  }
};

common_settings settings_of_environment() {
  common_settings s;
  if (const char* node = std::getenv("SUPERCACHE_NODE"); node && *node) {
    auto a = address_from(node);
    if (!a)
      throw usage_error("SUPERCACHE_NODE: " + a.why().message);
    s.node = *std::move(a);
  }
  return s;
}

int run_program(const std::vector<std::string>& words) {
  session s{settings_of_environment()};
  CLI::App app{"Talks to a SuperCache node.", program};
  app.formatter(std::make_shared<general_help>());
  app.set_version_flag("--version", std::string{program} + " " + SUPERCACHE_VERSION,
                       "Print the version and exit");
  app.prefix_command();
  add_common(app, s.now);
  if (!parse(app, words))
    return app::ok;
  const auto rest = rest_of(app);
  if (rest.empty())
    throw usage_error(std::string{"a command is missing; see "} + program + " --help");
  return run(s, rest);
}

} // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  int status = failed;
  try {
    status = run_program(words_of(argc, argv));
  } catch (const usage_error& e) {
    complain(program, e.what());
    status = bad_usage;
  } catch (const std::exception& e) {
    complain(program, e.what());
  }
  end_process(status, program);
}
