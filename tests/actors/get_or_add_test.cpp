#include "actors/cluster_fixture.hpp"

#include <atomic>
#include <future>

// Looking for something, and making it if it is not there, once.

using namespace supercache;
using namespace std::chrono_literals;
using fixture::on_threads;
using fixture::running;

namespace {

/// Says that a thread is inside, and keeps it there until the gate is opened.
class gate {
public:
  void pass() {
    inside_.set_value();
    opened_.get_future().wait_for(30s);
  }
  void await_somebody() { inside_.get_future().wait_for(30s); }
  void open() { opened_.set_value(); }

private:
  std::promise<void> inside_, opened_;
};

options split() {
  options o;
  o.partition_pos = 1;
  o.num_partition = 64; // so that the two of the test are not in one
  return o;
}

} // namespace

TEST_CASE("find and contains tell what is there from what is not, also if it is nil") {
  running r;
  auto kv = r.c.kv("things");
  kv.add("nil", nullptr);
  kv.add("one", 1);
  CHECK(kv.find("one") == value{1});
  REQUIRE(kv.find("nil").has_value());
  CHECK(kv.find("nil")->is_nil());
  CHECK(!kv.find("none"));
  CHECK(kv.contains("nil"));
  CHECK_FALSE(kv.contains("none"));
  CHECK(**kv.try_find("one") == value{1});
  CHECK(*kv.try_contains("one"));

  r.c.put({"alice", 30});
  CHECK(r.c.find("alice") == record{"alice", 30});
  CHECK(r.c.find({"alice", 31}) == record{"alice", 30});
  CHECK(!r.c.find("bob"));
  CHECK(r.c.contains("alice"));
  CHECK(r.c.contains({"alice"}));
  CHECK_FALSE(r.c.contains("bob"));
  CHECK(**r.c.try_find("alice") == record{"alice", 30});
  CHECK(*r.c.try_contains("alice"));

  r.c.stop();
  CHECK(fixture::code(kv.try_find("one")) == errc::not_started);
  CHECK(fixture::code(kv.try_contains("one")) == errc::not_started);
  CHECK(fixture::code(r.c.try_find("alice")) == errc::not_started);
  CHECK(fixture::code(r.c.try_contains("alice")) == errc::not_started);
}

TEST_CASE("of many values in a bag, find answers the oldest") {
  running r{fixture::with_type(table_type::bag)};
  auto kv = r.c.kv("things");
  kv.add("k", 2);
  kv.add("k", 1);
  CHECK(kv.find("k") == value{2});
  CHECK(kv.get_or_add("k", [] { return value{3}; }) == value{2});
  r.c.put({"k", 2});
  r.c.put({"k", 1});
  CHECK(r.c.find("k") == record{"k", 2});
}

TEST_CASE("get_or_add makes what is not there and keeps it for as long as it is told") {
  running r;
  auto kv = r.c.kv("things");
  int made = 0;
  const auto make = [&] { return value{++made}; };
  CHECK(kv.get_or_add("k", make) == value{1});
  CHECK(kv.get_or_add("k", make) == value{1});
  CHECK(kv.get_or_add("other", make, {.ttl = 1h}) == value{2});
  CHECK(kv.ttl("other") > 0ms);
  CHECK(kv.ttl("k") == -1ms);
  kv.remove("k");
  CHECK(*kv.try_get_or_add("k", make) == value{3});
  CHECK(kv.get("k") == value{3});

  CHECK(r.c.get_or_add("alice", [] { return record{"alice", 30}; }) == record{"alice", 30});
  CHECK(r.c.get_or_add("alice", [] { return record{"alice", 31}; }) == record{"alice", 30});
  CHECK(r.c.get("alice").front() == record{"alice", 30});
}

TEST_CASE("get_or_add refuses what makes no sense before anything is made") {
  running r;
  auto kv = r.c.kv("things");
  const auto never = []() -> value { throw std::logic_error("made"); };
  CHECK_ERROR(kv.try_get_or_add("k", never, {.ttl = -1ms}), errc::invalid_argument,
              "ttl is -1 ms; it cannot be negative");
  CHECK_ERROR(r.c.try_get_or_add("k",
                                 [] {
                                   return record{"other", 1};
                                 }),
              errc::invalid_argument, "the record made for key \"k\" has key \"other\"");
  CHECK_FALSE(r.c.contains("other"));
  r.c.stop();
  CHECK(fixture::code(kv.try_get_or_add("k", never)) == errc::not_started);
}

