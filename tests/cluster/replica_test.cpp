#include "stage.hpp"
#include "support/checks.hpp"

#include <doctest/doctest.h>

// What single steps of a copy do; conversations/ shows how copies work together.

using namespace supercache;

namespace {

/// a leads, b and c follow; all of them know everything.
stage::play three(replication_mode mode = replication_mode::sync) {
  stage::play p;
  p.mode = mode;
  p.add({"a", "b", "c"});
  p.bootstrap({"a", "b", "c"});
  p.run(200, true);
  return p;
}

/// A namespace of its own is a piece of its own in a snapshot.
result<proposal> put_elsewhere(stage::play& p, int i) {
  const space where{space_kind::kv, "n" + std::to_string(i)};
  return p.core("a").propose({}, {where, op::put{{"k", std::string(1'000, 'x')}}}, p.now);
}

} // namespace

TEST_CASE("writes are refused by a copy that does not lead") {
  stage::play p = three();
  CHECK_REFUSED(p.put("b", "k", 1), errc::not_primary,
                "this node is not the primary of the partition");
}

TEST_CASE("sync: writes are refused where no majority can be reached, async: accepted") {
  stage::play sync = three(), async = three(replication_mode::async);
  for (stage::play* p : {&sync, &async}) {
    p->cut("a", "b");
    p->cut("a", "c");
  }
  CHECK_REFUSED(sync.put("a", "k", 1), errc::unavailable,
                "too few members of the partition can be reached: a majority of 3 is needed");
  CHECK_FALSE(sync.core("a").accepts_writes());
  CHECK(async.put("a", "k", 1).ok());
  CHECK(async.core("a").commit() == async.core("a").log().last().index);
}

TEST_CASE("sync: a write is not committed before a majority reported it") {
  stage::play p = three();
  const auto done = p.put("a", "k", 1);
  REQUIRE(done.ok());
  CHECK(p.core("a").commit() < done->at.index);
  (void)p.pass("a", "b");
  CHECK(p.core("a").commit() < done->at.index);
  (void)p.pass("b", "a");
  CHECK(p.core("a").commit() == done->at.index);
}

TEST_CASE("sync: writes are refused when too much waits for a majority") {
  stage::play p;
  p.log_bytes = 1'000;
  p.add({"a", "b", "c"});
  p.bootstrap({"a", "b", "c"});
  int taken = 0;
  while (taken < 1'000 && p.put("a", "k", std::string(100, 'x')).ok())
    ++taken;
  CHECK(taken > 10);
  CHECK(taken < 100);
  CHECK_REFUSED(p.put("a", "k", 1), errc::overloaded, "replicas are too far behind; try again");
  p.settle();
  CHECK(p.put("a", "k", 1).ok());
}

TEST_CASE("a write that changes nothing is not logged, unless it may be sent again") {
  stage::play p = three();
  const auto before = p.core("a").log().last();
  CHECK(p.write("a", op::remove{"nothing"}).ok());
  CHECK(p.core("a").log().last() == before);
  CHECK(p.write("a", op::remove{"nothing"}, {77, 1, 0}).ok());
  CHECK(p.core("a").log().last().index == before.index + 1);
}

TEST_CASE("a message from a node that does not own the epoch is not believed") {
  stage::play p = three();
  append m;
  m.epoch = {9, p.self("c").id};
  p.core("b").receive(p.self("a").id, m, p.now);
  CHECK(p.core("b").promised().number == 1);
  m.epoch = p.core("a").promised();
  p.core("a").receive(p.self("b").id, m, p.now); // its own epoch, from another
  CHECK(p.core("a").leads());
}

TEST_CASE("a mangled batch of entries is taken up to where it can be read") {
  stage::play p = three();
  const auto before = p.core("b").log().last();
  append m;
  m.epoch = p.core("a").promised();
  m.previous = before;
  m.entries.runs = {{m.epoch, 3}};
  m.entries.bytes = {0xc1, 0xc1, 0xc1};
  p.core("b").receive(p.self("a").id, m, p.now);
  CHECK(p.core("b").log().last() == before);
  REQUIRE(p.put("a", "k", 1).ok());
  p.settle();
  CHECK(p.get("b", "k") == value{1});
}

TEST_CASE("a mangled piece of data makes a copy blank, and it gets the snapshot again") {
  stage::play p = three();
  REQUIRE(p.put("a", "k", 1).ok());
  p.settle();
  install_snapshot f;
  f.epoch = p.core("a").promised();
  f.transfer = {f.epoch, 0};
  f.begin = true;
  f.at = {f.epoch, p.core("a").log().last().index + 1}; // else what it has would stay
  f.who.members = p.core("a").members();
  f.to.complete = true;
  f.piece = {0xc1, 0xc1};
  p.core("b").receive(p.self("a").id, f, p.now);
  CHECK(p.core("b").blank());
  CHECK(p.wrong().empty());
  REQUIRE(p.put("a", "k", 2).ok());
  p.run(2'000, true);
  CHECK(p.get("b", "k") == value{2});
  CHECK(p.core("b").log().last() == p.core("a").log().last());
}

TEST_CASE("one vote is given in one epoch, and none for an earlier one") {
  stage::play p = three();
  p.crash("a");
  vote_request v;
  v.last = p.core("b").log().last();
  v.proposed = {5, p.self("b").id};
  const auto ask = [&](epoch e, bool pre) {
    v.proposed = e;
    v.pre = pre;
    p.core("c").receive(p.self("b").id, v, p.now);
    const auto said = p.take("c", "b");
    return !said.empty() && std::get<vote_reply>(said.back().what).granted;
  };
  CHECK(ask({5, 0x1b}, true));
  CHECK(p.core("c").promised().number == 1); // nothing was promised by that
  CHECK(ask({5, 0x1b}, false));
  CHECK(p.core("c").promised() == epoch{5, 0x1b});
  CHECK(ask({5, 0x1b}, false)); // again: the answer may have been lost
  CHECK_FALSE(ask({5, 0x1a}, false));
  CHECK_FALSE(ask({4, 0x1f}, false));
  CHECK(ask({5, 0x1c}, false));
}

TEST_CASE("a primary that is alive is not voted out, unless it handed over") {
  stage::play p = three();
  vote_request v;
  v.proposed = {5, p.self("b").id};
  v.last = p.core("b").log().last();
  const auto granted = [&] {
    p.core("c").receive(p.self("b").id, v, p.now);
    const auto said = p.take("c", "b");
    return !said.empty() && std::get<vote_reply>(said.back().what).granted;
  };
  CHECK_FALSE(granted());
  v.handed_over = true;
  CHECK(granted());
}

TEST_CASE("sync: entries of a former epoch are not committed by counting copies") {
  // Raft's figure 8: c leads, and has b's support for an entry of a's that b has, too.
  stage::play p = three();
  p.cut("a", "b");
  REQUIRE(p.put("a", "k", 1).ok());
  const auto old = p.core("a").log().last();
  (void)p.take("a", "c"); // lost
  p.core("a").receive(p.self("c").id,
                      vote_request{{2, p.self("c").id}, old, false, true, false, {}, 200}, p.now);
  REQUIRE_FALSE(p.core("a").leads());
  p.cut("a", "c");
  p.heal("a", "c");
  (void)p.take("c", "a");
  p.run(25, false);
  // a leads again: its first message to c brings the old entry, the second its own.
  for (int i = 0; i < 40 && !p.core("a").leads(); ++i) {
    p.run(25, false);
    (void)p.pass("a", "c");
    (void)p.pass("c", "a");
  }
  REQUIRE(p.core("a").leads());
  const auto own = p.core("a").log().last();
  CHECK(own.epoch > old.epoch);
  progress_report r;
  r.epoch = p.core("a").promised();
  r.accepted = true;
  r.match = old.index;
  r.last = old;
  p.core("a").receive(p.self("c").id, r, p.now);
  CHECK(p.core("a").commit() < old.index);
  r.match = own.index;
  r.last = own;
  p.core("a").receive(p.self("c").id, r, p.now);
  CHECK(p.core("a").commit() == own.index);
}

TEST_CASE("the cluster's time is the primary's, and never falls") {
  stage::play p = three();
  const auto stamp = p.core("a").stamp_ms();
  p.now -= 500;
  REQUIRE(p.put("a", "k", 1).ok());
  CHECK(p.core("a").stamp_ms() == stamp);
  p.settle();
  CHECK(p.core("b").stamp_ms() == stamp);
}

TEST_CASE("a copy that is told of a later epoch tells the primary that it leaves") {
  stage::play p = three();
  p.core("b").heard_of({7, p.self("c").id}, p.now);
  (void)p.pass("b", "a");
  CHECK_FALSE(p.core("a").leads());
  CHECK(p.core("a").promised().number == 7);
}

TEST_CASE("a copy votes for a candidate whose epoch it has heard of already") {
  stage::play p = three();
  const epoch next{2, p.self("b").id};
  p.core("a").heard_of({1, p.self("a").id}, p.now);
  progress_report said;
  said.epoch = next;
  p.core("a").receive(p.self("c").id, said, p.now);
  CHECK_FALSE(p.core("a").leads());
  vote_request v;
  v.proposed = next;
  v.last = p.core("b").log().last();
  v.handed_over = true;
  p.core("a").receive(p.self("b").id, v, p.now);
  const auto answers = p.take("a", "b");
  REQUIRE_FALSE(answers.empty());
  CHECK(std::get<vote_reply>(answers.back().what).granted);
}

TEST_CASE(
  "sync: of two members that need a new snapshot, one keeps its data until the other is done") {
  stage::play p;
  p.log_bytes = 10'000;
  p.budget.pieces = 1;
  p.add({"a", "b", "c", "d", "e"});
  p.bootstrap({"a", "b", "c", "d", "e"});
  p.run(200, true);
  for (const char* who : {"d", "e"})
    for (const char* other : {"a", "b", "c"})
      p.cut(who, other);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(put_elsewhere(p, i).ok());
    p.run(25, true);
  }
  for (const char* who : {"d", "e"})
    for (const char* other : {"a", "b", "c"})
      p.heal(who, other);
  bool both = false, installed = false;
  for (int i = 0; i < 1'000; ++i) {
    p.run(25, false);
    for (const char* who : {"b", "c", "d", "e"}) {
      (void)p.pass("a", who);
      (void)p.pass(who, "a");
    }
    both = both || (p.core("d").installing() && p.core("e").installing());
    installed = installed || p.core("d").installing() || p.core("e").installing();
  }
  CHECK(installed);
  CHECK_FALSE(both);
  CHECK(p.core("d").log().last() == p.core("a").log().last());
  CHECK(p.core("e").log().last() == p.core("a").log().last());
}

TEST_CASE("async: a copy with a part of the data gives the others more time to come back") {
  stage::play p;
  p.mode = replication_mode::async;
  p.log_bytes = 10'000;
  p.budget.pieces = 1;
  p.add({"a", "b"});
  p.bootstrap({"a"});
  for (int i = 0; i < 100; ++i)
    REQUIRE(put_elsewhere(p, i).ok());
  p.core("a").steer(p.selves({"a", "b"}), p.now);
  p.core("b").steer(p.selves({"a", "b"}), p.now);
  for (int i = 0; i < 10 && !p.core("b").installing(); ++i) {
    p.run(25, false);
    (void)p.pass("a", "b");
    (void)p.pass("b", "a");
  }
  REQUIRE(p.core("b").installing());
  p.cut("a", "b");
  p.run(29'000, true);
  CHECK_FALSE(p.core("b").leads());
  p.run(3'000, true);
  CHECK(p.core("b").leads());
}

TEST_CASE("steering to the present members changes nothing") {
  stage::play p = three();
  const auto last = p.core("a").log().last();
  p.core("a").steer(p.selves({"a", "b", "c"}), p.now);
  p.run(1'000, true);
  CHECK(p.core("a").log().last() == last);
}

TEST_CASE("a copy frees its data if its primary says so, unless it was made a member since") {
  stage::play p = three();
  REQUIRE(p.put("a", "k", 1).ok());
  p.settle();
  const epoch now_led = p.core("a").promised();
  const auto say = [&](const char* from, const epoch& e, log_index index) {
    p.core("b").receive(p.self(from).id, retire{e, index}, p.now);
  };
  say("a", {0, p.self("a").id}, 1); // an earlier epoch
  say("c", now_led, 1);             // another node
  say("a", now_led, 0);             // before it was made a member
  CHECK(p.get("b", "k") == value{1});
  say("a", now_led, 1);
  CHECK(p.core("b").blank());
  CHECK(p.get("b", "k").is_nil());
}

TEST_CASE("forcing needs data") {
  stage::play p;
  p.add({"a"});
  CHECK_REFUSED(p.core("a").force(p.now), errc::invalid_argument,
                "this node holds no data of the partition");
}

TEST_CASE("a copy gets no snapshot while nothing may be sent for it, and the others go on") {
  stage::play p;
  p.log_bytes = 10'000; // so that it does not reach back far enough
  p.add({"a", "b", "c"});
  p.bootstrap({"a", "b", "c"});
  p.run(200, true);
  for (int i = 0; i < 20; ++i) {
    CHECK(p.put("a", i, std::string(2'000, 'x')).ok());
    p.settle();
  }
  p.budget.pieces = 0;
  p.restart("c");
  p.core("a").steer(p.selves({"a", "b", "c"}), p.now);
  p.run(3'000, true);
  CHECK_FALSE(p.core("c").readable());
  const auto c = p.self("c").id;
  CHECK(p.core("a").wants(c));
  CHECK_FALSE(p.core("a").wants(c, false)); // so that no link tries again at once
  CHECK(p.put("a", "k", 1).ok());
  p.settle();
  CHECK(p.get("b", "k") == value{1});
  p.budget.pieces = 10'000;
  p.run(1'000, true);
  CHECK(p.core("c").readable());
  CHECK(p.get("c", "k") == value{1});
  CHECK(p.wrong().empty());
}

TEST_CASE("a report of entries that the primary never wrote is not believed") {
  stage::play p = three();
  REQUIRE(p.put("a", "k", 1).ok());
  p.settle();
  replica& a = p.core("a");
  const auto commit = a.commit();
  progress_report lie;
  lie.epoch = a.promised();
  lie.accepted = true;
  lie.match = lie.last.index = a.log().last().index + 1'000;
  a.receive(p.self("b").id, lie, p.now);
  CHECK(a.commit() == commit);
  REQUIRE(p.put("a", "next", 2).ok());
  p.settle();
  CHECK(p.get("b", "next") == value{2});
}

TEST_CASE("a copy that does not report is sent entries again, unless they have not arrived yet") {
  stage::play p = three();
  REQUIRE(p.put("a", "k", 1).ok());
  const auto b = p.self("b").id;
  CHECK(p.take("a", "b").size() == 1);
  for (int i = 0; i < 100; ++i) {
    p.core("a").still_sending(b, p.now);
    p.run(25, false);
    CHECK_FALSE(p.core("a").wants(b));
  }
  p.run(replica_options{}.silence_ms, false);
  CHECK(p.core("a").wants(b));
  p.settle();
  CHECK(p.get("b", "k") == value{1});
}
