#ifndef SUPERCACHE_PCH_ACTOR_TESTS
#define SUPERCACHE_PCH_ACTOR_TESTS

// What most tests of actors include, parsed once; see actors/pch/library.hpp.

#include <supercache/supercache.hpp>

#include <caf/io/middleman.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <thread>

#endif
