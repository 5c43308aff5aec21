#include "log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>

namespace supercache::app {

namespace {

spdlog::level::level_enum level_of(log_level l) {
  switch (l) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warning: return spdlog::level::warn;
    case log_level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// Whether the user wants no colours, by the convention of no-color.org; else the terminal decides.
bool no_color() {
  const char* said = std::getenv("NO_COLOR");
  return said && *said;
}

} // namespace

std::shared_ptr<logger> log_to_standard_error(const std::string& program,
                                              const std::string& level) {
  const auto least = spdlog::level::from_str(level);
  // One thread at a time writes; only that thread waits when the output is not read.
  const auto colours = no_color() ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  auto to = std::make_shared<spdlog::logger>(
    program, std::make_shared<spdlog::sinks::stderr_color_sink_st>(colours));
  to->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  to->set_level(spdlog::level::debug);
  to->flush_on(spdlog::level::debug);
  return log_to([to, least](const log_line& l) {
    if (l.level != log_level::debug && level_of(l.level) < least)
      return;
    std::string text{l.component};
    text.append(": ").append(l.text);
    to->log(l.when, {}, level_of(l.level), text);
  });
}

} // namespace supercache::app
