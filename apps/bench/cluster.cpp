#include "cluster.hpp"

#include "cluster_subject.hpp"
#include "cpu.hpp"
#include "report.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <optional>
#include <unistd.h>

namespace bench {

using nlohmann::ordered_json;
using supercache::replication_mode;

const std::vector<std::string>& cluster_cases() {
  static const std::vector<std::string> names
    = {"write_async",   "read_local",     "put_batch_1000_async", "write_sync",
       "read_primary",  "read_quorum",    "put_batch_1000_sync",  "kv_increment",
       "queue_add_out", "actors_blocking"};
  return names;
}

namespace {

constexpr int rounds = 5;
/// Per round, for the case and for each baseline.
constexpr double least_slice = 0.05;
constexpr std::size_t forwarded_writes = 1'000'000;

replication_mode mode_of(const std::string& which) {
  return which == "write_async" || which == "read_local" || which == "put_batch_1000_async"
           ? replication_mode::async
           : replication_mode::sync;
}

using baselines = std::vector<std::unique_ptr<baseline>>;

baselines all_baselines(const cluster_settings& s) {
  baselines out;
  if (s.alone)
    return out;
  out.push_back(make_tcp());
  out.push_back(make_caf());
  if (auto x = make_erpc())
    out.push_back(std::move(x));
  else
    std::fprintf(stderr, "note: no Erlang found, so no comparison with erpc\n");
  if (auto x = make_redis(std::max<std::size_t>(s.nodes, 2) - 1))
    out.push_back(std::move(x));
  else
    std::fprintf(stderr, "note: no redis-server found, so no comparison with Redis\n");
  return out;
}

/// Medians over rounds; ratios of times, taken within a round.
measured latency(const std::string& which, place where, const std::string& title,
                 cluster_subject& ours, const baselines& others, double slice) {
  std::vector<double> p50, p99, speed;
  std::map<std::string, std::vector<double>> ratios;
  std::uint64_t done = ours.one_by_one(which, where, slice).ns.size(); // warms up
  for (int r = 0; r < rounds; ++r) {
    const auto mine = ours.one_by_one(which, where, slice);
    done += mine.ns.size();
    p50.push_back(static_cast<double>(mine.at(0.5)));
    p99.push_back(static_cast<double>(mine.at(0.99)));
    speed.push_back(static_cast<double>(mine.ns.size()) / slice);
    for (const auto& other : others)
      if (other->can(which))
        ratios[other->name()].push_back(
          p50.back() / static_cast<double>(other->one_by_one(which, slice).at(0.5)));
  }
  measured out{title,
               1,
               median(speed),
               static_cast<std::uint64_t>(median(p50)),
               static_cast<std::uint64_t>(median(p99)),
               {},
               done};
  for (auto& [name, xs] : ratios)
    out.ratio[name] = median(std::move(xs));
  return out;
}

/// The same for speeds with several operations under way.
measured speed(const std::string& which, place where, const std::string& title,
               cluster_subject& ours, const baselines& others, const cluster_settings& s,
               double slice) {
  std::vector<double> speeds, cpu;
  std::map<std::string, std::vector<double>> ratios, others_cpu;
  std::uint64_t failed = 0, done = 0;
  std::size_t in_flight = 0;
  for (int r = 0; r < rounds; ++r) {
    auto before = cpu_ns();
    const auto mine = ours.many(which, where, s.in_flight, slice);
    cpu.push_back((cpu_ns() - before) / std::max(1.0, mine.per_sec * slice));
    failed += mine.failed;
    in_flight = mine.in_flight;
    speeds.push_back(mine.per_sec);
    done += static_cast<std::uint64_t>(mine.per_sec * slice);
    for (const auto& other : others)
      if (other->can(which)) {
        before = cpu_ns();
        if (const double x = other->per_sec(which, s.in_flight, slice); x > 0) {
          others_cpu[other->name()].push_back((cpu_ns() - before) / std::max(1.0, x * slice));
          ratios[other->name()].push_back(speeds.back() / x);
        }
      }
  }
  if (failed)
    std::fprintf(stderr, "note: %lu operations of %s failed\n", failed, title.c_str());
  measured out{title, in_flight, median(speeds), 0, 0, {}, done, median(cpu)};
  for (auto& [name, xs] : ratios)
    out.ratio[name] = median(std::move(xs));
  for (auto& [name, xs] : others_cpu)
    out.cpu_ns_of_others[name] = median(std::move(xs));
  return out;
}

void say(const std::string& what) {
  if (isatty(2))
    std::fprintf(stderr, "\r%-40s", what.c_str());
}

struct figures {
  std::vector<measured> results;
  std::optional<cluster_subject::sustained> sustained;
  std::optional<cluster_subject::memory> memory;
  std::optional<cluster_subject::failover> failover;
};

void measure(replication_mode mode, const cluster_settings& s, const baselines& others,
             figures& out) {
  const double slice = std::max(s.seconds / rounds, least_slice);
  std::optional<cluster_subject> ours;
  for (const auto& which : cluster_cases()) {
    if (mode_of(which) != mode
        || (!s.only.empty() && std::ranges::find(s.only, which) == s.only.end()))
      continue;
    if (!ours)
      ours.emplace(s, mode);
    for (const auto where : {place::primary, place::other}) {
      if (where == place::other && s.nodes == 1)
        continue;
      const auto title = which + (where == place::primary ? "@primary" : "@other");
      say(title);
      if (which != "actors_blocking")
        out.results.push_back(latency(which, where, title, *ours, others, slice));
      out.results.push_back(speed(which, where, title, *ours, others, s, slice));
    }
  }
  if (!ours || !s.only.empty() || s.nodes < 2)
    return;
  if (mode == replication_mode::async) {
    say("sustained");
    out.sustained = ours->write_on(10 * s.seconds);
    say("memory");
    out.memory = ours->forward(forwarded_writes);
  } else {
    say("failover");
    out.failover = ours->kill_one();
  }
}

void print_json(const figures& f, const cluster_settings& s) {
  ordered_json out;
  out["host"] = describe_host();
  out["nodes"] = s.nodes;
  out["replication_factor"] = s.replication_factor;
  out["results"] = to_json(f.results);
  const auto round = [](double x) { return std::round(x * 10) / 10; };
  if (f.sustained)
    out["sustained_async"] = {{"ops_per_sec", static_cast<std::uint64_t>(f.sustained->per_sec)},
                              {"most_entries_behind", f.sustained->behind},
                              {"caught_up_ms", round(f.sustained->caught_up_ms)}};
  if (f.memory)
    out["memory_of_forwarded_writes"] = {{"writes", f.memory->writes},
                                         {"bytes_before", f.memory->before},
                                         {"bytes_after", f.memory->after}};
  if (f.failover)
    out["failover"] = {{"declared_down_ms", round(f.failover->declared_ms)},
                       {"all_written_ms", round(f.failover->accepted_ms)}};
  std::cout << out.dump(2) << '\n';
}

void print_people(const figures& f, const cluster_settings& s) {
  std::printf("%zu nodes on this host, %zu copies; xN: the speed with N under way", s.nodes,
              std::min(s.nodes, s.replication_factor));
  if (s.alone)
    std::printf("\n\n");
  else
    std::printf(
      "; ratios: how many times the time of the other, or with xN, its speed with x%zu; CPU: "
      "of all processes together\n\n",
      s.in_flight);
  print_table(f.results, s.alone ? std::vector<std::string>{}
                                 : std::vector<std::string>{"tcp", "caf", "erpc", "redis"});
  constexpr double mb = 1024.0 * 1024.0;
  if (f.sustained)
    std::printf("\nasync writes sustained: %.0f /s, copies at most %lu entries behind and complete "
                "%.1f ms after the last\n",
                f.sustained->per_sec, f.sustained->behind, f.sustained->caught_up_ms);
  if (f.memory)
    std::printf("memory of all nodes over %zu forwarded writes to the same keys: %.1f MB before, "
                "%.1f MB after\n",
                f.memory->writes, static_cast<double>(f.memory->before) / mb,
                static_cast<double>(f.memory->after) / mb);
  if (f.failover)
    std::printf("a node killed: declared down after %.0f ms, all its partitions written to after "
                "%.0f ms\n",
                f.failover->declared_ms, f.failover->accepted_ms);
}

} // namespace

int run_cluster(const cluster_settings& s) {
  const auto others = all_baselines(s);
  figures out;
  measure(replication_mode::async, s, others, out);
  measure(replication_mode::sync, s, others, out);
  say("");
  if (isatty(2))
    std::fprintf(stderr, "\r");
  if (s.json)
    print_json(out, s);
  else
    print_people(out, s);
  return 0;
}

} // namespace bench
