#include "support/workload.hpp"

#include <supercache/store/queue_map.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace supercache;
using order = queue_map::order;
using workload::dice;

namespace {

std::optional<value> pop(queue_map& q, std::string_view name) {
  value out;
  return q.pop(name, out) ? std::optional{out} : std::nullopt;
}

std::optional<value> peek(const queue_map& q, std::string_view name) {
  value out;
  return q.peek(name, out) ? std::optional{out} : std::nullopt;
}

value number(std::size_t n) { return static_cast<std::int64_t>(n); }

} // namespace

TEST_CASE("a queue gives its items oldest first") {
  queue_map q{order::fifo};
  for (int i = 0; i < 5; ++i)
    CHECK(q.push("q", value{i}).length == static_cast<std::size_t>(i) + 1);
  CHECK(peek(q, "q") == value{0});
  CHECK(pop(q, "q") == value{0});
  CHECK(q.pop("q", 2) == value_list{1, 2});
  CHECK(q.count("q") == 2);
  CHECK(q.pop("q", 100) == value_list{3, 4});
  CHECK_FALSE(pop(q, "q"));
}

TEST_CASE("a stack gives its items newest first") {
  queue_map q{order::lifo};
  CHECK(q.push("s", value_list{0, 1, 2, 3, 4}).length == 5);
  CHECK(peek(q, "s") == value{4});
  CHECK(pop(q, "s") == value{4});
  CHECK(q.pop("s", 2) == value_list{3, 2});
  CHECK(q.pop("s", 100) == value_list{1, 0});
  CHECK_FALSE(pop(q, "s"));
}

TEST_CASE("a queue that never got items is empty") {
  queue_map q{order::fifo};
  value out = "untouched";
  CHECK_FALSE(q.pop("q", out));
  CHECK_FALSE(q.peek("q", out));
  CHECK(out == value{"untouched"});
  CHECK(q.pop("q", 5).empty());
  CHECK(q.count("q") == 0);
  CHECK(q.items() == 0);
  CHECK(q.clear() == 0);
  CHECK(q.bytes() == 0);
  q.unwatch("q");
  CHECK(q.push("q", value_list{}).length == 0);
}

TEST_CASE("queues of different names never meet") {
  queue_map q{order::fifo};
  for (int i = 0; i < 200; ++i)
    q.push("q" + std::to_string(i), value{i});
  for (int i = 0; i < 200; ++i) {
    CHECK(q.count("q" + std::to_string(i)) == 1);
    CHECK(pop(q, "q" + std::to_string(i)) == value{i});
  }
  q.push("", value{"no name"});
  CHECK(pop(q, "") == value{"no name"});
}

TEST_CASE("each shows every queue that has items, oldest first") {
  for (const order o : {order::fifo, order::lifo}) {
    queue_map q{o};
    q.push("a", value_list{1, 2, 3});
    q.push("b", value{4});
    q.push("c", value{5});
    pop(q, "c");
    std::map<std::string, value_list> seen;
    q.each([&](std::string_view name, const auto& items) {
      seen[std::string{name}] = value_list(items.begin(), items.end());
    });
    CHECK(seen == std::map<std::string, value_list>{{"a", {1, 2, 3}}, {"b", {4}}});
    CHECK(q.items() == 4);
    CHECK(q.clear() == 4);
    CHECK(q.items() == 0);
    CHECK(q.count("a") == 0);
  }
}

// -- watching -----------------------------------------------------------------------------------

TEST_CASE("pushes to a queue say watched from a failed pop_or_watch until unwatch") {
  queue_map q{order::fifo};
  value out;
  CHECK_FALSE(q.push("q", value{1}).watched);
  CHECK(q.pop_or_watch("q", out));
  CHECK(out == value{1});
  CHECK_FALSE(q.push("q", value{2}).watched); // the pop succeeded: no client waits
  CHECK(q.pop_or_watch("q", out));
  CHECK_FALSE(q.pop_or_watch("q", out));
  CHECK(q.push("q", value{3}).watched);
  CHECK(q.push("q", value_list{4, 5}).watched);
  CHECK_FALSE(q.push("other", value{6}).watched);
  CHECK(q.pop("q", 9).size() == 3);
  CHECK(q.push("q", value{7}).watched); // unwatch was not called
  q.unwatch("q");
  CHECK_FALSE(q.push("q", value{8}).watched);
}

TEST_CASE("a queue can be watched whether it has items or not, and says how many") {
  queue_map q{order::fifo};
  CHECK(q.watch("q") == 0);
  CHECK(q.push("q", value_list{1, 2}).watched);
  CHECK(q.watch("q") == 2);
  q.unwatch("q");
  CHECK_FALSE(q.push("q", value{3}).watched);
  CHECK(q.watch("q") == 3);
  CHECK(q.pop("q", 3).size() == 3);
  CHECK(q.push("q", value{4}).watched);
}

TEST_CASE("a watched queue stays watched while many others come and go") {
  queue_map q{order::fifo};
  value out;
  CHECK_FALSE(q.pop_or_watch("watched", out));
  for (int i = 0; i < 1'000; ++i) {
    const auto name = "q" + std::to_string(i);
    q.push(name, value{i});
    pop(q, name);
  }
  CHECK(q.push("watched", value{1}).watched);
}

TEST_CASE("a client that waits for items still does after everything was cleared") {
  queue_map q{order::fifo};
  value out;
  CHECK_FALSE(q.pop_or_watch("q", out));
  q.push("q", value{1});
  CHECK(q.clear() == 1);
  CHECK(q.count("q") == 0);
  const auto after = q.push("q", value{2});
  CHECK(after.watched);
  CHECK(after.length == 1);
}

