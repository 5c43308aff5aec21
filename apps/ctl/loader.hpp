#pragma once

#include "common/client.hpp"
#include "common/whole_file.hpp"
#include "rows.hpp"

#include <deque>
#include <optional>

namespace supercache::app {

/// The destination of rows.
struct load_target {
  enum class what { tuples, kv, structs };
  what is = what::tuples;
  std::string name;
  std::size_t key_column = 0, value_column = 1; ///< of `kv`
};

/// Rows that were refused: counted, named by line, the first ones on standard error.
class rejections {
public:
  static constexpr std::size_t shown = 20;
  /// `file` is the input. All rejected rows go to `path` when reading is over, unless it is empty.
  /// Throws `error`.
  rejections(std::string file, const std::string& path);
  void add(std::size_t line, const std::string& why);
  /// Reports how many were not shown. Throws `error` if they could not be written.
  void finish();
  std::uint64_t count() const noexcept { return count_; }

private:
  std::string file_, path_;
  std::optional<whole_file> out_;
  std::uint64_t count_ = 0;
};

/// Stores rows in batches, with a few batches in flight at any time.
///
/// When the node refuses a batch, its rows are tried one by one: each row that can be stored is,
/// and each other row is named. When the node does not answer, `add` and `finish` throw.
class loader {
public:
  loader(client& node, load_target to, rejections& refused);
  void add(const input_row& row);
  void finish();
  std::uint64_t stored() const noexcept { return stored_; }

private:
  static constexpr std::size_t batch_rows = 1000;
  static constexpr std::size_t batch_bytes = std::size_t{1} << 20;
  static constexpr std::size_t window = 8;

  struct batch {
    std::vector<record> rows;
    std::vector<std::size_t> lines;
    client::answer done;
  };
  std::optional<std::string> problem_of(const input_row& row) const;
  record record_of(const input_row& row) const;
  client::answer send(std::vector<record> rows);
  void flush();
  void finish_oldest();
  void one_by_one(batch& b);

  client& node_;
  load_target to_;
  rejections& refused_;
  std::size_t key_pos_ = 0, partition_pos_ = 0;
  batch filling_;
  std::size_t filling_bytes_ = 0;
  std::deque<batch> under_way_;
  std::uint64_t stored_ = 0;
};

} // namespace supercache::app
