#pragma once

#if __cplusplus < 202002L
#  error "SuperCache needs C++20: compile with -std=c++20 or later"
#  include <and stops here> // no such file, so that hundreds of errors do not follow
#endif

/// The version of the binary interface, as an inline namespace around everything that is installed:
/// a program that was compiled for another version does not link. It changes with the library's
/// soname.
#define SUPERCACHE_ABI v0

/// Marks what the shared library exports; nothing else is.
#define SUPERCACHE_API __attribute__((visibility("default")))

/// Declared here so that `namespace supercache::detail` is the same everywhere.
namespace supercache::inline SUPERCACHE_ABI::detail {}
