#include "common/arguments.hpp"
#include "common/output.hpp"
#include "common/process.hpp"
#include "common/table.hpp"
#include "fields.hpp"
#include "report.hpp"
#include "runner.hpp"

#include <supercache/store/text.hpp>
#include <supercache/version.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>
#include <unistd.h>

namespace {

using namespace supercache;
using namespace supercache::app;
namespace fs = std::filesystem;

constexpr auto program = "supercache-scenario";

struct settings {
  std::string file, binary, logs;
  bool json = false, check = false;
};

bool read(const std::vector<std::string>& words, settings& to) {
  CLI::App app{
    "Runs a scenario: starts a cluster of real nodes on this host, does to it what a file "
    "says, and checks\nwhat the file expects. Everything it started ends with it.\n"
    "The exit status is 0 if all went as expected, 1 if not, and 2 if the words or the "
    "file make no sense.",
    program};
  app.set_version_flag("--version", std::string{program} + " " + SUPERCACHE_VERSION,
                       "Print the version and exit");
  app.add_option("FILE", to.file, "The scenario, in JSON; apps/scenario/README.md has the format")
    ->required()
    ->type_name("");
  app.add_flag("--check", to.check, "Only say whether the file makes sense");
  app.add_flag("--json", to.json, "Print a report in JSON, for scripts");
  app
    .add_option("--keep-logs", to.logs,
                "Keep the nodes' logs in this folder; without, they are kept only as long as it "
                "runs")
    ->type_name("DIR");
  app
    .add_option("--nodes-binary", to.binary,
                "The supercache-node to start; default: the one next to this program, or in "
                "../node")
    ->type_name("PATH");
  return parse(app, words);
}

fs::path find_binary(const std::string& given) {
  std::vector<fs::path> tried;
  if (!given.empty()) {
    tried = {given};
  } else {
    const auto here = own_folder();
    tried = {here / "supercache-node", here.parent_path() / "node" / "supercache-node"};
  }
  for (const auto& path : tried)
    if (::access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path))
      return fs::absolute(path);
  throw usage_error("no supercache-node that can be run at " + tried.front().string()
                    + "; --nodes-binary says where it is");
}

/// A folder that is removed at the end, unless the user named it.
class log_folder {
public:
  explicit log_folder(const std::string& named) : kept_(!named.empty()) {
    if (kept_) {
      fs::create_directories(named);
      path_ = fs::absolute(named);
      return;
    }
    std::string pattern = (fs::temp_directory_path() / "supercache-scenario-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw error(errc::io_error, "cannot make a folder " + pattern);
    path_ = pattern;
  }
  ~log_folder() {
    std::error_code ignored;
    if (!kept_)
      fs::remove_all(path_, ignored);
  }
  log_folder(const log_folder&) = delete;
  log_folder& operator=(const log_folder&) = delete;
  const fs::path& path() const noexcept { return path_; }

private:
  bool kept_;
  fs::path path_;
};

/// SIGINT and SIGTERM end the program and remove the folder; the nodes end with the program. Call
/// it before any thread is started.
void end_on_signals(std::optional<fs::path> folder) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread{[set, folder = std::move(folder)] {
    int number = 0;
    while (::sigwait(&set, &number) != 0) {}
    std::error_code ignored;
    if (folder)
      fs::remove_all(*folder, ignored);
    std::_Exit(128 + number);
  }}.detach();
}

int run(const settings& words) {
  scenario s = scenario_from_file(words.file);
  if (words.check) {
    std::cout << printable(words.file) << ": \"" << printable(s.name) << "\", "
              << amount_text(s.steps.size(), "step", "steps") << '\n';
    return app::ok;
  }
  s.cluster.binary = find_binary(words.binary);
  const log_folder logs{words.logs};
  s.cluster.folder = logs.path();
  end_on_signals(words.logs.empty() ? std::optional{logs.path()} : std::nullopt);
  step_printer printer{std::cout, s};
  if (!words.json)
    printer.begin();
  scenario_report report;
  {
    runner r{std::move(s), [&](const step_report& x) {
               if (!words.json)
                 printer.print(x);
             }};
    report = r.run();
  }
  if (words.json)
    std::cout << printable(json_of(report).dump()) << '\n';
  else
    printer.end(report);
  if (!report.passed)
    print_logs(std::cerr, logs.path());
  return report.passed ? app::ok : failed;
}

} // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  int status = failed;
  ::signal(SIGPIPE, SIG_IGN);
  try {
    settings words;
    status = read(words_of(argc, argv), words) ? run(words) : app::ok;
  } catch (const usage_error& e) {
    complain(program, e.what());
    status = bad_usage;
  } catch (const error& e) {
    complain(program, e.what());
    status = e.code() == errc::invalid_argument ? bad_usage : failed;
  } catch (const std::exception& e) {
    complain(program, e.what());
  }
  end_process(status, program);
}
