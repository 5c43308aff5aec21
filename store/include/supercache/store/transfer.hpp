#pragma once

#include <supercache/store/partition_store.hpp>

#include <optional>
#include <string>

namespace supercache {

/// Copying a partition to another node while it is being written to.
///
/// The sender reads the store piece by piece, in the order of spaces and, within one, of a walk. It
/// sends each piece between the operations that it applies, in one sequence: what the receiver has
/// after a piece is, for the places that the walk has met, exactly what the sender has at that
/// operation. Operations that come between pieces concern the receiver where the walk has been, and
/// are left out where it has yet to come (`installation::apply`). So the copy is consistent
/// although the sender neither stops nor copies anything beforehand, and an interrupted transfer
/// can go on from where it was.
///
/// A place is the position of the key's hash in the order of a walk (or, in an ordered table, the
/// key itself), so both sides need stores of the same options.

/// The position of a transfer: everything before this place has been copied.
struct transfer_point {
  bool complete = false; ///< nothing is left; the other members mean nothing then
  space where{};         ///< the space being copied
  value inner{};         ///< within it; nil = not begun
  static constexpr auto fields(auto&& f) {
    return f(&transfer_point::complete, &transfer_point::where, &transfer_point::inner);
  }
  bool operator==(const transfer_point&) const = default;
  /// Whether another store of the same content can go on from here. Within a queue it cannot: items
  /// are counted from when the store was made.
  bool portable() const noexcept { return where.kind != space_kind::queue || inner.is_nil(); }
};

/// Appends the piece that begins at `at` to `out`, of about `budget` bytes and at most one page of
/// records or one large item more. The piece is smaller where there are many spaces with few
/// records, and empty where there are none. Answers where the next one begins. Records that have
/// expired are copied, too. Cost: O(budget + log(spaces)). Thread: no operation may be applied
/// meanwhile.
/// @pre `at` is new, or was answered by this function: for this store, or, if it is portable, for
/// one that had the same options and content.
transfer_point read_piece(const partition_store& from, const transfer_point& at, std::size_t budget,
                          byte_buffer& out);

/// A store that installs a snapshot. Not thread-safe, except that others may read the store.
class installation {
public:
  /// @pre the store is empty
  explicit installation(partition_store& s) noexcept : store_(s) {}

  const transfer_point& at() const noexcept { return at_; }
  /// Adds the piece that was read at `at()`. Errors: `malformed`; the store must then be emptied.
  status take(byte_view piece, transfer_point next);
  /// Applies the part of an operation that concerns what is here already.
  void apply(const operation& o, const stamp& now);

private:
  enum class part : std::uint8_t { all, some, none };
  part part_here(const space& s) const;
  void apply_to_table(const operation& o, const stamp& now);
  void apply_to_queue(const operation& o, const stamp& now);
  void push(const operation& o, const op::push& p, const stamp& now);
  void extend(const operation& o, const op::extend& x, const stamp& now);
  void pop(const operation& o, std::uint64_t count, const stamp& now);
  status take_rows(wire_reader& r, const space& s);
  status take_items(wire_reader& r, const space& s);

  partition_store& store_;
  transfer_point at_;
  std::uint64_t left_ = 0;   ///< of the queue at `at_`: its oldest items, not copied yet
  std::uint64_t size_ = 0;   ///< of the stack at `at_`: items in the original
  std::uint64_t copied_ = 0; ///< of the stack: items below this height are here, if they exist
};

/// A number that is equal for stores with equal content at that time, and most likely differs
/// otherwise. Cost: a walk over everything.
std::uint64_t digest(const partition_store& s, const stamp& now);

} // namespace supercache
