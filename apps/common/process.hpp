#pragma once

#include <filesystem>

namespace supercache::app {

/// Writes out what the program printed and ends the process at once, without waiting for threads:
/// those of an actor system may be stuck in a connection that nobody answers. A program whose
/// output could not be written says so and fails.
[[noreturn]] void end_process(int status, const char* program) noexcept;

/// The folder of this program's file.
std::filesystem::path own_folder();

} // namespace supercache::app
