#pragma once

#include <cstddef>
#include <cstdint>

/// Tries one input. The name and the signature are libFuzzer's: with clang,
/// `clang++ -fsanitize=fuzzer,address` links decode_fuzz.cpp to a driver that looks at coverage.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
