#include "actors/asking.hpp"
#include "actors/cluster_fixture.hpp"

#include <supercache/structs.hpp>

using namespace supercache;
using namespace std::chrono_literals;

namespace {

struct person {
  std::int64_t id = 0;
  std::string name;
  bool operator==(const person&) const = default;
};
SUPERCACHE_INSPECT(person, x.id, x.name)

struct place {
  std::int64_t id = 0;
  std::string name;
};
SUPERCACHE_INSPECT(place, x.id, x.name)

} // namespace

TEST_CASE("in a cluster a type of structs has one key, whichever node it was initialised on") {
  for (const auto mode : {replication_mode::async, replication_mode::sync}) {
    CAPTURE(to_string(mode));
    fixture::cluster nodes{fixture::cluster_options_with(mode)};
    auto a = nodes[0].structs<person>(), b = nodes[1].structs<person>(),
         c = nodes[2].structs<person>();
    CHECK_ERROR(b.try_get(1), errc::not_initialised,
                "person is not initialised: call init with its key member");
    a.init(&person::id);
    CHECK_ERROR(b.try_init(&person::name), errc::key_mismatch,
                "person is initialised already, with field 0 as its key, not 1");
    CHECK(fixture::ok(b.try_init(&person::id)));
    CHECK(fixture::ok(b.try_init(&person::id)));
    b.add({7, "Alice"});
    CHECK(c.get(7, {.mode = read_mode::primary}) == person{7, "Alice"}); // without init
    CHECK_ERROR(c.try_init(&person::name), errc::key_mismatch,
                "person is initialised already, with field 0 as its key, not 1");
    CHECK(fixture::ok(c.try_init(&person::id)));
    CHECK(fixture::ok(nodes[2].structs<place>().try_init(&place::name))); // another type
  }
}

TEST_CASE("when many initialise a type at once with different keys, one key wins") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  std::atomic<int> won[2] = {0, 0};
  fixture::on_threads(6, [&](int who) {
    auto s = nodes[static_cast<std::size_t>(who % 3)].structs<person>();
    const bool by_name = who % 2 == 1;
    if (fixture::ok(by_name ? s.try_init(&person::name) : s.try_init(&person::id)))
      ++won[by_name];
  });
  CHECK(won[0] + won[1] > 0);
  CHECK((won[0] == 0 || won[1] == 0));
}

TEST_CASE("a record by message is checked against the key that any node knows") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  nodes[0].structs<person>().init(&person::name);
  struct asked {
    caf::scoped_actor self;
    cache_actor to;
  } by{caf::scoped_actor{nodes.system(1)}, nodes[1].actor()};
  const record wrong{7, value::tuple({7, "Alice"})}, right{"Alice", value::tuple({7, "Alice"})};
  const auto put = [&](const std::string& type, const record& row) {
    return fixture::ask<void>(by, struct_atom_v, put_atom_v, type, row);
  };
  // At once where there is a copy of what says so, some milliseconds later elsewhere.
  CHECK(
    fixture::eventually([&] { return fixture::code(put("person", wrong)) == errc::key_mismatch; }));
  CHECK(fixture::ok(put("person", right)));
  CHECK_ERROR(put(".keys", right), errc::invalid_argument,
              "no type of structs can be called '.keys'");
  CHECK_ERROR(
    fixture::ask<void>(by, struct_atom_v, init_atom_v, std::string{".keys"}, std::uint64_t{0}),
    errc::invalid_argument, "no type of structs can be called '.keys'");
}

TEST_CASE("what nodes agreed upon about keys is shown nowhere") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  auto s = nodes[0].structs<person>();
  s.init(&person::id);
  s.add({1, "x"});
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes.settle();
    const auto names = nodes[i].stats().structs;
    CHECK(std::ranges::all_of(names, [](const std::string& n) { return n == "person"; }));
  }
}
