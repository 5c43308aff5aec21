#pragma once

#include <filesystem>
#include <string_view>

namespace supercache::app {

/// Opens /dev/null where standard input, output or error is closed. A program calls it first: else
/// the next file or connection gets that number, and log lines are written to it. Reading and
/// writing fail, as they do with closed descriptors.
void open_standard_descriptors() noexcept;

/// Has large blocks of memory returned to the operating system when they are freed. By default
/// glibc learns from the first of them to keep the next ones: tens of megabytes per thread.
void give_back_memory() noexcept;

/// Flushes the program's output and ends the process at once, without waiting for threads: those of
/// an actor system may be stuck in a connection that does not answer. A program whose output could
/// not be written reports it and fails.
[[noreturn]] void end_process(int status, const char* program) noexcept;

/// Writes all bytes to a descriptor, if necessary piece by piece. Returns 0, or the reason as an
/// errno.
int write_all(int fd, std::string_view bytes) noexcept;

/// The folder of this program's file.
std::filesystem::path own_folder();

} // namespace supercache::app
