#include "support/checks.hpp"
#include "support/values.hpp"

#include <supercache/store/record.hpp>
#include <supercache/store/records.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace supercache;

namespace {

value nested(unsigned depth) {
  value x = 1;
  for (unsigned i = 0; i < depth; ++i)
    x = value::list({x});
  return x;
}

} // namespace

TEST_CASE("a record has the elements it was built from") {
  const record r{"user", 1, 2.5, nullptr, true, std::string(40, 'x'), value::list({1})};
  CHECK(r.size() == 7);
  CHECK_FALSE(r.empty());
  CHECK(r[0] == value{"user"});
  CHECK(r[5] == value{std::string(40, 'x')});
  CHECK(r.at(6) == value::list({1}));
  CHECK(value_list(r.begin(), r.end()) == value_list(r.items().begin(), r.items().end()));
  CHECK(record{"one"}.size() == 1);
  CHECK(record{value::tuple({1, 2})}.size() == 1);
}

TEST_CASE("an empty record has no elements and equals itself only") {
  const record none;
  CHECK(none.size() == 0);
  CHECK(none.empty());
  CHECK(none.begin() == none.end());
  CHECK(none.heap_bytes() == 0);
  CHECK(none == record{});
  CHECK(none != record{nullptr});
  CHECK(record::of({}).empty());
  CHECK(to_string(none) == "{}");
}

TEST_CASE("a missing element is an error that names size and position") {
  CHECK_FAILS_WITH((record{1, 2}.at(2)), errc::invalid_argument,
                   "record has 2 elements; there is none at position 2");
  CHECK_FAILS_WITH(record{}.at(0), errc::invalid_argument,
                   "record has 0 elements; there is none at position 0");
}

TEST_CASE("records compare like tuples of their elements") {
  const std::vector<record> ascending
    = {record{},    record{nullptr}, record{1},   record{1, 0},  record{1, 1},
       record{1.0}, record{2},       record{"a"}, record{"a", 1}};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      CHECK((ascending[i] <=> ascending[j]) == (i <=> j));
      CHECK((ascending[i] == ascending[j]) == (i == j));
    }
}

TEST_CASE("a record and the tuple of its elements share memory and have one hash") {
  const record r{"user", std::string(40, 'x')};
  const value t{r};
  CHECK(t == value::tuple({"user", std::string(40, 'x')}));
  CHECK(t.items().data() == r.begin());
  CHECK(hash(r) == hash(t));
  const record back = record::from_tuple(t);
  CHECK(back == r);
  CHECK(back.begin() == r.begin());
  CHECK(to_string(r) == to_string(t));
  std::ostringstream out;
  out << record{1, "a"};
  CHECK(out.str() == R"({1, "a"})");
}

TEST_CASE("only a tuple with elements becomes a record") {
  for (const value& x :
       {value{}, value{1}, value{"x"}, value::list({1}), value::tuple({}), value::map({{1, 2}})})
    CHECK(record::from_tuple(x).empty());
  CHECK(record::of(value_list{1, 2}) == record{1, 2});
}

TEST_CASE("a record is one level of nesting and may not go beyond the limit") {
  const record deepest{1, nested(max_depth - 1)};
  CHECK(value{deepest}.depth() == max_depth);
  const std::string why = "value nested deeper than 128 levels";
  CHECK_FAILS_WITH((record{1, nested(max_depth)}), errc::too_large, why);
  CHECK_FAILS_WITH(record{nested(max_depth)}, errc::too_large, why);
  CHECK_FAILS_WITH(record::of(value_list{nested(max_depth)}), errc::too_large, why);
}

TEST_CASE("a record whose construction fails half way throws and frees what it had") {
  const value shared{std::string(40, 'x')};
  const auto too_large = static_cast<std::uint64_t>(-1);
  for (int i = 0; i < 1000; ++i) // a leak shows in a build with the address sanitizer
    CHECK_FAILS_WITH((record{shared, std::string(600, 'y'), too_large}), errc::invalid_argument,
                     "integer 18446744073709551615 does not fit: the largest is "
                     "9223372036854775807");
  CHECK(shared == value{std::string(40, 'x')});
}

