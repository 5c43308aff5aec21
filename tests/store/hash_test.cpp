#include "support/arbitrary.hpp"

#include <supercache/store/value.hpp>

#define XXH_INLINE_ALL
#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <xxhash.h>

using namespace supercache;

TEST_CASE("hash: of a scalar or short string is the library's XXH3 of its 16 canonical bytes") {
  arbitrary::check_property([](std::uint64_t a, std::uint64_t b) {
    const std::uint64_t words[] = {a, b};
    RC_ASSERT(detail::hash_16(a, b) == XXH3_64bits(words, sizeof words));
  });
  arbitrary::check_property([] {
    const value x = *arbitrary::values(0);
    RC_PRE(!x.on_heap());
    RC_ASSERT(hash(x) == XXH3_64bits(x.words(), 16));
  });
}

TEST_CASE("hash: of a long string is the library's XXH3 of its bytes with seed 5") {
  arbitrary::check_property([](const std::string& tail) {
    const std::string text = std::string(15, 'x') + tail;
    RC_ASSERT(hash(value{text}) == XXH3_64bits_withSeed(text.data(), text.size(), 5));
  });
}