// -- memory -------------------------------------------------------------------------------------

TEST_CASE("bytes grow with the items and go with them") {
  queue_map q{order::fifo};
  q.push("q", value{1});
  const auto empty = q.bytes() - 16;
  q.push("q", value_list{std::string(1'000, 'x'), value::list({1, 2})});
  CHECK(q.bytes() == empty + 16 + (16 + 1'016) + (16 + 16 + 32));
  q.pop("q", 2);
  CHECK(q.bytes() == empty + 64);
  q.pop("q", 1);
  CHECK(q.bytes() == empty);
  q.clear();
  CHECK(q.bytes() == 0);
}

TEST_CASE("names that are no longer used cost next to nothing") {
  queue_map q{order::fifo};
  std::size_t largest = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto name = "a queue of this name is used once only: " + std::to_string(i);
    value out;
    switch (i % 4) {
      case 0:
        q.push(name, value{i});
        pop(q, name);
        break;
      case 1:
        q.push(name, value{i});
        q.pop(name, 3);
        break;
      case 2:
        q.pop_or_watch(name, out);
        q.unwatch(name);
        break;
      default: q.push(name, value_list{});
    }
    largest = std::max(largest, q.bytes());
  }
  CHECK(largest < 50'000);
  CHECK(q.items() == 0);
}

// -- model --------------------------------------------------------------------------------------

TEST_CASE("queues and stacks behave like deques under random operations") {
  const auto seed = workload::seed(21);
  CAPTURE(seed);
  for (const order o : {order::fifo, order::lifo}) {
    dice d{seed};
    queue_map q{o};
    std::map<std::string, std::deque<value>> model;
    const auto take = [&](std::deque<value>& items) {
      const value x = o == order::fifo ? items.front() : items.back();
      o == order::fifo ? items.pop_front() : items.pop_back();
      return x;
    };
    for (std::size_t i = 0; i < 100'000; ++i) {
      CAPTURE(i);
      const auto name = "q" + std::to_string(d.below(200));
      auto& items = model[name];
      if (d.chance(40)) {
        items.push_back(number(i));
        REQUIRE(q.push(name, number(i)).length == items.size());
      } else if (d.chance(20)) {
        const value_list more(d.below(4), number(i));
        items.insert(items.end(), more.begin(), more.end());
        REQUIRE(q.push(name, more).length == items.size());
      } else if (d.chance(60)) {
        const auto found = pop(q, name);
        REQUIRE(found.has_value() == !items.empty());
        if (found)
          REQUIRE(*found == take(items));
      } else if (d.chance(50)) {
        value_list wanted;
        for (std::size_t n = d.below(6); n > 0 && !items.empty(); --n)
          wanted.push_back(take(items));
        REQUIRE(q.pop(name, wanted.size()) == wanted);
      } else {
        REQUIRE(q.count(name) == items.size());
        REQUIRE(peek(q, name).has_value() == !items.empty());
      }
    }
    std::size_t left = 0;
    for (const auto& [name, items] : model)
      left += items.size();
    CHECK(q.items() == left);
    CHECK(q.clear() == left);
  }
}

// -- threads ------------------------------------------------------------------------------------

TEST_CASE("with 8 producers and 8 consumers every item comes out exactly once, in order") {
  // Consumers of a queue see each producer's items in the order they were pushed.
  constexpr std::size_t producers = 8, consumers = 8;
  const std::size_t each = workload::scaled(20'000);
  for (const order o : {order::fifo, order::lifo}) {
    queue_map q{o};
    std::atomic<std::size_t> taken{0};
    std::vector<std::vector<std::size_t>> got(consumers);
    workload::on_threads(producers + consumers, [&](std::size_t me) {
      if (me < producers) {
        for (std::size_t i = 0; i < each; ++i)
          if (i % 3 == 0 && i + 1 < each)
            q.push("q", value_list{number(me * each + i), number(me * each + i + 1)}), ++i;
          else
            q.push("q", number(me * each + i));
        return;
      }
      auto& mine = got[me - producers];
      while (taken.load() < producers * each) {
        const value_list some = q.pop("q", 1 + me % 3);
        for (const value& x : some)
          mine.push_back(static_cast<std::size_t>(x.as_int()));
        taken += some.size();
        if (some.empty())
          std::this_thread::yield();
      }
    });
    std::vector<int> times(producers * each);
    bool in_order = true;
    for (const auto& mine : got) {
      std::vector<std::size_t> last(producers);
      for (const std::size_t x : mine) {
        ++times[x];
        in_order &= x >= last[x / each];
        last[x / each] = x;
      }
    }
    CHECK(std::ranges::all_of(times, [](int n) { return n == 1; }));
    CHECK((in_order || o == order::lifo));
    CHECK(q.items() == 0);
  }
}

TEST_CASE("a watching consumer is told of every push that it might miss") {
  // The consumer only looks again when a push said `watched`: without the flag it would hang.
  const std::size_t items = workload::scaled(20'000);
  queue_map q{order::fifo};
  std::atomic<bool> signal{true};
  std::size_t received = 0;
  workload::on_threads(2, [&](std::size_t me) {
    if (me == 0) {
      for (std::size_t i = 0; i < items; ++i)
        if (q.push("q", number(i)).watched)
          signal = true;
      return;
    }
    while (received < items) {
      while (!signal.exchange(false))
        std::this_thread::yield();
      value out;
      while (q.pop_or_watch("q", out))
        ++received;
    }
  });
  CHECK(received == items);
}
