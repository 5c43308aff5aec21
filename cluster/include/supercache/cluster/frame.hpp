#pragma once

#include <supercache/cluster/membership.hpp>
#include <supercache/cluster/messages.hpp>
#include <supercache/cluster/quorum_read.hpp>
#include <supercache/store/change.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/result.hpp>

#include <variant>

/// What one node sends another: frames, each a header and any number of items, of all partitions.
/// Encoded as MessagePack, one item after the other; read with bounded trust.
namespace supercache::frame {

/// Before the items, or before a piece of them. Frames of another session are late and are dropped.
///
/// A large frame is cut: each piece has a header of its own, and then some of the bytes that the
/// items take, in order. Between its pieces whole frames may come, which then count as earlier.
struct header {
  std::uint64_t session = 0;
  std::uint64_t received = 0; ///< bytes of this session that arrived here, headers included
  /// Of a piece: how many bytes of the items are missing, with this piece's own. 0: a whole frame.
  std::uint64_t left = 0;
  static constexpr auto fields(auto&& f) {
    return f(&header::session, &header::received, &header::left);
  }
};

/// A heartbeat.
struct heartbeat {
  std::uint64_t claims_version = 0; ///< a node that does not know this version asks for all
  bool leaving = false;
  static constexpr auto fields(auto&& f) {
    return f(&heartbeat::claims_version, &heartbeat::leaving);
  }
};
struct ask_claims {
  static constexpr auto fields(auto&& f) { return f(); }
};
struct all_claims {
  std::uint64_t version = 0;
  std::vector<claim> claims;
  member_list gone; ///< see `membership::gone`
  static constexpr auto fields(auto&& f) {
    return f(&all_claims::version, &all_claims::claims, &all_claims::gone);
  }
};
struct one_claim {
  std::uint64_t version = 0;
  supercache::claim claim;
  static constexpr auto fields(auto&& f) { return f(&one_claim::version, &one_claim::claim); }
};
/// A message of a partition's replica to its counterpart.
struct peer_message {
  std::uint64_t partition = 0;
  message what;
  static constexpr auto fields(auto&& f) {
    return f(&peer_message::partition, &peer_message::what);
  }
};
/// A write, for the primary.
struct request {
  std::uint64_t id = 0; ///< of the attempt
  std::uint64_t partition = 0;
  request_id who;
  operation what;
  static constexpr auto fields(auto&& f) {
    return f(&request::id, &request::partition, &request::who, &request::what);
  }
};
struct reply {
  std::uint64_t id = 0;
  failure why{errc::none, {}};
  position at; ///< of the entry
  value answer;
  static constexpr auto fields(auto&& f) {
    return f(&reply::id, &reply::why, &reply::at, &reply::answer);
  }
};
/// A read.
struct question {
  std::uint64_t id = 0;
  std::uint64_t partition = 0;
  bool at_primary = false; ///< refused by a node that does not lead
  /// A `peek` that finds nothing waits until there may be something, for at most so many
  /// milliseconds.
  std::uint64_t hold_ms = 0;
  query what;
  static constexpr auto fields(auto&& f) {
    return f(&question::id, &question::partition, &question::at_primary, &question::hold_ms,
             &question::what);
  }
};
struct found {
  std::uint64_t id = 0;
  failure why{errc::none, {}};
  standing at; ///< of the copy that answers; its group only if the question was not for the primary
  answer what;
  static constexpr auto fields(auto&& f) {
    return f(&found::id, &found::why, &found::at, &found::what);
  }
};

/// All that listeners of the sender watch; the receiver reports changes from now on.
struct watching {
  std::uint64_t version = 0;
  bool anew = false; ///< the first of a session: it may have missed changes
  std::vector<interest> what;
  static constexpr auto fields(auto&& f) {
    return f(&watching::version, &watching::anew, &watching::what);
  }
};
/// The answer.
struct watched {
  std::uint64_t version = 0;
  static constexpr auto fields(auto&& f) { return f(&watched::version); }
};
/// Of partitions that the sender leads.
struct changes {
  std::vector<transition> what;
  static constexpr auto fields(auto&& f) { return f(&changes::what); }
};

/// With the source `all`: the nodes that the sender can reach and that do not leave. So nodes that
/// left or are down are not passed on for ever.
struct known_nodes {
  std::vector<node_address> nodes;
  static constexpr auto fields(auto&& f) { return f(&known_nodes::nodes); }
};

/// An item of an unknown kind cannot be skipped: a new kind makes a new version of the protocol
/// (`hello`).
using item = std::variant<heartbeat, ask_claims, all_claims, one_claim, peer_message, request,
                          reply, question, found, watching, watched, changes, known_nodes>;

void encode(wire_writer& w, const header& h);
void encode(wire_writer& w, const item& i);
/// The same of a `peer_message`, without a copy of it.
void encode_message(wire_writer& w, std::uint64_t partition, const message& m);
/// Errors show in the reader.
header decode_header(wire_reader& r);
/// An item of a node with so many partitions.
item decode_item(wire_reader& r, std::size_t partitions);

} // namespace supercache::frame
