#include "support/checks.hpp"
#include "support/random_operations.hpp"
#include "support/values.hpp"
#include "support/workload.hpp"

#include <supercache/store/partition_store.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace supercache;
using random_operations::random_body;
using random_operations::random_space;
using workload::dice;

namespace {

const stamp t0{1'000};
const space tuples{};

space kv(std::string name) { return {space_kind::kv, std::move(name)}; }
space structs(std::string name) { return {space_kind::structs, std::move(name)}; }
space queue(std::string name) { return {space_kind::queue, std::move(name)}; }
space stack(std::string name) { return {space_kind::stack, std::move(name)}; }

result<value> apply(partition_store& s, space where, operation_body what,
                    std::int64_t now = 1'000) {
  return s.apply({std::move(where), std::move(what)}, stamp{now});
}
value done(partition_store& s, space where, operation_body what) {
  return apply(s, std::move(where), std::move(what)).value();
}

std::vector<record> rows_of(const table& t, std::int64_t now) {
  std::vector<record> out;
  t.each(stamp{now}, [&](const record& r) {
    out.push_back(r);
    return true;
  });
  std::ranges::sort(out);
  return out;
}

/// Everything visible in a store at an instant.
struct content {
  std::map<std::string, std::vector<record>> tables;
  std::map<std::string, value_list> queues;
  bool operator==(const content&) const = default;
};

content content_of(const partition_store& s, std::int64_t now) {
  content c;
  c.tables["tuples"] = rows_of(s.tuples(), now);
  for (const space_kind k : {space_kind::kv, space_kind::structs})
    for (const auto& name : s.names(k))
      if (auto rows = rows_of(*s.find(k, name), now); !rows.empty()) // or all have expired
        c.tables[std::string{to_string(k)} + "/" + name] = std::move(rows);
  const auto add = [&](const std::string& prefix, const queue_map& from) {
    from.each([&](std::string_view name, const auto& items) {
      c.queues[prefix + std::string{name}] = value_list(items.begin(), items.end());
    });
  };
  add("queue/", s.queues());
  add("stack/", s.stacks());
  return c;
}

value nested(unsigned depth) {
  value x = 1;
  for (unsigned i = 0; i < depth; ++i)
    x = value::list({x});
  return x;
}

} // namespace

TEST_CASE("operations and spaces have names") {
  CHECK(to_string(space_kind::tuples) == "tuples");
  CHECK(to_string(space_kind::kv) == "kv");
  CHECK(to_string(space_kind::queue) == "queue");
  CHECK(to_string(space_kind::stack) == "stack");
  CHECK(to_string(space_kind::structs) == "structs");
  const std::vector<std::pair<operation_body, std::string>> all
    = {{op::put{}, "put"},
       {op::put_many{}, "put_many"},
       {op::insert_new{}, "insert_new"},
       {op::remove{}, "remove"},
       {op::take{}, "take"},
       {op::update_element{}, "update_element"},
       {op::update_counter{}, "update_counter"},
       {op::compare_exchange{}, "compare_exchange"},
       {op::expire{}, "expire"},
       {op::remove_match{}, "remove_match"},
       {op::clear{}, "clear"},
       {op::push{}, "push"},
       {op::pop{}, "pop"},
       {op::drain{}, "drain"},
       {op::exchange{}, "exchange"},
       {op::restore{}, "restore"},
       {op::extend{}, "extend"},
       {op::wipe{}, "wipe"},
       {op::append{}, "append"}};
  CHECK(all.size() == std::variant_size_v<operation_body>);
  for (const auto& [body, name] : all)
    CHECK(name_of(body) == name);
}

TEST_CASE("every table operation does what it says in each table, and answers so") {
  for (const space& where : {tuples, kv("n"), structs("t")}) {
    CAPTURE(to_string(where.kind));
    partition_store s{{}};
    CHECK(done(s, where, op::put{{"a", 1}}) == value{});
    CHECK(done(s, where, op::put_many{{record{"b", 2}, record{"c", 3}}}) == value{});
    CHECK(done(s, where, op::insert_new{{"a", 9}}) == value{false});
    CHECK(done(s, where, op::insert_new{{"d", 4}}) == value{true});
    CHECK(done(s, where, op::update_element{"a", {{1, 10}}}) == value{true});
    CHECK(done(s, where, op::update_counter{"a", 1, 5}) == value{15});
    CHECK(done(s, where, op::compare_exchange{"a", record{"a", 15}, record{"a", 16}})
          == value{true});
    CHECK(done(s, where, op::compare_exchange{"a", record{"a", 15}, {}}) == value{false});
    CHECK(done(s, where, op::expire{"b", 50}) == value{1});
    CHECK(done(s, where, op::take{"c"}) == value::list({value::tuple({"c", 3})}));
    CHECK(done(s, where, op::take{"c"}) == value::list({}));
    CHECK(done(s, where, op::remove{"d"}) == value{1});
    CHECK(done(s, where, op::remove{"d"}) == value{0});
    const auto left = content_of(s, 1'000);
    CHECK(left.queues.empty());
    std::vector<record> rows;
    for (const auto& [name, found] : left.tables)
      rows.insert(rows.end(), found.begin(), found.end());
    CHECK(rows == std::vector{record{"a", 16}, record{"b", 2}});
    CHECK(done(s, where, op::remove_match{{{any, bind(1)}, var(1) > 10}}) == value{1});
    CHECK(done(s, where, op::clear{}) == value{1});
  }
}

TEST_CASE("every queue operation does what it says, oldest or newest first, and answers so") {
  for (const space& where : {queue("q"), stack("q")}) {
    partition_store s{{}};
    const bool fifo = where.kind == space_kind::queue;
    CHECK(done(s, where, op::push{{1, 2, 3}}) == value{3});
    CHECK(done(s, where, op::push{{4}}) == value{4});
    CHECK((fifo ? s.queues() : s.stacks()).count("q") == 4);
    CHECK((fifo ? s.stacks() : s.queues()).count("q") == 0);
    CHECK(done(s, where, op::pop{}) == value::list({fifo ? 1 : 4}));
    CHECK(done(s, where, op::pop{0}) == value::list({}));
    CHECK(done(s, where, op::drain{}) == (fifo ? value::list({2, 3, 4}) : value::list({3, 2, 1})));
    CHECK(done(s, where, op::pop{}) == value::list({}));
    CHECK(done(s, where, op::push{{1, 2}}) == value{2});
    CHECK(done(s, where, op::clear{}) == value{2});
    CHECK(done(s, where, op::push{{}}) == value{0});
  }
}

TEST_CASE("apply reports whether the queue of a push is watched") {
  partition_store s{{}};
  bool watched = true;
  CHECK(s.apply({queue("q"), op::push{{1}}}, t0, &watched).ok());
  CHECK_FALSE(watched);
  value out;
  s.queues().pop_or_watch("q", out);
  s.queues().pop_or_watch("q", out);
  CHECK(s.apply({queue("q"), op::push{{1}}}, t0, &watched).ok());
  CHECK(watched);
}

TEST_CASE("an operation that does not fit its space is refused and changes nothing") {
  partition_store s{{}};
  const std::string queues_only = "only queues and stacks push, pop, drain and extend";
  for (const space& where : {tuples, kv("n"), structs("t")})
    for (const operation_body& body : {operation_body{op::push{{1}}}, {op::pop{}}, {op::drain{}}})
      CHECK_REFUSED(apply(s, where, body), errc::invalid_argument, queues_only);
  const std::string four = "queues and stacks know push, pop, drain, extend and clear only";
  for (const space& where : {queue("q"), stack("s")})
    for (const operation_body& body : {operation_body{op::put{{"a", 1}}},
                                       {op::put_many{{record{1}}}},
                                       {op::insert_new{{"a", 1}}},
                                       {op::remove{1}},
                                       {op::take{1}},
                                       {op::update_element{1, {}}},
                                       {op::update_counter{1}},
                                       {op::compare_exchange{1, {}, {}}},
                                       {op::append{1, 1, "x"}},
                                       {op::expire{1, 1}},
                                       {op::remove_match{{{any}}}}})
      CHECK_REFUSED(apply(s, where, body), errc::invalid_argument, four);
  for (const auto& [name, rows] : content_of(s, 1'000).tables)
    CHECK(rows.empty());
  CHECK(content_of(s, 1'000).queues.empty());
}

TEST_CASE("a record that is too short is refused, alone or with the whole batch") {
  partition_store s{{.key_pos = 2}};
  const std::string why = "tuple size (2) is lower than key_pos (2)";
  CHECK_REFUSED(apply(s, tuples, op::put{{1, 2}}), errc::invalid_argument, why);
  CHECK_REFUSED(apply(s, tuples, op::insert_new{{1, 2}}), errc::invalid_argument, why);
  CHECK_REFUSED(apply(s, tuples, op::put_many{{record{1, 2, 3}, record{1, 2}}}),
                errc::invalid_argument, why);
  CHECK_REFUSED(apply(s, tuples, op::update_counter{3, 1, 1, record{1, 2}}), errc::invalid_argument,
                why);
  CHECK_REFUSED(apply(s, tuples, op::compare_exchange{3, {}, record{1, 2}}), errc::invalid_argument,
                why);
  CHECK_REFUSED(apply(s, tuples, op::put{}), errc::invalid_argument,
                "tuple size (0) is lower than key_pos (2)");
  CHECK_REFUSED(apply(s, kv("n"), op::put{}), errc::invalid_argument,
                "tuple size (0) is lower than key_pos (0)");
  CHECK(s.tuples().count(t0) == 0);
}

TEST_CASE("a record under another key than the operation's is refused") {
  partition_store s{{}};
  CHECK_REFUSED(apply(s, tuples, op::update_counter{"a", 1, 1, record{"b", 0}}),
                errc::invalid_argument, "the initial record has another key");
  CHECK_REFUSED(apply(s, tuples, op::compare_exchange{"a", {}, record{"b", 0}}),
                errc::invalid_argument, "the desired record has another key");
  CHECK(s.tuples().count(t0) == 0);
}

TEST_CASE("errors of the tables and of patterns come through") {
  partition_store s{{.type = table_type::bag}};
  CHECK_REFUSED(apply(s, tuples, op::update_counter{"a"}), errc::type_mismatch,
                "update_counter needs one record per key, and a bag can have many");
  CHECK_REFUSED(apply(s, tuples, op::append{"a", 1, "x"}), errc::type_mismatch,
                "append needs one record per key, and a bag can have many");
  CHECK_REFUSED(apply(s, tuples, op::remove_match{{{any}, guard{false}}}), errc::invalid_argument,
                "guard can never hold: its conditions exclude each other");
}

TEST_CASE("namespaces take the table type of the cache, structs have one record per key") {
  for (const table_type type :
       {table_type::set, table_type::ordered_set, table_type::bag, table_type::duplicate_bag}) {
    partition_store s{{.type = type, .key_pos = 1}};
    CHECK(s.open(space_kind::kv, "n").type() == type);
    CHECK(s.open(space_kind::kv, "n").key_pos() == 0);
    CHECK(s.open(space_kind::structs, "t").type()
          == (type == table_type::ordered_set ? table_type::ordered_set : table_type::set));
    CHECK(s.tuples().type() == type);
    CHECK(s.tuples().key_pos() == 1);
  }
}

TEST_CASE("many namespaces never see each other, the structs or the tuples") {
  partition_store s{{}};
  constexpr int n = 1'000;
  CHECK(s.find(space_kind::kv, "n0") == nullptr);
  for (int i = 0; i < n; ++i) {
    const auto name = "n" + std::to_string(i);
    done(s, kv(name), op::put{{"key", i}});
    done(s, structs(name), op::put{{"key", -i}});
  }
  done(s, tuples, op::put{{"key", "tuple"}});
  const auto found = [&](table* t) {
    REQUIRE(t != nullptr);
    return t->get("key", hash(value{"key"}), t0).to_vector();
  };
  for (int i = 0; i < n; ++i) {
    const auto name = "n" + std::to_string(i);
    CHECK(found(s.find(space_kind::kv, name)) == std::vector{record{"key", i}});
    CHECK(found(s.find(space_kind::structs, name)) == std::vector{record{"key", -i}});
    CHECK(s.find(space_kind::kv, name) == &s.open(space_kind::kv, name));
  }
  CHECK(found(&s.tuples()) == std::vector{record{"key", "tuple"}});
  CHECK(s.find(space_kind::kv, "absent") == nullptr);
  CHECK(s.names(space_kind::kv).size() == n);
  const auto names = s.names(space_kind::structs);
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == n);
  done(s, kv("n7"), op::clear{});
  CHECK(found(s.find(space_kind::kv, "n7")).empty());
  CHECK(found(s.find(space_kind::kv, "n8")).size() == 1);
  CHECK(found(s.find(space_kind::structs, "n7")).size() == 1);
}

TEST_CASE("queues and stacks in use are among the names") {
  partition_store s{{}};
  done(s, queue("q"), op::push{{1}});
  done(s, stack("s"), op::push{{1}});
  CHECK(s.names(space_kind::queue) == std::vector<std::string>{"q"});
  CHECK(s.names(space_kind::stack) == std::vector<std::string>{"s"});
}

TEST_CASE("one namespace made by many threads at once is one table") {
  for (int round = 0; round < 20; ++round) {
    partition_store s{{}};
    std::vector<std::vector<table*>> seen(4);
    workload::on_threads(4, [&](std::size_t me) {
      for (int i = 0; i < 100; ++i)
        seen[me].push_back(&s.open(space_kind::kv, "n" + std::to_string(i)));
    });
    for (const auto& mine : seen)
      REQUIRE(mine == seen[0]);
    CHECK(s.names(space_kind::kv).empty()); // they are still empty
    for (table* t : seen[0])
      t->put(record{1}, hash(value{1}), 0, stamp{std::int64_t{0}});
    REQUIRE(s.names(space_kind::kv).size() == 100);
  }
}

TEST_CASE("expired records in any space are freed within the budget") {
  partition_store s{{}};
  for (int i = 0; i < 10; ++i)
    for (const space& where : {tuples, kv("a"), kv("b"), structs("c")})
      done(s, where, op::put{{i, "x"}, i % 2 ? 50 : 0});
  CHECK(s.reclaim_expired(1'049, 1'000) == 0);
  CHECK(s.reclaim_expired(1'050, 7) == 7);
  CHECK(s.reclaim_expired(1'050, 7) == 7);
  CHECK(s.reclaim_expired(1'050, 1'000) == 6);
  CHECK(s.reclaim_expired(1'050, 1'000) == 0);
}

TEST_CASE("clear empties every space and gives the memory back") {
  partition_store s{{}};
  for (int i = 0; i < 1'000; ++i)
    for (const space& where : {tuples, kv("a"), structs("c")})
      done(s, where, op::put{{i, std::string(100, 'x')}});
  done(s, queue("q"), op::push{{1, 2, 3}});
  done(s, stack("s"), op::push{{1, 2, 3}});
  CHECK(s.bytes() > 300'000);
  s.clear(t0);
  while (s.free_cleared(1'000)) {}
  CHECK(s.bytes() == 0);
  for (const auto& [name, rows] : content_of(s, 1'000).tables)
    CHECK(rows.empty());
  CHECK(content_of(s, 1'000).queues.empty());
}

TEST_CASE("an operation without a valid answer stores nothing and loses nothing") {
  // Answers are lists, one level above their contents.
  partition_store s{{}};
  CHECK_REFUSED(apply(s, queue("q"), op::push{{1, nested(max_depth)}}), errc::too_large,
                "item nested deeper than 127 levels");
  CHECK(s.queues().count("q") == 0);
  CHECK(done(s, queue("q"), op::push{{nested(max_depth - 1)}}) == value{1});
  CHECK(done(s, queue("q"), op::pop{}) == value::list({nested(max_depth - 1)}));
  const record deepest{"key", nested(max_depth - 1)};
  CHECK(done(s, tuples, op::put{deepest}) == value{});
  CHECK_REFUSED(apply(s, tuples, op::take{"key"}), errc::too_large,
                "record under key \"key\" is nested too deeply to be answered in a list");
  CHECK(s.tuples().get("key", hash(value{"key"}), t0).to_vector() == std::vector{deepest});
  CHECK(done(s, tuples, op::remove{"key"}) == value{1});
}

TEST_CASE("the same operations with the same stamps make equal stores and equal answers") {
  const auto seed = workload::seed(31);
  CAPTURE(seed);
  for (const table_type type :
       {table_type::set, table_type::ordered_set, table_type::bag, table_type::duplicate_bag}) {
    dice d{seed};
    // The layout of a store must not matter, nor the time at which it frees expired records.
    partition_store a{{.type = type, .stripes = 16}}, b{{.type = type, .stripes = 1}};
    std::int64_t now = 1'000;
    std::size_t succeeded = 0;
    for (std::size_t i = 0; i < workload::scaled(20'000); ++i) {
      const operation o{random_space(d), random_body(d)};
      const auto x = a.apply(o, stamp{now});
      const auto y = b.apply(o, stamp{now});
      REQUIRE(x.ok() == y.ok());
      if (x) {
        REQUIRE(*x == *y);
        ++succeeded;
      } else {
        REQUIRE(x.why() == y.why());
      }
      now += static_cast<std::int64_t>(d.below(3));
      if (d.chance(1))
        a.reclaim_expired(now, d.below(100));
      if (i % 1'000 == 0)
        REQUIRE(content_of(a, now) == content_of(b, now));
    }
    CHECK(content_of(a, now) == content_of(b, now));
    CHECK(succeeded > workload::scaled(20'000) / 4);
  }
}
