#include "actors/fixture.hpp"

#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::running;

namespace {

constexpr int producers = 8;
constexpr int per_producer = 4000;

/// Items that came out, by the thread that took them: {producer, number}.
class receipts {
public:
  void add(int consumer, const value& item) { mine(consumer).push_back(item); }

  /// Every item came out once, and each consumer saw each producer's items in their order.
  void check_exactly_once(bool in_order) {
    std::vector<std::vector<int>> times(producers, std::vector<int>(per_producer));
    for (const auto& [consumer, items] : by_consumer_) {
      std::vector<std::int64_t> last(producers, -1);
      for (const value& item : items) {
        const auto who = static_cast<std::size_t>(item.items()[0].as_int());
        const auto n = item.items()[1].as_int();
        ++times[who][static_cast<std::size_t>(n)];
        if (in_order)
          REQUIRE(n > last[who]);
        last[who] = n;
      }
    }
    for (const auto& of_one : times)
      CHECK(std::ranges::all_of(of_one, [](int n) { return n == 1; }));
  }

private:
  value_list& mine(int consumer) {
    const std::lock_guard hold{lock_};
    return by_consumer_[consumer];
  }
  std::mutex lock_;
  std::map<int, value_list> by_consumer_;
};

/// Sends one wait for an item to the cache and reports what came.
caf::actor spawn_waiter(
  running& r, std::string name, std::int64_t timeout_ms, std::function<void(const value&)> got,
  std::function<void(const caf::error&)> failed = [](const auto&) {}) {
  return r.system.spawn([=, front = r.c.actor()](caf::event_based_actor* self) {
    compat::ask(self, front, 60s, queue_atom_v, wait_atom_v, name, timeout_ms).then(got, failed);
  });
}

void pause_for_messages() { std::this_thread::sleep_for(100ms); }

} // namespace

TEST_CASE("a queue gives items in the order in which they went in") {
  running r;
  auto q = r.c.queue("q");
  CHECK(q.out().is_nil());
  CHECK(q.out("none") == value{"none"});
  CHECK(q.peek("none") == value{"none"});
  q.add(1);
  q.add_batch(value_list{2, 3, 4, 5, 6});
  CHECK(q.count() == 6);
  CHECK(q.peek() == value{1});
  CHECK(q.peak() == value{1});
  CHECK(q.out() == value{1});
  CHECK(q.out_batch(2) == value_list{2, 3});
  CHECK(q.get_all() == value_list{4, 5, 6});
  CHECK(q.get_all().empty());
  CHECK(q.count() == 0);
}

TEST_CASE("a stack gives the newest item first") {
  running r;
  auto s = r.c.stack("s");
  CHECK(s.pop("none") == value{"none"});
  s.push(1);
  s.push_batch(value_list{2, 3, 4, 5});
  CHECK(s.count() == 5);
  CHECK(s.pop() == value{5});
  CHECK(s.pop_batch(2) == value_list{4, 3});
  CHECK(s.get_all() == value_list{2, 1});
  CHECK(s.count() == 0);
}

TEST_CASE("queues and stacks of different names share nothing") {
  running r;
  r.c.queue("a").add("queue a");
  r.c.queue("b").add("queue b");
  r.c.stack("a").push("stack a");
  CHECK(r.c.queue("a").out() == value{"queue a"});
  CHECK(r.c.queue("a").out().is_nil());
  CHECK(r.c.stack("a").pop() == value{"stack a"});
  CHECK(r.c.queue("b").count() == 1);
}

TEST_CASE("eight producers and eight consumers: every queue item comes out exactly once") {
  running r;
  receipts got;
  std::atomic<int> left{producers * per_producer};
  fixture::on_threads(2 * producers, [&](int i) {
    auto q = r.c.queue("q");
    if (i < producers)
      for (int n = 0; n < per_producer; ++n)
        q.add(value::tuple({i, n}));
    else
      while (left > 0)
        if (const value item = q.out(); !item.is_nil()) {
          got.add(i, item);
          --left;
        }
  });
  got.check_exactly_once(true);
  CHECK(r.c.queue("q").count() == 0);
}

TEST_CASE("eight producers and eight consumers: every stack item comes out exactly once") {
  running r;
  receipts got;
  std::atomic<int> left{producers * per_producer};
  fixture::on_threads(2 * producers, [&](int i) {
    auto s = r.c.stack("s");
    if (i < producers)
      for (int n = 0; n < per_producer; ++n)
        s.push(value::tuple({i, n}));
    else
      while (left > 0)
        if (const value item = s.pop(); !item.is_nil()) {
          got.add(i, item);
          --left;
        }
  });
  got.check_exactly_once(false);
}

TEST_CASE("waiters that time out and those that do not: every item comes out exactly once") {
  running r;
  receipts got;
  std::atomic<int> left{producers * per_producer};
  fixture::on_threads(2 * producers, [&](int i) {
    auto q = r.c.queue("q");
    if (i < producers)
      for (int n = 0; n < per_producer; n += 4)
        q.add_batch(value_list{value::tuple({i, n}), value::tuple({i, n + 1}),
                               value::tuple({i, n + 2}), value::tuple({i, n + 3})});
    else
      while (left > 0) {
        const auto item = q.try_out_wait(std::chrono::milliseconds{i % 4});
        if (item) {
          got.add(i, *item);
          --left;
        } else {
          REQUIRE(code_of(item.error()) == errc::timeout);
        }
      }
  });
  got.check_exactly_once(true);
}

