#include "actors/fixture.hpp"

#include <map>

// How C++ writes the arguments of the handle: braces, containers, optionals.

using namespace supercache;
using fixture::running;

namespace {

value list(std::initializer_list<item> xs) { return value::list(xs); }

struct lettered {
  char letter = ' ';
  wchar_t wide = L' ';
  int n = 0;
  bool operator==(const lettered&) const = default;
};
SUPERCACHE_INSPECT(lettered, x.letter, x.wide, x.n)

} // namespace

TEST_CASE("records in braces are stored, found and removed, also those of one element") {
  running r;
  r.c.put({"a"});
  r.c.put({1});
  r.c.put({"b", 1});
  r.c.put({"c", {"red", {"dark"}}});
  r.c.put_batch({{"d"}, {"e", {1}}});
  CHECK(fixture::ok(r.c.try_put({"f"})));
  CHECK(r.c.insert_new({"g"}));
  r.c.lazy_put({"h"});
  r.c.flush();
  CHECK(r.c.get("a").front() == record{"a"});
  CHECK(r.c.get({"a"}).front() == record{"a"});
  CHECK(r.c.get({"b", "whatever"}).front() == record{"b", 1});
  CHECK(r.c.get("c").front() == record{"c", list({"red", list({"dark"})})});
  CHECK(r.c.get("e").front() == record{"e", list({1})});
  CHECK(r.c.get("h").front() == record{"h"});
  CHECK(r.c.get_many({"a", 1, "none"})[1].front() == record{1});
  CHECK((*r.c.try_get_many({"a"}))[0].front() == record{"a"});
  CHECK(r.c.try_get({"b", 0})->front() == record{"b", 1});
  CHECK(r.c.remove({"b", "whatever"}) == 1);
  CHECK(r.c.remove({"a"}) == 1);
  CHECK(*r.c.try_remove({"d"}) == 1);
  CHECK(r.c.remove(1) == 1);
  CHECK(fixture::code(r.c.try_put({})) == errc::invalid_argument);
}

TEST_CASE("braces in place of a value to store are a list, however many are in them") {
  running r;
  auto kv = r.c.kv("things");
  kv.add("two", {"red", "blue"});
  kv.add("one", {"red"});
  kv.add("none", {});
  kv.add("nested", {1, {2}, {}});
  CHECK(kv.get("two") == list({"red", "blue"}));
  CHECK(kv.get("one") == list({"red"}));
  CHECK(kv.get("none") == list({}));
  CHECK(kv.get("nested") == list({1, list({2}), list({})}));
  CHECK(kv.add_new("new", {1}));
  CHECK(kv.replace("new", {2}));
  CHECK(kv.compare_exchange("new", {2}, {3}));
  CHECK(kv.compare_exchange("new", {3}, 4));
  CHECK(kv.compare_exchange("new", 4, {5}));
  kv.update("updated", {6}, {.ttl = std::chrono::hours{1}});
  CHECK(kv.get_many({"new", "updated"}) == value_list{list({5}), list({6})});
  kv.add_batch({{"a", 1}, {"b", {2}}});
  CHECK(kv.get("a") == value{1});
  CHECK(kv.get("b") == list({2}));
  CHECK(kv.remove_batch({"a", "b"}) == 2);

  auto queue = r.c.queue("jobs");
  queue.add({"draw"});
  queue.add("erase");
  queue.add_batch({"a", {"b"}});
  CHECK(queue.get_all() == value_list{list({"draw"}), "erase", "a", list({"b"})});
  auto stack = r.c.stack("undo");
  stack.push({"draw"});
  stack.push_batch({1, {2}});
  CHECK(stack.get_all() == value_list{list({2}), 1, list({"draw"})});
}

TEST_CASE("containers and optionals are stored as they are") {
  running r;
  auto kv = r.c.kv("things");
  kv.add("vector", std::vector{1, 2});
  kv.add("map", std::map<std::string, std::vector<int>>{{"a", {1}}});
  kv.add("nothing", std::optional<int>{});
  kv.add("copied", kv.find("vector"));
  CHECK(kv.get("vector") == list({1, 2}));
  CHECK(kv.get("map") == value::map({{"a", list({1})}}));
  CHECK(kv.find("nothing") == value{});
  CHECK(kv.get("copied") == list({1, 2}));
}

TEST_CASE("an empty optional in place of a partition value means all partitions") {
  running r;
  r.c.put({"a", 1});
  std::optional<std::string> partition;
  CHECK(r.c.count_by_match(partition, {{any, any}}) == 1);
  partition = "a";
  CHECK(r.c.count_by_match(partition, {{any, any}}) == 1);
  CHECK(r.c.take("a", {}).size() == 1);
}

TEST_CASE("structs keep characters, and are found by them") {
  running r;
  auto letters = r.c.structs(&lettered::letter);
  letters.add({'a', L'\u00e4', 1});
  letters.add({'\xff', L'b', 2});
  CHECK(letters.get('a') == lettered{'a', L'\u00e4', 1});
  CHECK(letters.get("\xff").n == 2);
  CHECK(letters.find('a') == lettered{'a', L'\u00e4', 1});
  CHECK(!letters.find('x'));
  CHECK(letters.contains('a'));
  CHECK_FALSE(*letters.try_contains('x'));
  CHECK(letters.get_all().size() == 2);
}
