#include "runner.hpp"

#include "common/table.hpp"
#include "texts.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>
#include <thread>

namespace supercache::app {

namespace {

using namespace std::chrono_literals;

constexpr auto primary_wait = 15'000ms;

double seconds_between(auto from, auto to) {
  return std::chrono::duration<double>(to - from).count();
}

} // namespace

runner::runner(scenario s, std::function<void(const step_report&)> told)
  : scenario_(std::move(s)), told_(std::move(told)), cluster_(scenario_.cluster) {
  report_.name = scenario_.name;
}

runner::~runner() {
  for (const auto& [name, l] : loads_)
    l->halt();
  for (const auto& [name, l] : loads_)
    l->end();
}

scenario_report runner::run() {
  start_ = clock::now();
  report_.passed = run_steps(scenario_.steps, "");
  for (const auto& [name, l] : loads_) {
    l->halt();
    report_.loads[name] = l->summary();
  }
  report_.seconds = seconds_between(start_, clock::now());
  return report_;
}

bool runner::run_steps(const std::vector<step>& steps, const std::string& round) {
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (!run_step(steps[i], round)) {
      report_.not_run += steps.size() - i - 1;
      return false;
    }
  return true;
}

bool runner::run_step(const step& s, const std::string& round) {
  if (const auto* r = std::get_if<repeat_step>(&s.what))
    return run_rounds(*r, round);
  step_report out;
  out.number = s.number;
  out.text = s.text + round;
  const auto from = clock::now();
  out.at_s = seconds_between(start_, from);
  try {
    if (from - start_ > scenario_.limit)
      throw error(errc::timeout, "the scenario may take " + std::to_string(scenario_.limit.count())
                                   + " ms, which are over");
    out.result = std::visit([this](const auto& x) { return perform(x); }, s.what);
  } catch (const std::exception& e) {
    out.good = false;
    out.result = e.what();
  }
  out.took_s = seconds_between(from, clock::now());
  report_.steps.push_back(out);
  told_(out);
  return out.good;
}

bool runner::run_rounds(const repeat_step& r, const std::string& round) {
  if (r.each.empty()) {
    for (std::size_t i = 1; i <= r.times; ++i)
      if (!run_steps(r.steps, round + " #" + std::to_string(i)))
        return false;
    return true;
  }
  const auto outer = each_;
  for (const auto& name : resolve(r.each)) {
    each_ = name;
    if (std::string next = round; !run_steps(r.steps, next.append(" #").append(name)))
      return false;
  }
  each_ = outer;
  return true;
}

// -- who is meant ---------------------------------------------------------------------------------

names runner::resolve(const selection& s) {
  names out;
  const auto add = [&](const std::string& name) {
    if (!std::ranges::count(out, name))
      out.push_back(name);
  };
  for (const selector& x : s) {
    if (x.is == selector::kind::all || x.is == selector::kind::awake
        || x.is == selector::kind::last) {
      for (const auto& name : x.is == selector::kind::all     ? cluster_.all()
                              : x.is == selector::kind::awake ? cluster_.awake()
                                                              : last_)
        add(name);
    } else {
      add(resolve(x));
    }
  }
  if (out.empty())
    throw error(errc::invalid_argument, "no node is meant: none runs, or none was killed, paused "
                                        "or stopped before");
  return out;
}

std::string runner::resolve(const selector& s) {
  switch (s.is) {
    case selector::kind::primary:
    case selector::kind::replica: return role_of(s);
    case selector::kind::each: return each_.value();
    default: return s.name;
  }
}

std::string runner::role_of(const selector& s) {
  const auto until = clock::now() + primary_wait;
  do {
    const auto awake = cluster_.awake();
    const auto primary = cluster_.primary_of(s.partition);
    if (primary && std::ranges::count(awake, *primary)) {
      if (s.is == selector::kind::primary)
        return *primary;
      const auto views = cluster_.partitions(*primary);
      for (const auto& name : views.at(s.partition).replicas)
        if (std::ranges::count(awake, name))
          return name;
    }
    std::this_thread::sleep_for(50ms);
  } while (clock::now() < until);
  throw error(errc::unavailable,
              "partition " + std::to_string(s.partition)
                + (s.is == selector::kind::primary ? " has no primary" : " has no replica"));
}

names runner::at_or_awake(const selection& s) { return s.empty() ? cluster_.awake() : resolve(s); }

std::vector<target> runner::targets(const names& who) const {
  std::vector<target> out;
  for (const auto& name : who)
    out.push_back(cluster_.where(name));
  if (out.empty())
    throw error(errc::invalid_argument, "no node runs");
  return out;
}

load& runner::load_called(const std::string& name) {
  const auto at = loads_.find(name);
  if (at == loads_.end())
    throw error(errc::invalid_argument, "the load " + name + " was not begun");
  return *at->second;
}

// -- processes and wires --------------------------------------------------------------------------

std::string runner::perform(const start_step& s) {
  const auto who = resolve(s.who);
  for (const auto& name : who)
    if (s.joins)
      cluster_.add(name);
    else if (s.anew && cluster_.running(name))
      cluster_.kill(name);
  if (!s.refused) {
    cluster_.start(who, s.options, s.within);
    return joined(who) + (who.size() == 1 ? " serves" : " serve");
  }
  std::string said;
  for (const auto& name : who) {
    said = cluster_.start_refused(name, s.options, s.within);
    if (said.find(*s.refused) == std::string::npos)
      throw error(errc::invalid_argument,
                  name + " said \"" + said + "\", without \"" + *s.refused + '"');
  }
  return said;
}

std::string runner::perform(const kill_step& s) {
  last_ = resolve(s.who);
  for (const auto& name : last_)
    cluster_.kill(name);
  return joined(last_);
}

std::string runner::perform(const pause_step& s) {
  const auto who = resolve(s.who);
  for (const auto& name : who)
    if (s.resume)
      cluster_.resume(name);
    else
      cluster_.pause(name);
  if (!s.resume)
    last_ = who;
  return joined(who);
}

std::string runner::perform(const stop_step& s) {
  last_ = resolve(s.who);
  for (const auto& name : last_) {
    cluster_.stop(name, s.within);
    if (s.forget)
      cluster_.forget(name);
  }
  return joined(last_) + ": status 0";
}

std::string runner::perform(const leave_step& s) {
  last_ = resolve(s.who);
  for (const auto& name : last_)
    cluster_.ask(name, "leave", value{s.within.count()}, s.within + 1s);
  return joined(last_) + (last_.size() == 1 ? " has" : " have") + " nothing any more";
}

std::string runner::perform(const wire_step& s) {
  if (s.from.empty()) {
    cluster_.heal();
    return {};
  }
  const auto from = resolve(s.from), to = resolve(s.to);
  cluster_.wire(from, to, s.how, s.one_way);
  return joined(from) + (s.one_way ? " to " : " and ") + joined(to);
}

std::string runner::perform(const discovery_step& s) {
  const auto who = resolve(s.who);
  for (const auto& name : who)
    cluster_.set_discovery(name, s.found);
  return joined(who);
}

std::string runner::perform(const wait_step& s) {
  std::this_thread::sleep_for(s.lasts);
  return {};
}

std::string runner::perform(const force_step& s) {
  const auto who = resolve(s.at);
  cluster_.ask(who.front(), "force-primary", value{static_cast<std::int64_t>(s.partition)}, 5s);
  return who.front();
}

std::string runner::perform(const memory_step& s) {
  std::string out;
  auto& then = memory_[s.mark];
  for (const auto& name : resolve(s.who)) {
    const auto now = cluster_.memory_of(name);
    append_listed(out, name + ' ' + bytes_text(static_cast<double>(now)));
    if (!s.grows) {
      then[name] = now;
    } else if (!then.contains(name)) {
      throw error(errc::invalid_argument,
                  "nothing is remembered of node " + name + " as '" + s.mark + "'");
    } else if (const auto most = then[name] + (static_cast<std::size_t>(*s.grows) << 20);
               now > most) {
      throw error(errc::internal, name + " grew from " + bytes_text(static_cast<double>(then[name]))
                                    + " to " + bytes_text(static_cast<double>(now)));
    }
  }
  return out;
}

} // namespace supercache::app
