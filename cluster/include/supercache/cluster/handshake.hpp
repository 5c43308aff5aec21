#pragma once

#include <supercache/cluster/ids.hpp>
#include <supercache/cluster/options.hpp>
#include <supercache/store/wire.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace supercache {

/// The options that must be the same on every node, as names and texts.
using structure = std::vector<std::pair<std::string, std::string>>;

/// What two nodes say to each other first. Version and node come first in every version of it.
///
/// Version 2 added `dialled`, and the item `known_nodes` of frames. Version 3 added the group of
/// the copy that answers a read, and to reports how many logs were given up. Version 4 added to
/// questions how long they may be kept. Version 5 added to replies to vote requests where the
/// voter's log ends, to vote requests in a hand-over for how long votes are counted, and to all
/// claims the nodes that left. Version 6 cuts large frames: it added to headers how much is left,
/// to entries whether they take longer, and the operation `append`.
struct hello {
  static constexpr auto fields(auto&& f) {
    return f(&hello::version, &hello::node, &hello::incarnation, &hello::session, &hello::dialled,
             &hello::structure);
  }
  static constexpr std::uint64_t present_version = 6;
  std::uint64_t version = present_version; ///< of everything that is sent
  node_address node;                       ///< the sender, and where it listens
  std::uint64_t incarnation = 0;           ///< its `member_id`
  std::uint64_t session = 0;               ///< drawn by the node that dials; of all later frames
  std::string dialled;                     ///< the other's name, as it knows it; empty in an answer
  supercache::structure structure;
};

/// What a client has to know of a cluster, as one of its nodes sees it.
struct cluster_view {
  /// A node that can be reached.
  struct node {
    member who;
    node_address at;
    static constexpr auto fields(auto&& f) { return f(&node::who, &node::at); }
  };
  struct partition {
    supercache::epoch epoch;
    member_id primary = 0; ///< 0: none that can be reached
    member_list members;
    static constexpr auto fields(auto&& f) {
      return f(&partition::epoch, &partition::primary, &partition::members);
    }
  };
  std::uint64_t version = hello::present_version; ///< of everything that is sent
  member self;                                    ///< the node that says so
  bool clustered = false;                         ///< whether it is a member of a cluster
  std::string trouble;                            ///< why it leads nobody to a primary; or empty
  std::vector<node> nodes;
  std::vector<partition> partitions;
  supercache::structure structure;
  static constexpr auto fields(auto&& f) {
    return f(&cluster_view::version, &cluster_view::self, &cluster_view::clustered,
             &cluster_view::trouble, &cluster_view::nodes, &cluster_view::partitions,
             &cluster_view::structure);
  }
};
byte_buffer encode_view(const cluster_view& v);
/// Errors: `malformed`; `invalid_config` for another version of the protocol.
result<cluster_view> decode_view(byte_view bytes);

byte_buffer encode_hello(const hello& h);
/// Errors: `malformed`; `invalid_config` for another version of the protocol.
result<hello> decode_hello(byte_view bytes);
/// The node that began a handshake, for people, as far as it can be read; also in another version.
std::string speaker_of(byte_view hello);

/// The options in which other nodes differ from this one, for people. Each option is named once,
/// e.g. `num_partition: 64 here, 32 at b@host:1, c@host:2; mode: sync here, …`.
class differences {
public:
  explicit differences(structure here) : here_(std::move(here)) {}
  /// Compares with the options of one node. An option that only one side knows differs, too.
  void add(const structure& there, const node_address& who);
  bool none() const noexcept { return found_.empty(); }
  /// Errors: `invalid_config` naming all that differs.
  status verdict() const;

private:
  struct difference {
    std::string name, here;
    std::vector<std::pair<std::string, std::string>> others; ///< a text, and the nodes that have it
  };
  void differs(const std::string& name, const std::string& here, const std::string& there,
               const std::string& who);

  structure here_;
  std::vector<difference> found_;
};

/// A reason without the nodes in it, so that a reason that many nodes have is told once.
std::string reason_in(std::string_view message);

/// Whether two nodes may be in one cluster. Errors: `invalid_config` with the reason: another
/// structure, or the same name.
status check_hello(const hello& here, const hello& there);

} // namespace supercache
