#pragma once

#include <supercache/cluster/options.hpp>
#include <supercache/log.hpp>
#include <supercache/store/result.hpp>
#include <supercache/store/table_type.hpp>

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caf {
class actor_system_config;
class config_option_set;
} // namespace caf

namespace supercache::inline SUPERCACHE_ABI {

/// Whether a cache is one process or a member of a cluster.
enum class cluster_mode : std::uint8_t { local, distributed };
SUPERCACHE_API std::string_view to_string(cluster_mode m) noexcept;

/// Everything that can be set. The names in files, on command lines and in messages are those of
/// the fields, e.g. `num_partition`, `wal.dir`; `settings()` lists them all.
struct options {
  std::size_t key_pos = 0;       ///< which element of a record is its key; 0-based
  std::size_t partition_pos = 0; ///< which element picks the partition; 0-based
  /// 1 … 4096. Default: the scheduler's workers in local mode, 64 in distributed mode, where it
  /// must be the same on every node.
  std::optional<std::size_t> num_partition;
  supercache::table_type table_type = supercache::table_type::set;
  std::string table_prefix = "supercache"; ///< partitions are called `<prefix>_<index>`
  cluster_mode cluster = cluster_mode::local;
  cluster_options replication; ///< modes, peers, wal.*, node_monitor.*, health.*
  /// `cache::of` starts the cache when it is first asked for; the node program always starts it.
  bool auto_start = false;
  bool debug_log = false; ///< log every decision
  /// Whether a single node, too, can be reached at `replication.node.host` and `.port`, as a member
  /// of a cluster always can; its actor system has to load `caf::io::middleman` then. No setting.
  bool listen = false;
  /// Where the log goes, see `log_to`; null: to CAF's own log. It goes nowhere with a CAF that was
  /// built without a log, as Debian's is.
  std::shared_ptr<logger> log;
  /// Records a `lazy_put` buffer holds before callers wait; 1 … 10 000 000.
  std::size_t lazy_put_limit = 65'536;
  /// Options that were set by name: in a file, on a command line or by `set_option`. An option that
  /// is named is meant, also if it is set to its default.
  std::set<std::string, std::less<>> named;
};

/// One option as users see it.
struct setting {
  std::string name;
  std::string type;    ///< "integer", "text", "on/off", "list", "duration" or "number"
  std::string allowed; ///< e.g. "1 to 4096", "set, ordered_set, bag, duplicate_bag"
  std::string help;
};
SUPERCACHE_API std::span<const setting> settings();

/// Changes the option called `name`. Errors: `invalid_config` naming the key, the value and what is
/// allowed; for an unknown key also the name that is nearest to it.
SUPERCACHE_API status set_option(options& o, std::string_view name, std::string_view text);
/// The option's value as `set_option` reads it. Errors: `invalid_config` for an unknown name.
SUPERCACHE_API result<std::string> get_option(const options& o, std::string_view name);

/// Checks everything that can be checked before anything is created. Errors: `invalid_config`, also
/// for options that promise to keep data safe and cannot do so yet: `strong`, `wal.dir` and
/// `wal.fsync`.
SUPERCACHE_API status validate(const options& o);
/// A sentence, for users, about each option that was set and has no effect. A cache that starts
/// logs them.
SUPERCACHE_API std::vector<std::string> without_effect(const options& o);

/// Adds all options to CAF's own. Call it in the constructor of your `actor_system_config`, with
/// its `custom_options_`. Then `--supercache.num_partition=64` works on the command line and
/// `[supercache]` with `num_partition=64` in CAF's configuration file.
SUPERCACHE_API void add_options(caf::config_option_set& to);
/// The options in a parsed configuration. Unlike CAF, which drops mistyped and unknown keys of a
/// file without a word, this reports them. Errors: `invalid_config`.
SUPERCACHE_API result<options> options_from(const caf::actor_system_config& cfg);
/// Options from a file of `key = value` lines under a `[supercache]` heading, `#` and `;` comments;
/// `[supercache.wal]` and `dir = …` is the same as `wal.dir = …`. Sections of other programs are
/// left alone. Errors: `io_error` if it is no file; `invalid_config` with file and line, also for
/// an option that is given twice, and for a section whose name is nearly one of ours.
SUPERCACHE_API result<options> options_from_file(const std::string& path, options defaults = {});

} // namespace supercache::inline SUPERCACHE_ABI
