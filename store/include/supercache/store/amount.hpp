#pragma once

#include <supercache/store/abi.hpp>

#include <cstdint>
#include <string>

namespace supercache::detail {

/// `1 element`, `2 elements`.
inline std::string amount(std::uint64_t n, const char* one, const char* many) {
  return std::to_string(n) + ' ' + (n == 1 ? one : many);
}

} // namespace supercache::detail
