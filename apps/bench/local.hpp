#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

struct local_settings {
  std::size_t records = 100'000;
  std::size_t threads = 1;
  double seconds = 1; ///< to measure each case
  std::size_t partitions = 0;
  std::vector<std::string> only;
  bool alone = false; ///< without baselines
  bool json = false;
};

/// The names of the cases.
const std::vector<std::string>& local_cases();

/// Measures the embedded cache and its baselines in turn, and prints the result.
int run_local(const local_settings& s);

} // namespace bench
