#include "support/checks.hpp"

#include <supercache/cluster/frame_assembly.hpp>

#include <doctest/doctest.h>

#include <numeric>

using namespace supercache;

namespace {

constexpr std::size_t most = 100'000;

byte_buffer bytes(std::size_t n) {
  byte_buffer out(n);
  std::iota(out.begin(), out.end(), std::uint8_t{0});
  return out;
}

/// Adds what is to be only a part of a frame.
void add_part(frame_assembly& a, std::uint64_t session, std::uint64_t left, byte_view piece) {
  const auto x = a.add(session, left, piece);
  REQUIRE(x.ok());
  CHECK_FALSE(x->has_value());
}

} // namespace

TEST_CASE("pieces make the frame that was cut, byte by byte") {
  frame_assembly a{most};
  const auto whole = bytes(1'000);
  const byte_view v{whole};
  for (int i = 0; i < 2; ++i) {
    add_part(a, 1, 1'000, v.first(400));
    CHECK(a.size() == 400);
    add_part(a, 1, 600, v.subspan(400, 599));
    const auto last = a.add(1, 1, v.last(1));
    REQUIRE(last.ok());
    REQUIRE(last->has_value());
    CHECK(**last == whole);
    CHECK(a.size() == 0);
    CHECK(a.memory() == 0);
  }
}

TEST_CASE("memory is taken for what came, not for what was announced") {
  constexpr std::size_t gibibyte = std::size_t{1} << 30;
  frame_assembly a{gibibyte};
  const auto piece = bytes(1'000);
  std::uint64_t left = gibibyte;
  for (std::size_t came = 0; came < 200'000; came += piece.size(), left -= piece.size()) {
    add_part(a, 1, left, piece);
    CHECK(a.memory() <= 2 * (came + piece.size()));
  }
}

TEST_CASE("no more memory is taken than the frame has bytes") {
  frame_assembly a{most};
  add_part(a, 1, 1'000, bytes(600));
  add_part(a, 1, 400, bytes(10));
  CHECK(a.memory() == 1'000);
}

TEST_CASE("pieces that do not follow each other are refused, with what is wrong") {
  frame_assembly a{most};
  CHECK_REFUSED(a.add(1, most + 1, bytes(10)), errc::malformed,
                "a piece of a frame announces 100001 bytes; allowed are 100000");
  CHECK_REFUSED(a.add(1, UINT64_MAX, bytes(10)), errc::malformed,
                "a piece of a frame announces 18446744073709551615 bytes; allowed are 100000");
  CHECK_REFUSED(a.add(1, 100, {}), errc::malformed, "a piece of a frame is empty");
  CHECK_REFUSED(a.add(1, 100, bytes(101)), errc::malformed,
                "a piece of a frame has 101 bytes; 100 were missing");
  CHECK_REFUSED(a.add(1, 100, bytes(100)), errc::malformed, "a piece of a frame is all of it");
  CHECK(a.memory() == 0);
  add_part(a, 1, 100, bytes(60));
  const auto out_of_order = "a piece of a frame came when 100 bytes were missing, as it says, but "
                            "40 are";
  CHECK_REFUSED(a.add(1, 100, bytes(60)), errc::malformed, out_of_order);
  CHECK_REFUSED(a.add(1, 40, bytes(41)), errc::malformed,
                "a piece of a frame has 41 bytes; 40 were missing");
  CHECK_REFUSED(a.add(1, 40, {}), errc::malformed, "a piece of a frame is empty");
  CHECK(a.size() == 60);
}

TEST_CASE("pieces of a session that is over are forgotten, when it ends or when the next begins") {
  frame_assembly a{most};
  add_part(a, 1, 100, bytes(60));
  a.forget(2); // another one
  CHECK(a.size() == 60);
  a.forget(1);
  CHECK(a.memory() == 0);
  add_part(a, 1, 100, bytes(60));
  add_part(a, 2, 50, bytes(20));
  CHECK(a.size() == 20);
  const auto last = a.add(2, 30, bytes(30));
  REQUIRE(last.ok());
  REQUIRE(last->has_value());
  CHECK((*last)->size() == 50);
}
