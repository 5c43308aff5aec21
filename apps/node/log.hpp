#pragma once

#include <supercache/log.hpp>

#include <memory>
#include <string>

namespace supercache::app {

/// Writes lines of `level` (a name of spdlog's) and above to standard error. At any level, it also
/// writes lines that are logged only on request: those of level `debug`.
std::shared_ptr<logger> log_to_standard_error(const std::string& program, const std::string& level);

} // namespace supercache::app
