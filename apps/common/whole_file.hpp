#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace supercache::app {

/// A file that is written beside its place and moved there when it is whole. Until then, and when
/// that fails, every reader sees the old file unchanged, also after a power cut.
///
/// A link stays one: the file that it points to is replaced. What is not a file (a device, a pipe)
/// is written directly. Not thread-safe. All calls throw `error` with `io_error` and one sentence.
class whole_file {
public:
  /// Nothing appears at `target` yet.
  explicit whole_file(std::filesystem::path target);
  /// Removes what was not committed.
  ~whole_file();
  whole_file(const whole_file&) = delete;
  whole_file& operator=(const whole_file&) = delete;

  void write(std::string_view bytes);
  /// Bytes written so far.
  std::uint64_t size() const noexcept { return size_; }
  /// Discards what was written after the first `size` bytes.
  /// @pre `size <= size()`, and it `can_shrink`
  void shrink(std::uint64_t size);
  bool can_shrink() const noexcept { return !beside_.empty(); }
  /// Moves the file to its place, durably: it is on the disk when this returns.
  void commit();

private:
  void open_beside();
  void open_as_it_is();
  void flush();
  [[noreturn]] void fail(int why) const;

  std::filesystem::path target_; ///< as the caller named it
  std::filesystem::path place_;  ///< with links resolved
  std::filesystem::path beside_; ///< empty: written directly
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::string waiting_; ///< to write at once
};

/// Whether both are the same file, under any names; `fd` may be that of standard input.
bool is_same_file(int fd, const std::filesystem::path& path) noexcept;
bool is_same_file(const std::filesystem::path& one, const std::filesystem::path& other) noexcept;

} // namespace supercache::app
