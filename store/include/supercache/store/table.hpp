#pragma once

#include <supercache/store/change.hpp>
#include <supercache/store/deadlines.hpp>
#include <supercache/store/operation.hpp>
#include <supercache/store/records.hpp>
#include <supercache/store/table_type.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace supercache {

class ledger;
class leftovers;
namespace shelf {
class hashed;
struct cursor;
enum class width : std::uint8_t;
} // namespace shelf

/// Which records a page has: see `table::next_page`.
struct page_limits {
  std::string_view prefix{};
  std::size_t most = 0;
  bool keys_only = false;
};

/// Records under keys: one partition's tuples, one namespace, or one struct type.
///
/// Thread: any number at once. Operations on one key are atomic and totally ordered; `get` on a set
/// takes no lock and writes no shared memory. Walks (`match`, `scan`, `each`, `remove_match`) hold
/// nothing for longer than some hundred records: every record that is there during the whole walk
/// is met exactly once, one that is stored or removed meanwhile may or may not be met.
///
/// Expired records are invisible at once; `reclaim_expired` frees them.
///
/// Memory of an empty table: some 300 bytes if it began narrow, else 128 per stripe.
///
/// `hash` parameters are `supercache::hash(key)`, which callers already have.
/// @pre every record stored has more than `key_pos` elements.
class table : private due_table {
public:
  /// `stripes`: how many writers can work side by side, a power of two, at most 512. `where`: the
  /// space named in reports of changes. `due`: where the table registers its earliest deadline, if
  /// not nullptr; outlives it. `left`: where it leaves what it had when it is cleared; likewise.
  /// With nullptr that is freed at once.
  table(table_type type, std::size_t key_pos, std::size_t stripes, space where = {});
  table(table_type type, std::size_t key_pos, std::size_t stripes, shelf::width begin, space where,
        deadlines* due, leftovers* left = nullptr);
  ~table();

  table_type type() const noexcept { return type_; }
  std::size_t key_pos() const noexcept { return key_pos_; }
  const space& where() const noexcept { return where_; }
  /// The shelf of a `set`, for its shortcut; else nullptr.
  const shelf::hashed* as_set() const noexcept { return hashed_; }
  bool holds_many() const noexcept {
    return type_ == table_type::bag || type_ == table_type::duplicate_bag;
  }

  /// Reports to `to`, which outlives the table, every change that is not done when this returns;
  /// nullptr: no reports. Not reported: what `restore` does. Thread: any, one at a time.
  void tell(change_sink* to);

  // -- writes; what they mean stands at `op` ----------------------------------------------------
  void put(record row, std::uint64_t hash, std::int64_t ttl_ms, const stamp& now);
  /// `hashes[i]` belongs to `rows[i]`. Overlaps the cache misses of several rows.
  void put_many(std::span<record> rows, std::span<const std::uint64_t> hashes, std::int64_t ttl_ms,
                const stamp& now);
  /// Adds a record as it was, with its deadline, after those that a bag already has under its key.
  void restore(record row, std::uint64_t hash, std::int64_t deadline_ms);
  /// Restores the records of one key, as `op::restore` says.
  status put_back(std::span<const op::restore::row> rows, std::uint64_t hash, std::uint64_t behind,
                  const stamp& now);
  bool insert_new(record row, std::uint64_t hash, std::int64_t ttl_ms, const stamp& now);
  /// When `exchange` stores.
  enum exchange_mode : bool { always, only_if_there };
  /// Replaces all records under the key by this one; answers whether it was stored. With
  /// `only_if_there` it takes over the deadline, otherwise it has none.
  bool exchange(record row, std::uint64_t hash, exchange_mode mode, const stamp& now);
  std::size_t remove(const value& key, std::uint64_t hash, const stamp& now);
  std::vector<record> take(const value& key, std::uint64_t hash, const stamp& now);
  result<bool> update_element(const op::update_element& u, std::uint64_t hash, const stamp& now);
  result<std::int64_t> update_counter(const op::update_counter& u, std::uint64_t hash,
                                      const stamp& now);
  result<bool> compare_exchange(const op::compare_exchange& u, std::uint64_t hash,
                                const stamp& now);
  result<std::int64_t> append(const op::append& u, std::uint64_t hash, const stamp& now);
  /// Whether an append to a missing record makes it, in a table of this kind.
  static bool starts_record(const op::append& u, space_kind kind, std::size_t key_pos) noexcept;
  std::size_t expire(const value& key, std::uint64_t hash, std::int64_t ttl_ms, const stamp& now);
  std::size_t remove_match(const compiled_pattern& p, const stamp& now);
  /// Cost: O(stripes + what has expired and is not yet reclaimed), with each lock held for O(1).
  /// While changes are reported: O(records), with a lock for the records of one key at a time.
  std::size_t clear(const stamp& now);