TEST_CASE("a copy shares the elements and outlives the original") {
  auto original = std::make_unique<record>("user", std::string(40, 'x'));
  const record copy{*original};
  CHECK(copy.begin() == original->begin());
  original.reset();
  CHECK(copy == record{"user", std::string(40, 'x')});
  record target{1};
  target = copy;
  record& alias = target;
  target = alias;
  CHECK(target == copy);
  const record moved{std::move(target)};
  CHECK(moved == copy);
  CHECK(target.empty()); // NOLINT(bugprone-use-after-move): that is the promise
}

// -- deadlines ----------------------------------------------------------------------------------

TEST_CASE("a record without a deadline never expires; with one, it does from that instant on") {
  const record forever{1};
  CHECK(forever.deadline() == 0);
  CHECK_FALSE(forever.expired(INT64_MAX));
  const record mortal = record{1}.with_deadline(100);
  CHECK(mortal.deadline() == 100);
  CHECK_FALSE(mortal.expired(99));
  CHECK(mortal.expired(100));
  CHECK(mortal.expired(101));
  CHECK(mortal == forever);
}

TEST_CASE("a deadline changes no other owner's record") {
  const record original{1, std::string(40, 'x')};
  const record mortal = record{original}.with_deadline(7);
  CHECK(original.deadline() == 0);
  CHECK(mortal.deadline() == 7);
  CHECK(mortal == original);
  const record later = record{mortal}.with_deadline(9);
  CHECK(mortal.deadline() == 7);
  CHECK(later.deadline() == 9);
  const record forever = record{mortal}.with_deadline(0);
  CHECK(forever.deadline() == 0);
  CHECK(mortal.deadline() == 7);
}

TEST_CASE("a deadline costs a sole owner no copy") {
  record r{1, 2};
  const value* elements = r.begin();
  r = std::move(r).with_deadline(5);
  CHECK(r.begin() == elements);
  CHECK(r.deadline() == 5);
  const record same = record{r}.with_deadline(5); // two records with deadlines share no memory
  CHECK(same.begin() != r.begin());
  CHECK(record{}.with_deadline(5).empty());
}

// -- records: what a read found -----------------------------------------------------------------

TEST_CASE("records hold none, one or many records in order") {
  const records none;
  CHECK(none.empty());
  CHECK(none.size() == 0);
  CHECK(none.begin() == none.end());
  const records one{record{1}};
  CHECK_FALSE(one.empty());
  CHECK(one.size() == 1);
  CHECK(one.front() == record{1});
  const records also_one{std::vector<record>{record{1}}};
  CHECK(also_one == one);
  const records many{std::vector<record>{record{1}, record{2}, record{3}}};
  CHECK(many.size() == 3);
  CHECK(many[2] == record{3});
  CHECK(many.to_vector() == std::vector<record>{record{1}, record{2}, record{3}});
  CHECK(many != one);
  CHECK(records{std::vector<record>{}}.empty());
}

TEST_CASE("records can be copied and moved, and a moved-from one is empty") {
  records many{std::vector<record>{record{1}, record{2}}};
  const records copy{many};
  const records moved{std::move(many)};
  CHECK(many.empty()); // NOLINT(bugprone-use-after-move): that is the promise
  CHECK(copy == moved);
  records target;
  target = copy;
  CHECK(target == copy);
  target = records{record{9}};
  CHECK(target.size() == 1);
  CHECK(target.front() == record{9});
}

TEST_CASE("heap_bytes of a record counts its block and nested values") {
  CHECK(record{1, 2, 3}.heap_bytes() == 64);
  CHECK(record{std::string(50, 'x')}.heap_bytes() == 16 + 16 + 66);
}
