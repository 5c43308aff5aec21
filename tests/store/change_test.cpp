#include "support/random_operations.hpp"

#include <supercache/store/partition_store.hpp>
#include <supercache/store/wire_fields.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace supercache;

namespace {

using place = std::pair<space_kind, std::string>;

/// A copy of all tables that knows only the changes reported to it.
struct mirror final : change_sink {
  std::map<place, std::vector<record>> rows;
  std::vector<transition> all;
  void changed(transition t) override {
    all.push_back(t);
    auto& here = rows[{t.where.kind, t.where.name}];
    if (!t.before.empty()) {
      const auto old = std::ranges::find(here, t.before);
      REQUIRE(old != here.end());
      here.erase(old);
    }
    if (!t.after.empty())
      here.push_back(t.after);
  }
};

std::vector<record> sorted(std::vector<record> rows) {
  std::ranges::sort(rows);
  return rows;
}

std::vector<record> rows_of(table& t, const stamp& now) {
  std::vector<record> out;
  t.each(now, [&](const record& r) {
    out.push_back(r);
    return true;
  });
  return sorted(std::move(out));
}

void check_same(mirror& m, partition_store& store, std::int64_t now_ms) {
  store.reclaim_expired(now_ms, SIZE_MAX);
  const stamp now{now_ms};
  REQUIRE(sorted(m.rows[{space_kind::tuples, ""}]) == rows_of(store.tuples(), now));
  for (const auto kind : {space_kind::kv, space_kind::structs})
    for (const std::string& name : store.names(kind))
      REQUIRE(sorted(m.rows[{kind, name}]) == rows_of(*store.find(kind, name), now));
}

stamp at(std::int64_t ms) { return stamp{ms}; }

operation on_tuples(operation_body body) { return {{}, std::move(body)}; }

change_filter filter(interest i) { return change_filter::make(std::move(i), 0).value(); }

} // namespace

TEST_CASE("a watcher of all changes has the same data, whatever the operations") {
  for (const auto type :
       {table_type::set, table_type::ordered_set, table_type::bag, table_type::duplicate_bag}) {
    CAPTURE(to_string(type));
    workload::dice d{workload::seed(4711 + static_cast<std::uint64_t>(type))};
    store_options options;
    options.type = type;
    partition_store store{options};
    mirror m;
    store.tell(&m);
    std::int64_t now = 1'000;
    for (int i = 0; i < 20'000; ++i) {
      const operation o{random_operations::random_space(d), random_operations::random_body(d)};
      CAPTURE(i);
      (void)store.apply(o, stamp{now});
      now += static_cast<std::int64_t>(d.below(3));
      if (i % 200 == 0)
        check_same(m, store, now);
    }
    check_same(m, store, now);
    CHECK(m.all.size() > 5'000);
  }
}

TEST_CASE("nothing is reported after the end of a watch") {
  partition_store store{{}};
  mirror m;
  store.tell(&m);
  (void)store.apply(on_tuples(op::put{{1, "a"}}), at(0));
  store.tell(nullptr);
  (void)store.apply(on_tuples(op::put{{2, "b"}}), at(0));
  (void)store.apply({{space_kind::kv, "later"}, op::put{{2, "b"}}}, at(0));
  REQUIRE(m.all.size() == 1);
  CHECK(m.all[0].kind == change_kind::stored);
  CHECK(m.all[0].after == record{1, "a"});
}

TEST_CASE("expired records are reported as expired, removed ones as removed") {
  partition_store store{{}};
  mirror m;
  store.tell(&m);
  (void)store.apply(on_tuples(op::put{{1, "a"}, 10}), at(0));
  (void)store.apply(on_tuples(op::put{{2, "b"}}), at(0));
  (void)store.apply(on_tuples(op::put{{3, "c"}, 10}), at(0));
  (void)store.apply(on_tuples(op::remove{2}), at(5));
  store.reclaim_expired(20, 100);
  std::vector<std::pair<change_kind, record>> gone;
  for (const transition& t : m.all)
    if (t.after.empty())
      gone.emplace_back(t.kind, t.before);
  std::ranges::sort(gone);
  CHECK(gone
        == std::vector<std::pair<change_kind, record>>{{change_kind::removed, {2, "b"}},
                                                       {change_kind::expired, {1, "a"}},
                                                       {change_kind::expired, {3, "c"}}});
}

TEST_CASE("an interest sees its key, its namespace, or what matches, and no more") {
  const space here{space_kind::kv, "sessions"};
  const transition t{here, change_kind::stored, {"k", 1}, {"k", 2}};
  CHECK(filter({here}).sees(t)->row == record{"k", 2});
  CHECK(filter({here, "k"}).sees(t)->kind == change_kind::stored);
  CHECK_FALSE(filter({here, "other"}).sees(t));
  CHECK_FALSE(filter({{space_kind::kv, "others"}}).sees(t));
  CHECK_FALSE(filter({{space_kind::structs, "sessions"}}).sees(t));
  CHECK(filter({here, {}, pattern{{any, 2}}}).sees(t)->kind == change_kind::stored);
  CHECK_FALSE(filter({here, {}, pattern{{any, 3}}}).sees(t));
}

TEST_CASE("a record that no longer matches, since it was replaced, is reported as removed") {
  const transition t{{}, change_kind::stored, {"k", 1}, {"k", 2}};
  const auto seen = filter({{}, {}, pattern{{any, 1}}}).sees(t);
  REQUIRE(seen);
  CHECK(seen->kind == change_kind::removed);
  CHECK(seen->row == record{"k", 1});
}

TEST_CASE("missed changes are reported to every watcher") {
  CHECK(filter({{}, "k"}).sees({})->kind == change_kind::missed);
}

TEST_CASE("an interest in a queue, or with a pattern that makes no sense, is refused") {
  const auto queue = change_filter::make({{space_kind::queue, "q"}}, 0);
  REQUIRE_FALSE(queue);
  CHECK(queue.why().message == "a queue cannot be watched; tuples, kv and structs can");
  CHECK_FALSE(change_filter::make({{}, {}, pattern{}}, 0));
}

TEST_CASE("interests, changes and transitions survive encoding and decoding") {
  const interest i{{space_kind::kv, "n"}, value{"key"}, pattern{{any, bind(1)}, var(1) > 3}};
  const auto bytes = encoded(i);
  byte_view in{bytes};
  const auto back = decode_interest(in);
  REQUIRE(back);
  CHECK(in.empty());
  CHECK(encoded(*back) == bytes);

  const change c{change_kind::expired, {space_kind::structs, "T"}, {1, "x"}};
  const auto told = encoded(c);
  byte_view rest{told};
  const auto again = decode_change(rest);
  REQUIRE(again);
  CHECK(again->kind == c.kind);
  CHECK(again->where == c.where);
  CHECK(again->row == c.row);
  byte_view half = byte_view{told}.first(told.size() - 1);
  CHECK_FALSE(decode_change(half));

  byte_buffer out;
  wire_writer w{out};
  encode(w, transition{{}, change_kind::stored, {}, {1, "x"}});
  wire_reader r{out};
  const transition t = decode<transition>(r);
  CHECK(r.finish());
  CHECK(t.before.empty());
  CHECK(t.after == record{1, "x"});
}