TEST_CASE("get_or_add of a record that its key alone does not place takes its partition value") {
  running r{split()};
  const auto make = [] { return record{"k", "here", 1}; };
  REQUIRE(r.c.partition_of("here") != r.c.partition_of("there"));
  CHECK(fixture::code(r.c.try_get_or_add("k", make)) == errc::invalid_argument);
  CHECK(r.c.get_or_add("k", make, "here") == record{"k", "here", 1});
  CHECK(r.c.get_or_add(
          "k",
          [] {
            return record{"k", "there", 2};
          },
          "there")
        == record{"k", "there", 2});
  CHECK_ERROR(r.c.try_get_or_add(
                "l",
                [] {
                  return record{"l", "here"};
                },
                "elsewhere"),
              errc::invalid_argument,
              "the record made for partition value \"elsewhere\" has \"here\"");
  CHECK(r.c.get_by_key_partition("k", "here").front() == record{"k", "here", 1});
}

TEST_CASE("of all callers that want a key at once one makes it, and the others get the same") {
  running r;
  auto kv = r.c.kv("things");
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> makers{0}, together{0};
    std::atomic<bool> overlapped{false};
    const value key = {"round", round};
    on_threads(8, [&](int) {
      auto mine = r.c.kv("things");
      const value x = mine.get_or_add(key, [&] {
        if (++together > 1)
          overlapped = true;
        std::this_thread::sleep_for(2ms);
        --together;
        return value{++makers};
      });
      CHECK(x == value{1});
    });
    CHECK(makers == 1);
    CHECK_FALSE(overlapped);
    CHECK(kv.get(key) == value{1});
  }
}

TEST_CASE("makers of different keys, namespaces and caches do not wait for each other") {
  running r, other;
  gate g;
  std::thread slow{[&] {
    r.c.kv("things").get_or_add("k", [&] {
      g.pass();
      return value{1};
    });
  }};
  g.await_somebody();
  const auto two = [] { return value{2}; };
  CHECK(r.c.kv("things").get_or_add("l", two) == value{2});
  CHECK(r.c.kv("others").get_or_add("k", two) == value{2});
  CHECK(other.c.kv("things").get_or_add("k", two) == value{2});
  CHECK(r.c.get_or_add("k", [] { return record{"k", 2}; }) == record{"k", 2});
  g.open();
  slow.join();
  CHECK(r.c.kv("things").get("k") == value{1});
}

TEST_CASE("an exception of a maker reaches its caller, and the next one makes") {
  running r;
  auto kv = r.c.kv("things");
  CHECK_THROWS_AS(kv.get_or_add("k", []() -> value { throw std::runtime_error("no"); }),
                  std::runtime_error);
  CHECK_ERROR(kv.try_get_or_add("k", []() -> value { throw error(errc::io_error, "no file"); }),
              errc::io_error, "no file");
  CHECK_FAILS_WITH(kv.get_or_add("k", []() -> value { throw error(errc::io_error, "no file"); }),
                   errc::io_error, "no file");
  CHECK_FALSE(kv.contains("k"));

  gate g;
  std::thread first{[&] {
    auto mine = r.c.kv("things");
    CHECK_THROWS_AS(mine.get_or_add("k",
                                    [&]() -> value {
                                      g.pass();
                                      throw std::runtime_error("no");
                                    }),
                    std::runtime_error);
  }};
  g.await_somebody();
  std::thread second{[&] {
    auto mine = r.c.kv("things");
    CHECK(mine.get_or_add("k", [] { return value{2}; }) == value{2});
  }};
  g.open();
  first.join();
  second.join();
  CHECK(kv.get("k") == value{2});
}

TEST_CASE("a maker may use the cache and make other keys, but not wait for itself") {
  running r;
  auto kv = r.c.kv("things");
  const value sum = kv.get_or_add("sum", [&] {
    const auto part = kv.get_or_add("part", [&] {
      kv.add("noted", true);
      return value{20};
    });
    return value{part.as_int() + 1};
  });
  CHECK(sum == value{21});
  CHECK(kv.get("part") == value{20});
  CHECK(kv.get("noted") == value{true});

  caf::expected<value> inner{value{}};
  kv.get_or_add("self", [&] {
    inner = kv.try_get_or_add("self", [] { return value{1}; }, {.timeout = 1h});
    return value{2};
  });
  CHECK_ERROR(inner, errc::invalid_argument,
              "the maker of key \"self\" waits for what it makes itself");
  CHECK(kv.get("self") == value{2});
}

