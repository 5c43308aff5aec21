#include "workload.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <sched.h>

namespace bench {

namespace {
constexpr std::size_t least_visits = 1'000'000;
constexpr double zipf_exponent = 0.99;
} // namespace

workload::workload(std::size_t n) : records(n) {
  std::mt19937_64 random{42};
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  const std::size_t rounds = std::max<std::size_t>(1, (least_visits + n - 1) / n);
  ids.reserve(rounds * n);
  for (std::size_t r = 0; r < rounds; ++r) {
    std::ranges::shuffle(order, random);
    ids.insert(ids.end(), order.begin(), order.end());
  }
  keys.reserve(ids.size());
  missing.reserve(ids.size());
  for (const auto id : ids) {
    keys.emplace_back("user-" + std::to_string(id));
    missing.emplace_back("none-" + std::to_string(id));
  }
  // Zipf by inverting the cumulative weights; rank r is the id order[r], so hot keys are anywhere.
  std::vector<double> cumulative(n);
  double sum = 0;
  for (std::size_t r = 0; r < n; ++r)
    cumulative[r] = sum += 1 / std::pow(static_cast<double>(r + 1), zipf_exponent);
  std::vector<std::uint32_t> first_visit(n);
  for (std::uint32_t v = 0; v < n; ++v)
    first_visit[ids[v]] = v;
  std::uniform_real_distribution<double> uniform{0, sum};
  zipf.resize(ids.size());
  for (auto& z : zipf) {
    const auto at = std::ranges::lower_bound(cumulative, uniform(random));
    const auto rank
      = std::min<std::size_t>(static_cast<std::size_t>(at - cumulative.begin()), n - 1);
    z = first_visit[order[rank]];
  }
}

void stay_on_core(std::size_t t) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(t % std::max(1u, std::thread::hardware_concurrency()), &cores);
  sched_setaffinity(0, sizeof cores, &cores); // best effort: a failure costs only precision
}

} // namespace bench
