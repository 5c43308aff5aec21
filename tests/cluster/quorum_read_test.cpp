#include <supercache/cluster/quorum_read.hpp>

#include <doctest/doctest.h>

using namespace supercache;

namespace {

const member a{"a", 1}, b{"b", 2}, c{"c", 3}, d{"d", 4}, e{"e", 5};
position at(log_index i, std::uint64_t number = 1) { return {{number, 1}, i}; }
replica_group of(const member_list& members) { return {members, {}, 0, false}; }

} // namespace

TEST_CASE("answers of a majority are enough, and the newest of them counts") {
  quorum_read<int> q;
  CHECK_FALSE(q.take(a.id, {at(7), of({a, b, c})}, 7));
  CHECK_FALSE(q.take(a.id, {at(7), of({a, b, c})}, 7)); // each counts once
  CHECK(q.answered() == 1);
  CHECK(q.take(c.id, {at(5), of({a, b, c})}, 5));
  CHECK(q.newest() == 7);
}

TEST_CASE("a copy that is asked again may know more, or less if its answer was slow") {
  quorum_read<int> q;
  CHECK_FALSE(q.take(a.id, {at(5), of({a, b, c})}, 5));
  CHECK_FALSE(q.take(a.id, {at(9), of({a, b, c})}, 9));
  CHECK_FALSE(q.take(a.id, {at(7), of({a, b, c})}, 7));
  CHECK(q.take(c.id, {at(6), of({a, b, c})}, 6));
  CHECK(q.newest() == 9);
}

TEST_CASE("the newest answer says which group has to decide, whatever the others know") {
  quorum_read<int> q;
  CHECK(q.whom({b, c, d}) == member_list{b, c, d});
  CHECK_FALSE(q.take(b.id, {at(5), of({b, c, d})}, 5));
  CHECK_FALSE(q.take(c.id, {at(8, 2), of({c, e})}, 8)); // in the old group that would be enough
  CHECK(q.whom({b, c, d}) == member_list{b, c, d, e});
  CHECK_FALSE(q.take(b.id, {at(5), of({b, c, d})}, 5));
  CHECK_FALSE(q.take(e.id, {at(9, 2), of({d, e})}, 9));
  CHECK_FALSE(q.take(c.id, {at(8, 2), of({c, e})}, 8));
  CHECK(q.take(d.id, {at(9, 2), of({d, e})}, 9));
  CHECK(q.newest() == 9);
}

TEST_CASE("in the middle of a change both groups have to decide") {
  const replica_group both{{c, d, e}, {a, b, c}, a.id, true};
  quorum_read<int> q;
  CHECK_FALSE(q.take(c.id, {at(4), both}, 4));
  CHECK_FALSE(q.take(d.id, {at(4), both}, 4));
  CHECK(q.take(a.id, {at(3), of({a, b, c})}, 3));
  CHECK(q.newest() == 4);
}
