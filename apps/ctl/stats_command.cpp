#include "cluster_view.hpp"
#include "command.hpp"
#include "common/output.hpp"
#include "common/table.hpp"

#include <supercache/store/text.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace supercache::app {

namespace {

using side = table_text::side;

double number(const value& map, const char* name) {
  const value x = member(map, name);
  return x.is_int() ? static_cast<double>(x.as_int()) : x.is_real() ? x.as_real() : 0;
}
std::uint64_t whole(const value& map, const char* name) {
  return static_cast<std::uint64_t>(number(map, name));
}

std::string joined(const value& list) {
  std::string out;
  if (list.is_list())
    for (const value& x : list.items())
      out += (out.empty() ? "" : ", ") + text_of(x);
  return out;
}

void print_names(const value& stats, const char* what) {
  if (const auto names = joined(member(stats, what)); !names.empty())
    std::cout << std::left << std::setw(12) << what << printable(names) << '\n';
}

void print_cache(const value& stats) {
  table_text table{{{"partition"}, {"records", side::right}, {"memory", side::right}}};
  const value partitions = member(stats, "partitions");
  std::uint64_t least = UINT64_MAX, most = 0;
  std::size_t n = 0;
  if (partitions.is_list())
    for (const value& p : partitions.items()) {
      const auto records = whole(p, "records");
      least = std::min(least, records);
      most = std::max(most, records);
      ++n;
      table.add({text_of(member(p, "name")), count_text(records), bytes_text(number(p, "bytes"))});
    }
  double bytes = number(stats, "bytes");
  std::uint64_t all = whole(stats, "records");
  table.add({"tuples", count_text(all), bytes_text(bytes)});
  for (const char* kind : {"namespaces", "queues", "stacks", "structs"}) {
    const value x = member(member(stats, "kinds"), kind);
    table.add({kind, count_text(whole(x, "records")), bytes_text(number(x, "bytes"))});
    all += whole(x, "records");
    bytes += number(x, "bytes");
  }
  table.add({"total", count_text(all), bytes_text(bytes)});
  table.print(std::cout);
  if (n > 1)
    std::cout << "balance     " << count_text(least) << " to " << count_text(most)
              << " tuples per partition, " << count_text(whole(stats, "records") / n)
              << " on average\n";
  for (const char* what : {"namespaces", "queues", "stacks", "structs"})
    print_names(stats, what);
}

void print_api(const value& stats) {
  table_text table{{{"operation"},
                    {"calls", side::right},
                    {"errors", side::right},
                    {"average", side::right},
                    {"p50", side::right},
                    {"p99", side::right}}};
  const auto flat = stats.items();
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
    const value& m = flat[i + 1];
    if (whole(m, "calls") == 0)
      continue;
    const bool measured = whole(m, "samples") > 0;
    const auto time
      = [&](const char* name) { return measured ? time_text(number(m, name)) : std::string{"-"}; };
    table.add({text_of(flat[i]), count_text(whole(m, "calls")), count_text(whole(m, "errors")),
               time("average_ns"), time("p50_ns"), time("p99_ns")});
  }
  table.print(std::cout);
  std::cout << "of what is done without waiting, each thread times one call in 64\n";
}

void print_pairs(const value& map) {
  table_text table{{{"name"}, {"value"}}};
  const auto flat = map.items();
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2)
    table.add(
      {text_of(flat[i]), flat[i + 1].is_list() ? joined(flat[i + 1]) : text_of(flat[i + 1])});
  table.print(std::cout);
}

int show(session& s, const std::string& section) {
  const value x = section == "config" ? s.node().config() : s.node().stats(section);
  if (s.now.json)
    print_json(x);
  else if (section == "cache")
    print_cache(x);
  else if (section == "api")
    print_api(x);
  else
    print_pairs(x);
  return ok;
}

action build_stats(CLI::App& app, call& c) {
  auto section = std::make_shared<std::string>("cache");
  app
    .add_option("SECTION", *section,
                "cache: records and memory (default); api: calls and their latencies; cluster: "
                "its members; config: the options in force")
    ->check(one_of({"cache", "api", "cluster", "config"}))
    ->type_name("");
  return [section, &s = c.in] { return show(s, *section); };
}

} // namespace

command stats_command() {
  return {"stats", "Prints what the node holds and does", build_stats, {}, {}};
}

} // namespace supercache::app
