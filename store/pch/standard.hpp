#ifndef SUPERCACHE_PCH_STANDARD
#define SUPERCACHE_PCH_STANDARD

// What most files of store/ and cluster/ include of the standard library, parsed once. Files
// include what they use all the same, and compile without this one (-Db_pch=false).

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
