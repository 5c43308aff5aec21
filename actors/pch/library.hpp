#ifndef SUPERCACHE_PCH_LIBRARY
#define SUPERCACHE_PCH_LIBRARY

// What most files of actors/ include, parsed once: half the time that such a file takes to compile
// is reading CAF. Files include what they use all the same, and compile without this one
// (-Db_pch=false).

#include <supercache/supercache.hpp>

#include <caf/io/middleman.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#endif
