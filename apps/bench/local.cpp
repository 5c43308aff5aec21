#include "local.hpp"

#include "programs.hpp"
#include "report.hpp"
#include "supercache_subject.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace bench {

using nlohmann::ordered_json;

const std::vector<std::string>& local_cases() {
  static const std::vector<std::string> names
    = {"put",       "get",        "get_miss",     "put_batch",      "get_many",
       "kv_add",    "kv_get",     "kv_add_batch", "increment",      "queue_add",
       "queue_out", "stack_push", "stack_pop",    "lazy_put",       "match",
       "scan",      "actor_put",  "mixed",        "actors_blocking"};
  return names;
}

namespace {

/// One case: `rounds` times the cache and every baseline in turn, each for an equal share of the
/// time. Ratios are taken within a round, so that a change in the machine's speed affects both.
measured measure(const std::string& which, supercache_subject& ours,
                 const std::vector<std::unique_ptr<subject>>& others, const local_settings& s) {
  constexpr int rounds = 5;
  measured out;
  out.name = which;
  std::vector<double> speeds;
  std::map<std::string, std::vector<double>> ratios;
  // Warms up, and finds how many operations fill a slice.
  std::uint64_t ops = 20'000;
  slice warm = ours.run(which, ops, s.threads);
  const double slice_ns = s.seconds * 1e9 / rounds;
  ops
    = static_cast<std::uint64_t>(std::clamp(warm.per_sec() * slice_ns / 1e9, 1000.0, 20'000'000.0));
  out.operations = warm.ops;
  const auto run = [&](std::uint64_t n, std::size_t threads) {
    const slice done = ours.run(which, n, threads);
    out.operations += done.ops;
    return done.per_sec();
  };
  for (int r = 0; r < rounds; ++r) {
    const double mine = run(ops, s.threads);
    speeds.push_back(mine);
    if (s.threads > 1)
      ratios["one_thread"].push_back(mine / run(ops / s.threads, 1));
    for (const auto& other : others)
      if (other->can(which, s.threads))
        ratios[other->name()].push_back(
          mine / other->run(which, std::max<std::uint64_t>(ops / 4, 10'000), s.threads).per_sec());
  }
  out.ops_per_sec = median(speeds);
  for (auto& [name, xs] : ratios)
    out.ratio[name] = median(std::move(xs));
  const auto sorted = ours.latencies(which, 20'000);
  out.operations += sorted.size();
  if (!sorted.empty()) {
    out.p50_ns = sorted[sorted.size() / 2];
    out.p99_ns = sorted[sorted.size() * 99 / 100];
  }
  return out;
}

void print_json(const std::vector<measured>& results, double bytes_per_record,
                const local_settings& s) {
  ordered_json out;
  out["host"] = describe_host();
  out["records"] = s.records;
  out["threads"] = s.threads;
  out["results"] = to_json(results);
  out["bytes_per_record"] = std::round(bytes_per_record * 10) / 10;
  std::cout << out.dump(2) << '\n';
}

void print_people(const std::vector<measured>& results, double bytes_per_record,
                  const local_settings& s) {
  std::vector<std::string> columns;
  if (!s.alone)
    columns = {"flat_map", "tbb", "ets"};
  if (s.threads > 1)
    columns.emplace_back("one_thread");
  std::printf("%zu records, %zu thread%s%s\n\n", s.records, s.threads, s.threads == 1 ? "" : "s",
              columns.empty() ? "" : "; ratios: how many times the speed of the other");
  print_table(results, columns);
  constexpr std::size_t fewest = 100'000; // below that, fixed costs hide the cost per operation
  if (bytes_per_record > 0 && s.records >= fewest)
    std::printf("\nmemory: %.1f bytes per record, everything counted\n", bytes_per_record);
}

/// Beside the program in a build tree, or where it is installed.
std::string find_ets_script() {
  return first_there({SUPERCACHE_TOOLS "/ets-bench", SUPERCACHE_LIBEXEC "/ets-bench"});
}

} // namespace

int run_local(const local_settings& s) {
  caf::actor_system_config cfg;
  supercache::compat::low_latency_scheduler(cfg); // the other one polls while it is idle
  supercache::compat::set_option(cfg, std::string{supercache::compat::scheduler_threads_option()},
                                 std::size_t{2});
  const workload w{s.records};
  caf::actor_system system{cfg};
  const std::size_t before = resident_bytes();
  supercache_subject ours{system, w, s.partitions};
  const double bytes_per_record
    = static_cast<double>(resident_bytes() - before) / static_cast<double>(s.records);
  std::vector<std::unique_ptr<subject>> others;
  if (!s.alone) {
    others.push_back(make_flat_map(w));
    others.push_back(make_tbb(w));
    if (auto e = make_ets(s.records, s.threads, find_ets_script()))
      others.push_back(std::move(e));
    else
      std::fprintf(stderr, "note: no Erlang found, so no comparison with ETS\n");
  }
  std::vector<measured> results;
  for (const auto& which : s.only.empty() ? local_cases() : s.only) {
    if (isatty(2))
      std::fprintf(stderr, "\r%-20s", which.c_str());
    results.push_back(measure(which, ours, others, s));
  }
  if (isatty(2))
    std::fprintf(stderr, "\r%-20s\r", "");
  if (s.json)
    print_json(results, bytes_per_record, s);
  else
    print_people(results, bytes_per_record, s);
  ours.cache().stop();
  return 0;
}

} // namespace bench
