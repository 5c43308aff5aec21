#include "support/checks.hpp"
#include "support/workload.hpp"

#include <supercache/store/partition_store.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What `op::append` does.

using namespace supercache;

namespace {

const stamp t0{1'000};
const space kv{space_kind::kv, "n"};

/// Calls `f(table)` with an empty table of each type that has one record per key.
template <class F>
void for_each_type(F&& f) {
  for (const table_type type : {table_type::set, table_type::ordered_set}) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    f(t);
  }
}

void put(table& t, record r, std::int64_t ttl_ms = 0) {
  const auto h = hash(r[t.key_pos()]);
  t.put(std::move(r), h, ttl_ms, t0);
}

record get(const table& t, const value& key, const stamp& now = t0) {
  const auto found = t.get(key, hash(key), now);
  return found.empty() ? record{} : found.front();
}

result<std::int64_t> append(table& t, const op::append& a, const stamp& now = t0) {
  return t.append(a, hash(a.key), now);
}

value nested(unsigned depth) {
  value x = 1;
  while (x.depth() < depth)
    x = value::list({x});
  return x;
}

} // namespace

TEST_CASE("append adds the bytes of a string to a string and answers how many there are") {
  for_each_type([](table& t) {
    put(t, record{"key", "ab", 7});
    CHECK(append(t, {"key", 1, "c"}).value() == 3);
    CHECK(get(t, "key") == record{"key", "abc", 7});
    const std::string tail(20, 'x'); // no longer inline
    CHECK(append(t, {"key", 1, tail}).value() == 23);
    CHECK(append(t, {"key", 1, std::string{"\0\xff", 2}}).value() == 25);
    CHECK(append(t, {"key", 1, ""}).value() == 25);
    CHECK(get(t, "key") == record{"key", "abc" + tail + std::string{"\0\xff", 2}, 7});
    CHECK(t.count(t0) == 1);
  });
}

TEST_CASE("append adds the items of a list to a list and answers how many there are") {
  for_each_type([](table& t) {
    put(t, record{"key", 7, value::list({1})});
    CHECK(append(t, {"key", 2, value::list({2, value::list({3})})}).value() == 3);
    CHECK(append(t, {"key", 2, value::list({})}).value() == 3);
    CHECK(get(t, "key") == record{"key", 7, value::list({1, 2, value::list({3})})});
  });
}

TEST_CASE("append without a record starts from an empty string or list") {
  for_each_type([](table& t) {
    CHECK(append(t, {"text", 1, "ab"}).value() == 2);
    CHECK(append(t, {"list", 1, value::list({1, "b"})}).value() == 2);
    CHECK(append(t, {"none", 1, ""}).value() == 0);
    CHECK(get(t, "text") == record{"text", "ab"});
    CHECK(get(t, "list") == record{"list", value::list({1, "b"})});
    CHECK(get(t, "none") == record{"none", ""});
    CHECK(t.next_deadline() == INT64_MAX);
  });
}

TEST_CASE("append starts a record only where it knows every element") {
  for_each_type([](table& t) {
    CHECK_REFUSED(append(t, {"key", 2, "x"}), errc::not_found,
                  "no record under key \"key\", and an append cannot make up all elements of one");
    CHECK(t.count(t0) == 0);
  });
  table key_behind{table_type::set, 1, 1};
  CHECK(append(key_behind, {"key", 0, "x"}).value() == 1);
  CHECK(get(key_behind, "key") == record{"x", "key"});
  CHECK_REFUSED(append(key_behind, {"other", 2, "x"}), errc::not_found,
                "no record under key \"other\", and an append cannot make up all elements of one");
  partition_store s{{}};
  const space type{space_kind::structs, "t"}; // whose other fields an append does not know
  CHECK_REFUSED(s.apply({type, op::append{"key", 1, "x"}}, t0), errc::not_found,
                "no record under key \"key\", and an append cannot make up all elements of one");
  CHECK(s.find(space_kind::structs, "t") == nullptr);
  REQUIRE(s.apply({type, op::put{{"key", "a", 2}}}, t0).ok());
  CHECK(s.apply({type, op::append{"key", 1, "x"}}, t0).value() == value{2});
}

