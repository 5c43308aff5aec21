#include "support/backups.hpp"
#include "support/checks.hpp"

#include <supercache/store/partition_store.hpp>
#include <supercache/store/transfer.hpp>

#include <doctest/doctest.h>

// Restoring a backup: a repetition changes nothing, and existing data is not doubled.

using namespace supercache;

namespace {

constexpr std::int64_t now_ms = 1'000;

struct fixture {
  partition_store store;
  explicit fixture(table_type type = table_type::set) : store(store_options{type, 0, 4}) {}

  result<value> apply(const space& where, operation_body body) {
    return store.apply({where, std::move(body)}, stamp{now_ms});
  }
  std::vector<record> rows(const value& key, std::int64_t at = now_ms) {
    return store.tuples().get(key, hash(key), stamp{at}).to_vector();
  }
  std::vector<std::int64_t> deadlines(const value& key) {
    std::vector<std::int64_t> out;
    for (const record& r : rows(key))
      out.push_back(r.deadline());
    return out;
  }
  value_list all_of(space_kind kind, const std::string& name) {
    value_list out;
    (kind == space_kind::queue ? store.queues() : store.stacks())
      .each([&](std::string_view n, const auto& items) {
        if (n == name)
          out.assign(items.begin(), items.end());
      });
    return out;
  }
};

const record one{"k", 1}, two{"k", 2}, three{"k", 3}, other{"l", 1};

} // namespace

TEST_CASE("restore replaces the records of its keys by rows with their times to live") {
  for (const auto type :
       {table_type::set, table_type::ordered_set, table_type::bag, table_type::duplicate_bag}) {
    fixture f{type};
    const bool many = type == table_type::bag || type == table_type::duplicate_bag;
    REQUIRE(f.apply({}, op::put{record{"k", 9}, 50}));
    for (int again = 0; again < 3; ++again) {
      const auto rows = many ? std::vector<op::restore::row>{{one, 0}, {two, 10}, {other, 0}}
                             : std::vector<op::restore::row>{{two, 10}, {other, 0}};
      CHECK(f.apply({}, op::restore{rows, 0}).value() == value{rows.size()});
      CHECK(f.rows("k") == (many ? std::vector{one, two} : std::vector{two}));
      CHECK(f.deadlines("k").back() == now_ms + 10);
      CHECK(f.rows("l") == std::vector{other});
      CHECK(f.deadlines("l") == std::vector<std::int64_t>{0});
    }
    CHECK(f.rows("k", now_ms + 10) == (many ? std::vector{one} : std::vector<record>{}));
  }
}

TEST_CASE("restore keeps duplicates where the table does, however often it is done") {
  fixture f{table_type::duplicate_bag};
  for (int again = 0; again < 3; ++again) {
    REQUIRE(f.apply({}, op::restore{{{one, 0}, {one, 0}, {two, 0}}, 0}));
    CHECK(f.rows("k") == std::vector{one, one, two});
  }
}

TEST_CASE("many rows of one key are restored in parts, each of which adds what is missing") {
  fixture f{table_type::duplicate_bag};
  REQUIRE(f.apply({}, op::restore{{{one, 0}}, 0}));
  CHECK_REFUSED(f.apply({}, op::restore{{{two, 0}}, 2}), errc::not_found,
                "1 records are under key \"k\", where 2 come before those to be added");
  for (int again = 0; again < 3; ++again) {
    REQUIRE(f.apply({}, op::restore{{{one, 0}, {two, 0}}, 1}));
    CHECK(f.rows("k") == std::vector{one, one, two});
  }
  REQUIRE(f.apply({}, op::restore{{{two, 0}, {three, 0}}, 2}));
  CHECK(f.rows("k") == std::vector{one, one, two, three});
  CHECK_REFUSED(f.apply({}, op::restore{{{one, 0}, {other, 0}}, 1}), errc::invalid_argument,
                "rows behind others are of one key, not of several");
  CHECK(f.rows("l").empty());
}