  // -- reads ------------------------------------------------------------------------------------
  records get(const value& key, std::uint64_t hash, const stamp& now) const;
  /// Starts loading what `get` will touch first, and, some 50 ns later, what it will touch next:
  /// for callers that look up many keys. @pre under a `reclaim::pin`
  void prefetch(std::uint64_t hash) const noexcept;
  void prefetch_found(std::uint64_t hash) const noexcept;
  /// `out[i]` becomes the records of `keys[i]`. Overlaps the cache misses of several keys.
  void get_many(std::span<const value> keys, std::span<const std::uint64_t> hashes,
                std::span<records> out, const stamp& now) const;
  /// Calls `found(record)` for what matches, without the table's locks held. A literal key costs
  /// one lookup; an ordered_set visits only the range of keys that can match.
  /// Ends when `limit` were found.
  void match(const compiled_pattern& p, const stamp& now, const std::function<void(record)>& found,
             std::size_t limit = SIZE_MAX) const;
  /// Like `match`, with the values bound.
  void match_bindings(const compiled_pattern& p, const stamp& now,
                      const std::function<void(bindings)>& found,
                      std::size_t limit = SIZE_MAX) const;
  /// How many records match.
  std::size_t count_match(const compiled_pattern& p, const stamp& now) const;
  /// Calls `visit(record)` for every live record, in key order for an ordered_set, until it
  /// answers false. No lock is held during the calls.
  void each(const stamp& now, const std::function<bool(const record&)>& visit) const;
  /// The same for keys from `range`. Only an ordered_set avoids visiting the others.
  void each_in(const key_range& range, const stamp& now,
               const std::function<bool(const record&)>& visit) const;

  /// A walk in pages, for callers far away: appends the next live records to `out` and answers
  /// where the page after them begins, nil at the end. Begin with nil. Errors: `invalid_argument`
  /// for a `from` that no page answered.
  result<value> next_page(const value& from, const stamp& now, std::vector<record>& out) const;

  /// A page of those keys that are strings with this prefix, or of all if it is empty, of about
  /// `most` records, up to a chunk more, or fewer where many others come between or they are large.
  /// An ordered_set does not visit the others. `keys_only`: a record of each key alone, once.
  result<value> next_page(const value& from, const page_limits& which, const stamp& now,
                          std::vector<record>& out) const;

  /// The next chunk of a walk: calls `visit` for its records, expired ones included, all of a key
  /// one after the other. Holds the lock of the place, or no lock that a change would wait for.
  /// Answers false at the end.
  bool walk(shelf::cursor& at, const std::function<void(const record&)>& visit) const;
  bool covers(const shelf::cursor& at, const value& key, std::uint64_t hash) const;

  /// Whether the pages before the one that begins at `from` covered the place of this key. `from`
  /// may come from another table with as many stripes. False for a `from` that no page answered.
  bool covers(const value& from, const value& key, std::uint64_t hash) const;

  /// Live records. Cost: O(stripes + what has expired and is not yet reclaimed).
  std::size_t count(const stamp& now) const;
  /// Records, including those that have expired and are not yet reclaimed. Cost: O(stripes).
  std::size_t stored() const;
  /// Memory of records and index, in bytes.
  std::size_t bytes() const;

  /// Frees up to `budget` expired records; answers how many. Cost: O(stripes + freed · log n).
  std::size_t reclaim_expired(std::int64_t now_ms, std::size_t budget);
  /// The earliest deadline of any record, INT64_MAX if there is none.
  std::int64_t next_deadline() const;
  /// Registers the earliest deadline with `due`, after `due` has taken the table out.
  void register_deadline();

private:
  friend class deadlines;
  struct shelves;
  template <class Shelf>
  struct shelf_of;
  struct notice;
  void expect(std::int64_t deadline_ms) noexcept;
  template <class F>
  auto on_shelf(F&& f) const;
  template <class Shelf, class F>
  auto change(Shelf& s, const value& key, std::uint64_t hash, const stamp& now, F&& f);
  template <class Shelf, class Wanted>
  std::size_t remove_under(Shelf& s, const value& key, const stamp& now, Wanted&& wanted);
  template <class Shelf, class Wanted>
  std::size_t remove_where(Shelf& s, const key_range& range, const stamp& now, Wanted&& wanted);
  template <class Shelf>
  std::size_t clear_told(Shelf& s, const stamp& now);
  template <class Shelf>
  void put_one(Shelf& s, record row, std::uint64_t hash, const stamp& now);

  table_type type_;
  std::size_t key_pos_;
  std::atomic<change_sink*> told_{nullptr};
  space where_;
  deadlines* due_;
  leftovers* left_;
  std::unique_ptr<shelves> shelves_;
  shelf::hashed* hashed_ = nullptr; ///< the shelf of a `set`: the shortcut to it
};

} // namespace supercache
