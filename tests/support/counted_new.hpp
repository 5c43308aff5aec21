#pragma once

#include <cstddef>

/// Replaces operator new in the program this is linked to, and counts what is asked of it.
namespace counted_new {

/// Bytes asked for since the program began, by all threads.
std::size_t bytes() noexcept;

} // namespace counted_new
