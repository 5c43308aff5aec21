#pragma once

#include <supercache/store/operation.hpp>

#include <variant>
#include <vector>

namespace supercache {
class wire_reader;
class wire_writer;
} // namespace supercache

namespace supercache::inline SUPERCACHE_ABI {

/// Every read that another node can be asked for, as plain data; the counterpart of `op`. The arrow
/// shows which member of `answer` has the result.
namespace ask {

/// All records under each key. → `rows`, one group per key.
struct get {
  std::vector<value> keys;
  static constexpr query_description about{0, "get", spaces::tables};
  static constexpr auto fields(auto&& f) { return f(&get::keys); }
};
/// The records that match. → `rows`, one group; with `bind` what the variables bind → `found`.
struct match {
  pattern what;
  bool bind = false;
  static constexpr query_description about{1, "match", spaces::tables, takes::longer};
  static constexpr auto fields(auto&& f) { return f(&match::what, &match::bind); }
};
/// Records with keys from `low` to `high`, both included. → `rows`, one group.
struct range {
  value low, high;
  static constexpr query_description about{2, "range", spaces::tables, takes::longer};
  static constexpr auto fields(auto&& f) { return f(&range::low, &range::high); }
};
/// How many records, or items of a queue or stack. → `one`, an integer.
struct count {
  static constexpr query_description about{3, "count", spaces::every};
  static constexpr auto fields(auto&& f) { return f(); }
};
/// A page of a walk, which begins with nil: about `most` records (0: as many as the store chooses)
/// whose keys are strings with this prefix, or any keys if it is empty. `keys_only`: a record of
/// each key alone. → `rows`, one group; `one`, where the next page begins, nil at the end.
struct page {
  value from;
  std::string prefix;
  std::uint64_t most = 0;
  bool keys_only = false;
  static constexpr query_description about{4, "page", spaces::tables, takes::longer};
  static constexpr auto fields(auto&& f) {
    return f(&page::from, &page::prefix, &page::most, &page::keys_only);
  }
};
/// The item that would come out next. → `one`, a list of it, or an empty one.
struct peek {
  static constexpr query_description about{5, "peek", spaces::queues};
  static constexpr auto fields(auto&& f) { return f(); }
};
/// Milliseconds that a key has left to live. → `one`, nil if there is no such key, -1 for ever.
struct ttl {
  value key;
  static constexpr query_description about{6, "ttl", spaces::tables};
  static constexpr auto fields(auto&& f) { return f(&ttl::key); }
};
/// Names in use of the target's kind, in their order: at most `most`, with this prefix, and above
/// `from` unless that is nil. → `one`, a list.
struct names {
  value from;
  std::string prefix;
  std::uint64_t most = 0;
  static constexpr query_description about{7, "names", spaces::every, takes::longer};
  static constexpr auto fields(auto&& f) { return f(&names::from, &names::prefix, &names::most); }
};
/// Size of the partition. → `one`, a list of records in the tuples and bytes in all.
struct size {
  static constexpr query_description about{8, "size", spaces::tables};
  static constexpr auto fields(auto&& f) { return f(); }
};
/// As `match`, but at most `limit` records; of an ordered_set the first.
struct match_some {
  pattern what;
  bool bind = false;
  std::uint64_t limit = 0;
  static constexpr query_description about{9, "match_some", spaces::tables, takes::longer};
  static constexpr auto fields(auto&& f) {
    return f(&match_some::what, &match_some::bind, &match_some::limit);
  }
};
/// How many records match. → `one`, an integer.
struct count_match {
  pattern what;
  static constexpr query_description about{10, "count_match", spaces::tables, takes::longer};
  static constexpr auto fields(auto&& f) { return f(&count_match::what); }
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
  static constexpr query_description about{11, "snapshot", spaces::partition, takes::longer};
  static constexpr auto fields(auto&& f) {
    return f(&snapshot::id, &snapshot::number, &snapshot::budget);
  }
};

} // namespace ask

using query_body
  = std::variant<ask::get, ask::match, ask::range, ask::count, ask::page, ask::peek, ask::ttl,
                 ask::names, ask::size, ask::match_some, ask::count_match, ask::snapshot>;
static_assert(detail::alternatives<query_body>::are_coded_in_order());

/// Whether the answer takes longer the more data the space has.
bool is_long(const query_body& body) noexcept;

/// One read.
struct query {
  space target;
  query_body body;
  static constexpr auto fields(auto&& f) { return f(&query::target, &query::body); }
};

/// The result of a query; which members are set depends on the query.
struct answer {
  value one;
  std::vector<std::vector<record>> rows;
  std::vector<bindings> found;
  static constexpr auto fields(auto&& f) { return f(&answer::one, &answer::rows, &answer::found); }
  bool operator==(const answer&) const = default;
};

} // namespace supercache::inline SUPERCACHE_ABI

namespace supercache {

/// Code, target, fields.
void encode(wire_writer& w, const query& q);
void decode(wire_reader& r, query& q);

} // namespace supercache
