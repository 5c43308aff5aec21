#include "actors/asking.hpp"
#include "actors/cluster_fixture.hpp"
#include "support/table_types.hpp"

#include <supercache/structs.hpp>

#include <algorithm>

// Listings by prefix, limit and page, of the handle and of messages, of one node and of a cluster.

using namespace supercache;
using fixture::running;
using fixture::with_type;

namespace listed {
struct thing {
  std::string id;
  int n = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, thing& x) {
  return f(caf::meta::type_name("listed_thing"), x.id, x.n);
}
} // namespace listed
using listed::thing;

namespace {

value_list sorted(value_list xs) {
  std::ranges::sort(xs);
  return xs;
}

/// 3000 keys of two kinds, and some that are no strings.
void fill(cache c) {
  std::vector<std::pair<value, value>> pairs;
  for (int i = 0; i < 1'500; ++i) {
    pairs.emplace_back("user:" + std::to_string(i), i);
    pairs.emplace_back("order:" + std::to_string(i), i);
  }
  pairs.emplace_back(7, "a number");
  pairs.emplace_back(value::tuple({"user:"}), "a tuple");
  c.kv("n").add_batch(pairs);
}

/// Everything on all pages.
template <class NextPage>
auto all_pages(NextPage&& next_page) {
  auto page = next_page(value{});
  auto all = page.items;
  while (!page.next.is_nil()) {
    page = next_page(page.next);
    all.insert(all.end(), page.items.begin(), page.items.end());
  }
  return all;
}

void check_listings(cache c, bool ordered) {
  auto kv = c.kv("n");
  CHECK(kv.keys().size() == 3'002);
  const auto users = kv.keys({.prefix = "user:"});
  CHECK(users.size() == 1'500);
  CHECK(
    std::ranges::all_of(users, [](const value& k) { return k.as_string().starts_with("user:"); }));
  CHECK(kv.keys({.prefix = "user:12"}).size() == 111);
  CHECK(kv.keys({.prefix = "nobody"}).empty());
  CHECK(kv.values({.prefix = "user:1499"}) == value_list{1'499});
  CHECK(kv.keys({.limit = 10}).size() == 10);
  CHECK(kv.keys({.prefix = "user:", .limit = 7}).size() == 7);
  CHECK(kv.to_list({.limit = 5'000}).size() == 3'002);
  if (ordered)
    CHECK(kv.keys({.prefix = "user:", .limit = 3}) == value_list{"user:0", "user:1", "user:10"});
  CHECK(kv.keys({read_mode::primary}).size() == 3'002);
  const read_options like_that{.mode = read_mode::primary};
  CHECK(kv.keys(like_that).size() == 3'002);

  const auto keys
    = all_pages([&](const value& from) { return kv.keys_page(from, {.limit = 100}); });
  CHECK(sorted(keys) == sorted(kv.keys()));
  const auto pairs
    = all_pages([&](const value& from) { return kv.page(from, {.prefix = "order:"}); });
  CHECK(pairs.size() == 1'500);
  const auto first = kv.keys_page({}, {.limit = 100});
  CHECK(first.items.size() >= 100);
  CHECK(first.items.size() < 300);
}

} // namespace

TEST_CASE("listing: keys by prefix, limit and page") {
  for (const auto type : all_types) {
    CAPTURE(to_string(type));
    running r{with_type(type)};
    fill(r.c);
    check_listings(r.c, type == table_type::ordered_set);
  }
}

TEST_CASE("listing: a beginning that no page answered is an error") {
  running r;
  r.c.kv("n").add("k", 1);
  for (const value& from : {value{1}, value::tuple({-1, nullptr}), value::tuple({0, "x"})}) {
    CHECK(fixture::code(r.c.kv("n").try_keys_page(from)) == errc::invalid_argument);
    CHECK(fixture::code(r.c.kv("n").try_page(from)) == errc::invalid_argument);
  }
}

TEST_CASE("listing: a key of a bag is listed once, however many values it has") {
  for (const auto type : {table_type::bag, table_type::duplicate_bag}) {
    running r{with_type(type)};
    auto kv = r.c.kv("n");
    for (int i = 0; i < 2'000; ++i)
      kv.add(i % 20, i);
    CHECK(kv.keys().size() == 20);
    CHECK(kv.keys({.limit = 5}).size() == 5);
    CHECK(kv.values().size() == 2'000);
    CHECK(all_pages([&](const value& from) { return kv.keys_page(from, {.limit = 1}); }).size()
          == 20);
    CHECK(all_pages([&](const value& from) { return kv.page(from, {.limit = 1}); }).size()
          == 2'000);
  }
}

TEST_CASE("listing: large values make small pages") {
  running r;
  auto kv = r.c.kv("n");
  for (int i = 0; i < 2'000; ++i)
    kv.add(i, std::string(20'000, 'x'));
  const auto page = kv.page({});
  CHECK(page.items.size() < 600);
  CHECK(kv.keys_page({}).items.size() >= 1'000);
  CHECK(all_pages([&](const value& from) { return kv.page(from); }).size() == 2'000);
}

TEST_CASE("listing: names by prefix, limit and page, of what has something in it") {
  running r;
  for (int i = 0; i < 300; ++i) {
    r.c.queue("q" + std::to_string(i)).add(1);
    r.c.stack("s" + std::to_string(i)).push(1);
    r.c.kv("n" + std::to_string(i)).add("k", 1);
  }
  r.c.kv("n7").remove("k");
  r.c.queue("q7").out();
  CHECK(names(r.c, space_kind::queue).size() == 299);
  CHECK(names(r.c, space_kind::stack).size() == 300);
  CHECK(names(r.c, space_kind::kv).size() == 299);
  CHECK(names(r.c, space_kind::structs).empty());
  using list = std::vector<std::string>;
  CHECK(names(r.c, space_kind::kv, {.prefix = "n29"}).size() == 11);
  CHECK(names(r.c, space_kind::kv, {.limit = 3}) == list{"n0", "n1", "n10"});
  CHECK(names(r.c, space_kind::kv, {.limit = 2}, "n10") == list{"n100", "n101"});
  CHECK(names(r.c, space_kind::queue, {.prefix = "q29"}, "q298") == list{"q299"});
  CHECK_ERROR(try_names(r.c, space_kind::tuples), errc::invalid_argument,
              "the tuples have no name");
}

TEST_CASE("listing: structs by page and prefix") {
  running r;
  auto all = r.c.structs(&thing::id);
  for (int i = 0; i < 2'500; ++i)
    all.add({(i % 2 ? "odd" : "even") + std::to_string(i), i});
  CHECK(all_pages([&](const value& from) { return all.page(from); }).size() == 2'500);
  const auto odd = all_pages([&](const value& from) { return all.page(from, {.prefix = "odd"}); });
  CHECK(odd.size() == 1'250);
  CHECK(std::ranges::all_of(odd, [](const thing& t) { return t.n % 2 == 1; }));
  struct unknown : thing {};
  // A type with the same name in its inspection is the same type, and needs no init here.
  CHECK(r.c.structs<unknown>().page({}).items.size() == all.page({}).items.size());
}

TEST_CASE("listing: messages list the same") {
  running r;
  fill(r.c);
  for (int i = 0; i < 30; ++i)
    r.c.queue("q" + std::to_string(i)).add(1);
  caf::scoped_actor self{r.system};
  struct {
    caf::scoped_actor& self;
    cache_actor to;
  } a{self, r.c.actor()};
  const std::string kv = "kv", n = "n", user = "user:";
  value next;
  std::size_t keys = 0;
  do {
    const auto p = fixture::ask<page>(a, page_atom_v, kv, n, next, user, std::uint64_t{50}, true);
    REQUIRE(fixture::ok(p));
    CHECK(p->rows.size() < 200);
    for (const record& row : p->rows)
      CHECK((row.size() == 1 && row[0].as_string().starts_with(user)));
    keys += p->rows.size();
    next = p->next;
  } while (!next.is_nil());
  CHECK(keys == 1'500);
  const std::string queue = "queue", none;
  CHECK(*fixture::ask<value_list>(a, list_atom_v, queue, value{}, none, std::uint64_t{2})
        == value_list{"q0", "q1"});
  CHECK(*fixture::ask<value_list>(a, list_atom_v, queue, value{"q28"}, none, std::uint64_t{9})
        == value_list{"q29", "q3", "q4", "q5", "q6", "q7", "q8", "q9"});
}

TEST_CASE("listing: of a cluster it is the same, also at a node without copies") {
  for (const std::size_t factor : {1UL, 3UL}) {
    fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync, factor)};
    fill(nodes[0]);
    for (int i = 0; i < 40; ++i)
      nodes[1].queue("q" + std::to_string(i)).add(1);
    nodes.settle();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      CHECK(fixture::eventually([&] { return nodes[i].kv("n").count() == 3'002; }));
      check_listings(nodes[i], false);
      CHECK(fixture::eventually(
        [&] { return names(nodes[i], space_kind::queue, {.prefix = "q1"}).size() == 11; }));
    }
  }
}
