#pragma once

#include <supercache/store/operation.hpp>
#include <supercache/store/wire.hpp>

#include <variant>
#include <vector>

namespace supercache {

/// Every read that another node can be asked for, as plain data; the counterpart of `op`. The arrow
/// shows which member of `answer` has the result.
namespace ask {

/// All records under each key. → `rows`, one group per key.
struct get {
  std::vector<value> keys;
};
/// The records that match. → `rows`, one group; with `bind` what the variables bind → `found`.
struct match {
  pattern what;
  bool bind = false;
};
/// Records with keys from `low` to `high`, both included. → `rows`, one group.
struct range {
  value low, high;
};
/// How many records, or items of a queue or stack. → `one`, an integer.
struct count {};
/// A page of a walk, which begins with nil: about `most` records (0: as many as the store chooses)
/// whose keys are strings with this prefix, or any keys if it is empty. `keys_only`: a record of
/// each key alone. → `rows`, one group; `one`, where the next page begins, nil at the end.
struct page {
  value from;
  std::string prefix;
  std::uint64_t most = 0;
  bool keys_only = false;
};
/// The item that would come out next. → `one`, a list of it, or an empty one.
struct peek {};
/// Milliseconds that a key has left to live. → `one`, nil if there is no such key, -1 for ever.
struct ttl {
  value key;
};
/// Names in use of the target's kind, in their order: at most `most`, with this prefix, and above
/// `from` unless that is nil. → `one`, a list.
struct names {
  value from;
  std::string prefix;
  std::uint64_t most = 0;
};
/// Size of the partition. → `one`, a list of records in the tuples and bytes in all.
struct size {};
/// As `match`, but at most `limit` records; of an ordered_set the first.
struct match_some {
  pattern what;
  bool bind = false;
  std::uint64_t limit = 0;
};
/// How many records match. → `one`, an integer.
struct count_match {
  pattern what;
};
/// A part, of about `budget` bytes, of the partition as it was when part 0 was requested under this
/// `id`, which the caller draws at random. A number may be requested again until the next one was.
/// → `one`, a list: whether it is the last part, how many records and items it has, blocks in the
/// form of a backup, and the time of that moment. The number `over` ends the requests. → nothing
struct snapshot {
  static constexpr std::uint64_t over = UINT64_MAX;
  std::uint64_t id = 0;
  std::uint64_t number = 0;
  std::uint64_t budget = 0;
};

} // namespace ask

using query_body
  = std::variant<ask::get, ask::match, ask::range, ask::count, ask::page, ask::peek, ask::ttl,
                 ask::names, ask::size, ask::match_some, ask::count_match, ask::snapshot>;

/// One read.
struct query {
  space target;
  query_body body;
};

/// The result of a query; which members are set depends on the query.
struct answer {
  value one;
  std::vector<std::vector<record>> rows;
  std::vector<bindings> found;
  bool operator==(const answer&) const = default;
};

void write(wire_writer& w, const query& q);
void write(wire_writer& w, const answer& a);
/// Errors show in the reader.
query read_query(wire_reader& r);
answer read_answer(wire_reader& r);

} // namespace supercache
