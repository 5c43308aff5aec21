#include "actors/fixture.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::running;

namespace {

enum class colour : std::uint8_t { red, green = 7, blue = 255 };

struct address {
  std::string street;
  std::optional<std::int32_t> number;
  bool operator==(const address&) const = default;
};
SUPERCACHE_INSPECT(address, x.street, x.number)

struct person {
  std::int64_t id = 0;
  std::string name;
  address home;
  bool operator==(const person&) const = default;
};
SUPERCACHE_INSPECT(person, x.id, x.name, x.home)

/// One field of every kind.
struct everything {
  std::string key;
  bool flag = false;
  char letter = ' ';
  std::int8_t tiny = 0;
  std::uint16_t small = 0;
  std::int64_t big = 0;
  std::uint64_t natural = 0;
  float single = 0;
  double real = 0;
  colour paint = colour::red;
  std::chrono::milliseconds delay{0};
  std::chrono::duration<double> seconds{0};
  std::optional<std::string> note;
  std::optional<address> second_home;
  std::vector<address> homes;
  std::vector<bool> bits;
  std::list<double> reals;
  std::set<std::string> tags;
  std::map<std::string, std::vector<std::int32_t>> lists;
  std::unordered_map<std::int32_t, std::optional<double>> maybe;
  std::array<std::int16_t, 3> three{};
  std::pair<std::string, std::int32_t> pair;
  std::tuple<bool, std::string, address> tuple;
  value any_value;
  bool operator==(const everything&) const = default;
};
SUPERCACHE_INSPECT(everything, x.key, x.flag, x.letter, x.tiny, x.small, x.big, x.natural, x.single,
                   x.real, x.paint, x.delay, x.seconds, x.note, x.second_home, x.homes, x.bits,
                   x.reals, x.tags, x.lists, x.maybe, x.three, x.pair, x.tuple, x.any_value)

/// A later form of `person` under the same name, with a field less, and one with another type.
namespace older {
struct person {
  std::int64_t id = 0;
  std::string name;
};
SUPERCACHE_INSPECT(person, x.id, x.name)
} // namespace older
namespace other {
struct person {
  std::int64_t id = 0;
  std::int64_t name = 0;
  address home;
};
SUPERCACHE_INSPECT(person, x.id, x.name, x.home)
} // namespace other

struct narrow {
  std::int8_t id = 0;
};
SUPERCACHE_INSPECT(narrow, x.id)
struct wide {
  std::int64_t id = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, wide& x) {
  return f(caf::meta::type_name("narrow"), x.id);
}

/// Known by its C++ name, since its inspect tells none; and a member that inspect leaves out.
struct nameless {
  std::int64_t id = 0;
  std::int64_t hidden = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, nameless& x) {
  return f(x.id);
}

everything sample() {
  everything x;
  x.key = "a key that is longer than what fits inline";
  x.flag = true;
  x.letter = 'z';
  x.tiny = -128;
  x.small = 65'535;
  x.big = INT64_MIN;
  x.natural = INT64_MAX;
  x.single = 0.1f;
  x.real = 0.1;
  x.paint = colour::blue;
  x.delay = 1500ms;
  x.seconds = std::chrono::duration<double>{0.25};
  x.note = "";
  x.second_home = address{"Main St", 5};
  x.homes = {{"A", 1}, {"B", {}}};
  x.bits = {true, false, true};
  x.reals = {0.5, -1e300};
  x.tags = {"x", "y"};
  x.lists = {{"one", {1}}, {"none", {}}};
  x.maybe = {{1, 2.5}, {2, {}}};
  x.three = {1, -2, 3};
  x.pair = {"p", -1};
  x.tuple = {true, "t", {"C", 3}};
  x.any_value = value::map({{"k", value::list({1, nullptr})}});
  return x;
}

} // namespace

TEST_CASE("structs are stored, replaced, listed and removed under their key") {
  running r;
  auto people = r.c.structs(&person::id);
  people.add({1, "Ann", {"Main St", 5}});
  people.add({2, "Bob", {"Side St", {}}});
  people.add({1, "Anna", {"Main St", 5}});
  CHECK(people.get(1) == person{1, "Anna", {"Main St", 5}});
  CHECK_FALSE(people.get(2).home.number.has_value());
  CHECK(people.get_all().size() == 2);
  CHECK(people.remove(1));
  CHECK_FALSE(people.remove(1));
  CHECK(people.remove_all() == 1);
  CHECK(people.get_all().empty());
}

