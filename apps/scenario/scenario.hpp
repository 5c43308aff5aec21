#pragma once

#include "cluster.hpp"
#include "load.hpp"

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

/// A scenario as written in a file. See README.md in this folder for the format.
namespace supercache::app {

/// Nodes by name, or by their role at the moment.
struct selector {
  enum class kind { name, primary, replica, last, each, awake, all };
  kind is = kind::name;
  std::string name;          ///< of `name`
  std::size_t partition = 0; ///< of `primary` and `replica`
};
using selection = std::vector<selector>;

/// Least and most; an unset bound is not checked.
struct bounds {
  std::optional<std::int64_t> least, most;
};

using std::chrono::milliseconds;

// -- what steps can be ---------------------------------------------------------------------------

struct start_step {
  selection who;
  node_options options;
  std::optional<std::string> refused; ///< it must not start, and say this
  bool anew = false;                  ///< it is killed first if it runs
  bool joins = false;                 ///< it is added to the cluster
  milliseconds within{20'000};
};
struct kill_step {
  selection who;
};
struct pause_step {
  selection who;
  bool resume = false;
};
struct stop_step {
  selection who;
  bool forget = false;
  milliseconds within{20'000};
};
struct wire_step {
  selection from, to; ///< both empty: all
  flow how;
  bool one_way = false;
};
struct discovery_step {
  selection who;
  cluster::list found = cluster::list::gone;
};
struct load_step {
  load_options options;
  selection at;
  std::optional<milliseconds> lasts; ///< nothing: until it is ended
};
struct end_step {
  std::string load; ///< or "all"
};
struct wait_step {
  milliseconds lasts{0};
};
struct until_step {
  enum class kind { settled, members, primary, primaries, copies };
  kind is = kind::settled;
  selection at; ///< the nodes whose views count
  std::size_t partition = 0;
  selection node; ///< of `primary` and `copies`
  bool is_not = false;
  bounds count;
  milliseconds within{30'000};
};
struct expect_step {
  std::string load;
  selection at; ///< the nodes where data is read
  bounds acknowledged, failed, unknown, reads;
  std::optional<std::int64_t> longest_gap_ms, p50_ms, read_p50_ms;
  bool may_lose = false; ///< acknowledged writes; in async mode
  bool look = true;      ///< whether the data is compared
  milliseconds within{15'000};
};
struct call_step {
  enum class kind { write, remove, read };
  kind is = kind::write;
  std::string key;
  content number;
  selection at;
  std::string result; ///< acknowledged, refused, unknown, any; of `write` and `remove`
  milliseconds timeout{7'000};
  milliseconds within{0}; ///< a read is retried for so long
};
struct force_step {
  std::size_t partition = 0;
  selection at;
};
struct leave_step {
  selection who;
  milliseconds within{20'000};
};
struct memory_step {
  selection who;
  std::string mark;                  ///< the name of a remembered value
  std::optional<std::int64_t> grows; ///< at most so many MiB since then; nothing: remember it now
};
struct step;
struct repeat_step {
  std::size_t times = 1;
  selection each; ///< or once for each of these
  std::vector<step> steps;
};

using action = std::variant<start_step, kill_step, pause_step, stop_step, wire_step, discovery_step,
                            load_step, end_step, wait_step, until_step, expect_step, call_step,
                            force_step, leave_step, memory_step, repeat_step>;

struct step {
  std::string number; ///< "3", or "3.1" within step 3
  std::string text;   ///< for people
  action what;
};

struct scenario {
  std::string name;
  cluster_settings cluster;
  milliseconds limit{120'000}; ///< for the whole scenario
  std::vector<step> steps;
};

/// Throws `error` (`invalid_argument`) with a sentence that names the step and what is allowed.
scenario scenario_from_text(const std::string& text);
scenario scenario_from_file(const std::filesystem::path& file);

} // namespace supercache::app
