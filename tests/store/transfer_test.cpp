#include "support/random_operations.hpp"
#include "support/table_types.hpp"

#include <supercache/store/transfer.hpp>
#include <supercache/store/wire_fields.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace supercache;
using random_operations::random_body;
using random_operations::random_space;
using workload::dice;

namespace {

/// An original that is written to, and a copy that installs a snapshot.
class pair_of_stores {
public:
  pair_of_stores(const store_options& o, std::uint64_t seed) : dice_(seed), from_(o), to_(o) {}

  void write(operation o) {
    const stamp now{++now_ms_};
    (void)from_.apply(o, now);
    copy_.apply(o, now);
  }
  void write_some(std::size_t n) {
    for (; n > 0; --n)
      write({random_space(dice_), random_body(dice_)});
  }
  void copy_a_piece(std::size_t budget) {
    byte_buffer piece;
    const transfer_point next = read_piece(from_, copy_.at(), budget, piece);
    // A point travels with its piece.
    byte_buffer travelling;
    wire_writer w{travelling};
    supercache::encode(w, next);
    wire_reader r{travelling};
    const transfer_point arrived = decode<transfer_point>(r);
    REQUIRE(r.finish().ok());
    REQUIRE(arrived == next);
    REQUIRE(copy_.take(piece, arrived).ok());
    ++pieces_;
  }
  void require_equal() const {
    const stamp now{now_ms_};
    REQUIRE(digest(from_, now) == digest(to_, now));
    REQUIRE(digest(from_, stamp{std::int64_t{0}}) == digest(to_, stamp{std::int64_t{0}}));
  }
  bool complete() const { return copy_.at().complete; }
  std::size_t pieces() const { return pieces_; }
  dice& random() { return dice_; }
  partition_store& original() { return from_; }
  partition_store& copy() { return to_; }

private:
  dice dice_;
  partition_store from_, to_;
  installation copy_{to_};
  std::int64_t now_ms_ = 1'000;
  std::size_t pieces_ = 0;
};

} // namespace

