#pragma once

#include "common/arguments.hpp"
#include "session.hpp"

#include <functional>
#include <string>
#include <vector>

namespace supercache::app {

/// Runs the command; returns the exit status. Throws `usage_error`, `error`.
using action = std::function<int()>;

/// One use of a command.
struct call {
  session& in;
  std::string name; ///< of the namespace, queue or stack
};

/// One word of the command language.
struct command {
  std::string name;
  std::string summary;
  /// Declares options and arguments, and returns the action to run once they are read. Empty when
  /// there are `verbs` instead.
  std::function<action(CLI::App&, call&)> build;
  std::string object;         ///< what the name before a verb stands for, e.g. "NAMESPACE"
  std::vector<command> verbs; ///< what follows the name
};

const std::vector<command>& commands();

/// Runs the command that the words form; its settings override those of the session. Throws
/// `usage_error`, `error`.
int run(session& s, const std::vector<std::string>& words);
/// Declares the options that every command has.
void add_common(CLI::App& app, common_settings& to);
/// The commands, one per line, with their summaries.
std::string list_of_commands(const std::vector<command>& of);

// Each file of commands defines one of these.
command put_command();
command get_command();
command remove_command();
command match_command();
command kv_command();
command queue_command();
command stack_command();
command load_command();
command dump_command();
command backup_command();
command restore_command();
command names_command();
command stats_command();
command members_command();
command partitions_command();
command cluster_stats_command();
command watch_command();
command leave_command();
command sync_command();
command force_primary_command();
command debug_log_command();
command bench_command();
command shell_command();

} // namespace supercache::app
