#include "process.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <malloc.h>
#include <unistd.h>

namespace supercache::app {

void open_standard_descriptors() noexcept {
  for (int fd = 0; fd <= 2; ++fd) // a file gets the lowest free number
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
      std::_Exit(1);
}

void give_back_memory() noexcept {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 2 << 20);
}

void end_process(int status, const char* program) noexcept {
  errno = 0;
  std::cout.flush();
  if (!std::cout || std::fflush(stdout) != 0) {
    const int why = errno;
    std::fprintf(stderr, "%s: cannot write to standard output%s%s\n", program, why ? ": " : "",
                 why ? std::strerror(why) : "");
    status = status ? status : 1;
  }
  std::fflush(stderr);
  std::_Exit(status);
}

int write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR)
      return errno;
    bytes.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
  }
  return 0;
}

std::filesystem::path own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

} // namespace supercache::app
