#include "distributed/inflow.hpp"
#include "support/checks.hpp"

#include <random>

using namespace supercache::detail;

namespace {

using bytes = inflow::bytes;

network_limits small_limits() {
  network_limits l;
  l.frame = 1 << 20;
  l.piece = 1 << 10;
  l.memory = 64 << 10;
  l.stall_ms = 100;
  l.fast = 4 << 10;
  return l;
}

/// Bytes that show their place.
bytes pattern(std::size_t from, std::size_t n) {
  bytes out(n);
  for (std::size_t i = 0; i < n; ++i)
    out[i] = static_cast<char>((from + i) * 31 % 251);
  return out;
}

} // namespace

TEST_CASE("a frame is what came of it, in order") {
  std::mt19937 random{7};
  inflow in{small_limits()};
  in.begin(1, 100'000, 0);
  for (std::size_t at = 0; at < 100'000;) {
    CHECK(in.missing(1) == 100'000 - at);
    const auto n = std::min<std::size_t>(1 + random() % 1'024, 100'000 - at);
    in.add(1, pattern(at, n), 0);
    at += n;
  }
  CHECK(in.missing(1) == 0);
  CHECK(in.take(1) == pattern(0, 100'000));
  CHECK_FALSE(in.under_way(1));
  CHECK(in.memory() == 0);
}

TEST_CASE("memory is taken for what comes, not for what is announced") {
  inflow in{small_limits()};
  in.begin(1, 1 << 20, 0);
  CHECK(in.memory() == 0);
  std::size_t came = 0;
  for (int i = 0; i < 100; ++i) {
    in.add(1, bytes(1'000), 0);
    came += 1'000;
    CHECK(in.memory() >= came);
    CHECK(in.memory() <= 4 * came);
  }
  in.forget(1);
  CHECK(in.memory() == 0);
}

TEST_CASE("while memory is scarce only the frame that began first gets more") {
  const auto l = small_limits();
  inflow in{l};
  for (inflow::connection c = 1; c <= 3; ++c)
    in.begin(c, 1 << 20, 0);
  std::size_t most = 0;
  for (int i = 0; i < 200; ++i)
    for (inflow::connection c = 1; c <= 3; ++c)
      if (!in.must_wait(c)) {
        in.add(c, bytes(l.piece), 0);
        most = std::max(most, in.memory());
      }
  CHECK(most <= l.memory + 4 * 200 * l.piece);
  CHECK_FALSE(in.must_wait(1));
  CHECK(in.must_wait(2));
  CHECK(in.must_wait(3));
  CHECK(in.missing(3) > in.missing(1));
  // The next one is the first then.
  in.forget(1);
  const auto free_again = in.released(0);
  REQUIRE_FALSE(free_again.empty());
  CHECK(free_again.front() == 2);
  CHECK_FALSE(in.must_wait(2));
}

TEST_CASE("a frame of which nothing comes is given up, one that comes slowly if others wait") {
  const auto l = small_limits();
  inflow in{l};
  in.begin(1, 1 << 20, 0);
  in.begin(2, 1 << 20, 0);
  in.add(2, bytes(10), 50);
  CHECK(in.stalled(99).empty());
  CHECK(in.stalled(100) == std::vector<inflow::connection>{1});
  in.forget(1);
  in.add(2, bytes(10), 150);
  CHECK(in.stalled(200).empty()); // slow, but none waits
  in.begin(3, 1 << 20, 200);
  while (!in.must_wait(3))
    in.add(3, bytes(l.piece), 200);
  in.add(2, bytes(10), 250);
  CHECK(in.stalled(300) == std::vector<inflow::connection>{2}); // the third waits, and is not asked
}

TEST_CASE("the rest of a frame that is given up comes and is kept nowhere") {
  inflow in{small_limits()};
  in.begin(1, 10'000, 0);
  in.add(1, bytes(1'000), 0);
  in.give_up(1);
  CHECK(in.memory() == 0);
  CHECK(in.missing(1) == 9'000);
  for (int i = 0; i < 9; ++i)
    in.add(1, bytes(1'000), 0);
  CHECK(in.missing(1) == 0);
  CHECK(in.memory() == 0);
  CHECK(in.take(1).empty());
  CHECK(in.memory() == 0);
  CHECK_FALSE(in.under_way(1));
}
