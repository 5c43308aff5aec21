#include "actors/fixture.hpp"

using namespace supercache;
using fixture::running;

namespace {

options at(std::size_t key_pos, std::size_t partition_pos) {
  options o;
  o.key_pos = key_pos;
  o.partition_pos = partition_pos;
  o.num_partition = 7;
  return o;
}

/// Records of four elements, no two of which are equal in any element.
std::vector<record> sample() {
  std::vector<record> out;
  for (int i = 0; i < 200; ++i)
    out.push_back(record{i, "second " + std::to_string(i), i * 1.5, value::tuple({i, "x"})});
  return out;
}

/// Every record is in the partition of its partition element and in no other, and each way of
/// reading finds it.
void check_found(const cache& c, const std::vector<record>& all) {
  const auto [key_pos, partition_pos] = std::pair{c.config().key_pos, c.config().partition_pos};
  CHECK(c.stats().records == all.size());
  std::vector<value> keys;
  for (const record& r : all) {
    const value& key = r[key_pos];
    const value& partition = r[partition_pos];
    keys.push_back(key);
    for (std::size_t i = 0; i < c.partitions(); ++i)
      REQUIRE(c.get_partition_by_idx(key, i).size() == (i == c.partition_of(partition)));
    REQUIRE(c.get(r).front() == r);
    REQUIRE(c.get(key).front() == r);
    REQUIRE(c.get_by_key_partition(key, partition).front() == r);
    if (key_pos == partition_pos)
      REQUIRE(c.get_same_key_partition(key).front() == r);
  }
  const auto found = c.get_many(keys);
  for (std::size_t i = 0; i < all.size(); ++i)
    REQUIRE(found[i].front() == all[i]);
}

} // namespace

TEST_CASE("batch and single writes agree on the partition, whatever the positions") {
  const auto all = sample();
  for (std::size_t key_pos = 0; key_pos < 4; ++key_pos)
    for (std::size_t partition_pos = 0; partition_pos < 4; ++partition_pos) {
      CAPTURE(key_pos);
      CAPTURE(partition_pos);
      running r{at(key_pos, partition_pos)};
      for (const record& x : all)
        r.c.put(x);
      check_found(r.c, all);
      for (const record& x : all)
        REQUIRE(r.c.remove(x) == 1);
      r.c.put_batch(all);
      check_found(r.c, all);
      REQUIRE(r.c.remove_all() == all.size());
      for (const record& x : all)
        r.c.lazy_put(x);
      r.c.flush();
      check_found(r.c, all);
      for (const record& x : all)
        REQUIRE(r.c.take(x[key_pos]).size() == 1);
      for (const record& x : all)
        REQUIRE(r.c.insert_new(x));
      check_found(r.c, all);
      for (const record& x : all)
        REQUIRE(r.c.remove_by_key_partition(x[key_pos], x[partition_pos]) == 1);
      CHECK(r.c.stats().records == 0);
    }
}

TEST_CASE("a short record is refused by every write with its size and the position") {
  running r{at(1, 2)};
  constexpr auto no_key = "tuple size (1) is lower than key_pos (1)";
  constexpr auto no_partition = "tuple size (2) is lower than partition_pos (2)";
  CHECK_FAILS_WITH(r.c.put(record{"a"}), errc::invalid_argument, no_key);
  CHECK_ERROR(r.c.try_put(record{"a", "b"}), errc::invalid_argument, no_partition);
  CHECK_ERROR(r.c.try_lazy_put(record{"a", "b"}), errc::invalid_argument, no_partition);
  CHECK_ERROR(r.c.try_insert_new(record{"a"}), errc::invalid_argument, no_key);
  CHECK_ERROR(r.c.try_get(record{"a"}), errc::invalid_argument, no_key);
  CHECK_ERROR(r.c.try_remove(record{"a"}), errc::invalid_argument, no_key);
  CHECK_ERROR(r.c.try_put_partition_by_idx(record{"a"}, 0), errc::invalid_argument, no_key);
  CHECK_ERROR(r.c.try_put(record{}), errc::invalid_argument,
              "tuple size (0) is lower than key_pos (1)");
}

