#include "whole_file.hpp"

#include "process.hpp"

#include <supercache/store/result.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace supercache::app {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t enough = 256 * 1024; ///< to write at once

/// The target of a path, through links. A broken or circular link stays as it is.
fs::path behind_links(fs::path path) {
  constexpr int most_links = 40; // the system's limit
  for (int i = 0; i < most_links; ++i) {
    std::error_code why;
    const fs::path next = fs::read_symlink(path, why);
    if (why)
      return path;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

/// A new name in a folder is on the disk only after the folder is synced.
int sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  // Some file systems cannot sync, and need not.
  const int why = ::fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
  ::close(fd);
  return why;
}

} // namespace

whole_file::whole_file(fs::path target)
  : target_(std::move(target)), place_(behind_links(target_)) {
  struct stat there {};
  const bool exists = ::stat(place_.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode))
    fail(EISDIR);
  if (exists && !S_ISREG(there.st_mode)) {
    open_as_it_is();
    return;
  }
  open_beside();
  if (exists) // if that is not allowed, the caller owns the new one
    static_cast<void>(::fchmod(fd_, there.st_mode & 07777) == 0
                      && ::fchown(fd_, there.st_uid, there.st_gid) == 0);
}

whole_file::~whole_file() {
  if (fd_ >= 0)
    ::close(fd_);
  if (!beside_.empty())
    ::unlink(beside_.c_str());
}

void whole_file::open_as_it_is() {
  fd_ = ::open(place_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd_ < 0)
    fail(errno);
}

void whole_file::open_beside() {
  constexpr int most_tries = 100;
  const auto stem = place_.string() + '.' + std::to_string(::getpid()) + '.';
  for (int i = 0; i < most_tries; ++i) {
    const fs::path name = stem + std::to_string(i) + ".part";
    fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ >= 0) {
      beside_ = name;
      return;
    }
    if (errno != EEXIST)
      fail(errno);
  }
  fail(EEXIST);
}

void whole_file::fail(int why) const {
  throw error(errc::io_error, "cannot write " + target_.string() + ": " + std::strerror(why));
}

void whole_file::write(std::string_view bytes) {
  size_ += bytes.size();
  waiting_ += bytes;
  if (waiting_.size() >= enough)
    flush();
}

void whole_file::flush() {
  if (const int why = write_all(fd_, waiting_))
    fail(why);
  waiting_.clear();
}

void whole_file::shrink(std::uint64_t size) {
  flush();
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0
      || ::lseek(fd_, static_cast<off_t>(size), SEEK_SET) < 0)
    fail(errno);
  size_ = size;
}

void whole_file::commit() {
  flush();
  if (!beside_.empty() && ::fsync(fd_) != 0)
    fail(errno);
  if (::close(std::exchange(fd_, -1)) != 0)
    fail(errno);
  if (beside_.empty())
    return;
  if (::rename(beside_.c_str(), place_.c_str()) != 0)
    fail(errno);
  beside_.clear();
  if (const int why = sync_folder(place_.parent_path()))
    fail(why);
}

namespace {

bool same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && S_ISREG(a.st_mode);
}

} // namespace

bool is_same_file(int fd, const fs::path& path) noexcept {
  struct stat a {
  }, b{};
  return ::fstat(fd, &a) == 0 && ::stat(path.c_str(), &b) == 0 && same(a, b);
}

bool is_same_file(const fs::path& one, const fs::path& other) noexcept {
  struct stat a {
  }, b{};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && same(a, b);
}

} // namespace supercache::app