TEST_CASE("out_wait answers an item that is there, one that comes, or timeout") {
  running r;
  auto q = r.c.queue("q");
  q.add(1);
  CHECK(q.out_wait(0ms) == value{1});
  CHECK_ERROR(q.try_out_wait(0ms), errc::timeout, "no item came to queue 'q' in time");
  CHECK_ERROR(q.try_out_wait(-5ms), errc::timeout, "no item came to queue 'q' in time");
  const auto start = std::chrono::steady_clock::now();
  CHECK_FAILS_WITH(q.out_wait(30ms), errc::timeout, "no item came to queue 'q' in time");
  CHECK(std::chrono::steady_clock::now() - start >= 25ms);
  std::thread later{[&] {
    std::this_thread::sleep_for(20ms);
    q.add(2);
  }};
  CHECK(q.out_wait(30s) == value{2});
  later.join();
}

TEST_CASE("out_wait can wait for the longest time") {
  running r;
  auto q = r.c.queue("q");
  std::thread later{[&] {
    std::this_thread::sleep_for(50ms);
    q.add(1);
    std::this_thread::sleep_for(50ms);
    q.add(2);
  }};
  const auto first = q.try_out_wait(std::chrono::milliseconds::max());
  CHECK_MESSAGE(fixture::ok(first), message_of(fixture::error_of(first)));
  later.join();
  std::atomic<bool> second{false};
  spawn_waiter(r, "q", INT64_MAX, [&](const value& x) { second = x == value{2}; });
  CHECK(fixture::eventually([&] { return second.load(); }));
}

TEST_CASE("the caller that waits longest is served first") {
  running r;
  std::mutex lock;
  std::vector<std::pair<int, value>> served;
  for (int i = 0; i < 5; ++i) {
    spawn_waiter(r, "q", 10'000, [&, i](const value& x) {
      const std::lock_guard hold{lock};
      served.emplace_back(i, x);
    });
    std::this_thread::sleep_for(20ms);
  }
  for (int n = 0; n < 5; ++n)
    r.c.queue("q").add(n);
  CHECK(fixture::eventually([&] {
    const std::lock_guard hold{lock};
    return served.size() == 5;
  }));
  for (const auto& [waiter, item] : served)
    CHECK(item == value{waiter});
}

TEST_CASE("actors that wait in a loop share the items of a queue") {
  running r;
  std::atomic<int> sum{0}, ended{0};
  for (int i = 0; i < 4; ++i)
    r.system.spawn([&, front = r.c.actor()](caf::event_based_actor* self) -> caf::behavior {
      compat::tell(self, self, tick_atom_v);
      return {[&, self, front](tick_atom) {
        compat::ask(self, front, 30s, queue_atom_v, wait_atom_v, std::string{"q"},
                    std::int64_t{20'000})
          .then(
            [&, self](const value& x) {
              if (x == value{"end"}) {
                ++ended;
                self->quit();
              } else {
                sum += static_cast<int>(x.as_int());
                compat::tell(self, self, tick_atom_v);
              }
            },
            [self](const caf::error&) { self->quit(); });
      }};
    });
  auto q = r.c.queue("q");
  for (int n = 1; n <= 1000; ++n)
    q.add(n);
  for (int i = 0; i < 4; ++i)
    q.add("end");
  CHECK(fixture::eventually([&] { return ended == 4; }));
  CHECK(sum == 500'500);
}

TEST_CASE("a waiter that dies takes no item with it") {
  running r;
  const auto nobody = [](const value&) {};
  std::vector<caf::actor> waiters;
  for (int i = 0; i < 10; ++i)
    waiters.push_back(spawn_waiter(r, "q", 60'000, nobody));
  pause_for_messages();
  for (const auto& a : waiters)
    compat::end(a);
  pause_for_messages();
  auto q = r.c.queue("q");
  q.add_batch(value_list{1, 2, 3});
  pause_for_messages();
  CHECK(q.get_all() == value_list{1, 2, 3});
}

TEST_CASE("of two waiters, one that dies leaves the item to the other") {
  running r;
  std::atomic<bool> got{false};
  const auto first = spawn_waiter(r, "q", 60'000, [](const value&) {});
  pause_for_messages();
  spawn_waiter(r, "q", 60'000, [&](const value& x) { got = x == value{1}; });
  pause_for_messages();
  compat::end(first);
  pause_for_messages();
  r.c.queue("q").add(1);
  CHECK(fixture::eventually([&] { return got.load(); }));
}

TEST_CASE("stop answers all callers that wait") {
  running r;
  std::atomic<int> threads{0}, actors{0};
  for (int i = 0; i < 3; ++i)
    spawn_waiter(
      r, "q" + std::to_string(i), 60'000, [](const value&) {},
      [&](const caf::error& e) { actors += code_of(e) == errc::not_started; });
  std::thread stopper{[&] {
    std::this_thread::sleep_for(100ms);
    r.c.stop();
  }};
  const auto start = std::chrono::steady_clock::now();
  fixture::on_threads(3, [&](int i) {
    const auto e = fixture::error_of(r.c.queue("q" + std::to_string(i)).try_out_wait(60s));
    threads += code_of(e) == errc::not_started;
  });
  stopper.join();
  CHECK(std::chrono::steady_clock::now() - start < 10s);
  CHECK(threads == 3);
  CHECK(fixture::eventually([&] { return actors == 3; }));
}
