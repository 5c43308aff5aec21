#pragma once

#include <supercache/store/spin_lock.hpp>
#include <supercache/store/value.hpp>

#include <array>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace supercache {

/// The named queues, or stacks, of one partition: each a double-ended queue of values.
///
/// Thread: any number of producers and consumers at once; every operation is atomic, every item
/// comes out exactly once. A queue exists while it has items or is watched, so names that are no
/// longer used cost nothing. Cost of an operation: one lock, one lookup of the name, O(1).
class queue_map {
public:
  /// Which end `pop` takes from.
  enum class order : std::uint8_t { fifo, lifo };
  explicit queue_map(order o) noexcept : order_(o) {}

  struct pushed {
    std::size_t length; ///< items in the queue now
    bool watched;       ///< somebody waits for items: see `watch`
  };
  pushed push(std::string_view name, std::span<const value> items);
  pushed push(std::string_view name, value item);

  /// Takes one item to `out`; false when there is none.
  bool pop(std::string_view name, value& out);
  /// Takes up to `n` items: oldest first from a queue, newest first from a stack.
  value_list pop(std::string_view name, std::size_t n);
  /// Takes one item, or, if there is none, marks the queue so that later pushes say `watched`.
  bool pop_or_watch(std::string_view name, value& out);
  /// Marks the queue so that later pushes say `watched`; answers how many items there are.
  std::size_t watch(std::string_view name);
  void unwatch(std::string_view name);

  /// Copies the item that would come out next; false when there is none.
  bool peek(std::string_view name, value& out) const;
  std::size_t count(std::string_view name) const;
  /// Removes all items; answers how many went. Who watches a queue still does.
  std::size_t clear();

  /// A part of a queue, for copying it piece by piece while it changes. A fifo is copied from its
  /// newest item to its oldest, a lifo from its oldest to its newest, so that what has been copied
  /// stays in one piece: see `filling`.
  struct slice {
    value_list items;     ///< oldest first
    std::uint64_t at = 0; ///< where the next slice begins
    std::size_t left = 0; ///< items not copied yet
  };
  /// The next up to `most` items; begins with no `from`.
  slice next_slice(std::string_view name, std::optional<std::uint64_t> from,
                   std::size_t most) const;
  /// Adds a slice to the copy, before (fifo) or behind (lifo) those that came earlier.
  void add_slice(std::string_view name, std::span<const value> items);

  /// Calls `visit(name, items, oldest first)` for every queue, each locked during its call.
  void each(const std::function<void(std::string_view, const std::deque<value>&)>& visit) const;
  std::size_t items() const;
  std::size_t bytes() const;

private:
  struct queue {
    std::deque<value> items;
    std::size_t bytes = 0;
    std::uint64_t front = 0; ///< how many items came before the first; never falls for a name
    bool watched = false;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept {
      return std::hash<std::string_view>{}(s);
    }
  };
  struct alignas(64) stripe {
    mutable spin_lock lock;
    std::unordered_map<std::string, queue, text_hash, std::equal_to<>> by_name;
    std::uint64_t next_front = 0; ///< no queue that was closed here had an item at or above it
  };
  using entry = std::pair<const std::string, queue>;
  stripe& at(std::string_view name) const noexcept;
  static queue& open(stripe& s, std::string_view name);
  value take(queue& q) const;
  static void close_if_idle(stripe& s, std::string_view name, const queue& q);

  order order_;
  mutable std::array<stripe, 8> stripes_;
};

} // namespace supercache