TEST_CASE("two makers that want what the other makes are not stuck") {
  running r;
  gate a, b;
  std::atomic<int> refused{0};
  const auto maker = [&](const char* mine, const char* theirs, gate& g, gate& other) {
    auto kv = r.c.kv("things");
    kv.get_or_add(mine, [&] {
      g.open();
      other.pass();
      const auto x = kv.try_get_or_add(theirs, [] { return value{0}; }, {.timeout = 1h});
      if (!x) {
        CHECK(fixture::code(x) == errc::invalid_argument);
        ++refused;
      }
      return value{mine};
    });
  };
  std::thread one{[&] { maker("a", "b", a, b); }}, two{[&] { maker("b", "a", b, a); }};
  one.join();
  two.join();
  CHECK(refused == 1);
  CHECK(r.c.kv("things").get("a") == value{"a"});
  CHECK(r.c.kv("things").get("b") == value{"b"});
}

TEST_CASE("a caller waits for a maker no longer than the timeout, nor beyond a stop") {
  running r;
  gate g;
  std::thread slow{[&] {
    auto mine = r.c.kv("things");
    CHECK(fixture::code(mine.try_get_or_add("k",
                                            [&] {
                                              g.pass();
                                              return value{1};
                                            }))
          == errc::not_started);
  }};
  g.await_somebody();
  auto kv = r.c.kv("things");
  const auto two = [] { return value{2}; };
  CHECK_ERROR(kv.try_get_or_add("k", two, {.timeout = 20ms}), errc::timeout,
              "key \"k\" is still being made after 20 ms");
  CHECK(fixture::code(kv.try_get_or_add("k", two, {.timeout = -1ms})) == errc::timeout);
  std::thread patient{[&] {
    auto mine = r.c.kv("things");
    CHECK(
      fixture::code(mine.try_get_or_add("k", two, {.timeout = std::chrono::milliseconds::max()}))
      == errc::not_started);
  }};
  std::this_thread::sleep_for(20ms);
  r.c.stop();
  patient.join(); // though the maker is still at it
  g.open();
  slow.join();
}

TEST_CASE("actors that want a key at the same time have it made once") {
  running r;
  std::atomic<int> makers{0};
  std::vector<caf::actor> actors;
  for (int i = 0; i < 12; ++i) // more than there are threads for them
    actors.push_back(r.system.spawn([&, c = r.c](caf::event_based_actor*) -> caf::behavior {
      return {[&makers, c](get_atom) {
        return c.kv("things").get_or_add("k", [&] {
          std::this_thread::sleep_for(20ms);
          return value{++makers};
        });
      }};
    }));
  caf::scoped_actor self{r.system};
  for (const auto& a : actors)
    self->send(a, get_atom_v);
  for (const auto& a : actors) {
    self->request(a, 30s, get_atom_v)
      .receive([](const value& x) { CHECK(x == value{1}); },
               [](const caf::error& e) { FAIL(message_of(e)); });
    self->send_exit(a, caf::exit_reason::user_shutdown);
  }
  CHECK(makers == 1);
}

TEST_CASE("in a cluster all nodes answer what was stored first, and each has one maker") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  for (int round = 0; round < 5; ++round) {
    const value key = {"round", round};
    std::atomic<int> makers{0};
    std::vector<value> answers(9);
    on_threads(9, [&](int i) {
      const auto at = static_cast<std::size_t>(i);
      answers[at] = nodes[at % 3].kv("things").get_or_add(key, [&] {
        std::this_thread::sleep_for(5ms);
        return value{++makers};
      });
    });
    CHECK(makers >= 1);
    CHECK(makers <= 3);
    for (const value& x : answers)
      CHECK(x == answers[0]);
    CHECK(nodes[0].kv("things").get(key, {}, {.mode = read_mode::primary}) == answers[0]);
  }
  CHECK(nodes[1].get_or_add("alice", [] { return record{"alice", 30}; }) == record{"alice", 30});
  CHECK(nodes[2].get_or_add("alice", [] { return record{"alice", 31}; }) == record{"alice", 30});
}