TEST_CASE("transfer: a copy that is made during operations is equal to the original") {
  const std::uint64_t seed = workload::seed(7);
  for (std::size_t round = 0; round < workload::scaled(400); ++round) {
    CAPTURE(seed + round);
    store_options o;
    o.type = all_types[round % 4];
    o.stripes = std::size_t{1} << round % 5;
    pair_of_stores both{o, seed + round};
    dice& d = both.random();
    both.write_some(d.below(2'000));
    const std::size_t budget = 1 + d.below(400), between = d.below(20);
    while (!both.complete()) {
      both.copy_a_piece(budget);
      both.write_some(d.below(between + 1));
      REQUIRE(both.pieces() < 100'000);
    }
    both.write_some(20);
    both.require_equal();
  }
}

namespace {

/// One operation on large data: batches of hundreds of rows, hundreds of names, sometimes
/// everything in a space at once.
operation on_much(dice& d) {
  const auto key = [&] { return static_cast<std::int64_t>(d.below(2'000)); };
  if (d.chance(40)) {
    const auto kind = d.chance(50) ? space_kind::queue : space_kind::stack;
    space where{kind, "q" + std::to_string(d.below(300))};
    if (d.chance(70))
      return {std::move(where), op::push{value_list(1 + d.below(5), value{key()})}};
    return {std::move(where), d.chance(50) ? operation_body{op::pop{d.below(8)}} : op::drain{}};
  }
  const space_kind tables[] = {space_kind::tuples, space_kind::kv, space_kind::structs};
  space where{tables[d.below(3)], d.chance(80) ? "large" : "n" + std::to_string(d.below(300))};
  if (d.chance(3))
    return {std::move(where), op::clear{}};
  if (d.chance(20))
    return {std::move(where), op::remove_match{{{bind(1), any}, var(1) < key() / 4}}};
  if (d.chance(40))
    return {std::move(where), op::remove{key()}};
  op::put_many what;
  what.ttl_ms = d.chance(20) ? static_cast<std::int64_t>(1 + d.below(100)) : 0;
  for (std::size_t n = 1 + d.below(400); n > 0; --n)
    what.rows.push_back({key(), static_cast<std::int64_t>(d.bits() % 1'000)});
  return {std::move(where), std::move(what)};
}

} // namespace

TEST_CASE("transfer: tables of many pages and hundreds of names are copied though they are "
          "cleared and rewritten meanwhile") {
  for (std::size_t round = 0; round < workload::scaled(60); ++round) {
    const std::uint64_t seed = workload::seed(13) + round;
    CAPTURE(seed);
    store_options o;
    o.type = all_types[round % 4];
    o.stripes = std::size_t{1} << round % 5;
    pair_of_stores both{o, seed};
    dice& d = both.random();
    for (std::size_t n = 100 + d.below(300); n > 0; --n)
      both.write(on_much(d));
    const std::size_t budget = 50 + d.below(4'000), between = 1 + d.below(4);
    while (!both.complete()) {
      both.copy_a_piece(budget);
      if (d.chance(30))
        for (std::size_t n = d.below(between + 1); n > 0; --n)
          both.write(on_much(d));
      REQUIRE(both.pieces() < 100'000);
    }
    both.require_equal();
  }
}

TEST_CASE("transfer: long queues and stacks are copied in slices while both ends move") {
  for (const space_kind kind : {space_kind::queue, space_kind::stack})
    for (std::uint64_t seed = 0; seed < workload::scaled(200); ++seed) {
      CAPTURE(seed);
      pair_of_stores both{{}, workload::seed(100) + seed};
      dice& d = both.random();
      const std::string names[] = {"a", "b", "c"};
      const auto write = [&](std::size_t pushes_in_a_hundred) {
        const space where{kind, names[d.below(3)]};
        if (d.chance(pushes_in_a_hundred))
          both.write({where, op::push{value_list(1 + d.below(5), value{d.bits() % 1000})}});
        else if (d.chance(2))
          both.write({where, op::drain{}});
        else
          both.write({where, op::pop{d.below(8)}});
      };
      for (int i = 0; i < 300; ++i)
        write(95);
      const std::size_t pushes = 30 + d.below(60);
      while (!both.complete()) {
        both.copy_a_piece(33 + d.below(300));
        for (std::size_t i = d.below(10); i > 0; --i)
          write(pushes);
      }
      both.require_equal();
    }
}

TEST_CASE("transfer: deadlines, and records that have expired, are copied") {
  pair_of_stores both{{}, 1};
  both.write({{}, op::put{record{"soon", 1}, 5}});
  both.write({{}, op::put{record{"later", 1}, 1'000'000}});
  for (int i = 0; i < 10; ++i)
    both.write({{}, op::remove{"nobody"}});
  while (!both.complete())
    both.copy_a_piece(1);
  both.require_equal();
  const value key = "soon";
  CHECK(both.copy().tuples().get(key, hash(key), stamp{1'000}).size() == 1);
  CHECK(both.copy().tuples().get(key, hash(key), stamp{2'000}).empty());
}

TEST_CASE("transfer: an empty store has one piece, and a piece has about the size asked for") {
  pair_of_stores empty{{}, 1};
  empty.copy_a_piece(1);
  CHECK(empty.complete());
  pair_of_stores full{{}, 1};
  for (int i = 0; i < 10'000; ++i)
    full.write({{}, op::put{record{i, std::string(40, 'x')}}});
  byte_buffer piece;
  read_piece(full.original(), {}, 64'000, piece);
  CHECK(piece.size() >= 64'000);
  CHECK(piece.size() < 128'000);
}

TEST_CASE("transfer: bytes that are not a piece are refused") {
  pair_of_stores from{{}, 1};
  for (int i = 0; i < 100; ++i)
    from.write_some(10);
  byte_buffer piece;
  const auto next = read_piece(from.original(), {}, 100'000, piece);
  dice d{workload::seed(3)};
  for (std::size_t i = 0; i < workload::scaled(2'000); ++i) {
    byte_buffer broken = piece;
    if (d.chance(50))
      broken.resize(d.below(broken.size()));
    for (std::size_t n = d.below(4); n > 0 && !broken.empty(); --n)
      broken[d.below(broken.size())] = static_cast<std::uint8_t>(d.bits());
    partition_store to{{}};
    installation copy{to};
    (void)copy.take(broken, next); // must neither crash nor take memory without bound
  }
  partition_store to{{}};
  installation copy{to};
  const std::uint8_t nonsense[] = {0x09};
  CHECK(copy.take(nonsense, next).why().code == errc::malformed);
}
