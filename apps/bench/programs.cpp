#include "programs.hpp"

#include <cstdlib>
#include <unistd.h>

namespace bench {

bool installed(const std::string& program) {
  return std::system(("command -v " + program + " > /dev/null 2>&1").c_str()) == 0;
}

std::string first_there(const std::vector<std::string>& paths) {
  for (const auto& path : paths)
    if (access(path.c_str(), R_OK) == 0)
      return path;
  return {};
}

} // namespace bench
