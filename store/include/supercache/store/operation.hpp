#pragma once

#include <supercache/store/description.hpp>
#include <supercache/store/pattern.hpp>
#include <supercache/store/record.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

/// The end of something that begins at `begin_ms` and lasts for `lasts_ms`: the end of time if that
/// is later than can be counted, the beginning of time if earlier.
constexpr std::int64_t end_of(std::int64_t begin_ms, std::int64_t lasts_ms) noexcept {
  std::int64_t end = 0;
  if (!__builtin_add_overflow(begin_ms, lasts_ms, &end))
    return end;
  return lasts_ms < 0 ? INT64_MIN : INT64_MAX;
}

/// When an operation happens, in milliseconds since the epoch. The store has no clock: it asks the
/// given one, once and only if the time matters, so that an operation without expiry never pays for
/// it. In a replicated log the primary fixes the time.
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
  /// The deadline of a record that lives for `ttl_ms`; 0 (never) for 0.
  std::int64_t after(std::int64_t ttl_ms) const { return ttl_ms == 0 ? 0 : end_of(ms(), ttl_ms); }
  /// Whether this deadline has passed. Noted: see `latest_over`.
  bool over(std::int64_t deadline) const {
    if (deadline == 0 || deadline > ms())
      return false;
    if (deadline > latest_over_)
      latest_over_ = deadline;
    return true;
  }
  /// The latest deadline because of which something was not found; 0 if there was none. An answer
  /// based on that implies that this time has come.
  std::int64_t latest_over() const noexcept { return latest_over_; }

private:
  mutable clock now_ = nullptr;
  mutable std::int64_t ms_ = 0;
  mutable std::int64_t latest_over_ = 0;
};

/// The kind of structure that an operation is for. Sent on the wire: never renumber.
enum class space_kind : std::uint8_t { tuples = 0, kv = 1, queue = 2, stack = 3, structs = 4 };
SUPERCACHE_API std::string_view to_string(space_kind k) noexcept;
/// Whether this kind keeps its data in a table, under keys.
constexpr bool is_table(space_kind k) noexcept {
  return k != space_kind::queue && k != space_kind::stack;
}

/// The structure that an operation is for: the tuples, or one namespace, queue, stack or type.
struct space {
  space_kind kind = space_kind::tuples;
  std::string name;
  static constexpr auto fields(auto&& f) { return f(&space::kind, &space::name); }
  bool operator==(const space&) const = default;
};

/// Most memory of a record that `op::append` has made longer, nested values included: no more than
/// one message between nodes can carry, or it could not be copied.
inline constexpr std::size_t max_grown_bytes = max_string_bytes + (std::size_t{32} << 20);

