#include <supercache/cluster/partition_core.hpp>

#include <doctest/doctest.h>

using namespace supercache;

namespace {

constexpr std::int64_t down_ms = 1'500, majority_ms = 2'000;

partition_options options(const member& self) {
  partition_options o;
  o.replica.self = self;
  o.replica.mode = replication_mode::sync;
  o.replica.loyal_ms = o.down_ms = down_ms;
  o.lease_ms = 1'000;
  o.majority_ms = majority_ms;
  return o;
}

store_options of_one_stripe() {
  store_options o;
  o.stripes = 2;
  return o;
}

/// A node, and when the other one heard from it last.
struct copy final : contacts {
  explicit copy(const member& m) : self(m) {}
  bool heard_us(member_id, std::int64_t since_ms) const override { return heard_ms >= since_ms; }

  member self;
  std::int64_t heard_ms = 0;
  partition_store store{of_one_stripe()};
  partition_core core{options(self), *this, store};
};

/// Two copies of a partition, of which `a` leads.
struct group {
  copy a{{"a", 1}}, b{{"b", 2}};
  std::int64_t now = 10'000;
  partition_core::settled over;
  std::vector<result<value>> written;
  std::vector<status> told;

  group() {
    a.core.replica().peer_up(b.self.id, now);
    b.core.replica().peer_up(a.self.id, now);
    a.core.replica().bootstrap({a.self, b.self}, {a.self, b.self}, {}, now);
    talk();
    REQUIRE(a.core.replica().leads());
    a.heard_ms = now;
  }
  void pass(copy& from, copy& to) {
    std::vector<message> out;
    send_budget budget;
    (void)from.core.replica().take_addressees();
    from.core.replica().collect(to.self.id, budget, now, out);
    for (message& m : out)
      to.core.replica().receive(from.self.id, std::move(m), now);
  }
  void talk() {
    for (int i = 0; i < 20; ++i) {
      now += 10;
      a.core.replica().tick(now);
      b.core.replica().tick(now);
      pass(a, b);
      pass(b, a);
    }
  }
  partition_core::beginning write(operation_body what) {
    return a.core.propose(
      {}, {{}, std::move(what)},
      [this](result<value> x, const position&) { written.push_back(std::move(x)); }, 17, now);
  }
  partition_core::finding read() {
    auto f = a.core.begin_read(true);
    REQUIRE(f);
    a.core.end_read(*f, 0, now);
    return *f;
  }
  void settle() {
    a.core.settle(now, over);
    for (auto& x : over.reads)
      x.done(x.verdict);
    for (auto& x : over.writes) {
      CHECK(x.begun == 17);
      x.tell();
    }
    over = {};
  }
};

using begun = partition_core::beginning;

} // namespace

TEST_CASE("a write is answered once a majority has its entry") {
  group g;
  CHECK(g.write(op::put{{"k", 1}}).is == begun::waits);
  g.settle();
  CHECK(g.written.empty());
  g.talk();
  g.settle();
  REQUIRE(g.written.size() == 1);
  CHECK(g.written[0].ok());
  CHECK_FALSE(g.a.core.waits());
}

TEST_CASE("a write is told when no majority has confirmed it in time") {
  group g;
  CHECK(g.write(op::put{{"k", 1}}).is == begun::waits);
  g.now += majority_ms - 1;
  g.settle();
  CHECK(g.written.empty());
  g.now += 1;
  g.settle();
  REQUIRE(g.written.size() == 1);
  CHECK(g.written[0].why().code == errc::quorum_not_reached);
}

TEST_CASE("a copy that does not lead refuses writes and reads for the primary") {
  group g;
  const auto b = g.b.core.propose({}, {{}, op::put{{"k", 1}}}, {}, 0, g.now);
  CHECK(b.is == begun::refused);
  CHECK(b.why.code == errc::not_primary);
  CHECK(g.b.core.begin_read(true).why().code == errc::not_primary);
  CHECK(g.b.core.begin_read(false).ok());
}

TEST_CASE("a read is told at once while the members have heard from the primary lately") {
  group g;
  g.now = g.a.heard_ms + 999;
  CHECK(g.a.core.confirm(g.read(), g.now).ok());
}

TEST_CASE("a read waits until the members have heard from the primary after it") {
  group g;
  g.now = g.a.heard_ms + 1'001;
  const auto f = g.read();
  CHECK(g.a.core.confirm(f, g.now).why().code == errc::unavailable);
  g.a.core.await(f, [&](const status& s) { g.told.push_back(s); });
  g.now += 5;
  g.settle();
  CHECK(g.told.empty());
  g.a.heard_ms = g.now;
  g.settle();
  REQUIRE(g.told.size() == 1);
  CHECK(g.told[0].ok());
}

TEST_CASE("a read that nobody confirms ends when silent members are down") {
  group g;
  g.now = g.a.heard_ms + 1'001;
  g.a.core.await(g.read(), [&](const status& s) { g.told.push_back(s); });
  g.now += 2 * down_ms + 2;
  g.settle();
  REQUIRE(g.told.size() == 1);
  CHECK(g.told[0].why().code == errc::unavailable);
}

TEST_CASE("a write that changes nothing answers like a read") {
  group g;
  CHECK(g.write(op::remove{"nobody"}).is == begun::done);
  g.now = g.a.heard_ms + 1'001;
  CHECK(g.write(op::remove{"nobody"}).is == begun::waits);
  g.a.heard_ms = g.now + 1;
  g.settle();
  REQUIRE(g.written.size() == 1);
  CHECK(*g.written[0] == value{0});
}

TEST_CASE("a write that is refused because of the data waits for the same proof") {
  group g;
  g.now = g.a.heard_ms + 1'001;
  CHECK(g.write(op::update_counter{"nobody"}).is == begun::waits);
  g.a.heard_ms = g.now + 1;
  g.settle();
  REQUIRE(g.written.size() == 1);
  CHECK(g.written[0].why().code == errc::not_found);
}

TEST_CASE("a node that stops ends all waits") {
  group g;
  CHECK(g.write(op::put{{"k", 1}}).is == begun::waits);
  g.now = g.a.heard_ms + 1'001;
  g.a.core.await(g.read(), [&](const status& s) { g.told.push_back(s); });
  g.a.core.abandon(g.over);
  g.settle();
  REQUIRE(g.written.size() == 1);
  CHECK(g.written[0].why().code == errc::outcome_unknown);
  REQUIRE(g.told.size() == 1);
  CHECK(g.told[0].why().code == errc::unavailable);
  CHECK_FALSE(g.a.core.waits());
}
