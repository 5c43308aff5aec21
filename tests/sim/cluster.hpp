#pragma once

#include "node.hpp"
#include "world.hpp"

#include <supercache/cluster/invariants.hpp>

#include <memory>
#include <set>

namespace sim {

/// How a run goes; drawn from its seed.
struct plan {
  replication_mode mode = replication_mode::sync;
  table_type type = table_type::set;
  std::size_t nodes = 3;      ///< at the beginning
  std::size_t more_nodes = 0; ///< that may join later
  std::size_t factor = 3;
  std::size_t partitions = 1;
  std::size_t log_bytes = 4096; ///< small, so that transfers are needed
  std::int64_t delay_us = 300;  ///< of a frame, on average
  unsigned drop_percent = 0, duplicate_percent = 0, reorder_percent = 0;
  bool crashes = false, cuts = false, pauses = false, joins = false;
  std::int64_t skew_ms = 0;        ///< the clocks differ by up to this
  unsigned stray_percent = 0;      ///< of what is reordered: comes seconds later
  std::size_t entry_bytes = 2'000; ///< sent at once, at least
  std::size_t piece_bytes = 200;   ///< of a transfer; with few, one takes long
  std::int64_t down_ms = 1'500;    ///< without a frame, until a peer is taken to be gone
  bool hunt = false;               ///< new primaries are cut off at once
  std::int64_t stagger_ms = 60;    ///< between campaigns; with little, many ask at once
  std::int64_t replace_ms = 0;     ///< until a node that is down is replaced; 0: never
  std::size_t calm_ms = 2'500;     ///< the most between two misfortunes
  std::int64_t chaos_ms = 20'000;
  std::string text() const;
};
plan draw(replication_mode mode, dice& d);

/// Nodes and the network between them.
class cluster {
public:
  cluster(world& w, const plan& p);

  world& w;
  const plan& p;

  // -- the network --------------------------------------------------------------------------------

  /// Delivers a frame to a life of a node, perhaps late, twice or never; `once`: not twice.
  void send(const std::string& from, const std::string& to, member_id life,
            std::function<void(node&)> frame, bool once = false);
  void cut(const std::string& a, const std::string& b);
  /// Whether a side notices at once is chance.
  void break_between(const std::string& a, const std::string& b);
  void heal(const std::string& a, const std::string& b);
  void heal_all();
  bool is_cut(const std::string& a, const std::string& b) const;
  unsigned lossy = 100; ///< how much of the plan's losses is in force, in percent

  // -- the nodes ----------------------------------------------------------------------------------

  const std::vector<std::string>& names() const noexcept { return names_; }
  node* alive(const std::string& name);
  void start(const std::string& name);
  void crash(const std::string& name);
  void pause(const std::string& name);
  void resume(const std::string& name);
  /// The nodes that are declared everywhere.
  void declare(std::vector<std::string> names);
  const std::vector<std::string>& declared() const noexcept { return declared_; }

  // -- from above, as nobody within can see it
  // ------------------------------------------------------

  /// The node that leads a partition in the latest reign, nullptr if nobody does.
  node* leader(std::size_t partition);
  /// The node that has the furthest log of a partition: it knows of every change of its group that
  /// may be committed. nullptr if there is none.
  node* furthest(std::size_t partition);
  /// Whether every partition would survive the loss of this node's memory.
  bool can_lose(const std::string& name);
  /// Whether all partitions are led, by whom and with whom they should be, and equal everywhere; if
  /// not, why.
  bool settled(std::string* why);

  std::vector<partition_watch> watches;
  /// Called when a node begins to lead.
  std::function<void(const std::string&)> on_reign;
  /// Sync: what a primary has just committed must be in memory of a majority of its group, in
  /// copies that are whole; lives that are over count as they were.
  void check_commit(std::size_t partition, node& n);
  /// With `deep`, copies are compared after every step: the data at every position of the log.
  void compare_data(std::size_t partition, node& n);
  bool deep = false;

  /// A node learns that the connection to another broke, or, if `dead`, that its process is gone.
  void notice_soon(const std::string& who, const member& other, bool dead);

private:
  std::vector<std::string> names_, declared_;
  std::map<std::string, std::unique_ptr<node>> nodes_;
  std::vector<std::unique_ptr<node>> dead_; ///< events may still refer to them
  std::set<std::pair<std::string, std::string>> cuts_;
  member_id next_life_ = 1;
  std::map<std::pair<std::size_t, position>, std::pair<std::uint64_t, std::string>> data_;
};

} // namespace sim
