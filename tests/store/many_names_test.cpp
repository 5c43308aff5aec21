#include "support/workload.hpp"

#include <supercache/store/partition_store.hpp>
#include <supercache/store/transfer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

// Stores with so many names that visiting all of them for each one would not end.

using namespace supercache;
using workload::dice;

namespace {

const stamp t0{1'000};
constexpr space_kind kinds[]
  = {space_kind::kv, space_kind::queue, space_kind::stack, space_kind::structs};
const std::size_t many = workload::scaled(200'000) + 20'000;

/// In another order than that of the names.
std::string name_of(std::size_t i) { return "name " + std::to_string(i * 7'919 % 1'000'003); }

void add(partition_store& s, space_kind kind, std::size_t i, std::int64_t ttl_ms = 0) {
  const auto n = static_cast<std::int64_t>(i);
  operation o{{kind, name_of(i)}, op::push{{n}}};
  if (is_table(kind))
    o.body = op::put{record{"key", n}, ttl_ms};
  (void)s.next_deadline(); // as a primary does before each write
  REQUIRE(s.apply(o, t0).ok());
}

/// All spaces, in steps of at most so many.
std::vector<space> all_spaces(const partition_store& s, std::size_t step) {
  std::vector<space> out;
  for (auto some = s.spaces_after({}, step); !some.empty();
       some = s.spaces_after(out.back(), step)) {
    REQUIRE(some.size() <= step);
    std::ranges::move(some, std::back_inserter(out));
  }
  return out;
}

/// Copies a store; answers the number of pieces.
std::size_t copy(const partition_store& from, partition_store& to, std::size_t budget) {
  installation f{to};
  std::size_t pieces = 0;
  for (transfer_point at; !at.complete; ++pieces) {
    byte_buffer piece;
    at = read_piece(from, at, budget, piece);
    REQUIRE(f.take(piece, at).ok());
  }
  return pieces;
}

} // namespace

TEST_CASE("many names of each kind are made, listed, copied and cleared") {
  for (const space_kind kind : kinds) {
    CAPTURE(to_string(kind));
    partition_store s{{}};
    for (std::size_t i = 0; i < many; ++i)
      add(s, kind, i);
    const auto names = s.names(kind);
    CHECK(names.size() == many);
    CHECK(std::ranges::is_sorted(names));
    partition_store t{{}};
    CHECK(copy(s, t, 32 * 1024) >= many / 128);
    CHECK(digest(s, t0) == digest(t, t0));
    s.clear(t0);
    CHECK(s.held(kind, t0).records == 0);
    CHECK(s.held(kind, t0).bytes == 0);
    while (s.free_cleared(1'000)) {}
    CHECK(s.bytes() == 0);
  }
}

TEST_CASE("expired records in many namespaces are freed, in steps of the requested size") {
  partition_store s{{}};
  CHECK(s.next_deadline() == INT64_MAX);
  for (std::size_t i = 0; i < many; ++i)
    add(s, space_kind::kv, i, 10 + static_cast<std::int64_t>(i % 1'000));
  CHECK(s.next_deadline() == 1'010);
  std::size_t freed = 0;
  for (std::int64_t now = 1'000; now <= 2'009; ++now)
    for (std::size_t step = 100; step == 100; freed += step) {
      step = s.reclaim_expired(now, 100);
      REQUIRE(step <= 100);
    }
  CHECK(freed == many);
  CHECK(s.next_deadline() == INT64_MAX);
  CHECK(s.bytes() > 0); // the namespaces still exist
}

TEST_CASE("a deadline that was put off costs one look, and nothing expires late") {
  partition_store s{{}};
  for (std::size_t i = 0; i < 1'000; ++i)
    add(s, space_kind::kv, i, 50);
  for (std::size_t i = 0; i < 1'000; ++i)
    add(s, space_kind::kv, i, 100);
  add(s, space_kind::kv, 7, 60);
  CHECK(s.next_deadline() == 1'050); // too early, and never too late
  CHECK(s.reclaim_expired(1'049, 10'000) == 0);
  CHECK(s.reclaim_expired(1'050, 300) == 300); // visits
  CHECK(s.reclaim_expired(1'050, 10'000) == 700);
  CHECK(s.next_deadline() == 1'060);
  CHECK(s.reclaim_expired(1'060, 10'000) == 1);
  CHECK(s.next_deadline() == 1'100);
  CHECK(s.reclaim_expired(1'100, 10'000) == 999);
  CHECK(s.next_deadline() == INT64_MAX);
}

TEST_CASE("no record expires unnoticed while others write and free") {
  const std::size_t rounds = workload::scaled(20'000);
  partition_store s{{.stripes = 4}};
  workload::on_threads(4, [&](std::size_t me) {
    dice d{workload::seed(81) + me};
    for (std::size_t i = 0; i < rounds; ++i) {
      const space where{space_kind::kv, "n" + std::to_string(d.below(20))};
      const auto now = static_cast<std::int64_t>(i);
      if (me == 0 && i % 10 == 0)
        s.reclaim_expired(now, d.below(50));
      else
        (void)s.apply({where, op::put{record{static_cast<std::int64_t>(d.below(100)), 1},
                                      static_cast<std::int64_t>(d.below(30))}},
                      stamp{now});
    }
  });
  while (s.reclaim_expired(INT64_MAX - 1, 1'000) == 1'000) {}
  CHECK(s.next_deadline() == INT64_MAX);
  for (const auto& name : s.names(space_kind::kv))
    CHECK(s.find(space_kind::kv, name)->next_deadline() == INT64_MAX);
}

TEST_CASE("spaces follow each other in the order of kinds and names, in steps of any size") {
  partition_store s{{}};
  dice d{workload::seed(82)};
  std::set<std::pair<space_kind, std::string>> expected;
  std::vector<space> all;
  for (int i = 0; i < 2'000; ++i) {
    const space where{kinds[d.below(4)], d.chance(1) ? "" : std::to_string(d.below(5'000))};
    expected.emplace(where.kind, where.name);
    if (is_table(where.kind))
      (void)s.apply({where, op::put{record{1, 2}}}, t0);
    else
      (void)s.apply({where, op::push{{1}}}, t0);
  }
  // Queues without items that only have waiting clients are not shown.
  for (int i = 0; i < 2'000; ++i)
    s.queues().watch("q" + std::to_string(i));
  for (const auto& [kind, name] : expected)
    all.push_back({kind, name});
  for (const std::size_t step : {1, 2, 7, 100, 10'000})
    CHECK(all_spaces(s, step) == all);
  CHECK(s.spaces_after({space_kind::structs, "\xff"}, 10).empty());
}

TEST_CASE("a piece continues where many spaces are empty, or nearly so") {
  // Each takes a look, and a step must be short: so many pieces, however small.
  partition_store s{{}};
  for (std::size_t i = 0; i < 10'000; ++i) {
    add(s, space_kind::kv, i);
    (void)s.apply({{space_kind::kv, name_of(i)}, op::remove{"key"}}, t0);
  }
  partition_store t{{}};
  CHECK(copy(s, t, 1'000'000) > 50);
  CHECK(t.names(space_kind::kv).empty());
}

TEST_CASE("looking for a missing namespace does not make it") {
  for (const table_type type :
       {table_type::set, table_type::ordered_set, table_type::bag, table_type::duplicate_bag}) {
    CAPTURE(to_string(type));
    partition_store s{{.type = type}};
    const bool one = type == table_type::set || type == table_type::ordered_set;
    for (const space_kind kind : {space_kind::kv, space_kind::structs}) {
      const space where{kind, "nothing here"};
      const bool single = one || kind == space_kind::structs;
      const auto answer = [&](operation_body what) { return s.apply({where, what}, t0); };
      CHECK(answer(op::remove{"key"}).value() == value{0});
      CHECK(answer(op::take{"key"}).value() == value::list({}));
      CHECK(answer(op::expire{"key", 10}).value() == value{0});
      CHECK(answer(op::remove_match{pattern{{any, any}}}).value() == value{0});
      CHECK(answer(op::clear{}).value() == value{0});
      CHECK(answer(op::exchange{record{"key", 1}, true}).value() == value{false});
      CHECK(answer(op::update_counter{"key"}).why().code
            == (single ? errc::not_found : errc::type_mismatch));
      if (kind == space_kind::structs)
        CHECK(answer(op::append{"key", 1, "x"}).why().code == errc::not_found);
      CHECK(answer(op::append{"key", 2, "x"}).why().code
            == (single ? errc::not_found : errc::type_mismatch));
      CHECK(answer(op::update_element{"key", {{1, 2}}}).ok() == single);
      CHECK(answer(op::compare_exchange{"key", record{"key", 1}, record{"key", 2}}).ok() == single);
      CHECK(answer(op::push{{1}}).why().code == errc::invalid_argument);
    }
    CHECK(s.names(space_kind::kv).empty());
    CHECK(s.names(space_kind::structs).empty());
  }
}