/// Every kind of write, as plain data. `ttl_ms` 0 = lives for ever.
namespace op {

/// set, ordered_set: store, replacing what has the key. bag: add unless an equal one is there;
/// duplicate_bag: add. Answers nil.
struct put {
  record row;
  std::int64_t ttl_ms = 0;
  static constexpr operation_description about{0, "put", spaces::tables, concerns::row,
                                               unchanged::never};
  static constexpr auto fields(auto&& f) { return f(&put::row, &put::ttl_ms); }
};
/// Several puts in order. Answers nil.
struct put_many {
  std::vector<record> rows;
  std::int64_t ttl_ms = 0;
  static constexpr operation_description about{1, "put_many", spaces::tables, concerns::rows,
                                               unchanged::never};
  static constexpr auto fields(auto&& f) { return f(&put_many::rows, &put_many::ttl_ms); }
};
/// put unless the key has a record. Answers whether it was stored.
struct insert_new {
  record row;
  std::int64_t ttl_ms = 0;
  static constexpr operation_description about{2, "insert_new", spaces::tables, concerns::row,
                                               unchanged::no};
  static constexpr auto fields(auto&& f) { return f(&insert_new::row, &insert_new::ttl_ms); }
};
/// Removes the records of the key. Answers how many were removed.
struct remove {
  value key;
  static constexpr operation_description about{3, "remove", spaces::tables, concerns::key,
                                               unchanged::zero};
  static constexpr auto fields(auto&& f) { return f(&remove::key); }
};
/// Removes and answers the records of the key.
struct take {
  value key;
  static constexpr operation_description about{4, "take", spaces::tables, concerns::key,
                                               unchanged::empty_list};
  static constexpr auto fields(auto&& f) { return f(&take::key); }
};
/// Replaces elements of the record under `key`; deadline and other elements stay. Answers whether
/// there was one. Not on bags; not the key element.
struct update_element {
  value key;
  std::vector<std::pair<std::uint32_t, value>> changes;
  static constexpr operation_description about{5, "update_element", spaces::tables, concerns::key,
                                               unchanged::no};
  static constexpr auto fields(auto&& f) {
    return f(&update_element::key, &update_element::changes);
  }
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
  static constexpr operation_description about{6, "update_counter", spaces::tables, concerns::key,
                                               unchanged::never};
  static constexpr auto fields(auto&& f) {
    return f(&update_counter::key, &update_counter::pos, &update_counter::step,
             &update_counter::initial, &update_counter::ttl_ms);
  }
};
/// If the record under `key` equals `expected` (no value: there is none), stores `desired` (no
/// value: removes it). Answers whether it did. Not on bags. A `ttl_ms` of -1 keeps the deadline.
struct compare_exchange {
  value key;
  std::optional<record> expected;
  std::optional<record> desired;
  std::int64_t ttl_ms = 0;
  static constexpr operation_description about{7, "compare_exchange", spaces::tables, concerns::key,
                                               unchanged::no};
  static constexpr auto fields(auto&& f) {
    return f(&compare_exchange::key, &compare_exchange::expected, &compare_exchange::desired,
             &compare_exchange::ttl_ms);
  }
};
/// Gives the records of the key another time to live from now; 0 = for ever. Answers how many.
struct expire {
  value key;
  std::int64_t ttl_ms = 0;
  static constexpr operation_description about{8, "expire", spaces::tables, concerns::key,
                                               unchanged::zero};
  static constexpr auto fields(auto&& f) { return f(&expire::key, &expire::ttl_ms); }
};
/// Removes what matches. Answers how many were removed. Cost: a scan unless the key is literal.
struct remove_match {
  pattern what;
  static constexpr operation_description about{
    9, "remove_match", spaces::tables, concerns::space, unchanged::zero, takes::longer};
  static constexpr auto fields(auto&& f) { return f(&remove_match::what); }
};
/// Removes everything. Answers how many were removed; expired ones do not count. Cost: O(1) for a
/// queue or stack; O(what has expired and is not yet freed) for a table, and O(records) while it is
/// watched or read as a snapshot. The memory is freed later: see `partition_store::free_cleared`.
struct clear {
  static constexpr operation_description about{
    10, "clear", spaces::every, concerns::space, unchanged::zero, takes::longer};
  static constexpr auto fields(auto&& f) { return f(); }
};
/// Appends to a queue or stack. Answers its new length.
struct push {
  std::vector<value> items;
  static constexpr operation_description about{11, "push", spaces::queues, concerns::space,
                                               unchanged::never};
  static constexpr auto fields(auto&& f) { return f(&push::items); }
};
/// Takes up to `count` from the front of a queue or the top of a stack. Answers them as a list.
struct pop {
  std::uint64_t count = 1;
  static constexpr operation_description about{12, "pop", spaces::queues, concerns::space,
                                               unchanged::empty_list};
  static constexpr auto fields(auto&& f) { return f(&pop::count); }
};
/// Takes all: oldest first from a queue, newest first from a stack. Answers them as a list.
struct drain {
  static constexpr operation_description about{
    13, "drain", spaces::queues, concerns::space, unchanged::empty_list, takes::longer};
  static constexpr auto fields(auto&& f) { return f(); }
};
/// Replaces all records under the key by one, and answers whether it did. With `only_if_there` only
/// if there is a record, whose deadline it takes over; else it lives for ever.
struct exchange {
  record row;
  bool only_if_there = false;
  static constexpr operation_description about{14, "exchange", spaces::tables, concerns::row,
                                               unchanged::no};
  static constexpr auto fields(auto&& f) { return f(&exchange::row, &exchange::only_if_there); }
};
/// Rows of a table in a backup, each with the rest of its time to live. With `behind` 0 the rows,
/// those of one key one after the other, replace all that their keys have. Otherwise all rows are
/// of one key, which has `behind` records before them, and those that are missing are added: so a
/// repetition changes nothing. Answers the number of rows. Errors: `not_found` if fewer than
/// `behind` are there.
struct restore {
  struct row {
    record what;
    std::int64_t ttl_ms = 0;
    static constexpr auto fields(auto&& f) { return f(&row::what, &row::ttl_ms); }
    bool operator==(const row&) const = default;
  };
  std::vector<row> rows;
  std::uint64_t behind = 0;
  static constexpr operation_description about{15, "restore", spaces::tables, concerns::rows,
                                               unchanged::zero};
  static constexpr auto fields(auto&& f) { return f(&restore::rows, &restore::behind); }
};
/// Items of a queue or stack in a backup, with `behind` older items before them: those that are
/// missing are added. Answers its length. Errors: `not_found` if fewer than `behind` are there.
struct extend {
  std::vector<value> items;
  std::uint64_t behind = 0;
  static constexpr operation_description about{16, "extend", spaces::queues, concerns::space,
                                               unchanged::zero};
  static constexpr auto fields(auto&& f) { return f(&extend::items, &extend::behind); }
};
/// Removes everything in the partition, whatever the target. Answers nil. Cost: O(spaces), and that
/// of `clear` for each.
struct wipe {
  static constexpr operation_description about{
    17, "wipe", spaces::partition, concerns::space, unchanged::never, takes::longer};
  static constexpr auto fields(auto&& f) { return f(); }
};
/// Appends to the element at `pos`: the bytes of a string to a string, the items of a list to a
/// list. Answers the new length, in bytes or items. A missing record starts as the key and an empty
/// string or list; where it needs other elements, and in a struct type, it is not_found. A `ttl_ms`
/// of 0 keeps the deadline of a record that is there. Not on bags; not the key element. Errors
/// change nothing: `type_mismatch` unless both are strings or both are lists, `too_large` beyond
/// `max_string_bytes`, `max_depth` or `max_grown_bytes`. Cost: O(new length), with the key locked.
struct append {
  value key;
  std::uint32_t pos = 1;
  value what;
  std::int64_t ttl_ms = 0;
  static constexpr operation_description about{18, "append", spaces::tables, concerns::key,
                                               unchanged::never};
  static constexpr auto fields(auto&& f) {
    return f(&append::key, &append::pos, &append::what, &append::ttl_ms);
  }
};

} // namespace op

using operation_body
  = std::variant<op::put, op::put_many, op::insert_new, op::remove, op::take, op::update_element,
                 op::update_counter, op::compare_exchange, op::expire, op::remove_match, op::clear,
                 op::push, op::pop, op::drain, op::exchange, op::restore, op::extend, op::wipe,
                 op::append>;
static_assert(detail::alternatives<operation_body>::are_coded_in_order());

/// One write. Applying the same operations with the same stamps in the same order to equal stores
/// gives equal stores and equal answers.
struct operation {
  space target;
  operation_body body;
  static constexpr auto fields(auto&& f) { return f(&operation::target, &operation::body); }
};

/// The operation's name, e.g. `"put"`.
std::string_view name_of(const operation_body& body) noexcept;
/// Whether it takes longer the more data the space has.
bool is_long(const operation_body& body) noexcept;
/// Whether an operation with this answer left everything as it was.
bool changed_nothing(const operation_body& body, const value& answer) noexcept;

} // namespace supercache::inline SUPERCACHE_ABI
