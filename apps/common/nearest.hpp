#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace supercache::app {

/// "; did you mean 'put'?" with the nearest of `known`; nothing when none is near, or when the
/// nearest removes data.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

} // namespace supercache::app
