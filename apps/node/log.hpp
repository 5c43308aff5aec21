#pragma once

#include <supercache/log.hpp>

#include <memory>
#include <string>

namespace supercache::app {

/// Writes lines of `level` (a name of spdlog's) and above to standard error, and, whatever it is,
/// what is only told when somebody wants it: level `debug`.
std::shared_ptr<logger> log_to_standard_error(const std::string& program, const std::string& level);

} // namespace supercache::app
