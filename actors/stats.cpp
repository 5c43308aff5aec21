#include <supercache/stats.hpp>
#include <supercache/store/amount.hpp>
#include <supercache/store/text.hpp>

#include <iomanip>
#include <ostream>
#include <sstream>

namespace supercache::inline SUPERCACHE_ABI {

namespace {

value strings(const std::vector<std::string>& xs) {
  value_list out;
  for (const auto& x : xs)
    out.emplace_back(x);
  return value::list(out);
}

std::string bytes_text(std::size_t n) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto x = static_cast<double>(n);
  std::size_t u = 0;
  for (; x >= 1024 && u + 1 < std::size(units); ++u)
    x /= 1024;
  std::ostringstream out;
  out << std::fixed << std::setprecision(u ? 1 : 0) << x << ' ' << units[u];
  return out.str();
}

std::string time_text(double ns) {
  std::ostringstream out;
  out << std::fixed;
  if (ns < 1000)
    out << std::setprecision(0) << ns << " ns";
  else if (ns < 1e6)
    out << std::setprecision(1) << ns / 1e3 << " us";
  else
    out << std::setprecision(1) << ns / 1e6 << " ms";
  return out.str();
}

void print_names(std::ostream& out, const char* what, const std::vector<std::string>& names) {
  if (names.empty())
    return;
  out << std::left << std::setw(12) << what;
  for (std::size_t i = 0; i < names.size(); ++i)
    out << (i ? ", " : "") << printable(names[i]);
  out << '\n';
}

} // namespace

std::vector<api_stats> api(const metrics& m) {
  std::vector<api_stats> out;
  for (std::size_t i = 0; i < static_cast<std::size_t>(metric::count_); ++i)
    out.push_back({std::string{to_string(static_cast<metric>(i))}, m.read(static_cast<metric>(i))});
  return out;
}

void print(std::ostream& out, const cache_stats& s) {
  out << std::left << std::setw(24) << "partition" << std::right << std::setw(12) << "records"
      << std::setw(14) << "memory" << '\n';
  for (const auto& p : s.partitions)
    out << std::left << std::setw(24) << p.name << std::right << std::setw(12) << p.records
        << std::setw(14) << bytes_text(p.bytes) << '\n';
  out << std::left << std::setw(24) << "tuples" << std::right << std::setw(12) << s.records
      << std::setw(14) << bytes_text(s.bytes) << '\n';
  for (const auto& k : s.kinds)
    if (k.kind != "tuples" && k.records > 0)
      out << std::left << std::setw(24) << k.kind << std::right << std::setw(12) << k.records
          << std::setw(14) << bytes_text(k.bytes) << '\n';
  print_names(out, "namespaces", s.namespaces);
  print_names(out, "queues", s.queues);
  print_names(out, "stacks", s.stacks);
  print_names(out, "structs", s.structs);
}

void print(std::ostream& out, const cluster_stats& s) {
  out << "node         " << s.node << '\n'
      << "mode         " << s.mode << ", replication " << s.replication_mode << " x "
      << s.replication_factor << '\n'
      << "partitions   " << s.partitions << " (primary of " << s.primaries_here << ", replica of "
      << s.replicas_here << ")\n"
      << "discarded    " << detail::amount(s.discarded, "write", "writes") << '\n';
  print_names(out, "live", s.live_nodes);
  print_names(out, "unreachable", s.unreachable);
  if (!s.waits_for.empty())
    out << "waits        for its first list of nodes: " << s.waits_for << '\n';
}

void print(std::ostream& out, const std::vector<api_stats>& s) {
  out << std::left << std::setw(18) << "operation" << std::right << std::setw(12) << "calls"
      << std::setw(10) << "errors" << std::setw(12) << "average" << std::setw(12) << "p50"
      << std::setw(12) << "p99" << '\n';
  for (const auto& [name, m] : s) {
    if (!m.calls)
      continue;
    out << std::left << std::setw(18) << name << std::right << std::setw(12) << m.calls
        << std::setw(10) << m.errors;
    if (m.samples)
      out << std::setw(12) << time_text(m.average_ns) << std::setw(12)
          << time_text(static_cast<double>(m.p50_ns)) << std::setw(12)
          << time_text(static_cast<double>(m.p99_ns));
    out << '\n';
  }
}

value to_value(const cache_stats& s) {
  value_list partitions;
  for (const auto& p : s.partitions)
    partitions.push_back(value::map(
      {{"index", p.index}, {"name", p.name}, {"records", p.records}, {"bytes", p.bytes}}));
  std::vector<std::pair<value, value>> kinds;
  for (const auto& k : s.kinds)
    kinds.emplace_back(k.kind, value::map({{"records", k.records}, {"bytes", k.bytes}}));
  return value::map({{"partitions", value::list(partitions)},
                     {"records", s.records},
                     {"bytes", s.bytes},
                     {"kinds", value::map(std::move(kinds))},
                     {"namespaces", strings(s.namespaces)},
                     {"queues", strings(s.queues)},
                     {"stacks", strings(s.stacks)},
                     {"structs", strings(s.structs)}});
}

value to_value(const cluster_stats& s) {
  return value::map({{"node", s.node},
                     {"live_nodes", strings(s.live_nodes)},
                     {"unreachable", strings(s.unreachable)},
                     {"waits_for", s.waits_for},
                     {"mode", s.mode},
                     {"replication_mode", s.replication_mode},
                     {"partitions", s.partitions},
                     {"writable", s.writable},
                     {"replication_factor", s.replication_factor},
                     {"primaries_here", s.primaries_here},
                     {"replicas_here", s.replicas_here},
                     {"discarded", s.discarded}});
}

value to_value(const std::vector<api_stats>& s) {
  std::vector<std::pair<value, value>> out;
  for (const auto& [name, m] : s)
    out.emplace_back(name, value::map({{"calls", m.calls},
                                       {"errors", m.errors},
                                       {"samples", m.samples},
                                       {"average_ns", m.average_ns},
                                       {"p50_ns", m.p50_ns},
                                       {"p99_ns", m.p99_ns}}));
  return value::map(std::move(out));
}

} // namespace supercache::inline SUPERCACHE_ABI
