#include "report.hpp"

#include <supercache/version.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace bench {

using nlohmann::ordered_json;

double median(std::vector<double> xs) {
  std::ranges::sort(xs);
  return xs.empty() ? 0 : xs[xs.size() / 2];
}

std::size_t resident_bytes(const std::string& process) {
  std::ifstream in{"/proc/" + process + "/statm"};
  std::size_t pages = 0, resident = 0;
  in >> pages >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

namespace {

std::string host_model() {
  std::ifstream in{"/proc/cpuinfo"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name"))
      return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string ratio_text(const measured& m, const std::string& name) {
  const auto found = m.ratio.find(name);
  if (found == m.ratio.end())
    return "";
  char text[48];
  const auto cpu = m.cpu_ns_of_others.find(name);
  if (cpu == m.cpu_ns_of_others.end())
    std::snprintf(text, sizeof text, "%.2f x", found->second);
  else
    std::snprintf(text, sizeof text, "%.2f x %.1f us", found->second, cpu->second / 1e3);
  return text;
}

std::string title(const measured& m) {
  const bool speed = m.in_flight > 0 && m.p50_ns == 0; // its latency has its own line
  return speed || m.in_flight > 1 ? m.name + " x" + std::to_string(m.in_flight) : m.name;
}

} // namespace

ordered_json describe_host() {
  return {{"cpu", host_model()},
          {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
          {"version", SUPERCACHE_VERSION}};
}

ordered_json to_json(const std::vector<measured>& results) {
  auto out = ordered_json::array();
  for (const auto& m : results) {
    ordered_json one{{"name", m.name}};
    if (m.in_flight)
      one["in_flight"] = m.in_flight;
    one["ops_per_sec"] = static_cast<std::uint64_t>(m.ops_per_sec);
    if (m.p50_ns) {
      one["p50_ns"] = m.p50_ns;
      one["p99_ns"] = m.p99_ns;
    }
    one["operations"] = m.operations;
    if (m.cpu_ns > 0)
      one["cpu_ns"] = static_cast<std::uint64_t>(m.cpu_ns);
    for (const auto& [name, ns] : m.cpu_ns_of_others)
      one["cpu_ns_of_others"][name] = static_cast<std::uint64_t>(ns);
    one["ratio"] = ordered_json::object();
    for (const auto& [name, x] : m.ratio)
      one["ratio"][name] = std::round(x * 100) / 100;
    out.push_back(std::move(one));
  }
  return out;
}

void print_table(const std::vector<measured>& results, const std::vector<std::string>& baselines) {
  std::size_t width = 14;
  for (const auto& m : results)
    width = std::max(width, title(m).size());
  const int w = static_cast<int>(width);
  const bool cpu = std::ranges::any_of(results, [](const measured& m) { return m.cpu_ns > 0; });
  const int column = cpu ? 16 : 11;
  std::printf("%-*s %12s %9s %9s", w, "case", "ops/s", "p50 ns", "p99 ns");
  if (cpu)
    std::printf(" %10s", "CPU us/op");
  for (const auto& c : baselines)
    std::printf(" %*s", column, c.c_str());
  std::printf("\n");
  for (const auto& m : results) {
    std::printf("%-*s %12.0f", w, title(m).c_str(), m.ops_per_sec);
    if (m.p50_ns)
      std::printf(" %9lu %9lu", m.p50_ns, m.p99_ns);
    else
      std::printf(" %9s %9s", "", "");
    if (m.cpu_ns > 0)
      std::printf(" %10.1f", m.cpu_ns / 1e3);
    else if (cpu)
      std::printf(" %10s", "");
    for (const auto& c : baselines)
      std::printf(" %*s", column, ratio_text(m, c).c_str());
    std::printf("\n");
  }
}

} // namespace bench
