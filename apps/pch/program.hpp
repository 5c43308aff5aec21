#ifndef SUPERCACHE_PCH_PROGRAM
#define SUPERCACHE_PCH_PROGRAM

// Headers that most files of a program include, parsed once; see actors/pch/library.hpp.

#include <supercache/supercache.hpp>

#include <caf/io/middleman.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>

#endif
