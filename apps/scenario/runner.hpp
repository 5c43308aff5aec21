#pragma once

#include "scenario.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace supercache::app {

/// The result of one step.
struct step_report {
  std::string number, text, result;
  double at_s = 0, took_s = 0;
  bool good = true;
};

/// The result of a scenario.
struct scenario_report {
  std::string name;
  bool passed = false;
  double seconds = 0;
  std::vector<step_report> steps;
  std::map<std::string, load_summary> loads;
  std::size_t not_run = 0; ///< steps, each counted once
};

/// Runs one scenario, once. Thread: the one that starts it; see `child`.
class runner {
public:
  /// `told` is called after every step.
  runner(scenario s, std::function<void(const step_report&)> told);
  ~runner();
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  /// The first step that fails is the last. Throws only if the scenario itself makes no sense.
  scenario_report run();

private:
  using clock = std::chrono::steady_clock;

  bool run_steps(const std::vector<step>& steps, const std::string& round);
  bool run_step(const step& s, const std::string& round);
  bool run_rounds(const repeat_step& r, const std::string& round);

  // Each performs one kind of step and returns what to report about it; throws `error` if it fails.
  std::string perform(const start_step& s);
  std::string perform(const kill_step& s);
  std::string perform(const pause_step& s);
  std::string perform(const stop_step& s);
  std::string perform(const wire_step& s);
  std::string perform(const discovery_step& s);
  std::string perform(const load_step& s);
  std::string perform(const end_step& s);
  std::string perform(const wait_step& s);
  std::string perform(const until_step& s);
  std::string perform(const expect_step& s);
  std::string perform(const call_step& s);
  std::string perform(const force_step& s);
  std::string perform(const leave_step& s);
  std::string perform(const memory_step& s);
  std::string perform(const repeat_step&) { return {}; }

  std::string read(const call_step& s, const std::vector<target>& at);
  /// Why a condition does not hold yet; empty if it does.
  std::string missing(const until_step& s, const names& at);
  std::string unsettled(const names& at);
  std::string without_primary(const names& at);
  std::string miscounted(const until_step& s, const names& at);

  /// The nodes that are meant at this moment. Waits a while for a primary.
  names resolve(const selection& s);
  std::string resolve(const selector& s);
  std::string role_of(const selector& s);
  names at_or_awake(const selection& s);
  std::vector<target> targets(const names& who) const;
  load& load_called(const std::string& name);

  scenario scenario_;
  std::function<void(const step_report&)> told_;
  clock::time_point start_ = clock::now();
  cluster cluster_;
  std::map<std::string, std::unique_ptr<load>> loads_;
  names last_;
  std::optional<std::string> each_;
  std::map<std::string, std::map<std::string, std::size_t>> memory_;
  scenario_report report_;
};

} // namespace supercache::app
