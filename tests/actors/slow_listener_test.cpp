#include "core.hpp"
#include "fixture.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

using namespace supercache;
using fixture::eventually;

namespace {

/// A door at which listeners wait, in the middle of a message.
struct door {
  std::mutex lock;
  std::condition_variable opened;
  bool open = false;
  std::vector<change> told;
  std::atomic<int> messages{0};

  void pass(const std::vector<change>& xs) {
    ++messages;
    std::unique_lock hold{lock};
    opened.wait(hold, [this] { return open; });
    told.insert(told.end(), xs.begin(), xs.end());
  }
  void let_pass() {
    const std::lock_guard hold{lock};
    open = true;
    opened.notify_all();
  }
  std::vector<change> all() {
    const std::lock_guard hold{lock};
    return told;
  }
};

change_listener::behavior_type waiting_at(change_listener::pointer, std::shared_ptr<door> d) {
  return {[d](changes_atom, std::uint64_t, const std::vector<change>& xs) { d->pass(xs); }};
}

} // namespace

TEST_CASE("a listener that does not finish a message is sent no other, then goes on") {
  fixture::running r;
  const auto d = std::make_shared<door>();
  const auto who = r.system.spawn<caf::hidden + caf::detached>(waiting_at, d);
  r.c.watch({}, who);
  r.c.put({"first", 1});
  REQUIRE(eventually([&] { return d->messages == 1; }));
  const std::string text(100'000, 'x');
  for (int i = 0; i < 300; ++i)
    r.c.put({"k", text, i});
  r.c.put({"last", 1});
  CHECK(d->messages == 1);
  CHECK(eventually([&] {
    const auto held = r.c.internals().changes().held();
    return held > 0 && held <= detail::feed::most_of_one;
  }));
  d->let_pass();
  CHECK(eventually([&] {
    const auto all = d->all();
    return !all.empty() && !all.back().row.empty() && all.back().row[0] == value{"last"};
  }));
  CHECK(std::ranges::count(d->all(), change_kind::missed, &change::kind) == 1);
  compat::end(who);
}

TEST_CASE("a listener for nodes gets one message at a time, with what is different then") {
  detail::node_events events{[] {}};
  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  const auto who
    = system.spawn<caf::hidden>([](node_listener::pointer) -> node_listener::behavior_type {
        return {[](node_up_atom, const std::string&) {}, [](node_down_atom, const std::string&) {}};
      });
  const auto as_actor = caf::actor_cast<caf::actor>(who);
  REQUIRE(events.add(as_actor).ok());
  const auto next = [&] {
    const auto out = events.take();
    if (out.events.empty())
      return std::string{};
    REQUIRE(out.events.size() == 1);
    return (out.events[0].up ? "+" : "-") + out.events[0].node;
  };
  const auto taken = [&] { events.taken(1); };
  events.now_live({{"a", 1}, {"b", 2}});
  CHECK(next() == "+a");
  for (std::uint64_t incarnation = 3; incarnation < 1'000; ++incarnation) { // b comes and goes
    events.now_live({{"a", 1}});
    events.now_live({{"a", 1}, {"b", incarnation}, {"c", 1}});
    CHECK(next().empty());
  }
  taken();
  CHECK(next() == "+b");
  events.now_live({{"a", 5}, {"b", 999}});
  taken();
  CHECK(next() == "-a"); // it was restarted; c need not be told
  taken();
  CHECK(next() == "+a");
  taken();
  CHECK(next().empty());
  events.now_live({});
  CHECK(next() == "-a");
  CHECK(events.remove(who.address()));
  CHECK(events.take().gone == std::vector<std::uint64_t>{1});
  compat::end(who);
}
