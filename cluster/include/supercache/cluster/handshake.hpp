#pragma once

#include <supercache/cluster/options.hpp>
#include <supercache/store/wire.hpp>

#include <string>
#include <utility>
#include <vector>

namespace supercache {

/// The options that must be the same on every node, as names and texts.
using structure = std::vector<std::pair<std::string, std::string>>;

/// What two nodes say to each other first. Version and node come first in every version of it.
///
/// Version 2 added `dialled` and the item `known_nodes` of frames; version 3 the group of who
/// answers a read, and to reports how many logs were given up; version 4 to questions how long they
/// may be kept.
struct hello {
  static constexpr std::uint64_t present_version = 4;
  std::uint64_t version = present_version; ///< of everything that is sent
  node_address node;                       ///< who speaks, and where it listens
  std::uint64_t life = 0;                  ///< its `member_id`
  std::uint64_t session = 0;               ///< drawn by who dials; of all frames that follow
  std::string dialled; ///< by what name it knows whom it greets; empty in an answer
  supercache::structure structure;
};

byte_buffer encode_hello(const hello& h);
/// Errors: `malformed`; `invalid_config` for another version of the protocol.
result<hello> decode_hello(byte_view bytes);
/// Who greets, for people, as far as it can be read; also in another version.
std::string speaker_of(byte_view hello);

void write(wire_writer& w, const node_address& a);
/// Errors show in the reader.
node_address read_node_address(wire_reader& r);

/// One sentence part for each option that differs, e.g. `num_partition: 64 here, 32 at b`.
std::vector<std::string> differences(const structure& here, const structure& there,
                                     const std::string& who);
/// Whether the two may be in one cluster. Errors: `invalid_config` with the reason: another
/// structure, or the same name.
status check_hello(const hello& here, const hello& there);

} // namespace supercache
