#pragma once

/// Everything an application needs.

#include <supercache/cache.hpp>
#include <supercache/kv.hpp>
#include <supercache/queue.hpp>
#include <supercache/structs.hpp>
#include <supercache/version.hpp>
