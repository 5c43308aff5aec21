#include "cpu.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace bench {

namespace {

/// The processes of this machine by their parents.
std::multimap<pid_t, pid_t> children() {
  std::multimap<pid_t, pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos)
      continue;
    std::ifstream in{entry.path() / "stat"};
    std::string line;
    std::getline(in, line);
    const auto end = line.rfind(')'); // of the program's name, which may contain anything
    if (end == std::string::npos || end + 4 >= line.size())
      continue;
    out.emplace(static_cast<pid_t>(std::stol(line.substr(end + 4))),
                static_cast<pid_t>(std::stol(name)));
  }
  return out;
}

double cpu_ns_of(pid_t process) {
  clockid_t clock{};
  timespec t{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &t) != 0)
    return 0; // it has ended
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

} // namespace

double cpu_ns() {
  const auto all = children();
  std::vector<pid_t> family{::getpid()};
  double sum = 0;
  for (std::size_t i = 0; i < family.size(); ++i) {
    sum += cpu_ns_of(family[i]);
    const auto [first, last] = all.equal_range(family[i]);
    for (auto c = first; c != last; ++c)
      family.push_back(c->second);
  }
  return sum;
}

} // namespace bench
