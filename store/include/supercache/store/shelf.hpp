#pragma once

#include <supercache/store/ledger.hpp>
#include <supercache/store/operation.hpp>
#include <supercache/store/reclaim.hpp>
#include <supercache/store/records.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

/// The three containers behind a table, with one shape:
///
///   with_cell(key, hash, f)  calls f(cell) with all of one key's records, locked against writers
/// get(key, hash, now)      the key's live records next_chunk(cursor, f)    calls f(block) for some
/// more records; false when all were met covers(cursor, key, hash)  whether a walk at the cursor
/// has met the place of the key for_each_part(f)         calls f(lock, ledger) for each separately
/// locked part
///
/// A cell has size(), operator[](i) → block*, put(record), replace(i, record), erase(i).
/// Thread: any.
namespace supercache::shelf {

/// Blocks that left a table, handed to `reclaim` when the lock is no longer held.
class garbage {
public:
  garbage() = default;
  garbage(const garbage&) = delete;
  garbage& operator=(const garbage&) = delete;
  ~garbage() {
    if (first_)
      retire(first_);
    for (detail::block* b : more_)
      retire(b);
  }
  void add(detail::block* b) {
    if (!first_)
      first_ = b;
    else
      more_.push_back(b);
  }
  /// A large block does not wait until the thread has more blocks, or ends: it may be idle for a
  /// long time.
  static void retire(detail::block* b) {
    constexpr std::size_t large = 256 << 10;
    const bool is_large = detail::bytes_of(b) > large;
    reclaim::retire(
      b, [](void* p) noexcept { detail::release_items(static_cast<detail::block*>(p)); });
    if (is_large) [[unlikely]]
      reclaim::collect();
  }

private:
  detail::block* first_ = nullptr;
  std::vector<detail::block*> more_;
};

/// The position of a walk over a table. Starts at the beginning, or at `range.low`.
struct cursor {
  std::size_t part = 0;
  std::uint32_t cell = 0;
  unsigned bits = 0;
  bool entered = false;       ///< `bits` was taken from the part
  std::optional<value> after; ///< ordered: the last key met
  key_range range;
};

/// Records protected from being freed or changed while one chunk is read.
inline constexpr std::size_t chunk_cells = 16;
inline constexpr std::size_t chunk_records = 128;

inline const value& key_in(const detail::block* b, std::size_t key_pos) noexcept {
  return b->items()[key_pos];
}

} // namespace supercache::shelf
