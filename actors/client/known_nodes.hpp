#pragma once

#include <supercache/cluster/handshake.hpp>
#include <supercache/cluster/requests.hpp>
#include <supercache/interfaces.hpp>
#include <supercache/stats.hpp>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace supercache::detail {

/// What a client begins with: the nodes that people named, and what the first one to answer said.
struct acquaintance {
  std::vector<node_address> named;
  node_address at;
  service_actor node;
  cluster_view view;
};

/// Reads `host:port`, also with a name before it. Errors: `invalid_argument`.
result<node_address> client_address(const std::string& text);

/// The nodes of a cluster as a client knows them, how each is reached, and where data is.
///
/// Of each partition it believes what was said of the latest epoch. It asks again once a second,
/// and at once when a request fails for now; a node after the other, so one that hangs keeps nobody
/// from learning of its successor. Thread: any.
class known_nodes final : public surroundings {
public:
  explicit known_nodes(const acquaintance& first);

  // -- who is to be dialled, and asked ------------------------------------------------------------
  /// Who is to be dialled now. Each one is dialled once, until `reached` or `failed`.
  std::vector<node_address> to_dial(std::int64_t now);
  /// Who dialled is gone: nobody will be `reached` by it.
  void forget_dialling();
  /// Who is to be asked now where data is, if that is due and anybody is connected; else null.
  service_actor to_ask(std::int64_t now);
  /// Something failed: where data is may have changed.
  void doubt() noexcept { doubtful_ = true; }

  // -- what is learned ----------------------------------------------------------------------------
  /// Whether a node belongs to this cluster. Errors: `invalid_config`, `malformed`.
  status check(const cluster_view& v) const;
  /// A node answered, and `endpoint` takes what it says. Answers false, and keeps neither, if it is
  /// connected already, or nobody wants to know.
  bool reached(const node_address& at, const member& who, const service_actor& node,
               const caf::actor& endpoint);
  /// Answers whether the reason is another one than before.
  bool failed(const node_address& at, const failure& why, std::int64_t now);
  /// The node that was taken for the primary of a partition is not.
  void disbelieve(std::size_t partition);
  /// The connection to a node broke. Answers what took its answers, if it was connected.
  caf::actor lost(member_id id);
  /// @pre check(v)
  void told(const cluster_view& v);
  /// Forgets all; answers what took their answers.
  std::vector<caf::actor> clear();

  // -- what is known ------------------------------------------------------------------------------
  struct line {
    service_actor node;
    caf::actor endpoint;
  };
  /// How a node is reached; null if it is not connected.
  line line_to(member_id id) const;
  /// Any node that is connected; 0 if none is.
  std::pair<member_id, service_actor> anybody() const;
  /// Null while it is not connected.
  service_actor node_at(const std::string& address) const;
  partition_place place_of(std::size_t partition) const;
  /// Fills in what the nodes are.
  void describe(supercache::cluster_stats& out) const;
  cluster_view look() const;

  // As `surroundings` says: a client has no copy.
  bool leads(std::size_t) const override { return false; }
  bool serves(std::size_t) const override { return false; }
  bool lags(std::size_t) const override { return false; }
  member_id primary_of(std::size_t partition) const override;
  member_list members_of(std::size_t partition) const override;
  bool reaches(member_id id) const override;
  std::int64_t round_trip_ms(member_id) const override { return 0; }
  std::string name_of(member_id id) const override;
  failure no_primary(std::size_t partition) const override;

private:
  /// A node, as far as it is known.
  struct contact {
    node_address at;
    member who{};
    bool named = false;    ///< by people
    service_actor node{};  ///< null: not connected
    caf::actor endpoint{}; ///< takes the node's answers
    bool dialling = false;
    std::int64_t next_ms = 0, pause_ms = 0;
    std::string refused{}; ///< why it could not be reached last
  };
  // Under the lock:
  contact* find(const node_address& at);
  const contact* connected(member_id id) const;
  void meet(const cluster_view& v);

  const structure structure_; ///< of the cluster
  std::atomic<bool> doubtful_{false};
  mutable std::mutex lock_; ///< of all below
  std::vector<contact> contacts_;
  std::string trouble_; ///< as a node said last
  std::vector<cluster_view::partition> partitions_;
  std::size_t asked_ = 0; ///< whose turn it was
  std::int64_t next_look_ms_ = 0;
  bool over_ = false;
};

} // namespace supercache::detail
