#pragma once

#include <supercache/store/operation.hpp>
#include <supercache/store/wire.hpp>

#include <functional>
#include <memory>
#include <span>
#include <variant>
#include <vector>

/// A backup: everything in a cache, as a file. store/backup-format.md has it byte by byte.
///
/// It is a sequence of blocks: a head, then for each partition its beginning and what was in it,
/// then an end with counts and a checksum, by which a part of one is known as such.
namespace supercache::backup {

/// What is written. Every later release reads it; a newer one is refused.
inline constexpr std::uint64_t format_version = 1;

/// What the cache was: a map, of which later releases may know more.
struct head {
  value about;
};
/// What follows is of this partition, as it was at `moment_ms` of its clock.
struct part {
  std::uint64_t index = 0;
  std::int64_t moment_ms = 0;
};
/// Records of a space. All of one key stand in one block, one after the other.
struct rows {
  space where;
  std::vector<op::restore::row> all;
};
/// Items of a queue or stack, oldest first, behind those of earlier blocks.
struct items {
  space where;
  std::uint64_t behind = 0; ///< how many those are
  value_list all;
};
/// How much there was.
struct end {
  std::uint64_t parts = 0, records = 0, items = 0;
  bool operator==(const end&) const = default;
};
using block = std::variant<head, part, rows, items, end>;

/// Appends a block. `moment_ms`: what is left of a time to live counts from then.
/// @pre no record has expired by then
void write_rows(const space& where, std::span<const record> rows, std::int64_t moment_ms,
                byte_buffer& out);
void write_items(const space& where, std::uint64_t behind, std::span<const value> items,
                 byte_buffer& out);

/// The file's checksum, over what is written in pieces.
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

/// Makes a file, piece by piece. A copy of it is a mark to go back to. Not thread-safe.
class writer {
public:
  byte_buffer begin(const value& about);
  byte_buffer begin_part(std::uint64_t index, std::int64_t moment_ms);
  /// Blocks of `write_rows` and `write_items`, which are to follow.
  void add(byte_view blocks, std::uint64_t records, std::uint64_t items);
  byte_buffer finish();
  const end& totals() const noexcept { return totals_; }

private:
  byte_buffer noted(byte_buffer bytes);
  checksum sum_;
  end totals_;
};

/// Reads a file, piece by piece. Trusts nothing; memory for one block. Not thread-safe.
class reader {
public:
  using visitor = std::function<status(block&)>;
  /// Calls `visit` for each block that is complete. Errors: `malformed`, what is wrong with the
  /// file, as the end of a sentence that begins with its name; what `visit` answered.
  status take(byte_view bytes, const visitor& visit);
  /// The file is over. Errors: likewise.
  status finish() const;
  const end& totals() const noexcept { return totals_; }

private:
  status take_block(byte_view whole, const visitor& visit);
  status check(const block& b);

  byte_buffer waiting_;  ///< of a block that is not complete
  std::uint64_t at_ = 0; ///< where in the file that begins
  bool begun_ = false, ended_ = false;
  end totals_;
  checksum sum_;
};

} // namespace supercache::backup
