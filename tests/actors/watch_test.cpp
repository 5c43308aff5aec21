#include "actors/asking.hpp"
#include "actors/cluster_fixture.hpp"
#include "core.hpp"

#include <supercache/kv.hpp>

#include <algorithm>
#include <map>
#include <mutex>

using namespace supercache;
using fixture::eventually;

namespace {

/// What a listener was told.
class heard {
public:
  void add(std::vector<change>& xs) {
    const std::lock_guard hold{lock_};
    std::ranges::move(xs, std::back_inserter(all_));
  }
  std::vector<change> all() const {
    const std::lock_guard hold{lock_};
    return all_;
  }
  std::size_t count(change_kind k) const {
    const auto xs = all();
    return static_cast<std::size_t>(
      std::ranges::count_if(xs, [k](const change& x) { return x.kind == k; }));
  }
  std::vector<record> rows(change_kind k) const {
    std::vector<record> out;
    for (const change& x : all())
      if (x.kind == k)
        out.push_back(x.row);
    return out;
  }

private:
  mutable std::mutex lock_;
  std::vector<change> all_;
};

change_listener::behavior_type listening(change_listener::pointer, std::shared_ptr<heard> to) {
  return {[to](changes_atom, std::uint64_t, std::vector<change>& xs) { to->add(xs); }};
}

/// A listener.
struct listener {
  std::shared_ptr<heard> told = std::make_shared<heard>();
  change_listener who;
  explicit listener(caf::actor_system& s) : who(s.spawn<caf::hidden>(listening, told)) {}
  ~listener() { compat::end(who); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
};

/// A cache and a listener.
struct watched : fixture::running {
  listener l{system};
  explicit watched(const options& o = {}) : running(o) {}
  const heard& told() const { return *l.told; }
};

const space tuples;
const space sessions{space_kind::kv, "sessions"};

} // namespace

TEST_CASE("a listener is told of all changes of its key, in their order, and of no other") {
  watched w;
  w.c.watch({tuples, "k"}, w.l.who);
  for (int i = 0; i < 100; ++i) {
    w.c.put({"k", i});
    w.c.put({"other", i});
  }
  w.c.remove("k");
  REQUIRE(eventually([&] { return w.told().count(change_kind::removed) == 1; }));
  const auto stored = w.told().rows(change_kind::stored);
  REQUIRE(stored.size() == 100);
  for (int i = 0; i < 100; ++i)
    CHECK(stored[static_cast<std::size_t>(i)] == record{"k", i});
  CHECK(w.told().rows(change_kind::removed) == std::vector<record>{{"k", 99}});
}

TEST_CASE("a namespace and a pattern can be watched") {
  watched w;
  listener ones{w.system};
  w.c.watch({sessions}, w.l.who);
  w.c.watch({tuples, {}, pattern{{any, 1}}}, ones.who);
  w.c.kv("sessions").add("token", "Alice");
  w.c.kv("others").add("token", "Bob");
  w.c.put_batch({{"a", 1}, {"b", 2}, {"a", 2}});
  REQUIRE(eventually([&] { return ones.told->all().size() == 2 && !w.told().all().empty(); }));
  CHECK(ones.told->rows(change_kind::stored) == std::vector<record>{{"a", 1}});
  CHECK(ones.told->rows(change_kind::removed) == std::vector<record>{{"a", 1}});
  CHECK(w.told().rows(change_kind::stored) == std::vector<record>{{"token", "Alice"}});
  CHECK(w.told().all().front().where == sessions);
}

TEST_CASE("expired records are told") {
  watched w;
  w.c.watch({tuples}, w.l.who);
  w.c.put({"k", 1}, {.ttl = std::chrono::milliseconds{1}});
  CHECK(eventually([&] { return w.told().count(change_kind::expired) == 1; }));
}

TEST_CASE("a caller that begins to watch and then reads has all, however many write meanwhile") {
  for (const auto type : {table_type::set, table_type::ordered_set}) {
    CAPTURE(to_string(type));
    watched w{fixture::with_type(type)};
    constexpr int keys = 16, writes = 20'000, writers = 3;
    std::map<value, value> mirror;
    fixture::on_threads(writers + 1, [&](int who) {
      if (who < writers) {
        for (int i = 0; i < writes; ++i)
          w.c.put({i % keys, i * writers + who});
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      w.c.watch({tuples}, w.l.who);
      for (int k = 0; k < keys; ++k)
        if (const auto found = w.c.get(k); !found.empty())
          mirror[k] = found[0][1];
    });
    const auto same = [&] {
      auto now = mirror;
      for (const change& x : w.told().all())
        now[x.row[0]] = x.row[1];
      for (int k = 0; k < keys; ++k)
        if (now[k] != w.c.get(k)[0][1])
          return false;
      return true;
    };
    CHECK(eventually(same));
    CHECK(w.told().count(change_kind::missed) == 0);
  }
}

TEST_CASE("nothing is told after the end of a watch, or of its listener") {
  watched w;
  const auto first = w.c.watch({tuples}, w.l.who);
  w.c.put({1, "a"});
  REQUIRE(eventually([&] { return w.told().all().size() == 1; }));
  CHECK(w.c.unwatch(first));
  CHECK_FALSE(w.c.unwatch(first));
  w.c.put({2, "b"});
  {
    listener gone{w.system};
    w.c.watch({tuples}, gone.who);
  }
  CHECK(eventually([&] { return !w.c.internals().changes().anybody(); }));
  w.c.put({3, "c"});
  w.c.flush();
  CHECK(w.told().all().size() == 1);
}

TEST_CASE("a watch of what cannot be watched is refused, and one too many") {
  watched w;
  CHECK_ERROR(w.c.try_watch({{space_kind::queue, "q"}}, w.l.who), errc::invalid_argument,
              "a queue cannot be watched; tuples, kv and structs can");
  for (std::size_t i = 0; i < detail::feed::most_watches; ++i)
    w.c.watch({tuples, i}, w.l.who);
  CHECK_ERROR(w.c.try_watch({tuples}, w.l.who), errc::overloaded,
              "this node has 1000 watches already; no more are allowed");
  w.c.stop();
  CHECK(fixture::code(w.c.try_watch({tuples}, w.l.who)) == errc::not_started);
}

TEST_CASE("actors watch by messages") {
  watched w;
  struct asked {
    caf::scoped_actor self;
    cache_actor to;
  } by{caf::scoped_actor{w.system}, w.c.actor()};
  const auto id = fixture::ask<std::uint64_t>(by, watch_atom_v, interest{sessions, "k"},
                                              caf::actor_cast<caf::actor>(w.l.who));
  REQUIRE(fixture::ok(id));
  w.c.kv("sessions").increment("k");
  CHECK(eventually([&] { return w.told().rows(change_kind::stored).size() == 1; }));
  CHECK(*fixture::ask<bool>(by, unwatch_atom_v, *id));
}

TEST_CASE("in a cluster a listener is told of changes, wherever they are made") {
  for (const auto mode : {replication_mode::async, replication_mode::sync}) {
    CAPTURE(to_string(mode));
    fixture::cluster nodes{fixture::cluster_options_with(mode, 2)};
    listener l{nodes.system(0)};
    nodes[0].watch({tuples}, l.who);
    for (int i = 0; i < 300; ++i)
      nodes[static_cast<std::size_t>(i % 3)].put({i, "first"});
    REQUIRE(eventually([&] { return l.told->rows(change_kind::stored).size() == 300; }));
    nodes[1].remove(7);
    CHECK(eventually([&] { return l.told->count(change_kind::removed) == 1; }));
    CHECK(l.told->rows(change_kind::removed) == std::vector<record>{{7, "first"}});
    CHECK(l.told->count(change_kind::missed) == 0);
  }
}

TEST_CASE("when a node of a cluster is gone, listeners are told that they may have missed some") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  listener l{nodes.system(0)};
  nodes[0].watch({tuples}, l.who);
  nodes.stop(2);
  CHECK(eventually([&] { return l.told->count(change_kind::missed) > 0; }));
  for (int i = 0; i < 50; ++i)
    nodes[1].put({i, "later"});
  CHECK(eventually([&] { return l.told->rows(change_kind::stored).size() == 50; }));
}

TEST_CASE("a listener that is there when another node dials is told of what that node leads") {
  auto o = fixture::cluster_options_with(replication_mode::async, 2);
  o.replication.node.name = "b"; // dialled by those before it
  fixture::member_node b{o};
  listener l{b.system};
  b.c.watch({tuples}, l.who);
  o.replication.node.name = "a";
  o.replication.peers = {b.address()};
  fixture::member_node a{o};
  b.c.reconfigure({a.address(), b.address()});
  for (auto* n : {&a, &b})
    n->c.full_sync(std::chrono::seconds{60});
  REQUIRE(eventually([&] { return !a.c.primary_partitions().empty(); }));
  for (int i = 0; i < 100; ++i)
    a.c.put({i, "x"});
  CHECK(eventually([&] { return l.told->rows(change_kind::stored).size() == 100; }));
}