TEST_CASE("append keeps the deadline, or gives the time to live that comes along") {
  for_each_type([](table& t) {
    put(t, record{"key", "a"}, 50);
    CHECK(append(t, {"key", 1, "b"}, stamp{1'020}).value() == 2);
    CHECK(t.next_deadline() == 1'050);
    CHECK(append(t, {"key", 1, "", 40}, stamp{1'020}).value() == 2);
    CHECK(t.next_deadline() == 1'060);
    CHECK(append(t, {"key", 1, "b"}, stamp{1'060}).value() == 1); // it has expired
    CHECK(t.next_deadline() == INT64_MAX);
    CHECK(append(t, {"new", 1, "b", 40}, stamp{1'060}).value() == 1);
    CHECK(t.next_deadline() == 1'100);
    CHECK(get(t, "new", stamp{1'100}).empty());
  });
}

TEST_CASE("append of or to anything but strings and lists is refused and changes nothing") {
  for_each_type([](table& t) {
    const record before{"key", "text", value::list({1}), 5, nullptr};
    put(t, before);
    const auto refused = [&](std::uint32_t pos, const value& what, const std::string& kinds) {
      CHECK_REFUSED(append(t, {"key", pos, what}), errc::type_mismatch,
                    "cannot append a value of kind " + kinds
                      + "; only a string can be appended to a string, and a list to a list");
    };
    refused(1, value::list({"x"}), "list to one of kind string");
    refused(2, "x", "string to one of kind list");
    refused(3, "x", "string to one of kind integer");
    refused(4, value::list({}), "list to one of kind nil");
    for (const value& what : value_list{nullptr, true, 1, 1.5, value::tuple({1}), value::map({})}) {
      refused(1, what, std::string{to_string(what.kind())});
      CHECK(append(t, {"absent", 1, what}).why().code == errc::type_mismatch);
    }
    CHECK_REFUSED(append(t, {"key", 0, "x"}), errc::invalid_argument,
                  "element 0 is the key and cannot be changed");
    CHECK_REFUSED(append(t, {"key", 5, "x"}), errc::invalid_argument,
                  "record has 5 elements; there is none at position 5");
    CHECK(get(t, "key") == before);
    CHECK(t.count(t0) == 1);
  });
  for (const table_type type : {table_type::bag, table_type::duplicate_bag}) {
    table t{type, 0, 4};
    put(t, record{"key", "a"});
    CHECK_REFUSED(append(t, {"key", 1, "b"}), errc::type_mismatch,
                  "append needs one record per key, and a bag can have many");
    CHECK(get(t, "key") == record{"key", "a"});
  }
}

TEST_CASE("append of a list that no record can hold is refused for its depth") {
  for_each_type([](table& t) {
    put(t, record{"key", value::list({})});
    const std::string why = "value nested deeper than 128 levels";
    CHECK_REFUSED(append(t, {"key", 1, nested(max_depth)}), errc::too_large, why);
    CHECK_REFUSED(append(t, {"absent", 1, nested(max_depth)}), errc::too_large, why);
    CHECK(get(t, "key") == record{"key", value::list({})});
    CHECK(t.count(t0) == 1);
    CHECK_REFUSED(append(t, {nested(max_depth), 1, "x"}), errc::too_large, why);
    CHECK(append(t, {"key", 1, nested(max_depth - 1)}).value() == 1);
    CHECK(append(t, {nested(max_depth - 1), 1, "x"}).value() == 1);
  });
}

TEST_CASE("append never makes a string or a record that could not be sent or decoded") {
  table t{table_type::set, 0, 1};
  const std::size_t half = max_string_bytes / 2 + 1;
  const std::unique_ptr<char, void (*)(void*)> zeros{static_cast<char*>(std::calloc(half, 1)),
                                                     std::free};
  REQUIRE(zeros);
  {
    const value large{std::string_view{zeros.get(), half}};
    put(t, record{"text", large});
    CHECK_REFUSED(append(t, {"text", 1, large}), errc::too_large,
                  "string of 1073741826 bytes; at most 1073741824 are allowed");
  }
  // References to one string count as if each were a string of its own, as they do when sent.
  const value mebibyte{std::string(std::size_t{1} << 20, 'x')};
  const value many = value::list(value_list(500, mebibyte));
  put(t, record{"list", value::list({})});
  CHECK(append(t, {"list", 1, many}).value() == 500);
  CHECK(append(t, {"list", 1, many}).value() == 1'000);
  const record before = get(t, "list");
  CHECK_REFUSED(append(t, {"list", 1, many}), errc::too_large,
                "record of 1572912080 bytes; an append makes none of more than 1107296256");
  CHECK(get(t, "list") == before);
  const auto deep_in_it = append(t, {"none", 1, value::list({many, many, many})});
  CHECK(deep_in_it.why().code == errc::too_large);
  CHECK(t.count(t0) == 2);
}

TEST_CASE("an append is reported with the record before and after it") {
  struct listener final : change_sink {
    std::vector<transition> all;
    void changed(transition x) override { all.push_back(std::move(x)); }
  } to;
  partition_store s{{}};
  s.tell(&to);
  REQUIRE(s.apply({kv, op::append{"key", 1, "a"}}, t0).ok());
  REQUIRE(s.apply({kv, op::append{"key", 1, "b"}}, t0).ok());
  CHECK_FALSE(s.apply({kv, op::append{"key", 1, value::list({})}}, t0).ok());
  s.tell(nullptr);
  REQUIRE(to.all.size() == 2);
  CHECK(to.all[0].kind == change_kind::stored);
  CHECK(to.all[0].where == kv);
  CHECK(to.all[0].before.empty());
  CHECK(to.all[0].after == record{"key", "a"});
  CHECK(to.all[1].before == record{"key", "a"});
  CHECK(to.all[1].after == record{"key", "ab"});
}

TEST_CASE("what a read found is not changed by an append") {
  for_each_type([](table& t) {
    put(t, record{"key", value::list({1})});
    const records before = t.get("key", hash(value{"key"}), t0);
    CHECK(append(t, {"key", 1, value::list({2})}).value() == 2);
    CHECK(before.front() == record{"key", value::list({1})});
  });
}

TEST_CASE("appends of several threads to one key lose nothing") {
  table t{table_type::set, 0, 4};
  constexpr std::size_t threads = 4, each = 500;
  workload::on_threads(threads, [&](std::size_t) {
    for (std::size_t i = 0; i < each; ++i)
      (void)append(t, {"key", 1, value::list({i})});
  });
  CHECK(get(t, "key")[1].items().size() == threads * each);
}
