#pragma once

#include "common/child.hpp"
#include "control.hpp"
#include "load.hpp"
#include "network.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace supercache::app {

using names = std::vector<std::string>;
using node_options = std::vector<std::pair<std::string, std::string>>;

struct cluster_settings {
  /// How nodes learn of each other. With `file` each node has its own list, which can change; with
  /// `all` each node knows only the first one.
  enum class discovery { peers, file, all };
  names nodes{"a", "b", "c"};
  std::size_t partitions = 8;
  std::size_t factor = 3;
  std::string mode = "sync";
  discovery found_by = discovery::file;
  node_options options; ///< further options for every node
  std::filesystem::path binary;
  std::filesystem::path folder; ///< for logs and lists; must exist
};

/// One partition as one node sees it.
struct partition_view {
  std::optional<std::string> primary;
  std::int64_t epoch = 0, last = 0, commit = 0, records = 0;
  names replicas, coming;
  names lost; ///< members whose incarnation is over or out of reach
};

/// Nodes on this host, each a process, which reach each other through a `network` that can be cut;
/// clients reach them directly. A restarted node has its old name and port and none of its data.
/// All nodes end with this object.
///
/// Thread: one; see `child`. A function throws `error` when it cannot do its work.
class cluster {
public:
  using milliseconds = std::chrono::milliseconds;

  explicit cluster(cluster_settings s);
  ~cluster();
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  const cluster_settings& settings() const noexcept { return settings_; }

  // -- processes ----------------------------------------------------------------------------------

  /// Starts the nodes that do not run, all at once, and waits until they serve.
  void start(const names& who, const node_options& more, milliseconds longest);
  /// Starts a node that must refuse; returns its error text.
  std::string start_refused(const std::string& who, const node_options& more, milliseconds longest);
  void kill(const std::string& who);
  void pause(const std::string& who);
  void resume(const std::string& who);
  /// Sends SIGTERM; the node must end with status 0 in time.
  void stop(const std::string& who, milliseconds longest);
  /// Adds a node to the cluster, or removes one; the others learn of it if they use lists.
  void add(const std::string& who);
  void forget(const std::string& who);
  /// What a node finds in the place of its list of nodes.
  enum class list { whole, gone, garbled, empty };
  void set_discovery(const std::string& who, list l);

  bool knows(const std::string& who) const { return nodes_.contains(who); }
  /// All nodes that were ever added, in order.
  names all() const;
  /// The nodes that run and are not paused.
  names awake() const;
  bool running(const std::string& who) const;
  target where(const std::string& who) const;
  /// Bytes of memory that its process uses.
  std::size_t memory_of(const std::string& who) const;
  std::filesystem::path log_of(const std::string& who) const;

  // -- wires --------------------------------------------------------------------------------------

  /// Sets the flow from each of `from` to each of `to`; and back, unless `one_way`.
  void wire(const names& from, const names& to, flow f, bool one_way);
  void heal() { network_.heal(); }

  // -- what nodes say -----------------------------------------------------------------------------

  value ask(const std::string& who, const std::string& what, const value& argument,
            milliseconds wait);
  std::vector<partition_view> partitions(const std::string& who);
  /// Names of the nodes that it reaches, itself included.
  names members(const std::string& who);
  /// The primary of a partition, according to the awake node that knows the latest epoch.
  std::optional<std::string> primary_of(std::size_t partition);

private:
  struct node {
    std::uint16_t port = 0;
    std::unique_ptr<child> process;
    bool paused = false, serves = false, member = true;
    list found = list::whole;
    std::unique_ptr<app::control> control;
  };
  node& at(const std::string& who);
  const node& at(const std::string& who) const;
  std::vector<std::string> words_for(const std::string& who, const node_options& more);
  std::string peers_of(const std::string& who, const char* separator);
  std::filesystem::path list_of(const std::string& who) const;
  void write_lists();
  void launch(const std::string& who, const node_options& more);
  std::string last_words(const std::string& who) const;

  cluster_settings settings_;
  network network_;
  std::map<std::string, node> nodes_;
};

} // namespace supercache::app
