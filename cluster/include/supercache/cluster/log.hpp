#pragma once

#include <supercache/cluster/ids.hpp>
#include <supercache/store/operation.hpp>
#include <supercache/store/wire_fields.hpp>

#include <deque>
#include <vector>

namespace supercache {

/// What identifies a request to write, so that it is never done twice: a client (0 = none), the
/// number of the request, and the number up to which the client knows all answers.
struct request_id {
  member_id client = 0;
  std::uint64_t number = 0;
  std::uint64_t done = 0;
  static constexpr auto fields(auto&& f) {
    return f(&request_id::client, &request_id::number, &request_id::done);
  }
  bool operator==(const request_id&) const = default;
};

/// What one entry of a partition's log says. Sent and stored: never renumber.
enum class entry_kind : std::uint8_t {
  write = 0,   ///< `what` is applied
  nothing = 1, ///< an epoch begins, or time passes
  members = 2, ///< the group is `who` from here on
};

template <>
inline constexpr enum_range range_of<entry_kind>{3, "kind of entry"};

struct entry {
  entry_kind kind = entry_kind::nothing;
  std::int64_t stamp_ms = 0; ///< the primary's time, for deadlines; never falls
  request_id request;
  operation what;
  replica_group who;
  static constexpr auto fields(auto&& f) {
    return f(&entry::kind, &entry::stamp_ms, &entry::request, &entry::what, &entry::who);
  }
};
/// Kind, stamp, request, then the operation, or the group. The entry's epoch and index are not part
/// of it: batches and files have them.
void encode(wire_writer& w, const entry& e);
void decode(wire_reader& r, entry& e);

/// Whether applying an entry of this size takes so long that others should not wait for it.
bool takes_longer(const entry& e, std::size_t bytes) noexcept;

/// The epochs of a log: the first entry of each, in order. Since a log that has an entry has all
/// those before it, this is enough to tell whether two logs have an entry in common.
using epoch_list = std::vector<position>;

/// Consecutive entries, as they are sent: how many of each epoch, and their bytes.
struct entry_batch {
  struct run {
    supercache::epoch epoch;
    std::uint64_t count = 0;
    static constexpr auto fields(auto&& f) { return f(&run::epoch, &run::count); }
    bool operator==(const run&) const = default;
  };
  std::vector<run> runs;
  byte_buffer bytes;
  bool takes_longer = false; ///< of an entry: see `takes_longer`
  static constexpr auto fields(auto&& f) {
    return f(&entry_batch::runs, &entry_batch::bytes, &entry_batch::takes_longer);
  }
  std::uint64_t count() const noexcept;
  bool operator==(const entry_batch&) const = default;
};

/// The part of a partition's log that is in memory: the entries behind `base()`.
///
///     base | first … last |        entries are kept encoded, one behind the other, so that a part
///          | bytes_       |        of the log is sent by copying it once
///
/// Which entries there were is known further back: `epochs()` says what each position was, also for
/// entries that are no longer in memory.
///
/// Not thread-safe. Cost of an append: two copies of the bytes, no allocation of its own.
class entry_log {
public:
  /// How many epochs are remembered; what older entries were is not known.
  static constexpr std::size_t epochs_max = 256;

  /// What comes before the first entry here.
  const position& base() const noexcept { return base_; }
  const position& last() const noexcept { return last_; }
  log_index first_index() const noexcept { return base_.index + 1; }
  /// Memory of the entries in bytes.
  std::size_t bytes() const noexcept { return bytes_.size() - begin_; }
  /// The same for the entries from `first` on.
  std::size_t bytes_from(log_index first) const noexcept;

  /// Whether the entry, or the base, is here.
  bool has(log_index i) const noexcept { return i >= base_.index && i <= last_.index; }
  bool has(const position& p) const noexcept { return has(p.index) && at(p.index) == p; }
  /// Whether it is known which entry is, or was, there.
  bool knows(log_index i) const noexcept { return i >= first_known() && i <= last_.index; }
  /// @pre knows(i)
  position at(log_index i) const noexcept;
  const epoch_list& epochs() const noexcept { return epochs_; }
  /// How many of the entries that there ever were are not part of a log with these epochs that ends
  /// at `end`. Entries from before the epochs that are known are assumed to be part of it.
  std::uint64_t count_missing(const epoch_list& other, log_index end) const noexcept;

  /// `longer`: see `takes_longer`. @pre e >= last().epoch
  void append(const epoch& e, byte_view encoded, bool longer = false);
  /// Forgets the entries up to `i`, which becomes the base. @pre has(i)
  void drop_until(log_index i);
  /// Forgets everything and begins behind `p`, the end of a log with these epochs.
  void reset(const position& p, epoch_list epochs = {});

  /// The entries from `first` on, up to about `most` bytes, at least one. @pre has(first), not base
  entry_batch batch(log_index first, std::size_t most) const;
  /// One entry, as it is sent, and decoded. @pre has(i), not base
  byte_view encoded(log_index i) const { return view(begin_of(i), end_of(i)); }
  entry read(log_index i) const;

private:
  std::size_t end_of(log_index i) const noexcept { return ends_[i - base_.index - 1]; }
  std::size_t begin_of(log_index i) const noexcept {
    return i == base_.index + 1 ? dropped_ : end_of(i - 1);
  }
  log_index first_known() const noexcept {
    return epochs_.empty() ? base_.index : epochs_.front().index <= 1 ? 0 : epochs_.front().index;
  }
  void note_epoch(const position& first);
  byte_view view(std::size_t from, std::size_t to) const noexcept {
    return {bytes_.data() + begin_ + (from - dropped_), to - from};
  }

  position base_, last_;
  epoch_list epochs_;
  std::deque<std::size_t> ends_; ///< of the entries' bytes, counted from the last `reset`
  std::deque<log_index> longer_; ///< entries here that take longer
  byte_buffer bytes_;            ///< from `begin_` on
  std::size_t begin_ = 0;        ///< bytes before it are dropped, and wait to be moved away
  std::size_t dropped_ = 0;      ///< bytes before `begin_`, counted from the last `reset`
};

} // namespace supercache
