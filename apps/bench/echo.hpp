#pragma once

#include <string>

namespace bench {

/// The other process of the baselines `tcp` and `caf`: says on which port it listens, and ends with
/// its standard input.
int serve_echo(const std::string& how);

} // namespace bench
