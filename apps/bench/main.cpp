#include "cluster.hpp"
#include "echo.hpp"
#include "local.hpp"

#include <supercache/version.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <set>

// supercache-bench: the cache and what it is compared with, in one run, taking turns.

namespace {

using namespace bench;

CLI::IsMember one_of(const std::vector<std::string>& names) {
  return CLI::IsMember(std::set<std::string>(names.begin(), names.end()));
}

CLI::App* add_local(CLI::App& app, local_settings& s) {
  auto* local = app.add_subcommand("local", "One process: the embedded cache.");
  local->add_option("--records", s.records, "Records in the table")
    ->check(CLI::Range(1'000, 50'000'000))
    ->capture_default_str();
  local->add_option("--threads", s.threads, "Threads that use the cache at once")
    ->check(CLI::Range(1, 64))
    ->capture_default_str();
  local->add_option("--seconds", s.seconds, "Seconds of measuring per case")
    ->check(CLI::Range(0.05, 600.0))
    ->capture_default_str();
  local->add_option("--partitions", s.partitions, "Partitions; 0 = the cache's default")
    ->check(CLI::Range(0, 4096));
  local->add_option("--only", s.only, "Only these cases, separated by commas")
    ->delimiter(',')
    ->check(one_of(local_cases()));
  local->add_flag("--json", s.json, "JSON instead of a table");
  return local;
}

CLI::App* add_cluster(CLI::App& app, cluster_settings& s) {
  auto* cluster = app.add_subcommand(
    "cluster", "Several nodes on this host: this process is one, the others are its children.");
  cluster->add_option("--nodes", s.nodes, "Nodes")->check(CLI::Range(1, 9))->capture_default_str();
  cluster
    ->add_option("--replication-factor", s.replication_factor,
                 "Copies of each partition, the primary's included")
    ->check(CLI::Range(1, 9))
    ->capture_default_str();
  cluster
    ->add_option("--in-flight", s.in_flight,
                 "Operations under way at once where throughput is measured")
    ->check(CLI::Range(2, 4096))
    ->capture_default_str();
  cluster->add_option("--seconds", s.seconds, "Seconds of measuring per case")
    ->check(CLI::Range(0.05, 600.0))
    ->capture_default_str();
  cluster->add_option("--only", s.only, "Only these cases, separated by commas")
    ->delimiter(',')
    ->check(one_of(cluster_cases()));
  cluster->add_flag("--json", s.json, "JSON instead of a table");
  return cluster;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures SuperCache and what it is compared with, in one run.", "supercache-bench"};
  app.set_version_flag("--version", "supercache-bench " SUPERCACHE_VERSION);
  app.require_subcommand(1);
  local_settings local;
  cluster_settings cluster;
  std::string how;
  const auto* run_here = add_local(app, local);
  const auto* run_there = add_cluster(app, cluster);
  app.add_subcommand("echo", "What a baseline runs in a process of its own.")
    ->group("")
    ->add_option("how", how)
    ->required();
  CLI11_PARSE(app, argc, argv);
  try {
    return run_here->parsed()    ? run_local(local)
           : run_there->parsed() ? run_cluster(cluster)
                                 : serve_echo(how);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "supercache-bench: %s\n", e.what());
    return 1;
  }
}
