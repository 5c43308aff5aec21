#ifndef SUPERCACHE_PCH_STANDARD
#define SUPERCACHE_PCH_STANDARD

// Headers of the standard library that most files of store/ and cluster/ include, parsed once.
// Files still include what they use, and compile without this one (-Db_pch=false).

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#endif
