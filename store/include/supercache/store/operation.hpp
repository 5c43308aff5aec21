#pragma once

#include <supercache/store/pattern.hpp>
#include <supercache/store/record.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

/// When what begins at a time and lasts for so many milliseconds ends: at the end of time if that
/// is later than can be counted, at its beginning if earlier.
constexpr std::int64_t end_of(std::int64_t begin_ms, std::int64_t lasts_ms) noexcept {
  std::int64_t end = 0;
  if (!__builtin_add_overflow(begin_ms, lasts_ms, &end))
    return end;
  return lasts_ms < 0 ? INT64_MIN : INT64_MAX;
}

/// When an operation happens, in milliseconds since the epoch. The store has no clock: it asks the
/// one it was given, once and only if the time matters, so that an operation without expiry never
/// pays for it. In a replicated log the primary fixes it.
class stamp {
public:
  using clock = std::int64_t (*)();
  explicit stamp(std::int64_t ms) noexcept : ms_(ms) {}
  explicit stamp(clock now) noexcept : now_(now) {}
  std::int64_t ms() const {
    if (now_) {
      ms_ = now_();
      now_ = nullptr;
    }
    return ms_;
  }
  /// The deadline of what is to live for `ttl_ms`; 0 (never) for 0.
  std::int64_t after(std::int64_t ttl_ms) const { return ttl_ms == 0 ? 0 : end_of(ms(), ttl_ms); }
  /// Whether the time of what has this deadline is over. Noted: see `latest_over`.
  bool over(std::int64_t deadline) const {
    if (deadline == 0 || deadline > ms())
      return false;
    if (deadline > latest_over_)
      latest_over_ = deadline;
    return true;
  }
  /// The latest deadline because of which something was not found; 0 if there was none. Who answers
  /// with what was found says by that that the time has come so far.
  std::int64_t latest_over() const noexcept { return latest_over_; }

private:
  mutable clock now_ = nullptr;
  mutable std::int64_t ms_ = 0;
  mutable std::int64_t latest_over_ = 0;
};

/// What kind of structure an operation is meant for. Sent on the wire: never renumber.
enum class space_kind : std::uint8_t { tuples = 0, kv = 1, queue = 2, stack = 3, structs = 4 };
SUPERCACHE_API std::string_view to_string(space_kind k) noexcept;
/// Whether it keeps its data in a table, under keys.
constexpr bool is_table(space_kind k) noexcept {
  return k != space_kind::queue && k != space_kind::stack;
}

/// The structure an operation is meant for: the tuples, or one namespace, queue, stack or type.
struct space {
  space_kind kind = space_kind::tuples;
  std::string name;
  bool operator==(const space&) const = default;
};

/// Every write there is, as plain data. `ttl_ms` 0 = lives for ever.
namespace op {

/// set, ordered_set: store, replacing what has the key. bag: add unless an equal one is there;
/// duplicate_bag: add. Answers nil.
struct put {
  record row;
  std::int64_t ttl_ms = 0;
};
/// Several puts in order. Answers nil.
struct put_many {
  std::vector<record> rows;
  std::int64_t ttl_ms = 0;
};
/// put unless the key has a record. Answers whether it was stored.
struct insert_new {
  record row;
  std::int64_t ttl_ms = 0;
};
/// Removes what has the key. Answers how many went.
struct remove {
  value key;
};
/// Removes and answers what had the key.
struct take {
  value key;
};
/// Replaces elements of the record under `key`; deadline and other elements stay. Answers whether
/// there was one. Not on bags; not the key element.
struct update_element {
  value key;
  std::vector<std::pair<std::uint32_t, value>> changes;
};
/// Adds `step` to the integer at `pos` and answers the sum. Without a record it starts from
/// `initial` if given, else not_found. A `ttl_ms` of 0 keeps the deadline of a record that is
/// there. Not on bags; not the key element; a sum outside 64 bits is an error and changes nothing.
struct update_counter {
  value key;
  std::uint32_t pos = 1;
  std::int64_t step = 1;
  std::optional<record> initial{};
  std::int64_t ttl_ms = 0;
};
/// If the record under `key` equals `expected` (no value: there is none), stores `desired` (no
/// value: removes it). Answers whether it did. Not on bags. A `ttl_ms` of -1 keeps the deadline.
struct compare_exchange {
  value key;
  std::optional<record> expected;
  std::optional<record> desired;
  std::int64_t ttl_ms = 0;
};
/// Gives what has the key another time to live from now; 0 = for ever. Answers how many.
struct expire {
  value key;
  std::int64_t ttl_ms = 0;
};
/// Removes what matches. Answers how many went. Cost: a scan unless the key is literal.
struct remove_match {
  pattern what;
};
/// Removes everything. Answers how many went.
struct clear {};
/// Appends to a queue or stack. Answers its new length.
struct push {
  std::vector<value> items;
};
/// Takes up to `count` from the front of a queue or the top of a stack. Answers them as a list.
struct pop {
  std::uint64_t count = 1;
};
/// Takes all: oldest first from a queue, newest first from a stack. Answers them as a list.
struct drain {};
/// Puts one record in the place of all under its key, and answers whether it did. With
/// `only_if_there` only if there is one, whose deadline it takes over; else it lives for ever.
struct exchange {
  record row;
  bool only_if_there = false;
};
/// What a backup kept of a table, each row with what it had left to live. With `behind` 0 the rows,
/// those of one key one after the other, take the place of all that their keys have. Else all are
/// of one key, which has `behind` before them, and those that are not there yet are added: so that
/// the same again changes nothing. Answers how many rows that is. Errors: `not_found` if fewer are
/// there.
struct restore {
  struct row {
    record what;
    std::int64_t ttl_ms = 0;
    bool operator==(const row&) const = default;
  };
  std::vector<row> rows;
  std::uint64_t behind = 0;
};
/// What a backup kept of a queue or stack, of which `behind` older items come first: those that are
/// not there yet are added. Answers its length. Errors: `not_found` if fewer are there.
struct extend {
  std::vector<value> items;
  std::uint64_t behind = 0;
};
/// Removes everything in the partition, whatever the target. Answers nil.
struct wipe {};

} // namespace op

using operation_body
  = std::variant<op::put, op::put_many, op::insert_new, op::remove, op::take, op::update_element,
                 op::update_counter, op::compare_exchange, op::expire, op::remove_match, op::clear,
                 op::push, op::pop, op::drain, op::exchange, op::restore, op::extend, op::wipe>;

/// One write. Applying the same operations with the same stamps in the same order to equal stores
/// gives equal stores and equal answers.
struct operation {
  space target;
  operation_body body;
};

/// The operation's name, e.g. `"put"`.
std::string_view name_of(const operation_body& body) noexcept;

} // namespace supercache::inline SUPERCACHE_ABI
