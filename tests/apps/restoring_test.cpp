#include "actors/fixture.hpp"
#include "common/restoring.hpp"

#include <caf/io/middleman.hpp>

#include <unistd.h>

// backup and restore from inside the process, where the caches can be inspected.

using namespace supercache;
using namespace std::chrono_literals;

namespace {

struct person {
  std::int64_t id = 0;
  std::string name;
  bool operator==(const person&) const = default;
};
SUPERCACHE_INSPECT(person, x.id, x.name)

struct networked : fixture::config {
  networked() { load<caf::io::middleman>(); }
};

/// A cache that programs reach over TCP.
struct served {
  networked cfg;
  caf::actor_system system{cfg};
  cache c;
  app::address at;

  explicit served(const options& o = {}) : c(cache::start(system, o)) {
    const auto port = system.middleman().publish(c.actor(), 0, "127.0.0.1", true);
    REQUIRE(port);
    at.port = *port;
  }
  app::any_node reach(std::function<void()> check = [] {}) const {
    return {at, 10s, std::move(check)};
  }
};

/// The name of a file that is removed at the end.
struct file {
  std::filesystem::path path
    = std::filesystem::temp_directory_path() / ("restoring_" + std::to_string(::getpid()));
  ~file() { std::filesystem::remove(path); }
};

app::amount save(const served& from, const file& to, const app::on_progress& progress) {
  auto node = from.reach();
  app::whole_file out{to.path};
  const auto done = app::back_up(node, out, "a test", progress);
  out.commit();
  return done;
}
void nothing(const app::amount&) {}

app::restored put_back(const served& into, const file& from, app::restore_into how) {
  auto node = into.reach();
  return app::restore(node, from.path, how, [](bool, const app::amount&) {});
}

} // namespace

TEST_CASE("restore: struct types know their keys, and a type with another key is left alone") {
  const file f;
  served from, to;
  auto people = from.c.structs<person>();
  people.init(&person::id);
  people.add({1, "Ann"});
  save(from, f, nothing);
  put_back(to, f, app::restore_into::empty);
  auto found = to.c.structs<person>();
  CHECK(found.get(1) == person{1, "Ann"});
  CHECK(fixture::code(found.try_init(&person::name)) == errc::key_mismatch);
  served other;
  other.c.structs<person>().init(&person::name);
  CHECK_THROWS_AS(put_back(other, f, app::restore_into::empty), error);
  CHECK(other.c.stats().records == 0);
}

TEST_CASE("backup: progress is told to the end, and never falls unless a partition is read again") {
  const file f;
  served from;
  for (int i = 0; i < 5'000; ++i)
    from.c.put(record{i, std::string(200, 'x')});
  app::amount last;
  const auto done = save(from, f, [&](const app::amount& a) {
    CHECK(a.of_parts == from.c.partitions());
    CHECK((a.parts >= last.parts && a.records >= last.records && a.bytes >= last.bytes));
    last = a;
  });
  CHECK(last.parts == last.of_parts);
  CHECK(last.records == 5'000);
  CHECK((done.records == 5'000 && done.items == 0));
  CHECK(done.bytes == std::filesystem::file_size(f.path));
}

TEST_CASE("backup and restore: an interruption ends them half way, and they say what is there") {
  const file f;
  served from, to;
  for (int i = 0; i < 5'000; ++i)
    from.c.put(record{i, std::string(200, 'x')});
  bool over = false;
  const auto check = [&] {
    if (over)
      throw error(errc::timeout, "interrupted");
  };
  {
    auto node = from.reach(check);
    app::whole_file out{f.path};
    const auto stop = [&](const app::amount& a) {
      over = a.records > 1'000;
      check();
    };
    CHECK_THROWS_WITH(app::back_up(node, out, "a test", stop), doctest::Contains("interrupted"));
  }
  CHECK_FALSE(std::filesystem::exists(f.path));
  save(from, f, nothing);
  over = false;
  auto node = to.reach(check);
  const auto stop = [&](bool checking, const app::amount& a) {
    over = !checking && a.records > 1'000;
    check();
  };
  CHECK_THROWS_WITH(app::restore(node, f.path, app::restore_into::empty, stop),
                    "interrupted; a part of it is restored: the same with --replace begins anew, "
                    "with --merge it goes on");
  put_back(to, f, app::restore_into::merged);
  CHECK(to.c.stats().records == 5'000);
}
