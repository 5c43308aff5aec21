#pragma once

#include "command.hpp"

namespace supercache::app {

/// Which part of a namespace's pairs a listing shows.
enum class listed { keys, values, pairs };

/// A verb that prints all keys, values or pairs of a namespace, page by page.
command listing_verb(std::string name, std::string summary, listed what);

} // namespace supercache::app
