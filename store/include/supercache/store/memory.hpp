#pragma once

#include <supercache/store/abi.hpp>

#include <cstddef>

namespace supercache::detail {

/// Memory for numerous objects: up to 512 bytes it has no header and comes from the thread's own
/// lists. Aligned to 64 bytes if `bytes` is a multiple of 64, else to 16. Throws std::bad_alloc.
/// Thread: any; may be freed on another one.
void* allocate_bytes(std::size_t bytes);
void free_bytes(void* p, std::size_t bytes) noexcept;

/// A base for classes of such objects. @pre they are deleted by their own type, or have a virtual
/// destructor
struct in_lists {
  static void* operator new(std::size_t bytes) { return allocate_bytes(bytes); }
  static void operator delete(void* p, std::size_t bytes) noexcept { free_bytes(p, bytes); }
};

} // namespace supercache::detail
