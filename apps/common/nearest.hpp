#pragma once

#include <span>
#include <string>
#include <string_view>

namespace supercache::app {

/// "; did you mean 'put'?" with the nearest of `known`, or nothing when none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

} // namespace supercache::app
