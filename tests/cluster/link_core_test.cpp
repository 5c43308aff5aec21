#include "link_side.hpp"

#include <algorithm>

// What a link takes, when it leaves, and in which frames.

using namespace link_side;

// -- sessions -------------------------------------------------------------------------------------

TEST_CASE("a link that is not up takes nothing and says nothing") {
  link_core core{bounds};
  const auto is_down = [&core] {
    CHECK_FALSE(core.put(bytes(1), false, bounds.outbox));
    CHECK(core.waiting() == 0);
    CHECK(core.next(1).is == does::nothing);
    CHECK(core.beat(bytes(1), 1).empty());
    CHECK(core.received({core.session(), 0, 0}, 5, 1) == arrival::late);
  };
  is_down();
  core.open(7, false);
  CHECK(core.put(bytes(1), false, bounds.outbox));
  CHECK_FALSE(core.beat(bytes(1), 1).empty());
  core.close();
  is_down();
}

TEST_CASE("the side that was dialled says nothing before the peer does, not even that it lives") {
  side b{true};
  CHECK(b.put(of("first")));
  CHECK(b.flush().empty());
  CHECK(b.core.beat(of("alive"), b.now).empty());
  CHECK(b.confirm(0) == arrival::counts);
  CHECK_FALSE(b.core.beat(of("alive"), b.now).empty());
  const auto frames = b.flush();
  REQUIRE(frames.size() == 1);
  CHECK(text(frames[0].body) == "first");
}

TEST_CASE("a frame of another session is late and changes nothing") {
  side a;
  a.put(bytes(100));
  const auto n = sum(a.flush());
  CHECK(a.core.received({8, n, 0}, bounds.owed + 1, a.now) == arrival::late);
  CHECK(a.core.unconfirmed() == n);
  CHECK_FALSE(a.core.owes_confirmation());
  CHECK(a.confirm(n) == arrival::counts);
  CHECK(a.core.unconfirmed() == 0);
}

TEST_CASE("a peer that confirms what was not sent does the impossible") {
  side a;
  a.put(bytes(100));
  const auto n = sum(a.flush());
  CHECK(a.confirm(n + 1) == arrival::impossible);
  CHECK(a.core.proven_ms() == 0);
  CHECK(a.core.unconfirmed() == n);
}

TEST_CASE("a new session forgets the old one: what waited, what was cut, what was confirmed") {
  side a;
  a.put(bytes(3 * bounds.window), true);
  a.flush();
  a.put(bytes(50), true);
  CHECK(a.confirm(bounds.piece, bounds.owed + 1) == arrival::counts);
  CHECK(a.core.may_go_on());
  CHECK(a.core.proven_ms() > 0);
  a.core.open(9, false);
  CHECK(a.core.unconfirmed() == 0);
  CHECK(a.core.waiting() == 0);
  CHECK(a.core.proven_ms() == 0);
  CHECK(a.core.round_trip_ms() == 0);
  CHECK_FALSE(a.core.may_go_on());
  CHECK_FALSE(a.core.owes_confirmation());
  CHECK_FALSE(a.core.awaits_answers());
  CHECK(a.flush().empty());
  a.put(of("new"));
  const auto frames = a.flush();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].head.session == 9);
  CHECK(frames[0].head.received == 0);
  CHECK(text(frames[0].body) == "new");
}

TEST_CASE("what was gathered for a session that ended meanwhile does not leave in the next one") {
  side a;
  a.put(of("old"));
  auto t = a.core.next(a.now);
  REQUIRE(t.is == does::gather);
  a.core.open(9, false);
  a.put(of("new"));
  CHECK(a.core.finish(std::move(t), a.now).is == does::nothing);
  const auto frames = a.flush();
  REQUIRE(frames.size() == 1);
  CHECK(text(frames[0].body) == "new");
}

// -- what gathers into frames ---------------------------------------------------------------------

TEST_CASE("items that wait leave in one frame, in order, and behind them what partitions have") {
  side a;
  a.put(of("one "));
  a.put(of("two "));
  a.parts = {of("three "), of("four")};
  CHECK(a.core.waiting() == 8);
  const auto frames = a.flush();
  CHECK(a.core.waiting() == 0);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].head.left == 0);
  CHECK(text(frames[0].body) == "one two three four");
  CHECK(a.flush().empty());
}

TEST_CASE("a large item travels in a frame of its own, behind what was put before it") {
  const auto large = bytes(bounds.item + 1);
  side a;
  a.put(of("before"));
  a.put(byte_buffer{large});
  a.put(of("behind"));
  side b;
  b.parts = {of("before"), large, of("behind")};
  for (side* s : {&a, &b}) {
    const auto frames = s->flush();
    REQUIRE(frames.size() == 3);
    CHECK(text(frames[0].body) == "before");
    CHECK(frames[1].body == large);
    CHECK(text(frames[2].body) == "behind");
    for (const seen& f : frames)
      CHECK(f.head.left == 0);
  }
}

