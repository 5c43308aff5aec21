#pragma once

#include "node.hpp"
#include "plan.hpp"
#include "world.hpp"

#include <supercache/cluster/invariants.hpp>

#include <memory>
#include <set>

namespace sim {

/// Nodes and the network between them.
class cluster {
public:
  cluster(world& w, const plan& p);

  world& w;
  const plan& p;

  // -- the network --------------------------------------------------------------------------------

  /// Delivers a frame to an incarnation of a node, perhaps late, twice or never; `once`: not twice.
  void send(const std::string& from, const std::string& to, member_id incarnation,
            std::function<void(node&)> frame, bool once = false);
  /// Brings a frame of a connection, behind those that were sent before it: once, and while the way
  /// is cut, later.
  void carry(const member& from, const member& to, byte_buffer bytes);
  std::uint64_t new_session() { return ++last_session_; }
  /// Nothing gets from `a` to `b`; nor, unless `one_way`, from `b` to `a`.
  void cut(const std::string& a, const std::string& b, bool one_way = false);
  /// It is chance whether a side notices at once.
  void break_between(const std::string& a, const std::string& b);
  void heal(const std::string& a, const std::string& b);
  void heal_all();
  bool is_cut(const std::string& from, const std::string& to) const;
  /// Whether a connection can be made: that needs both directions.
  bool meet(const std::string& a, const std::string& b) const {
    return !is_cut(a, b) && !is_cut(b, a);
  }
  unsigned lossy = 100; ///< how much of the plan's losses is in force, in percent

  /// Whether a message is kept back; `frame` brings it, once the epoch or the group of its
  /// partition has changed.
  bool hold(std::size_t partition, const message& m, const std::string& from, const std::string& to,
            member_id incarnation, std::function<void(node&)> frame);
  /// The epoch, or the group, of a partition changed somewhere.
  void changed(std::size_t partition);
  /// Everything that is kept back arrives; while `lossy` is 0, nothing else is kept back.
  void release_all();

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

  // -- from above, as nobody within can see it ---------------------------------------------------

  /// The node that leads a partition in the latest epoch; nullptr if none does.
  node* leader(std::size_t partition);
  /// Whether every partition would survive the loss of this node's memory.
  bool can_lose(const std::string& name);
  /// Whether all partitions have the primary and the members that they should have, and are equal
  /// everywhere; if not, why.
  bool settled(std::string* why);

  /// A node has begun to lead a partition in a new epoch.
  void look_for_split(std::size_t partition, node& n);
  /// Whether a node ever began to lead a partition without reaching another that led it, too, or
  /// had entries that it lacked. Frames that are lost or late bring that about without any cut.
  bool was_split() const noexcept { return split_; }

  std::vector<partition_watch> watches;
  /// Called when a node begins to lead, and when a primary has begun to change the group.
  std::function<void(const std::string&)> on_epoch, on_change;
  /// Sync: what a primary has just committed must be in memory of a majority of its group, in
  /// copies that are whole; incarnations that are over count as they were.
  void check_commit(std::size_t partition, node& n);
  /// With `deep`, copies are compared after every step: the data at every position of the log.
  void compare_data(std::size_t partition, node& n);
  bool deep = false;

  /// A node learns that the connection to another broke, or, if `dead`, that its process is gone.
  void notice_soon(const std::string& who, const member& other, bool dead);

private:
  std::vector<std::string> names_, declared_;
  std::map<std::string, std::unique_ptr<node>> nodes_;
  std::vector<std::unique_ptr<node>> dead_;            ///< events may still refer to them
  std::set<std::pair<std::string, std::string>> cuts_; ///< from, to
  struct kept {
    std::size_t partition = 0;
    std::string from, to;
    member_id incarnation = 0;
    std::function<void(node&)> frame;
    std::size_t changes = 1; ///< until it arrives
  };
  void arrive(const kept& k, std::int64_t delay_us);
  std::vector<kept> held_;
  struct parcel {
    member from, to;
    byte_buffer bytes;
  };
  using way = std::pair<std::string, std::string>; ///< from, to
  void move_on(const way& w, std::int64_t delay_us);
  std::map<way, std::deque<parcel>> on_way_;
  std::uint64_t last_session_ = 0;
  member_id next_incarnation_ = 1;
  bool split_ = false;
  std::map<std::pair<std::size_t, position>, std::pair<std::uint64_t, std::string>> data_;
};

} // namespace sim
