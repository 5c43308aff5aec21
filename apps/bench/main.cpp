#include "supercache_subject.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <unistd.h>

// supercache-bench local: the cache and what it is compared with, in one run, taking turns.

namespace {

using namespace bench;
using nlohmann::ordered_json;

const std::vector<std::string> all_cases
  = {"put",       "get",          "get_miss",  "put_batch", "get_many",  "kv_add",
     "kv_get",    "kv_add_batch", "increment", "queue_add", "queue_out", "stack_push",
     "stack_pop", "lazy_put",     "match",     "scan",      "actor_put", "mixed"};

struct settings {
  std::size_t records = 100'000;
  std::size_t threads = 1;
  double seconds = 1;
  std::size_t partitions = 0;
  std::vector<std::string> only;
  bool json = false;
};

struct measured {
  std::string name;
  double ops_per_sec = 0;
  std::uint64_t p50_ns = 0, p99_ns = 0;
  std::map<std::string, double> ratio;
};

double median(std::vector<double> xs) {
  std::ranges::sort(xs);
  return xs.empty() ? 0 : xs[xs.size() / 2];
}

std::size_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::size_t pages = 0, resident = 0;
  in >> pages >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// One case: `rounds` times the cache and every baseline in turn, each for an equal share of the
/// time; ratios are taken within a round, so that a machine that changes its speed changes both.
measured measure(const std::string& which, supercache_subject& ours,
                 const std::vector<std::unique_ptr<subject>>& others, const settings& s) {
  constexpr int rounds = 5;
  measured out{which, 0, 0, 0, {}};
  std::vector<double> speeds;
  std::map<std::string, std::vector<double>> ratios;
  // Warm up, and find how many operations fill a slice.
  std::uint64_t ops = 20'000;
  slice warm = ours.run(which, ops, s.threads);
  const double slice_ns = s.seconds * 1e9 / rounds;
  ops
    = static_cast<std::uint64_t>(std::clamp(warm.per_sec() * slice_ns / 1e9, 1000.0, 20'000'000.0));
  for (int r = 0; r < rounds; ++r) {
    const double mine = ours.run(which, ops, s.threads).per_sec();
    speeds.push_back(mine);
    if (s.threads > 1)
      ratios["one_thread"].push_back(mine / ours.run(which, ops / s.threads, 1).per_sec());
    for (const auto& other : others)
      if (other->can(which, s.threads))
        ratios[other->name()].push_back(
          mine / other->run(which, std::max<std::uint64_t>(ops / 4, 10'000), s.threads).per_sec());
  }
  out.ops_per_sec = median(speeds);
  for (auto& [name, xs] : ratios)
    out.ratio[name] = median(std::move(xs));
  const auto sorted = ours.latencies(which, 20'000);
  if (!sorted.empty()) {
    out.p50_ns = sorted[sorted.size() / 2];
    out.p99_ns = sorted[sorted.size() * 99 / 100];
  }
  return out;
}

std::string host_model() {
  std::ifstream in{"/proc/cpuinfo"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name"))
      return line.substr(line.find(':') + 2);
  return "unknown";
}

void print_json(const std::vector<measured>& results, double bytes_per_record, const settings& s) {
  ordered_json out;
  out["host"] = {{"cpu", host_model()},
                 {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
                 {"version", SUPERCACHE_VERSION}};
  out["records"] = s.records;
  out["threads"] = s.threads;
  out["results"] = ordered_json::array();
  for (const auto& m : results) {
    ordered_json one{{"name", m.name}, {"ops_per_sec", static_cast<std::uint64_t>(m.ops_per_sec)}};
    if (m.p50_ns) {
      one["p50_ns"] = m.p50_ns;
      one["p99_ns"] = m.p99_ns;
    }
    one["ratio"] = ordered_json::object();
    for (const auto& [name, x] : m.ratio)
      one["ratio"][name] = std::round(x * 100) / 100;
    out["results"].push_back(std::move(one));
  }
  out["bytes_per_record"] = std::round(bytes_per_record * 10) / 10;
  std::cout << out.dump(2) << '\n';
}

std::string ratio_text(const measured& m, const std::string& name) {
  const auto found = m.ratio.find(name);
  if (found == m.ratio.end())
    return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f x", found->second);
  return text;
}

void print_table(const std::vector<measured>& results, double bytes_per_record, const settings& s) {
  std::vector<std::string> columns{"flat_map", "tbb", "ets"};
  if (s.threads > 1)
    columns.push_back("one_thread");
  std::printf("%zu records, %zu thread%s; ratios: how many times the speed of the other\n\n",
              s.records, s.threads, s.threads == 1 ? "" : "s");
  std::printf("%-14s %12s %9s %9s", "case", "ops/s", "p50 ns", "p99 ns");
  for (const auto& c : columns)
    std::printf(" %11s", c.c_str());
  std::printf("\n");
  for (const auto& m : results) {
    std::printf("%-14s %12.0f", m.name.c_str(), m.ops_per_sec);
    if (m.p50_ns)
      std::printf(" %9lu %9lu", m.p50_ns, m.p99_ns);
    else
      std::printf(" %9s %9s", "", "");
    for (const auto& c : columns)
      std::printf(" %11s", ratio_text(m, c).c_str());
    std::printf("\n");
  }
  if (bytes_per_record > 0)
    std::printf("\nmemory: %.1f bytes per record, everything counted\n", bytes_per_record);
}

int run_local(const settings& s, const std::string& ets_script) {
  caf::actor_system_config cfg;
  supercache::compat::set_option(cfg, std::string{supercache::compat::scheduler_threads_option()},
                                 std::size_t{2});
  const workload w{s.records};
  caf::actor_system system{cfg};
  const std::size_t before = resident_bytes();
  supercache_subject ours{system, w, s.partitions};
  const double bytes_per_record
    = static_cast<double>(resident_bytes() - before) / static_cast<double>(s.records);
  std::vector<std::unique_ptr<subject>> others;
  others.push_back(make_flat_map(w));
  others.push_back(make_tbb(w));
  if (auto e = make_ets(s.records, s.threads, ets_script))
    others.push_back(std::move(e));
  else
    std::fprintf(stderr, "note: no Erlang found, so no comparison with ETS\n");
  std::vector<measured> results;
  for (const auto& which : s.only.empty() ? all_cases : s.only) {
    if (isatty(2))
      std::fprintf(stderr, "\r%-20s", which.c_str());
    results.push_back(measure(which, ours, others, s));
  }
  if (isatty(2))
    std::fprintf(stderr, "\r%-20s\r", "");
  if (s.json)
    print_json(results, bytes_per_record, s);
  else
    print_table(results, bytes_per_record, s);
  ours.cache().stop();
  return 0;
}

/// Beside the program in a build tree, or where it is installed.
std::string find_ets_script() {
  for (const char* path : {SUPERCACHE_ETS_SCRIPT, SUPERCACHE_ETS_SCRIPT_INSTALLED})
    if (access(path, R_OK) == 0)
      return path;
  return SUPERCACHE_ETS_SCRIPT;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures SuperCache and what it is compared with, in one run.", "supercache-bench"};
  app.set_version_flag("--version", "supercache-bench " SUPERCACHE_VERSION);
  app.require_subcommand(1);
  settings s;
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
    ->check(CLI::IsMember(std::set<std::string>(all_cases.begin(), all_cases.end())));
  local->add_flag("--json", s.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  try {
    return run_local(s, find_ets_script());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "supercache-bench: %s\n", e.what());
    return 1;
  }
}
