#include "arbitrary_messages.hpp"

#include <supercache/cluster/membership.hpp>

#include <doctest/doctest.h>

using namespace supercache;

namespace {

const member a{"a", 1}, b{"b", 2}, c{"c", 3};

membership_options options(replication_mode mode = replication_mode::sync) {
  return {.self = a,
          .partitions = 4,
          .factor = 2,
          .mode = mode,
          .bootstrap_ms = 1'000,
          .replace_ms = 10'000};
}

/// a, which was told of b and c, and sees them.
membership of_three(replication_mode mode = replication_mode::sync) {
  membership m{options(mode), 0};
  m.declare({"a", "b", "c"}, 0);
  m.node_up(b, 0);
  m.node_up(c, 0);
  m.learn_all(b, 1, {});
  m.learn_all(c, 1, {});
  return m;
}

claim leads(std::uint64_t partition, const epoch& e, const member_list& members) {
  return {partition, e, true, true, members, {}};
}

} // namespace

TEST_CASE("a claim is the same after encoding and decoding") {
  arbitrary::check_property([] {
    const claim x = arbitrary::any_claim();
    byte_buffer bytes;
    wire_writer w{bytes};
    write(w, x);
    wire_reader r{bytes};
    RC_ASSERT(read_claim(r) == x);
    RC_ASSERT(r.finish().ok());
  });
}

TEST_CASE("declaring says which nodes are new and which are gone, and never this node") {
  membership m{options(), 0};
  const auto first = m.declare({"a", "b", "c"}, 0);
  CHECK(first.added == std::vector<std::string>{"b", "c"});
  CHECK(first.removed.empty());
  const auto version = m.version();
  const auto second = m.declare({"c", "d"}, 0);
  CHECK(second.added == std::vector<std::string>{"d"});
  CHECK(second.removed == std::vector<std::string>{"b"});
  CHECK(m.version() > version);
  CHECK(m.counted() == std::vector<std::string>{"a", "c", "d"});
}

TEST_CASE(
  "partitions are wanted at nodes in their present incarnations, the preferred primary first") {
  membership m = of_three();
  CHECK(m.wanted(0) == member_list{a, b});
  CHECK(m.wanted(1) == member_list{b, c});
  CHECK(m.wanted(2) == member_list{c, a});
  m.node_down(b, 10);
  CHECK(m.wanted(1) == member_list{b, c}); // for a while
  m.node_up({"b", 22}, 20);
  CHECK(m.wanted(1) == member_list{{"b", 22}, c});
}

TEST_CASE("a node that is down for long is replaced, until it returns") {
  membership m = of_three();
  m.node_down(b, 100);
  m.tick(10'099);
  CHECK(m.counted().size() == 3);
  m.tick(10'100);
  CHECK(m.counted() == std::vector<std::string>{"a", "c"});
  CHECK(m.unreachable() == std::vector<std::string>{"b"});
  m.node_up(b, 11'000);
  CHECK(m.counted().size() == 3);
}

TEST_CASE("no more nodes are replaced than leave a majority of the copies") {
  membership m = of_three();
  m.node_down(b, 100);
  m.tick(10'100);
  m.node_down(c, 20'000);
  m.tick(40'000);
  CHECK(m.counted() == std::vector<std::string>{"a", "b"});
  m.node_up({"c", 33}, 50'000);
  CHECK(m.counted() == std::vector<std::string>{"a", "c"});
}

TEST_CASE("a node that says goodbye counts no longer, until its next incarnation") {
  membership m = of_three();
  m.node_leaves("b");
  CHECK(m.counted() == std::vector<std::string>{"a", "c"});
  m.node_up({"b", 22}, 10);
  CHECK(m.counted().size() == 3);
  m.node_leaves("a");
  CHECK(m.leaving());
  CHECK(m.counted() == std::vector<std::string>{"b", "c"});
}

TEST_CASE("a node that takes its goodbye back counts again") {
  membership m = of_three();
  m.node_leaves("b");
  m.node_leaves("a");
  CHECK(m.has_left("b"));
  CHECK(m.somebody_stays());
  const auto version = m.version();
  m.node_leaves("b", false);
  m.node_leaves("a", false);
  CHECK(m.version() > version);
  CHECK_FALSE(m.leaving());
  CHECK_FALSE(m.has_left("b"));
  CHECK(m.counted().size() == 3);
}

/// No node had this node's vote to bootstrap a group.
std::size_t counting(const membership& m) { return m.counting_on_self(std::vector<member>(4)); }

TEST_CASE("the last node is counted on, though no other stays that could take its data") {
  membership m = of_three();
  m.own(leads(0, {6, 1}, {a}));
  m.node_leaves("b");
  m.node_leaves("c");
  m.node_leaves("a");
  CHECK_FALSE(m.somebody_stays());
  CHECK(counting(m) == 1);
}

TEST_CASE("a node that left is forgotten once nothing counts on it") {
  membership m = of_three();
  m.learn(c, 2, leads(0, {5, 3}, {b, c}));
  CHECK_FALSE(m.forget_left());
  m.node_leaves("b");
  CHECK_FALSE(m.forget_left()); // it can be reached
  m.node_down(b, 10);
  CHECK_FALSE(m.forget_left()); // a group has it
  m.learn(c, 3, leads(0, {6, 3}, {a, c}));
  m.node_down(c, 10);
  CHECK(m.forget_left());
  CHECK(m.declared() == std::set<std::string>{"c"}); // c is only down
}

TEST_CASE("a node that others may join waits for them before it bootstraps a group") {
  auto o = options();
  o.open = true;
  membership m{o, 0};
  CHECK_FALSE(m.to_bootstrap(0, {}, 999).has_value());
  m.tick(1'000);
  CHECK(m.to_bootstrap(0, {}, 1'000) == member_list{a});
}

TEST_CASE("a node bootstraps nothing before its first list; then it waits as if it just started") {
  for (const auto mode : {replication_mode::sync, replication_mode::async}) {
    membership m{options(mode), 0};
    CHECK_FALSE(m.listed());
    m.node_up(b, 10);
    m.learn_all(b, 1, {});
    m.tick(100'000);
    CHECK_FALSE(m.to_bootstrap(0, {}, 100'000).has_value());
    const auto version = m.version();
    m.declare({"a", "b", "c"}, 100'000);
    CHECK(m.listed());
    CHECK(m.version() > version);
    m.tick(100'999);
    CHECK(m.counted().size() == 3); // c may be on its way
    CHECK_FALSE(m.to_bootstrap(0, {}, 100'999).has_value());
    m.tick(101'000);
    CHECK(m.counted() == std::vector<std::string>{"a", "b"});
    CHECK(m.to_bootstrap(0, {}, 101'000).has_value());
  }
}

TEST_CASE("the first list counts, even with this node alone in it; if it may be wrong, later") {
  for (const std::int64_t doubt_ms : {0, 5'000}) {
    auto o = options();
    o.alone_ms = doubt_ms;
    membership m{o, 0};
    const auto version = m.version();
    m.declare({"a"}, 100);
    CHECK(m.version() > version);
    if (doubt_ms)
      CHECK_FALSE(m.to_bootstrap(0, {}, 5'099).has_value());
    CHECK(m.to_bootstrap(0, {}, 100 + doubt_ms) == member_list{a});
    m.declare({"a", "b"}, 200); // a better one
    CHECK_FALSE(m.to_bootstrap(0, {}, 100 + doubt_ms).has_value());
  }
}

TEST_CASE("a node that left is expected again when it is declared again") {
  membership m = of_three();
  m.node_leaves("b");
  m.node_down(b, 10);
  m.declare({"a", "c"}, 20);
  CHECK(m.counted() == std::vector<std::string>{"a", "c"});
  m.declare({"a", "b", "c"}, 30);
  CHECK(m.counted().size() == 3);
  m.tick(10'030);
  CHECK(m.counted() == std::vector<std::string>{"a", "c"});
}

TEST_CASE("nodes that were never seen are waited for only at the beginning") {
  membership m{options(), 0};
  m.declare({"b"}, 0);
  CHECK(m.counted() == std::vector<std::string>{"a", "b"});
  CHECK(m.wanted(1) == member_list{{"b", 0}, a});
  m.tick(1'000);
  CHECK(m.counted() == std::vector<std::string>{"a"});
}

TEST_CASE("a node that claims to lead in the latest epoch is believed, until it takes it back") {
  membership m = of_three();
  m.learn(b, 2, leads(0, {5, 2}, {a, b}));
  CHECK(m.leader_of(0).primary == b);
  CHECK(m.leader_of(0).current);
  m.learn(c, 2, leads(0, {4, 3}, {a, c}));
  CHECK(m.leader_of(0).primary == b);
  m.learn(c, 3, leads(0, {6, 3}, {a, c}));
  CHECK(m.leader_of(0).primary == c);
  m.learn(b, 3, {0, {6, 3}, false, true, {a, c}, {}});
  CHECK(m.leader_of(0).current);
  m.learn(c, 4, {0, {6, 3}, false, true, {a, c}, {}});
  CHECK_FALSE(m.leader_of(0).current);
  CHECK(m.leader_of(0).primary == c);
}

TEST_CASE("a primary that is alive counts, whatever later epoch of a dead one was heard of") {
  membership m = of_three(replication_mode::async);
  m.learn(b, 2, leads(0, {4, 2}, {b}));
  m.learn(c, 2, leads(0, {5, 3}, {c}));
  CHECK(m.leader_of(0).primary == c);
  m.node_down(c, 10);
  CHECK(m.leader_of(0).current);
  CHECK(m.leader_of(0).primary == b);
  CHECK(m.leader_of(0).epoch == epoch{4, 2});
  CHECK(m.group_exists(0, {}, 20));
  m.node_down(b, 20);
  CHECK_FALSE(m.leader_of(0).current);
  m.node_up(b, 30);
  m.learn_all(b, 2, {leads(0, {4, 2}, {b})});
  CHECK(m.leader_of(0).current);
  CHECK(m.leader_of(0).primary == b);
}

TEST_CASE("a change of claims is taken only in its turn; otherwise all have to be asked for") {
  membership m = of_three();
  CHECK(m.knows_all(b, 1));
  m.learn(b, 3, leads(0, {5, 2}, {a, b})); // the second was lost
  CHECK_FALSE(m.leader_of(0).current);
  CHECK_FALSE(m.knows_all(b, 3));
  m.learn_all(b, 3, {leads(0, {5, 2}, {a, b})});
  CHECK(m.leader_of(0).current);
  CHECK(m.knows_all(b, 3));
  m.learn({"b", 77}, 4, leads(1, {5, 77}, {a})); // another incarnation
  CHECK_FALSE(m.leader_of(1).current);
  m.learn(b, 4, leads(99, {5, 2}, {b})); // no such partition
}

TEST_CASE("late claims of a node replace no newer ones") {
  membership m = of_three();
  m.learn_all(b, 5, {leads(1, {3, b.id}, {b, c})});
  m.learn_all(b, 4, {});
  CHECK(m.leader_of(1).current);
  CHECK(m.knows_all(b, 5));
  const member anew{"b", 22}; // counts from the beginning
  m.node_up(anew, 0);
  m.learn_all(anew, 1, {leads(1, {4, anew.id}, {anew})});
  CHECK(m.leader_of(1).primary == anew);
}

TEST_CASE("what a node no longer claims no longer holds") {
  membership m = of_three();
  m.learn_all(b, 2, {leads(0, {5, 2}, {a, b})});
  m.learn_all(b, 3, {});
  CHECK_FALSE(m.leader_of(0).current);
}

TEST_CASE("the preferred primary bootstraps a group when no node has data, and all have said so") {
  membership m = of_three();
  CHECK(m.to_bootstrap(0, {}, 0) == member_list{a, b});
  CHECK_FALSE(m.to_bootstrap(1, {}, 0)); // that is for b
  m.node_up({"c", 33}, 10);              // what it has is not known yet
  CHECK_FALSE(m.to_bootstrap(0, {}, 10));
  m.learn_all({"c", 33}, 1, {{0, {3, 9}, false, true, {}, {}}});
  CHECK_FALSE(m.to_bootstrap(0, {}, 10)); // c holds data
}

TEST_CASE("nothing is bootstrapped where a group may still have data") {
  membership m = of_three();
  m.learn(b, 2, leads(0, {5, 2}, {b, c}));
  CHECK(m.group_exists(0, {}, 0));
  m.node_down(b, 10);
  CHECK(m.group_exists(0, {}, 100'000)); // sync: for ever
  m.node_up({"b", 22}, 20);
  CHECK(m.group_exists(0, {}, 20)); // c was a member
  m.node_up({"c", 33}, 20);
  CHECK_FALSE(m.group_exists(0, {}, 20));
  membership async = of_three(replication_mode::async);
  async.learn(b, 2, leads(0, {5, 2}, {b}));
  async.node_down(b, 10);
  CHECK(async.group_exists(0, {}, 1'009));
  CHECK_FALSE(async.group_exists(0, {}, 1'010));
}

TEST_CASE(
  "an incarnation that had a vote to bootstrap a group may have done so, unless it is over") {
  membership m = of_three();
  CHECK_FALSE(m.group_exists(0, b, 0));
  m.node_down(b, 10);
  CHECK(m.group_exists(0, b, 10));
  m.node_up({"b", 22}, 20);
  CHECK_FALSE(m.group_exists(0, b, 20));
}

TEST_CASE("this node's claims have a version of their own") {
  membership m = of_three();
  CHECK(m.own(leads(2, {1, 1}, {a})) == 1);
  CHECK(m.own(leads(3, {1, 1}, {a})) == 2);
  CHECK(m.own_claims().size() == 2);
  CHECK(m.own({2, {1, 1}, false, false, {}, {}}) == 3);
  CHECK(m.own_claims() == std::vector<claim>{leads(3, {1, 1}, {a})});
  CHECK(m.leader_of(3).primary == a);
}

TEST_CASE("a node is counted on while a group with a primary has it, or it has data") {
  membership m = of_three();
  CHECK(counting(m) == 0);
  m.learn(b, 2, leads(0, {5, 2}, {a, b}));
  CHECK(counting(m) == 1);
  m.own({1, {6, 1}, true, true, {a, b}, {}});
  CHECK(counting(m) == 2);
  m.own({1, {6, 1}, false, true, {a, b}, {}}); // no longer, and no other yet
  CHECK(counting(m) == 2);
  m.learn(b, 3, leads(1, {7, 2}, {b, c})); // there may be a later group that has it
  CHECK(counting(m) == 2);
  m.own({1, {7, 2}, false, false, {}, {}}); // the primary lets it go
  CHECK(counting(m) == 1);
  m.learn(b, 4, leads(0, {5, 2}, {b, c}));
  CHECK(counting(m) == 0);
  m.learn(b, 5, leads(0, {5, 2}, {a, b}));
  m.node_down(b, 10);
  CHECK(counting(m) == 0); // there is no copy here
}

TEST_CASE("a node that missed a goodbye hears of it from others, and stops waiting") {
  membership m = of_three();
  const auto told = m.gone_version();
  m.node_down(b, 10);
  m.declare({"a", "c"}, 20);
  CHECK(m.group_exists(0, b, 20)); // b may have bootstrapped it with this node's vote
  m.learn_all(c, 2, {}, {{"b", 22}, {"d", 4}});
  CHECK(m.group_exists(0, b, 20)); // that was another incarnation
  m.learn_all(c, 2, {}, {b});
  CHECK(m.has_left("b"));
  CHECK_FALSE(m.group_exists(0, b, 20));
  CHECK(m.gone() == member_list{b}); // and others hear of it from here
  CHECK(m.gone_version() > told);
  m.node_up(b, 30);
  m.node_leaves("b", false);
  m.learn_all(c, 2, {}, {b}); // b can be reached, and knows better
  CHECK_FALSE(m.has_left("b"));
  CHECK(m.gone().empty());
}

TEST_CASE("a node that left for good has bootstrapped nothing that others do not have") {
  membership m = of_three();
  m.node_down(b, 10);
  CHECK(m.group_exists(0, b, 10));
  m.node_leaves("b");
  CHECK_FALSE(m.group_exists(0, b, 10));
  m.declare({"a", "c"}, 20);
  m.declare({"a", "b", "c"}, 30); // another incarnation may come
  CHECK_FALSE(m.group_exists(0, b, 30));
  m.node_leaves("b", false);
  CHECK(m.group_exists(0, b, 30)); // it stays after all
}

TEST_CASE("a vote to bootstrap counts until the node that got it can be asked or is over") {
  membership m = of_three();
  const std::vector<member> bootstrappers{{}, {}, b, {}};
  m.node_down(b, 10);
  CHECK(m.counting_on_self(bootstrappers) == 1);
  m.node_up(b, 15);
  CHECK(m.counting_on_self(bootstrappers) == 1); // until it has said it again
  m.learn(c, 2, leads(2, {2, 3}, {b, c}));       // another group
  CHECK(m.counting_on_self(bootstrappers) == 0);
  m.learn(c, 3, {2, {2, 3}, false, false, {}, {}});
  CHECK(m.counting_on_self(bootstrappers) == 1);
  m.node_up({"b", 9}, 20); // another incarnation
  CHECK(m.counting_on_self(bootstrappers) == 0);
}
