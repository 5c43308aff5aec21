#pragma once

#include <cstddef>

/// Replaces operator new in the program that links this, and counts the bytes requested.
namespace counted_new {

/// Bytes requested since the program began, by all threads.
std::size_t bytes() noexcept;

} // namespace counted_new
