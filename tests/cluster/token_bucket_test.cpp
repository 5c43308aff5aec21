#include <supercache/cluster/token_bucket.hpp>

#include <doctest/doctest.h>

#include <random>

using supercache::token_bucket;

TEST_CASE("over any time no more than the rate and one burst passes") {
  std::mt19937 random{1};
  for (const std::size_t rate : {1u << 20, 64u << 20, 1u << 30}) {
    token_bucket b{rate};
    std::int64_t now = 1'000;
    std::size_t taken = 0;
    for (int i = 0; i < 10'000; ++i) {
      now += random() % 5;
      const auto n = std::min<std::size_t>(b.there_is(now), random() % 100'000);
      b.take(n);
      taken += n;
      CHECK(taken <= rate / 20 + rate * static_cast<std::size_t>(now - 1'000) / 1'000);
    }
  }
}

TEST_CASE("a caller that takes all there is gets the whole rate") {
  token_bucket b{1 << 20};
  std::size_t taken = 0;
  b.take(b.there_is(0));
  for (std::int64_t now = 1; now <= 10'000; ++now) {
    const auto n = b.there_is(now);
    b.take(n);
    taken += n;
  }
  CHECK(taken > 9u << 20);
  CHECK(taken <= 10u << 20);
}

TEST_CASE("what was taken beyond the limit is waited for, and what was not taken is lost") {
  token_bucket b{20'000}; // a burst is 1000
  CHECK(b.there_is(0) == 1'000);
  b.take(3'000);
  CHECK(b.there_is(0) == 0);
  CHECK(b.there_is(99) == 0);
  CHECK(b.there_is(101) > 0);
  CHECK(b.there_is(1'000'000'000'000) == 1'000);
}
