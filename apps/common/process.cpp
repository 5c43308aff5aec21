#include "process.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace supercache::app {

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

std::filesystem::path own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

} // namespace supercache::app