TEST_CASE("a batch with one bad record stores none of it") {
  running r{at(0, 1)};
  CHECK_ERROR(r.c.try_put_batch({record{1, 1}, record{2}, record{3, 3}}), errc::invalid_argument,
              "tuple size (1) is lower than partition_pos (1)");
  CHECK(r.c.stats().records == 0);
}

TEST_CASE("a later record of a batch replaces an earlier one with its key") {
  running r{at(1, 1)};
  std::vector<record> rs;
  for (int i = 0; i < 5000; ++i)
    rs.push_back(record{i, i % 10});
  r.c.put_batch(std::move(rs));
  for (int key = 0; key < 10; ++key)
    CHECK(r.c.get(key).front() == record{4990 + key, key});
}

TEST_CASE("with different positions a key alone is asked of every partition") {
  running r{at(1, 2)};
  std::vector<value> of(r.c.partitions()); // a partition value of each partition
  for (int i = 0; i < 200; ++i)
    of[r.c.partition_of(i)] = i;
  for (const value& partition : of)
    r.c.put(record{"the one in", "key", partition});
  CHECK(r.c.get("key").size() == 7);
  CHECK(r.c.get_by_key_partition("key", of[3]).front()[2] == of[3]);
  CHECK(r.c.take("key", of[4]).size() == 1);
  CHECK(r.c.remove("key") == 6);
}

TEST_CASE("with different positions an update needs the partition value") {
  running r{at(1, 2)};
  r.c.put(record{1, "key", "here"});
  constexpr auto sentence = "partition_pos differs from key_pos, so a key alone does not say which "
                            "partition; give the partition value too";
  CHECK_ERROR(r.c.try_update_element("key", {{0, 2}}), errc::invalid_argument, sentence);
  CHECK_ERROR(r.c.try_update_counter("key", 0, 1), errc::invalid_argument, sentence);
  CHECK(r.c.update_element("key", {{0, 2}}, value{"here"}));
  CHECK(r.c.update_counter("key", 0, 5, {}, value{"here"}) == 7);
}

TEST_CASE("an update cannot move a record away from its partition") {
  running r{at(0, 1)};
  r.c.put(record{"key", 5, 1});
  CHECK_ERROR(r.c.try_update_element("key", {{1, 6}}, value{5}), errc::invalid_argument,
              "element 1 picks the partition and cannot be changed");
  CHECK_ERROR(r.c.try_update_counter("key", 1, 1, {}, value{5}), errc::invalid_argument,
              "element 1 picks the partition and cannot be changed");
  CHECK(r.c.get(record{"key", 5}).to_vector() == record_list{{"key", 5, 1}});
}

TEST_CASE("a counter starts only from a record of its own partition") {
  running r{at(0, 1)};
  CHECK_ERROR(r.c.try_update_counter("key", 2, 1, record{"key", "elsewhere", 0}, value{"here"}),
              errc::invalid_argument, "the initial record belongs to another partition value");
  CHECK(r.c.stats().records == 0);
  CHECK(r.c.update_counter("key", 2, 1, record{"key", "here", 0}, value{"here"}) == 1);
  CHECK(r.c.get(record{"key", "here"}).front() == record{"key", "here", 1});
}

TEST_CASE("namespaces find what a batch stored, whatever the positions of tuples") {
  running r{at(1, 2)};
  auto kv = r.c.kv("n");
  std::vector<std::pair<value, value>> pairs;
  for (int i = 0; i < 500; ++i)
    pairs.emplace_back(i, i * 2);
  kv.add_batch(pairs);
  for (int i = 0; i < 500; ++i)
    REQUIRE(kv.get(i) == value{i * 2});
  CHECK(kv.count() == 500);
}
