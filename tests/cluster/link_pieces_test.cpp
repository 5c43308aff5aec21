#include "link_side.hpp"

// What a link knows from what the peer confirms; frames in pieces.

using namespace link_side;

// -- growth ---------------------------------------------------------------------------------------

TEST_CASE("two frames that ask for something may be unconfirmed before others should wait") {
  side a;
  a.put(of("ask"), true);
  const auto first = sum(a.flush());
  CHECK_FALSE(a.core.awaits_answers());
  a.put(of("tell"));
  const auto second = sum(a.flush());
  CHECK_FALSE(a.core.awaits_answers());
  a.put(of("tell"));
  a.put(of("ask"), true);
  a.flush();
  CHECK(a.core.awaits_answers());
  a.confirm(first - 1);
  CHECK(a.core.awaits_answers());
  a.confirm(first);
  CHECK_FALSE(a.core.awaits_answers());
  a.put(of("ask"), true);
  a.flush();
  CHECK(a.core.awaits_answers());
  a.confirm(first + second);
  CHECK(a.core.awaits_answers());
  a.confirm(a.sent);
  CHECK_FALSE(a.core.awaits_answers());
}

TEST_CASE("a frame in pieces that asks for something is unconfirmed until its last piece is not") {
  side a;
  a.put(bytes(5 * bounds.piece), true);
  std::uint64_t end = sum(a.flush());
  CHECK_FALSE(a.core.awaits_answers());
  a.put(of("ask"), true);
  while (a.core.waiting() > 0) {
    a.confirm(end);
    CHECK_FALSE(a.core.awaits_answers());
    end = a.sent;
    a.flush();
  }
  CHECK(a.core.awaits_answers());
  a.confirm(a.sent);
  CHECK_FALSE(a.core.awaits_answers());
}

// -- proofs ---------------------------------------------------------------------------------------

