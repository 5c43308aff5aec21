#pragma once

#include <supercache/options.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace supercache::detail {

/// An option with how to read and write it.
struct field : setting {
  std::function<bool(options&, std::string_view)> read; ///< false: not of the type or range
  std::function<std::string(const options&)> write;
};

/// Every option there is.
const std::vector<field>& fields();

std::string_view trim(std::string_view s);
/// Whether partitions can be called `<s>_<index>`.
bool is_table_prefix(std::string_view s);
std::string joined(const std::vector<std::string>& xs);

} // namespace supercache::detail
