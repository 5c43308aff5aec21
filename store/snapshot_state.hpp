#pragma once

#include <supercache/store/backup.hpp>
#include <supercache/store/shelf.hpp>
#include <supercache/store/snapshot.hpp>
#include <supercache/store/table.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

// The state of a snapshot while it is read.

namespace supercache {

namespace detail {

using place = std::pair<space_kind, std::string>;
inline place place_of(const space& s) { return {s.kind, s.name}; }

struct value_hash {
  std::size_t operator()(const value& x) const noexcept { return hash(x); }
};

using key_set = std::unordered_set<value, value_hash>;

/// Memory for a key that is known to have been kept.
inline std::size_t footprint(const value& key) { return 4 * sizeof(value) + key.heap_bytes(); }

/// A queue or stack as it was: the items from `next` to before `end`, counted from its beginning;
/// and the items taken out meanwhile, which come before those in a queue, after them in a stack.
struct kept_items {
  std::uint64_t next = 0, end = 0;
  std::uint64_t given = 0;
  std::deque<value> taken;
  std::uint64_t left(bool fifo) const { return end - next + (fifo ? 0 : taken.size()); }
};

} // namespace detail

struct snapshots::one {
  one(std::uint64_t i, std::int64_t ms) : id(i), moment(ms) {}

  const std::uint64_t id;
  const stamp moment;

  // -- under `lock_` ------------------------------------------------------------------------------
  unsigned idle = 0;
  bool walked = false;                           ///< all places were read
  bool finished = false;                         ///< and all that was kept was read
  bool given_up = false;                         ///< too much had to be kept
  space at;                                      ///< what is being read
  shelf::cursor inner;                           ///< where in it, if it is a table
  const table* in = nullptr;                     ///< that table, once begun
  std::map<detail::place, detail::key_set> keys; ///< whose rows were kept
  struct group {
    space where;
    std::vector<record> rows; ///< of one key
  };
  std::deque<group> rows; ///< kept and not read yet
  std::map<detail::place, detail::kept_items> queues;
  std::size_t kept = 0; ///< bytes

  // -- of who reads -------------------------------------------------------------------------------
  std::mutex reading;
  std::uint64_t next_number = 0;
  answer last;
  std::deque<space> ahead; ///< after `at`, some of the spaces that are not empty

  bool open() const { return !finished && !given_up; }
  bool has_read(const space& where) const {
    return walked || detail::place_of(where) < detail::place_of(at);
  }
  void let_go() {
    keys.clear();
    rows.clear();
    queues.clear();
    kept = 0;
    in = nullptr;
  }
};

/// Gathers the blocks of a part.
struct snapshots::part_writer {
  std::size_t budget;
  std::int64_t moment_ms;
  byte_buffer bytes{};
  std::uint64_t records = 0, items = 0;

  bool full() const { return bytes.size() >= budget; }
  std::size_t room() const { return budget - std::min(budget, bytes.size()); }
  void add(const space& where, const std::vector<record>& rows) {
    if (rows.empty())
      return;
    backup::write_rows(where, rows, moment_ms, bytes);
    records += rows.size();
  }
  void add(const space& where, std::uint64_t behind, const value_list& xs) {
    if (xs.empty())
      return;
    backup::write_items(where, behind, xs, bytes);
    items += xs.size();
  }
};

} // namespace supercache
