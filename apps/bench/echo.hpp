#pragma once

#include <string>

namespace bench {

/// The other process of the baselines `tcp` and `caf`: prints the port on which it listens, and
/// ends with its standard input.
int serve_echo(const std::string& how);

} // namespace bench
