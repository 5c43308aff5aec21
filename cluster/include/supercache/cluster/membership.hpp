#pragma once

#include <supercache/cluster/ids.hpp>
#include <supercache/cluster/options.hpp>

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace supercache {

struct membership_options {
  member self;
  std::size_t partitions = 64;
  std::size_t factor = 2;
  replication_mode mode = replication_mode::async;
  /// How long, after its first list, a node waits for the nodes in it before it goes on without.
  std::int64_t bootstrap_ms = 3'000;
  /// Nodes that were not declared may join, so it waits for them even if it knows of none.
  bool open = false;
  /// How long, after the first list, a node that is alone in it waits for a better one.
  std::int64_t alone_ms = 0;
  /// How long a node may be down before others get its partitions; 0 = for ever.
  std::int64_t replace_ms = 60'000;
};

/// What a node says about one partition that it leads or has data of.
struct claim {
  std::uint64_t partition = 0;
  supercache::epoch epoch; ///< the latest epoch it knows of
  bool leads = false;      ///< it is the primary in this epoch
  bool holds = false;      ///< it has data
  member_list members;     ///< the group, as far as it knows
  member_list coming;      ///< of a primary: the copies that it brings up to date
  static constexpr auto fields(auto&& f) {
    return f(&claim::partition, &claim::epoch, &claim::leads, &claim::holds, &claim::members,
             &claim::coming);
  }
  bool operator==(const claim&) const = default;
};
class replica;
/// What a node says about its copy of a partition.
claim claim_of(std::uint64_t partition, const replica& r);

/// What is known about the primary of a partition. A primary that is alive counts, whatever later
/// epoch there was: that epoch's primary may be dead, and no other node may have heard of it.
struct leadership {
  supercache::epoch epoch;
  member primary;       ///< the last one known; its incarnation may be over
  bool current = false; ///< it is up and says that it leads; of several, that in the latest epoch
  member_list members, coming;
  bool operator==(const leadership&) const = default;
};

/// Which nodes there are, what each should have, and what it has, as one node sees it. Pure.
///
/// Every node computes the assignment by itself from the nodes it counts on; only the primary of a
/// partition acts on it (`replica::steer`), so two nodes that see different things cannot pull at
/// the same group. Not thread-safe; owned by one actor.
class membership {
public:
  membership(membership_options o, std::int64_t now);

  // -- what is learned ----------------------------------------------------------------------------

  /// The nodes that should be members, according to the node monitor's source; without this one.
  /// Answers those that are new and those that are gone. Before the first list this node bootstraps
  /// no group; its waiting times count from that list, as if the node had started then.
  struct difference {
    std::vector<std::string> added, removed;
  };
  difference declare(std::vector<std::string> nodes, std::int64_t now);
  /// A node was reached, in this incarnation.
  void node_up(const member& m, std::int64_t now);
  /// It can no longer be reached.
  void node_down(const member& m, std::int64_t now);
  /// A node says goodbye, or this node begins to: it no longer counts. Or it takes that back.
  void node_leaves(const std::string& node, bool leaves = true);
  /// Removes from the declared nodes those that left, cannot be reached, and are in no group that
  /// is known. Answers whether there were any.
  bool forget_left();
  /// All that a node claims, the version of these claims, and the nodes that it knows to be gone.
  void learn_all(const member& from, std::uint64_t version, const std::vector<claim>& cs,
                 const member_list& gone = {});
  /// A changed claim of a node, which makes this version of its claims.
  void learn(const member& from, std::uint64_t version, const claim& c);
  /// Whether all claims of a node are known; every heartbeat says their version. If not, the node
  /// has to be asked.
  bool knows_all(const member& from, std::uint64_t version) const;
  /// A claim of this node; answers the new version of its claims.
  std::uint64_t own(const claim& c);
  std::uint64_t own_version() const noexcept { return own_version_; }
  std::vector<claim> own_claims() const;
  /// Incarnations of nodes that said goodbye and cannot be reached. Other nodes are told, since
  /// they may have missed the goodbye: else they wait for ever for a node that had their vote.
  member_list gone() const;
  /// Grows whenever `gone` may answer something else.
  std::uint64_t gone_version() const noexcept { return gone_version_; }
  /// What depends on time: changes `version()` when something follows from it.
  void tick(std::int64_t now);

  // -- what follows -------------------------------------------------------------------------------

  /// Grows whenever `wanted` may answer something else.
  std::uint64_t version() const noexcept { return version_; }
  /// The nodes that the assignment counts on, in order.
  std::vector<std::string> counted() const;
  /// How many copies of each partition there should be: as many as were asked for, unless fewer
  /// nodes belong to the cluster and stay. It does not matter whether they can be, or ever were,
  /// reached.
  std::size_t copies_due() const;
  /// The members that a partition should have, the preferred primary first; a node that was never
  /// seen has the id 0.
  member_list wanted(std::size_t partition) const;
  /// The initial members of a partition's group, if this node should bootstrap it now.
  std::optional<member_list> to_bootstrap(std::size_t partition, const member& bootstrapper,
                                          std::int64_t now) const;
  /// Whether a group of the partition exists, or may exist: then nothing may be bootstrapped.
  /// `bootstrapper` is the node that had this node's vote to bootstrap it, if any.
  bool group_exists(std::size_t partition, const member& bootstrapper, std::int64_t now) const;
  const leadership& leader_of(std::size_t partition) const { return leaders_[partition]; }

  /// How many partitions would miss this node if it went now. A copy with data may be needed for a
  /// majority until its primary has the node free them, whatever was heard of the group before. The
  /// same is true if this node voted for a node that bootstraps a group and has not said since what
  /// it has: that group may have this node in it. `bootstrappers`: the node that had this vote, for
  /// each partition (`replica::bootstrapper`).
  std::size_t counting_on_self(std::span<const member> bootstrappers) const;
  /// Whether another node is declared that did not leave, and that could take this node's data.
  bool somebody_stays() const;

  /// Incarnations of nodes that can be reached, including this one, in order.
  member_list live() const;
  /// Nodes that are counted on and cannot be reached.
  std::vector<std::string> unreachable() const;
  bool is_live(const member& m) const;
  bool leaving() const noexcept { return leaving_; }
  /// Whether another node said goodbye.
  bool has_left(const std::string& node) const;
  const std::set<std::string>& declared() const noexcept { return declared_; }
  /// Whether there was a list of nodes, or there is none to wait for.
  bool listed() const noexcept { return listed_; }

private:
  struct node {
    member_id id = 0; ///< its present incarnation, as far as is known; 0 = never seen
    bool up = false;
    bool left = false;
    member_id over = 0; ///< the incarnation that said goodbye last, whatever was declared since
    bool told = false;  ///< it said what it claims, in this version
    std::uint64_t version = 0;
    bool replaced = false;
    std::int64_t down_ms = 0; ///< since when, if it is not up
    std::map<std::uint64_t, claim> claims;
  };
  bool counts(const std::string& name, const node& n) const;
  void see_who_leads(std::uint64_t partition);
  void see_what_is_led_by(const member& m);
  bool somebody_holds(std::size_t partition) const;
  /// Whether a node is known, but in another incarnation: this one is over, or was never seen here.
  bool has_other_incarnation(const member& m) const;
  bool may_have_bootstrapped(const member& bootstrapper) const;

  membership_options options_;
  std::int64_t start_ms_;
  bool listed_ = false;
  bool waited_ = false; ///< `bootstrap_ms` are over
  bool leaving_ = false;
  std::set<std::string> declared_;
  std::map<std::string, node> nodes_; ///< without this one
  std::map<std::uint64_t, claim> own_;
  std::uint64_t own_version_ = 0, gone_version_ = 0;
  std::vector<leadership> leaders_;
  std::uint64_t version_ = 1;
};

} // namespace supercache
