#pragma once

#include <filesystem>
#include <string_view>

namespace supercache::app {

/// Puts /dev/null where standard input, output or error are closed; the first thing a program does.
/// Else the next file or connection gets that number, and is written to as if it were the log.
/// Reading and writing fail, as they do with what is closed.
void open_standard_descriptors() noexcept;

/// Has large blocks of memory go back to the operating system when they are freed. By default glibc
/// learns from the first of them to keep the next ones: tens of megabytes for each thread.
void give_back_memory() noexcept;

/// Writes out what the program printed and ends the process at once, without waiting for threads:
/// those of an actor system may be stuck in a connection that nobody answers. A program whose
/// output could not be written says so and fails.
[[noreturn]] void end_process(int status, const char* program) noexcept;

/// Writes all of it to a descriptor, if need be piece by piece. Answers 0, or the reason as an
/// errno.
int write_all(int fd, std::string_view bytes) noexcept;

/// The folder of this program's file.
std::filesystem::path own_folder();

} // namespace supercache::app
