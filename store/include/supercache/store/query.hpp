#pragma once

#include <supercache/store/operation.hpp>
#include <supercache/store/wire.hpp>

#include <variant>
#include <vector>

namespace supercache {

/// Every read there is that can be asked of another node, as plain data; the counterpart of `op`.
/// What each answers stands in which member of `answer`.
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
/// A page of a walk; begins with nil. → `rows`, one group; `one`, where the next page begins, nil
/// at the end.
struct page {
  value from;
};
/// The item that would come out next. → `one`, a list of it, or an empty one.
struct peek {};
/// Milliseconds a key has left to live. → `one`, nil if there is no such key, -1 for ever.
struct ttl {
  value key;
};
/// Names in use of the target's kind. → `one`, a list.
struct names {};
/// Size of the partition. → `one`, a list of records in the tuples and bytes in all.
struct size {};
/// As `match`, but no more than `limit`; of an ordered_set the first.
struct match_some {
  pattern what;
  bool bind = false;
  std::uint64_t limit = 0;
};
/// How many records match. → `one`, an integer.
struct count_match {
  pattern what;
};

} // namespace ask

using query_body = std::variant<ask::get, ask::match, ask::range, ask::count, ask::page, ask::peek,
                                ask::ttl, ask::names, ask::size, ask::match_some, ask::count_match>;

/// One read.
struct query {
  space target;
  query_body body;
};

/// What a query found; which members say something depends on the query.
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
