#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// The result of a case: medians over rounds.
struct measured {
  std::string name;
  std::size_t in_flight = 0; ///< operations in flight; 0 = does not apply to this case
  double ops_per_sec = 0;
  std::uint64_t p50_ns = 0, p99_ns = 0; ///< of single operations; 0 = not measured
  std::map<std::string, double> ratio;  ///< against each baseline, taken within a round
  std::uint64_t operations = 0;         ///< done in all, those to warm up included
  /// Processor time per operation in ns, of all processes together; of the baselines, too. 0 = not
  /// measured.
  double cpu_ns = 0;
  std::map<std::string, double> cpu_ns_of_others{};
};

/// The middle one; 0 of none.
double median(std::vector<double> xs);
/// Of this process, or of another.
std::size_t resident_bytes(const std::string& process = "self");

/// The machine and this program.
nlohmann::ordered_json describe_host();
nlohmann::ordered_json to_json(const std::vector<measured>& results);
/// One line per case, with `in_flight` in the name, one column per baseline, after a heading.
void print_table(const std::vector<measured>& results, const std::vector<std::string>& baselines);

} // namespace bench
