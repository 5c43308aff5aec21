#include "cluster.hpp"
#include "common/arguments.hpp"
#include "common/nearest.hpp"
#include "common/output.hpp"
#include "common/process.hpp"
#include "echo.hpp"
#include "local.hpp"

#include <supercache/version.hpp>

#include <charconv>
#include <iostream>

// supercache-bench: the cache and its baselines in one run, taking turns.

namespace {

using namespace bench;
using namespace supercache::app;

constexpr auto program = "supercache-bench";
using words = std::vector<std::string>;

template <class Settings>
void add_common(CLI::App& app, Settings& s, const std::vector<std::string>& cases) {
  app.add_option("--seconds", s.seconds, "Seconds of measuring per case")
    ->check(measuring_time())
    ->type_name("S")
    ->capture_default_str();
  app.add_option("--only", s.only, "Only these cases, separated by commas")
    ->delimiter(',')
    ->check(one_of(cases))
    ->type_name("CASE,...");
  app.add_flag("--alone", s.alone, "Only the cache, without what it is compared with");
  app.add_flag("--json", s.json, "JSON instead of a table");
  std::string all;
  for (const auto& c : cases)
    all += (all.empty() ? "" : " ") + c;
  app.footer("Cases: " + all);
}

template <class T>
void add_number(CLI::App& app, const std::string& name, T& to, std::int64_t low, std::int64_t high,
                const std::string& help) {
  app.add_option(name, to, help)
    ->check(whole_number(low, high))
    ->type_name("N")
    ->capture_default_str();
}

int local(const words& rest) {
  local_settings s;
  CLI::App app{"Measures the embedded cache, in one process.", "supercache-bench local"};
  add_number(app, "--records", s.records, 1'000, 50'000'000, "Records in the table");
  add_number(app, "--threads", s.threads, 1, 64, "Threads that use the cache at once");
  add_number(app, "--partitions", s.partitions, 0, 4096, "Partitions; 0 = the cache's default");
  add_common(app, s, local_cases());
  return parse(app, rest) ? run_local(s) : ok;
}

int cluster(const words& rest) {
  cluster_settings s;
  CLI::App app{"Measures several nodes on this host: this process is one, the others its children.",
               "supercache-bench cluster"};
  add_number(app, "--nodes", s.nodes, 1, 9, "Nodes");
  add_number(app, "--replication-factor", s.replication_factor, 1, 9,
             "Copies of each partition, the primary's included");
  add_number(app, "--in-flight", s.in_flight, 2, 4096,
             "Operations under way at once where throughput is measured");
  add_common(app, s, cluster_cases());
  return parse(app, rest) ? run_cluster(s) : ok;
}

int run(const words& all) {
  CLI::App app{"Measures SuperCache and what it is compared with, in one run, taking turns.",
               program};
  app.set_version_flag("--version", std::string{program} + " " + SUPERCACHE_VERSION,
                       "Print the version and exit");
  app.prefix_command();
  app.footer("Commands:\n  local    the embedded cache, in one process\n"
             "  cluster  several nodes on this host\n"
             "`supercache-bench COMMAND --help` tells more about a command.");
  if (!parse(app, all))
    return ok;
  const words rest = rest_of(app);
  if (rest.empty())
    throw usage_error(std::string{"a command is missing: local or cluster; see "} + program
                      + " --help");
  const words behind{rest.begin() + 1, rest.end()};
  if (rest.front() == "local")
    return local(behind);
  if (rest.front() == "cluster")
    return cluster(behind);
  if (rest.front() == "echo" && rest.size() == 2) // a baseline, in its own process
    return serve_echo(rest[1]);
  const std::vector<std::string> known{"local", "cluster"};
  throw usage_error("unknown command '" + rest.front() + "'; there are local, cluster"
                    + did_you_mean(rest.front(), known));
}

} // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  try {
    return run(words_of(argc, argv));
  } catch (const usage_error& e) {
    complain(program, e.what());
    return bad_usage;
  } catch (const std::exception& e) {
    complain(program, e.what());
    return failed;
  }
}
