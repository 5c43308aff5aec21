#pragma once

#include <cstddef>
#include <string>

/// Writes the files that fuzzing starts from, one per kind of input, into an existing folder.
/// Answers how many. Throws std::runtime_error when one cannot be written.
std::size_t make_corpus(const std::string& folder);
