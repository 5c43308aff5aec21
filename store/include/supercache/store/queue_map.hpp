#pragma once

#include <supercache/store/fair_lock.hpp>
#include <supercache/store/hash_index.hpp>
#include <supercache/store/memory.hpp>
#include <supercache/store/value.hpp>

#include <boost/container/deque.hpp>
#include <boost/intrusive/set.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace supercache {

class leftovers;
class queue_keeper;

/// The named queues, or stacks, of one partition: each a double-ended queue of values.
///
/// Thread: any number of producers and consumers at once; every operation is atomic, every item
/// comes out exactly once. A queue exists while it has items or is watched, so names that are no
/// longer used cost nothing; one with an item takes some 350 bytes and its name. Cost of an
/// operation: one lock, one lookup of the name, O(1), and O(log queues) when a queue begins or
/// ends.
class queue_map {
public:
  /// Eight items per block: most queues are short.
  using items_type = boost::container::deque<
    value, void, boost::container::deque_options_t<boost::container::block_bytes<128>>>;

  /// Which end `pop` takes from.
  enum class order : std::uint8_t { fifo, lifo };
  /// `left`: where items are left that `clear` has removed, if not nullptr; outlives this.
  explicit queue_map(order o, leftovers* left = nullptr) noexcept : order_(o), left_(left) {}
  ~queue_map();

  struct pushed {
    std::size_t length; ///< items in the queue now
    bool watched;       ///< a client waits for items: see `watch`
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
  /// Removes all items of one; answers how many. Cost: O(1) with `left`.
  std::size_t clear(std::string_view name);
  /// Removes all items; answers how many. Queues stay watched. Cost: O(queues) with `left`.
  std::size_t clear();

  /// A part of a queue, for copying it piece by piece while it changes. A fifo is copied from its
  /// newest item to its oldest, a lifo from its oldest to its newest, so that what has been copied
  /// stays in one piece: see `installation`.
  struct slice {
    value_list items;     ///< oldest first
    std::uint64_t at = 0; ///< where the next slice begins
    std::size_t left = 0; ///< items not copied yet
  };
  /// The next up to `most` items; begins with no `from`.
  slice next_slice(std::string_view name, std::optional<std::uint64_t> from,
                   std::size_t most) const;
  /// Adds a slice to the copy, before (fifo) or after (lifo) those that came earlier.
  void add_slice(std::string_view name, std::span<const value> items);

  /// Reports to `to`, which outlives this, before every change that is not done when this returns;
  /// nullptr: no reports. Not reported: `add_slice`.
  void tell(queue_keeper* to);
  /// Calls `look(items, oldest first; how many came before them)` if the queue exists, with its
  /// lock held.
  void look(std::string_view name,
            const std::function<void(const items_type&, std::uint64_t)>& look) const;
  /// Up to `most` names of queues that have items, in order: the next above this one, or the first
  /// of all. Cost: O(log(queues) + most).
  std::vector<std::string> names_after(std::optional<std::string_view> above,
                                       std::size_t most) const;
  /// Calls `visit(name, items, oldest first)` for every queue that has items. During its call a
  /// queue is locked, together with others.
  void each(const std::function<void(std::string_view, const items_type&)>& visit) const;
  /// All items, and the memory of all, in bytes. Cost: O(1).
  std::size_t items() const;
  std::size_t bytes() const;

private:
  using hook
    = boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>,
                                      boost::intrusive::link_mode<boost::intrusive::normal_link>>;
  struct queue : detail::in_lists, hook {
    explicit queue(std::string_view n) : name(n) {}
    std::string name;
    items_type items;
    std::size_t bytes = 0;
    std::uint64_t front = 0; ///< how many items came before the first; never falls for a name
    bool watched = false;
  };
  struct name_of {
    using type = std::string_view;
    type operator()(const queue& q) const noexcept { return q.name; }
  };
  using tree = boost::intrusive::set<queue, boost::intrusive::key_of_value<name_of>,
                                     boost::intrusive::constant_time_size<false>>;
  struct alignas(64) stripe {
    mutable fair_lock lock;
    hash_index index;             // of all queues
    tree by_name;                 // the same
    std::uint64_t next_front = 0; ///< no queue that was closed here had an item at or above it
    std::size_t items = 0, bytes = 0;
  };
  static std::uint64_t hash_of(std::string_view name) noexcept {
    return std::hash<std::string_view>{}(name);
  }
  stripe& at(std::uint64_t hash) const noexcept { return stripes_[hash / 64 % stripes_.size()]; }
  static queue* find(const stripe& s, std::uint64_t hash, std::string_view name);
  static queue& open(stripe& s, std::uint64_t hash, std::string_view name);
  static void add(stripe& s, queue& q, value item);
  value take(stripe& s, queue& q) const;
  /// Removes and answers all items of the queue.
  items_type take_all(stripe& s, queue& q) const;
  void announce(const queue& q, std::size_t taken) const;
  static void close_if_idle(stripe& s, std::uint64_t hash, queue& q);
  static void close(stripe& s, std::uint64_t hash, queue& q);
  static std::optional<std::string> next_names(const stripe& s,
                                               const std::optional<std::string>& above,
                                               std::size_t most, std::vector<std::string>& out);

  static std::size_t item_bytes(const value& x) noexcept { return sizeof(value) + x.heap_bytes(); }

  class removed;

  order order_;
  leftovers* left_;
  std::atomic<queue_keeper*> told_{nullptr};
  mutable std::array<stripe, 8> stripes_;
};

/// Receives a report before queues, or stacks, change.
class queue_keeper {
public:
  virtual ~queue_keeper() = default;
  /// The queue has these `items`, oldest first; `front` items came before them. `taken` of them are
  /// about to be removed, at the end from which `pop` takes. Called with the queue's lock held:
  /// must be quick and must not call the queues. Thread: any.
  virtual void changing(queue_map::order which, std::string_view name,
                        const queue_map::items_type& items, std::uint64_t front, std::size_t taken)
    = 0;
};

} // namespace supercache
