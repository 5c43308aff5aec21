#pragma once

#include "fields.hpp"
#include "scenario.hpp"

#include <set>
#include <string>
#include <vector>

/// Internal to the parser of scenarios.
namespace supercache::app {

/// What the steps read so far have defined.
struct parsing {
  std::size_t partitions = 0;
  std::set<std::string> nodes, loads;
  bool within_each = false; ///< "each" has a meaning
  std::size_t key_pos = 0, partition_pos = 0;
};

void check_node_name(const fields& f, const json& name);
node_options read_options(fields& f);
std::vector<step> read_steps(parsing& p, const json& list, const std::string& before);

/// A selector, or a list of them. `name` must exist.
selection read_selection(const parsing& p, fields& f, const std::string& name);
/// Nothing if `name` is missing.
selection read_optional(const parsing& p, fields& f, const std::string& name);
selection selection_from(const parsing& p, const fields& f, const std::string& name, const json& x);
/// `name` as a number, for exactly that many, or as {"min": 1, "max": 2}.
bounds read_bounds(fields& f, const std::string& name);
std::size_t read_partition(const parsing& p, fields& f, const std::string& name);

} // namespace supercache::app
