#pragma once

/// Everything an application needs.

#if __cplusplus < 202002L
#  error "SuperCache needs C++20: compile with -std=c++20 or later"
#else

#  include <supercache/cache.hpp>
#  include <supercache/kv.hpp>
#  include <supercache/queue.hpp>
#  include <supercache/structs.hpp>
#  include <supercache/version.hpp>

#endif
