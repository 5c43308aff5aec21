#include "nearest.hpp"

#include <supercache/store/nearest.hpp>

#include <algorithm>
#include <array>

namespace supercache::app {

namespace {

/// Commands that remove data or a node. A typing error must not lead to one of them.
constexpr std::array<std::string_view, 16> destroying{
  "--all",   "--allow-rejects", "--force", "--yes", "clear", "drain",
  "expire",  "force-primary",   "leave",   "out",   "pop",   "remove",
  "replace", "restore",         "stop",    "wait"};

} // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string* meant = detail::nearest(word, known);
  if (!meant || std::ranges::find(destroying, *meant) != destroying.end())
    return {};
  return "; did you mean '" + *meant + "'?";
}

} // namespace supercache::app
