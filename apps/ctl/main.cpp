#include "command.hpp"
#include "common/output.hpp"
#include "common/process.hpp"

#include <supercache/version.hpp>

#include <cstdlib>

namespace {

using namespace supercache;
using namespace supercache::app;

class general_help : public CLI::Formatter {
public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: " + std::string{program} + " [OPTION]... COMMAND [ARGUMENT]... [OPTION]...\n";
  }
  std::string make_footer(const CLI::App*) const override {
    return "\nCommands:\n" + list_of_commands(commands())
           + "\nKeys, values and elements are JSON where they are valid JSON (1, true, [1, 2], "
             "'\"1\"'), else\nplain strings (Alice); --string makes all of them strings.\n"
             "The exit status is 0 on success, 1 on failure, 2 if the words make no sense, and 3 "
             "if "
             "nothing\nwas there or a condition did not hold.\n`"
           + std::string{program} + " COMMAND --help` tells more about a command.\n";
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
    return ok;
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
    status = run_program({argv + 1, argv + argc});
  } catch (const usage_error& e) {
    complain(program, e.what());
    status = bad_usage;
  } catch (const std::exception& e) {
    complain(program, e.what());
  }
  end_process(status, program);
}