TEST_CASE("a peer that confirms a heartbeat, or what came after it, has proven when it heard") {
  side a;
  a.put(of("first of the session"));
  a.flush();
  CHECK(a.core.proven_ms() == 0);
  a.now = 1'010;
  a.confirm(a.sent);
  CHECK(a.core.proven_ms() == 1'000); // the first frame counts, too
  CHECK(a.core.round_trip_ms() == 10);
  a.now = 1'250;
  a.beat();
  const auto second = a.sent;
  a.now = 1'260;
  a.put(of("no heartbeat"));
  a.flush();
  a.now = 1'300;
  a.confirm(second - 1);
  CHECK(a.core.proven_ms() == 1'000);
  a.confirm(second);
  CHECK(a.core.proven_ms() == 1'250);
  CHECK(a.core.round_trip_ms() == 50);
  a.confirm(a.sent);
  CHECK(a.core.proven_ms() == 1'250);
  a.confirm(second); // late
  CHECK(a.core.proven_ms() == 1'250);
}

TEST_CASE("a heartbeat is proven as long as the peer is not down, however many there are") {
  side a;
  a.beat();
  const auto first = a.sent;
  const auto begun = a.now;
  while (a.now < begun + bounds.down_ms) {
    a.now += 1;
    a.beat();
  }
  a.confirm(first);
  CHECK(a.core.proven_ms() == begun);
  a.confirm(a.sent);
  CHECK(a.core.proven_ms() > a.now - bounds.down_ms / 20);
}

TEST_CASE("a heartbeat between pieces is proven, though the frame is not whole yet") {
  side a;
  a.put(bytes(10 * bounds.piece));
  a.flush();
  a.now += 100;
  a.beat();
  const auto end = a.sent;
  a.confirm(end);
  CHECK(a.core.proven_ms() == a.now);
  CHECK(a.core.may_go_on());
}

// -- pieces ---------------------------------------------------------------------------------------

TEST_CASE("a frame larger than a piece leaves in pieces, each saying how much of it is left") {
  side a;
  byte_buffer large;
  for (std::size_t i = 0; large.size() < 3 * bounds.piece; ++i)
    large.push_back(static_cast<std::uint8_t>(i * i >> 8));
  a.put(byte_buffer{large});
  byte_buffer came;
  for (const seen& f : a.drain()) {
    CHECK(f.size <= bounds.piece);
    CHECK(f.head.left == large.size() - came.size());
    came.insert(came.end(), f.body.begin(), f.body.end());
  }
  CHECK(came == large);
}

TEST_CASE("a frame that is just as large as a piece is not cut, and one that is larger is") {
  side a;
  a.put(of("x"));
  const auto head = a.flush().at(0).size - 1;
  a.put(bytes(bounds.piece - head - 8)); // a header may become larger
  auto frames = a.drain();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].head.left == 0);
  a.put(bytes(bounds.piece));
  frames = a.drain();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].head.left == bounds.piece);
  CHECK(frames[1].head.left == frames[1].body.size());
}

TEST_CASE("heartbeats leave between pieces, and nothing else does") {
  side a;
  a.put(bytes(4 * bounds.window));
  a.put(of("behind"));
  a.parts = {of("a partition's")};
  CHECK(sum(a.flush()) <= bounds.window);
  const seen beat = a.beat();
  CHECK(text(beat.body) == "alive");
  CHECK(beat.head.left == 0);
  CHECK(a.core.unconfirmed() <= bounds.window + beat.size);
  CHECK(a.flush().empty());
  std::vector<seen> rest;
  for (bool last = false; !last;) {
    a.confirm(a.sent);
    rest = a.flush();
    last = rest.back().head.left == 0;
    CHECK(text(a.beat().body) == "alive");
  }
  CHECK(text(rest.back().body).find("behind") != std::string::npos);
}

TEST_CASE("pieces go on as soon as the window opens, and use it to its end") {
  side a;
  a.put(bytes(4 * bounds.window));
  const auto first = a.flush();
  CHECK(first.size() == bounds.window / bounds.piece);
  CHECK(sum(first) == bounds.window);
  a.beat();
  CHECK_FALSE(a.core.may_go_on());
  a.confirm(bounds.piece_least - 1);
  CHECK_FALSE(a.core.may_go_on()); // so little is not worth a piece
  a.confirm(first[0].size);
  CHECK(a.core.may_go_on());
  const auto next = a.flush();
  REQUIRE(next.size() == 1);
  CHECK(a.core.unconfirmed() == bounds.window);
  CHECK(next[0].size < bounds.piece); // by the heartbeat
}

TEST_CASE("a partition's large item is under way until its last byte is confirmed") {
  side a;
  const auto under_way = [&a] {
    const auto all = a.core.partitions_under_way(a.now);
    return !all.empty() && all == std::vector<std::size_t>(all.size(), a.part);
  };
  a.parts = {of("small")};
  a.flush();
  a.confirm(a.sent);
  CHECK_FALSE(under_way());
  a.parts = {of("before"), bytes(3 * bounds.window), of("behind")};
  std::size_t behind = 0;
  for (a.flush(); a.core.is_leaving(); behind = a.flush().back().size) {
    CHECK(under_way());
    a.confirm(a.sent);
  }
  a.confirm(a.sent - behind - 1);
  CHECK(under_way());
  a.confirm(a.sent);
  CHECK_FALSE(under_way());
  a.put(bytes(bounds.window)); // not of a partition
  a.flush();
  CHECK_FALSE(under_way());
  a.confirm(a.sent);
  a.drain();
  a.parts = {bytes(3 * bounds.window)};
  a.flush();
  CHECK(under_way());
  a.core.open(9, false);
  CHECK_FALSE(under_way());
}

TEST_CASE("nothing is under way to a peer that has not proven for long that it hears") {
  side a;
  a.parts = {bytes(3 * bounds.window)};
  a.flush();
  a.confirm(a.sent);
  a.now += bounds.down_ms;
  CHECK(a.core.partitions_under_way(a.now).size() == 1);
  a.confirm(0, 100); // it goes on to speak
  CHECK(a.core.partitions_under_way(a.now + 1).empty());
}