TEST_CASE("a restore that makes no sense changes nothing") {
  fixture f;
  CHECK_REFUSED(f.apply({}, op::restore{{{one, 0}, {record{}, 0}}, 0}), errc::invalid_argument,
                "tuple size (0) is lower than key_pos (0)");
  CHECK(f.rows("k").empty());
  CHECK_FALSE(f.apply({space_kind::queue, "q"}, op::restore{{{one, 0}}, 0}));
  CHECK_FALSE(f.apply({}, op::extend{{1}, 0}));
}

TEST_CASE("extend adds the items that a queue or stack does not have yet") {
  for (const auto kind : {space_kind::queue, space_kind::stack}) {
    fixture f;
    const space where{kind, "q"};
    for (int again = 0; again < 3; ++again)
      CHECK(f.apply(where, op::extend{{1, 2}, 0}).value() == value{2});
    for (int again = 0; again < 3; ++again)
      CHECK(f.apply(where, op::extend{{2, 3, 4}, 1}).value() == value{4});
    CHECK(f.all_of(kind, "q") == value_list{1, 2, 3, 4});
    CHECK_REFUSED(f.apply(where, op::extend{{7}, 5}), errc::not_found,
                  "4 items are there, where 5 come before those to be added");
    CHECK(f.all_of(kind, "q") == value_list{1, 2, 3, 4});
  }
}

TEST_CASE("wipe removes everything, whatever its target") {
  fixture f;
  const space all[] = {{}, {space_kind::kv, "n"}, {space_kind::structs, "t"}};
  for (const space& where : all)
    REQUIRE(f.apply(where, op::put{one, 0}));
  for (const auto kind : {space_kind::queue, space_kind::stack})
    REQUIRE(f.apply({kind, "q"}, op::push{{1}}));
  CHECK(f.apply({space_kind::kv, "n"}, op::wipe{}).value() == value{});
  const stamp now{now_ms};
  CHECK(digest(f.store, now) == digest(fixture{}.store, now));
}

TEST_CASE("hidden tables are in no snapshot, no names and no amounts, and survive a wipe") {
  store_options o;
  o.shown = [](space_kind kind, std::string_view name) noexcept {
    return kind != space_kind::structs || name != ".own";
  };
  partition_store store{o};
  const stamp now{now_ms};
  const space own{space_kind::structs, ".own"};
  REQUIRE(store.apply({own, op::put{one, 0}}, now).ok());
  backups::file seen{now_ms};
  REQUIRE(partition_store::snapshot_start{store}.begin(1, now).ok());
  REQUIRE(store.apply({own, op::put{two, 0}}, now).ok()); // a snapshot keeps what changes
  REQUIRE(store.apply({own, op::put{other, 0}}, now).ok());
  const auto part = backups::take(store, 1, 0, 10'000, now_ms);
  CHECK(part.last);
  CHECK((part.records == 0 && part.items == 0));
  CHECK(store.names(space_kind::structs).empty());
  CHECK(store.held(space_kind::structs, now).records == 0);
  REQUIRE(store.apply({{space_kind::structs, "theirs"}, op::put{one, 0}}, now).ok());
  CHECK(store.names(space_kind::structs) == std::vector<std::string>{"theirs"});
  REQUIRE(store.apply({{}, op::wipe{}}, now).ok());
  CHECK(store.names(space_kind::structs).empty());
  CHECK(store.find(own.kind, own.name)->stored() == 2);
}

TEST_CASE("a namespace whose records are all gone is not among the names") {
  fixture f;
  const space people{space_kind::kv, "people"};
  REQUIRE(f.apply(people, op::put{one, 0}));
  CHECK(f.store.names(space_kind::kv) == std::vector<std::string>{"people"});
  REQUIRE(f.apply(people, op::remove{"k"}));
  CHECK(f.store.names(space_kind::kv).empty());
}