TEST_CASE("not found and not initialised are different errors") {
  running r;
  auto people = r.c.structs<person>();
  const auto name = std::string{"person"};
  const auto uninitialised = name + " is not initialised: call init with its key member";
  CHECK_ERROR(people.try_get(1), errc::not_initialised, uninitialised);
  CHECK_ERROR(people.try_add({}), errc::not_initialised, uninitialised);
  CHECK_ERROR(people.try_get_all(), errc::not_initialised, uninitialised);
  CHECK_ERROR(people.try_remove(1), errc::not_initialised, uninitialised);
  CHECK_FAILS_WITH(people.remove_all(), errc::not_initialised, uninitialised);
  people.init(&person::id);
  CHECK_ERROR(people.try_get(1), errc::not_found, "there is no person with key 1");
  CHECK_FAILS_WITH(people.get("x"), errc::not_found, "there is no person with key \"x\"");
  CHECK(people.get_all().empty());
}

TEST_CASE("init with the same key again is fine, with another it is an error") {
  running r;
  auto people = r.c.structs(&person::id);
  CHECK(fixture::ok(people.try_init(&person::id)));
  CHECK_ERROR(people.try_init(&person::name), errc::key_mismatch,
              "person is initialised already, with field 0 as its key, not 1");
  CHECK_FAILS_WITH(r.c.structs(&person::home), errc::key_mismatch,
                   "person is initialised already, with field 0 as its key, not 2");
  people.add({1, "Ann", {}});
  CHECK(people.get(1).name == "Ann");
}

TEST_CASE("a key member that inspect does not visit is an error") {
  running r;
  auto s = r.c.structs<nameless>();
  CHECK(fixture::code(s.try_init(&nameless::hidden)) == errc::invalid_argument);
  s.init(&nameless::id);
  s.add({5, 6});
  CHECK(s.get(5).hidden == 0);
}

TEST_CASE("a struct of every kind of field comes back as it was") {
  running r;
  auto all = r.c.structs(&everything::key);
  const everything x = sample();
  all.add(x);
  CHECK(all.get(x.key) == x);
  const everything empty{};
  all.add(empty);
  CHECK(all.get("") == empty);
}

TEST_CASE("doubles come back exactly, the infinities and NaN included") {
  running r;
  auto all = r.c.structs(&everything::real);
  using limits = std::numeric_limits<double>;
  for (const double d : {limits::infinity(), -limits::infinity(), limits::denorm_min(),
                         limits::max(), limits::lowest(), 0.1, 1.0 / 3}) {
    everything x;
    x.real = d;
    all.add(x);
    CHECK(all.get(d).real == d);
  }
  everything x;
  x.real = limits::quiet_NaN();
  x.single = std::numeric_limits<float>::infinity();
  all.add(x);
  CHECK(std::isnan(all.get(limits::quiet_NaN()).real));
  CHECK(std::isinf(all.get(limits::quiet_NaN()).single));
}

TEST_CASE("a nested struct, an enum or a string can be the key") {
  running r;
  auto by_home = r.c.structs(&person::home);
  by_home.add({1, "Ann", {"Main St", 5}});
  CHECK(by_home.get(value::tuple({"Main St", 5})).name == "Ann");
  auto by_paint = r.c.structs(&everything::paint);
  by_paint.add(sample());
  CHECK(by_paint.get(255).letter == 'z');
}

TEST_CASE("a number beyond 64 bits signed is refused, not cut") {
  running r;
  auto all = r.c.structs(&everything::key);
  everything x;
  x.natural = UINT64_MAX;
  CHECK_FALSE(fixture::ok(all.try_add(x)));
  CHECK(all.get_all().empty());
}

TEST_CASE("what was stored under another form of the type is a type_mismatch") {
  running r;
  r.c.structs(&person::id).add({1, "Ann", {"Main St", 5}});
  CHECK_ERROR(r.c.structs<older::person>().try_get(1), errc::type_mismatch,
              "the stored struct has more fields than its type");
  CHECK(fixture::code(r.c.structs<other::person>().try_get(1)) == errc::type_mismatch);
  r.c.structs<older::person>().add({2, "Bob"});
  CHECK_ERROR(r.c.structs<person>().try_get(2), errc::type_mismatch,
              "the stored struct has fewer fields than its type");
  r.c.structs(&wide::id).add({1000});
  CHECK_ERROR(r.c.structs<narrow>().try_get(1000), errc::type_mismatch,
              "integer 1000 does not fit the struct's field");
}

TEST_CASE("types never see each other nor namespaces of their name") {
  running r;
  r.c.kv("person").add(1, "a value");
  r.c.structs(&person::id).add({1, "Ann", {}});
  r.c.structs(&address::street).add({"Main St", 1});
  CHECK(r.c.kv("person").count() == 1);
  CHECK(r.c.structs<person>().remove_all() == 1);
  CHECK(r.c.structs<address>().get_all().size() == 1);
}
