#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace supercache::app {

/// A file that is written beside its place and takes it when it is whole: until then, and when
/// that fails, what was there stays as it was, whoever reads it, also after a power cut.
///
/// A link stays one: the file behind it is replaced. What is no file (a device, a pipe) is written
/// to as it is. Not thread-safe. All calls throw `error` with `io_error` and one sentence.
class whole_file {
public:
  /// Nothing is seen at `target` yet.
  explicit whole_file(std::filesystem::path target);
  /// Removes what was not committed.
  ~whole_file();
  whole_file(const whole_file&) = delete;
  whole_file& operator=(const whole_file&) = delete;

  void write(std::string_view bytes);
  /// Bytes written so far.
  std::uint64_t size() const noexcept { return size_; }
  /// Takes back what was written behind the first `size` bytes. @pre `size <= size()`, and it
  /// `can_shrink`
  void shrink(std::uint64_t size);
  bool can_shrink() const noexcept { return !beside_.empty(); }
  /// Puts the file in its place, for good: it is on the disk when this returns.
  void commit();

private:
  void open_beside();
  void open_as_it_is();
  void flush();
  [[noreturn]] void fail(int why) const;

  std::filesystem::path target_; ///< as it was named
  std::filesystem::path place_;  ///< behind links
  std::filesystem::path beside_; ///< empty: it is written to as it is
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::string waiting_; ///< to be written in one go
};

/// Whether both are the same file, by whatever names; `fd` may be that of standard input.
bool is_same_file(int fd, const std::filesystem::path& path) noexcept;
bool is_same_file(const std::filesystem::path& one, const std::filesystem::path& other) noexcept;

} // namespace supercache::app
