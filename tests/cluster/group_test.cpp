#include <supercache/cluster/ids.hpp>

#include <doctest/doctest.h>

#include <array>
#include <bit>

using namespace supercache;

// Any groups of up to four out of five nodes, and all sets of nodes that say yes.

namespace {

constexpr std::array names = {"a", "b", "c", "d", "e"};
using set = unsigned; ///< a bit per node

member_list members_of(set s) {
  member_list out;
  for (unsigned i = 0; i < names.size(); ++i)
    if (s >> i & 1)
      out.push_back({names[i], i + 1});
  return out;
}
auto in(set s) {
  return [s](const member& m) { return (s >> (m.id - 1) & 1) != 0; };
}
constexpr set all = 1u << names.size();

/// Calls `f` for every change of a group.
template <class F>
void for_all_changes(F&& f) {
  for (set to = 1; to < all; ++to)
    for (set from = 1; from < all; ++from)
      for (unsigned caster = 0; caster < names.size(); ++caster)
        if (from >> caster & 1 && std::popcount(to) <= 4 && std::popcount(from) <= 4)
          f(replica_group{members_of(to), members_of(from), caster + 1, true});
}

} // namespace

TEST_CASE("a set that elects during a change meets all that decide before, during and after it") {
  for_all_changes([](const replica_group& g) {
    const replica_group before{g.before, {}, 0, false}, after{g.members, {}, 0, false};
    for (set electors = 1; electors < all; ++electors) {
      if (!g.elects(in(electors)))
        continue;
      for (set others = 1; others < all; ++others)
        if ((electors & others) == 0) {
          REQUIRE_FALSE(g.elects(in(others)));
          REQUIRE_FALSE(g.decides(in(others)));
          REQUIRE_FALSE(before.decides(in(others)));
          REQUIRE_FALSE(after.decides(in(others)));
        }
    }
  });
}

TEST_CASE("a set that elects during a change meets all that elect in one that comes upon it") {
  for_all_changes([](const replica_group& g) {
    for (set to = 1; to < all; to += 2) {
      const replica_group next{members_of(to), g.before, g.casting_vote, true};
      for (set electors = 1; electors < all; ++electors)
        if (g.elects(in(electors)))
          REQUIRE_FALSE(next.elects(in((all - 1) & ~electors)));
    }
  });
}

TEST_CASE("it is known of each change that ends whether all sets that decide with the group before "
          "meet all that decide without it") {
  for_all_changes([](const replica_group& g) {
    const replica_group before{g.before, g.before, g.casting_vote, true};
    const replica_group alone{g.members, g.before, g.casting_vote, false};
    bool meet = true;
    for (set some = 1; some < all; ++some)
      if (before.elects(in(some)))
        meet = meet && !alone.decides(in((all - 1) & ~some));
    REQUIRE(alone.before_meets_members() == meet);
  });
}

TEST_CASE("a set that elects as a change ends, since nothing was decided alone, meets all others") {
  for_all_changes([](const replica_group& g) {
    const replica_group ends{g.members, g.before, g.casting_vote, false};
    REQUIRE(ends.ends());
    REQUIRE_FALSE(g.ends());
    for (set electors = 1; electors < all; ++electors)
      for (set apart = electors; apart; apart = (apart - 1) & electors)
        if (ends.elects_back(in(electors), in(apart))) {
          const set others = (all - 1) & ~electors;
          REQUIRE_FALSE(g.elects(in(others))); // members in the middle of the change
          REQUIRE_FALSE(ends.decides(in((all - 1) & ~apart)));
          REQUIRE_FALSE(ends.elects_back(in(others), in(others)));
        }
  });
}

TEST_CASE("a set that decides could elect, too, and without a change both are more than half") {
  for_all_changes([](const replica_group& g) {
    for (set s = 1; s < all; ++s)
      REQUIRE((!g.decides(in(s)) || g.elects(in(s))));
  });
  for (set members = 1; members < all; ++members) {
    const replica_group g{members_of(members), {}, 1, false};
    for (set s = 0; s < all; ++s) {
      const bool enough = 2 * std::popcount(members & s) > std::popcount(members);
      REQUIRE(g.elects(in(s)) == enough);
      REQUIRE(g.decides(in(s)) == enough);
    }
  }
}

TEST_CASE("a member that began a change with a lost one is elected alone, and decides nothing") {
  const replica_group g{members_of(0b011), members_of(0b110), 2, true}; // a for c, by b
  CHECK(g.elects(in(0b010)));
  CHECK_FALSE(g.decides(in(0b010)));
  CHECK_FALSE(g.elects(in(0b100))); // c
  CHECK_FALSE(g.elects(in(0b001))); // a
}
