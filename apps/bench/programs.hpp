#pragma once

#include <string>
#include <vector>

namespace bench {

/// Whether a shell finds the program.
bool installed(const std::string& program);
/// The first of these files that can be read; empty if none can.
std::string first_there(const std::vector<std::string>& paths);

} // namespace bench
