#include "faults.hpp"
#include "run.hpp"
#include "storm.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <thread>

// The simulator as a program: `sim --mode sync --seeds 300`, or `sim --mode sync --seed 17
// --trace`. Built with SUPERCACHE_FAULTS, it can make the cluster commit a mistake, which has to be
// found: `sim_faults --fault vote-twice --seeds 1000`.

namespace {

struct settings {
  std::string mode = "sync";
  std::uint64_t first = 1, seeds = 1;
  bool trace = false, deep = false;
  std::string fault = "none"; ///< not "none": it must be found, the sooner the better
  unsigned threads = 1;
  std::size_t lines = 400;
};

sim::report run_one(const settings& s, std::uint64_t seed) {
  const std::string name = s.mode.substr(0, s.mode.find('-'));
  const auto mode = *supercache::replication_mode_from(name);
  const std::size_t lines = s.trace ? s.lines : 0;
  return name == s.mode ? sim::run_seed(mode, seed, lines, s.deep)
                        : sim::run_storm(mode, seed, lines);
}

int print_failure(const sim::report& r, const std::string& mode) {
  std::printf("seed %lu (%s)\n", r.seed, r.plan.c_str());
  for (const auto& line : r.trace)
    std::printf("%s\n", line.c_str());
  for (const auto& what : r.wrong)
    std::printf("WRONG: %s\n", what.c_str());
  std::printf("replay: sim --mode %s --seed %lu --trace\n\n", mode.c_str(), r.seed);
  return 1;
}

/// Runs seeds until one shows the fault.
int look_for_fault(const settings& s) {
#ifdef SUPERCACHE_FAULTS
  const auto at = std::ranges::find(supercache::fault_names, s.fault);
  supercache::present_fault
    = static_cast<supercache::fault>(at - std::begin(supercache::fault_names));
#endif
  for (std::uint64_t seed = s.first; seed < s.first + s.seeds; ++seed) {
    const auto r = run_one(s, seed);
    if (r.wrong.empty())
      continue;
    for (const auto& line : r.trace)
      std::printf("%s\n", line.c_str());
    std::printf("%s | %s | %lu | %s\n", s.fault.c_str(), s.mode.c_str(), seed,
                r.wrong.front().c_str());
    return 0;
  }
  std::printf("%s | %s | not found | %lu seeds from %lu on\n", s.fault.c_str(), s.mode.c_str(),
              s.seeds, s.first);
  return 1;
}

int run(const settings& s) {
  std::atomic<std::uint64_t> next{s.first};
  std::mutex lock;
  std::uint64_t events = 0, done = 0, refused = 0, unknown = 0, failed = 0;
  std::uint64_t read_done = 0, read_failed = 0;
  std::int64_t ms = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < s.threads; ++t)
    threads.emplace_back([&] {
      for (std::uint64_t seed; (seed = next++) < s.first + s.seeds;) {
        const auto r = run_one(s, seed);
        const std::lock_guard hold{lock};
        events += r.events;
        ms += r.simulated_ms;
        done += r.done;
        refused += r.refused;
        unknown += r.unknown;
        read_done += r.read_done;
        read_failed += r.read_failed;
        if (!r.wrong.empty() || (s.trace && s.seeds == 1)) {
          print_failure(r, s.mode);
          failed += !r.wrong.empty();
        }
      }
    });
  for (auto& t : threads)
    t.join();
  std::printf(
    "%s: %lu seeds, %lu failed; %lu events in %.1f simulated hours; writes: %lu done, %lu "
    "refused, %lu with unknown outcome; reads: %lu done, %lu not in time\n",
    s.mode.c_str(), s.seeds, failed, events, static_cast<double>(ms) / 3'600'000, done, refused,
    unknown, read_done, read_failed);
  return failed ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{"Simulates whole clusters under misfortune, one per seed, and checks them.", "sim"};
  app
    .add_option("--mode", s.mode,
                "async, sync; or only the copies of one partition: async-group, sync-group")
    ->check(CLI::IsMember({"async", "sync", "async-group", "sync-group"}))
    ->capture_default_str();
  app.add_option("--seed", s.first, "The first seed")->capture_default_str();
  app.add_option("--seeds", s.seeds, "How many, one after the other")->capture_default_str();
  app.add_option("--threads", s.threads, "How many at once")
    ->check(CLI::Range(1, 64))
    ->capture_default_str();
  app.add_flag("--trace", s.trace, "Print what happened in the end");
  app.add_flag("--deep", s.deep, "Compare all data after every step: slow, but finds where");
  app.add_option("--lines", s.lines, "With --trace, how many lines of it")->capture_default_str();
#ifdef SUPERCACHE_FAULTS
  app.add_option("--fault", s.fault, "The mistake that has to be found")
    ->check(CLI::IsMember(std::vector<std::string>(std::begin(supercache::fault_names),
                                                   std::end(supercache::fault_names))));
#endif
  CLI11_PARSE(app, argc, argv);
  return s.fault == "none" ? run(s) : look_for_fault(s);
}