TEST_CASE("small items never make a frame larger than a piece, however many there are") {
  side a;
  std::string all;
  for (int i = 0; i < 40; ++i) {
    const auto x
      = bytes(30'000 + 2'000 * static_cast<std::size_t>(i % 7), static_cast<char>(40 + i));
    all += text(x);
    if (i < 20)
      a.put(byte_buffer{x});
    else
      a.parts.push_back(x); // as if a partition took no notice of the room
  }
  std::string came;
  for (const seen& f : a.drain()) {
    CHECK(f.size <= bounds.piece);
    CHECK(f.head.left <= bounds.piece); // it was cut, if at all, since the window has two pieces
    came += text(f.body);
  }
  CHECK(came.size() == all.size()); // in order of each source; which of them is first may differ
  std::ranges::sort(came);
  std::ranges::sort(all);
  CHECK(came == all);
}

TEST_CASE("partitions have their turn in every frame, however much waits to be sent") {
  side a;
  for (int i = 0; i < 10; ++i)
    a.put(bytes(bounds.item - 1));
  for (int i = 0; i < 10; ++i) {
    const auto t = a.core.next(a.now);
    REQUIRE(t.is == does::gather);
    CHECK(t.room >= bounds.piece / 3);
  }
}

TEST_CASE("more than an outbox is refused, changes earlier, and any item larger than a frame") {
  side a;
  const auto some = bytes(bounds.item);
  std::size_t put = 0;
  while (a.core.put(byte_buffer{some}, false, bounds.changes))
    put += some.size();
  CHECK(put > bounds.changes);
  CHECK(put <= bounds.changes + some.size());
  while (a.put(byte_buffer{some}))
    put += some.size();
  CHECK(put > bounds.outbox);
  CHECK(put <= bounds.outbox + some.size());
  CHECK(a.core.waiting() == put);
  link_options small = bounds;
  small.frame = 1'000;
  link_core core{small};
  core.open(1, false);
  CHECK_FALSE(core.put(bytes(1'001), false, small.outbox));
  CHECK(core.waiting() == 0);
  CHECK(core.put(bytes(1'000), false, small.outbox));
}

// -- the window -----------------------------------------------------------------------------------

TEST_CASE("no more than a window is unconfirmed; the rest leaves as the peer confirms") {
  side a;
  for (int i = 0; i < 100; ++i)
    a.put(bytes(30'000));
  std::uint64_t confirmed = 0;
  for (std::size_t came = 0; came < 3'000'000;) {
    const auto frames = a.flush();
    REQUIRE_FALSE(frames.empty());
    for (const seen& f : frames)
      came += f.body.size();
    CHECK(a.core.unconfirmed() <= bounds.window);
    CHECK(a.core.unconfirmed() + bounds.piece_least > (came < 3'000'000 ? bounds.window : 0));
    confirmed += frames.front().size;
    CHECK(a.confirm(confirmed) == arrival::counts);
  }
  CHECK(a.core.waiting() == 0);
}

TEST_CASE("what arrived is confirmed by whatever is said next") {
  side a;
  a.confirm(0, 1'000);
  a.put(of("x"));
  CHECK(a.flush().at(0).head.received == 1'000);
  a.confirm(0, 500);
  CHECK(a.beat().head.received == 1'500);
  a.confirm(0, 1);
  a.put(bytes(2 * bounds.piece));
  const auto pieces = a.flush();
  REQUIRE_FALSE(pieces.empty());
  CHECK(pieces.back().head.received == 1'501);
}

TEST_CASE("what arrived is confirmed alone only if it is much") {
  side a;
  a.confirm(0, bounds.owed);
  CHECK_FALSE(a.core.owes_confirmation());
  CHECK(a.flush().empty());
  a.confirm(0, 1);
  CHECK(a.core.owes_confirmation());
  const auto frames = a.flush();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].body.empty());
  CHECK(frames[0].head.received == bounds.owed + 1);
  CHECK_FALSE(a.core.owes_confirmation());
  CHECK(a.flush().empty());
}

TEST_CASE("a confirmation that is due passes a full window, so that two full ones open again") {
  for (const bool cut : {true, false}) {
    side a;
    if (cut)
      a.put(bytes(3 * bounds.window));
    else
      for (int i = 0; i < 100; ++i)
        a.put(bytes(30'000));
    a.flush();
    CHECK(a.flush().empty());
    a.confirm(0, bounds.owed + 1);
    const auto frames = a.flush();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].body.empty());
    CHECK(frames[0].head.received == bounds.owed + 1);
    CHECK(frames[0].head.left == 0);
  }
}
