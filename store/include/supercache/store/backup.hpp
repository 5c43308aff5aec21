#pragma once

#include <supercache/store/operation.hpp>
#include <supercache/store/wire.hpp>

#include <functional>
#include <memory>
#include <span>
#include <variant>
#include <vector>

/// A backup: everything in a cache, as a file. store/backup-format.md describes it byte by byte.
///
/// It is a sequence of blocks: a head, then for each partition its beginning and its contents, then
/// an end with counts and a checksum, which tells an incomplete file from a whole one.
namespace supercache::backup {

/// The version that is written. Every later release reads it; a newer one is refused.
inline constexpr std::uint64_t format_version = 1;

/// Facts about the cache: a map, to which later releases may add.
struct head {
  value about;
};
/// The following blocks are of this partition, as it was at `moment_ms` of its clock.
struct part {
  std::uint64_t index = 0;
  std::int64_t moment_ms = 0;
};
/// Records of a space. All records of one key are in one block, one after the other.
struct rows {
  space where;
  std::vector<op::restore::row> all;
};
/// Items of a queue or stack, oldest first, after those of earlier blocks.
struct items {
  space where;
  std::uint64_t behind = 0; ///< the number of those earlier items
  value_list all;
};
/// The totals.
struct end {
  std::uint64_t parts = 0, records = 0, items = 0;
  bool operator==(const end&) const = default;
};
using block = std::variant<head, part, rows, items, end>;

/// Appends a block. `moment_ms`: the rest of a time to live counts from then.
/// @pre no record has expired by then
void write_rows(const space& where, std::span<const record> rows, std::int64_t moment_ms,
                byte_buffer& out);
void write_items(const space& where, std::uint64_t behind, std::span<const value> items,
                 byte_buffer& out);

/// The file's checksum, of bytes that are added in pieces.
class checksum {
public:
  checksum();
  checksum(const checksum& other);
  checksum& operator=(const checksum& other);
  ~checksum();
  void add(byte_view bytes);
  std::uint64_t value() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Makes a file, piece by piece. A copy marks a state to go back to. Not thread-safe.
class writer {
public:
  byte_buffer begin(const value& about);
  byte_buffer begin_part(std::uint64_t index, std::int64_t moment_ms);
  /// Counts blocks of `write_rows` and `write_items`, which the caller writes next.
  void add(byte_view blocks, std::uint64_t records, std::uint64_t items);
  byte_buffer finish();
  const end& totals() const noexcept { return totals_; }

private:
  byte_buffer noted(byte_buffer bytes);
  checksum sum_;
  end totals_;
};

/// Reads a file, piece by piece. Trusts nothing; needs memory for one block. Not thread-safe.
class reader {
public:
  using visitor = std::function<status(block&)>;
  /// Calls `visit` for each block that is complete. Errors: `malformed`, which says what is wrong
  /// with the file, as the end of a sentence that begins with its name; those that `visit` answers.
  status take(byte_view bytes, const visitor& visit);
  /// Checks that the file may end here. Errors: the same.
  status finish() const;
  const end& totals() const noexcept { return totals_; }

private:
  status take_block(byte_view whole, const visitor& visit);
  status check(const block& b);

  byte_buffer waiting_;  ///< of an incomplete block
  std::uint64_t at_ = 0; ///< where in the file it begins
  bool begun_ = false, ended_ = false;
  end totals_;
  checksum sum_;
};

} // namespace supercache::backup
