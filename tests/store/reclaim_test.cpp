#include "support/workload.hpp"

#include <supercache/store/reclaim.hpp>
#include <supercache/store/records.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

using namespace supercache;

namespace {

std::atomic<int> freed{0};

/// An object to retire that counts when it is freed.
struct counted {
  int payload = 0;
  static void free(void* p) noexcept {
    delete static_cast<counted*>(p);
    ++freed;
  }
};

void retire_some(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    reclaim::retire(new counted, counted::free);
}

/// Frees everything possible, and restarts the counts.
void start() {
  reclaim::collect();
  REQUIRE(reclaim::pending() == 0);
  freed = 0;
}

/// Two threads that take turns: `step` waits until the other has reached the step before.
class turns {
public:
  void reach(int step) { at_.store(step); }
  void wait_for(int step) const {
    while (at_.load() < step)
      std::this_thread::yield();
  }

private:
  std::atomic<int> at_{0};
};

} // namespace

TEST_CASE("a retired block is freed by the next collection if no thread is pinned") {
  start();
  retire_some(10);
  CHECK(freed == 0);
  CHECK(reclaim::pending() == 10);
  reclaim::collect();
  CHECK(freed == 10);
  CHECK(reclaim::pending() == 0);
}

TEST_CASE("a thread that retires much collects by itself") {
  start();
  std::size_t largest = 0;
  for (int i = 0; i < 100; ++i) {
    retire_some(100);
    largest = std::max(largest, reclaim::pending());
  }
  CHECK(largest <= 2 * reclaim::batch);
  CHECK(freed >= 10'000 - static_cast<int>(2 * reclaim::batch));
  reclaim::collect();
  CHECK(freed == 10'000);
}

TEST_CASE("a block retired during a pin of this thread is not freed until the pin ends") {
  start();
  auto outer = std::make_unique<reclaim::pin>();
  {
    const reclaim::pin inner; // pins nest: the outer one still protects when this one ends
    retire_some(2 * reclaim::batch);
  }
  reclaim::collect();
  CHECK(freed == 0);
  outer.reset();
  reclaim::collect();
  CHECK(freed == 2 * static_cast<int>(reclaim::batch));
}

TEST_CASE("a block retired during a pin of another thread is not freed until that pin ends") {
  start();
  turns t;
  std::thread reader{[&] {
    {
      const reclaim::pin guard;
      t.reach(1);
      t.wait_for(2);
    }
    t.reach(3);
  }};
  t.wait_for(1);
  retire_some(10);
  reclaim::collect();
  CHECK(freed == 0);
  t.reach(2);
  t.wait_for(3);
  reclaim::collect();
  CHECK(freed == 10);
  reader.join();
}

TEST_CASE("a pin that begins after a block was retired and collected once does not keep it") {
  start();
  turns t;
  auto mine = std::make_unique<reclaim::pin>();
  retire_some(10);
  reclaim::collect(); // seals the batch: later pins cannot reach it
  CHECK(freed == 0);
  std::thread reader{[&] {
    const reclaim::pin guard;
    t.reach(1);
    t.wait_for(2);
  }};
  t.wait_for(1);
  mine.reset();
  reclaim::collect();
  CHECK(freed == 10);
  t.reach(2);
  reader.join();
}

TEST_CASE("a held block outlives the pin, and is freed when the slot is given back") {
  start();
  auto* kept = new counted{42};
  std::atomic<const void*>* slot = nullptr;
  {
    reclaim::pin guard;
    slot = guard.hold(kept);
    REQUIRE(slot != nullptr);
  }
  reclaim::retire(kept, counted::free);
  retire_some(5);
  reclaim::collect();
  CHECK(freed == 5);
  CHECK(kept->payload == 42);
  CHECK(reclaim::pending() == 1);
  slot->store(nullptr);
  reclaim::collect();
  CHECK(freed == 6);
}

TEST_CASE("a thread can hold as many blocks as it has slots, and then must count") {
  start();
  std::vector<counted> things(reclaim::hazards_per_thread + 1);
  std::vector<std::atomic<const void*>*> slots;
  reclaim::pin guard;
  for (std::size_t i = 0; i < reclaim::hazards_per_thread; ++i)
    slots.push_back(guard.hold(&things[i]));
  const std::set<std::atomic<const void*>*> different(slots.begin(), slots.end());
  CHECK(different.size() == reclaim::hazards_per_thread);
  CHECK_FALSE(different.contains(nullptr));
  CHECK(guard.hold(&things.back()) == nullptr);
  slots.back()->store(nullptr);
  CHECK(guard.hold(&things.back()) == slots.back());
  for (auto* slot : slots)
    slot->store(nullptr);
}

TEST_CASE("a block held by a thread that has ended stays until the slot is given back elsewhere") {
  start();
  auto* kept = new counted{7};
  std::atomic<const void*>* slot = nullptr;
  std::thread{[&] {
    reclaim::pin guard;
    slot = guard.hold(kept);
  }}.join();
  std::thread{[] { // takes over the seat of the first, and must respect its slot
    counted other;
    reclaim::pin guard;
    auto* mine = guard.hold(&other);
    mine->store(nullptr);
  }}
    .join();
  reclaim::retire(kept, counted::free);
  reclaim::collect();
  CHECK(freed == 0);
  CHECK(kept->payload == 7);
  slot->store(nullptr);
  reclaim::collect();
  CHECK(freed == 1);
}

TEST_CASE("blocks of threads that ended are freed by others") {
  start();
  {
    const reclaim::pin guard; // so that the threads cannot free them themselves
    for (int i = 0; i < 3; ++i)
      std::thread{[] { retire_some(10); }}.join();
    CHECK(freed == 0);
    CHECK(reclaim::pending() == 30);
  }
  reclaim::collect();
  CHECK(freed == 30);
  CHECK(reclaim::pending() == 0);
}

TEST_CASE("a block retired while another is freed is freed in turn") {
  start();
  struct parent {
    static void free(void* p) noexcept {
      delete static_cast<parent*>(p);
      reclaim::retire(new counted, counted::free);
    }
  };
  for (int i = 0; i < 10; ++i)
    reclaim::retire(new parent, parent::free);
  reclaim::collect();
  reclaim::collect();
  CHECK(freed == 10);
  CHECK(reclaim::pending() == 0);
}

TEST_CASE("running threads have different small numbers, which are used again") {
  constexpr std::size_t n = 8;
  std::uint32_t largest = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::uint32_t> numbers(n);
    std::atomic<std::size_t> done{0};
    workload::on_threads(n, [&](std::size_t me) {
      numbers[me] = reclaim::thread_ordinal();
      ++done;
      while (done.load() < n)
        std::this_thread::yield();
    });
    CHECK(std::set<std::uint32_t>(numbers.begin(), numbers.end()).size() == n);
    for (const auto x : numbers)
      largest = std::max(largest, x);
  }
  CHECK(largest < 100); // not 160: all threads of this program so far shared few numbers
}

TEST_CASE("readers never see a freed block, however writers replace it") {
  // A shared pointer that writers swap; the payload says whether the block was freed.
  start();
  constexpr int alive = 1234, dead = -1;
  struct watched {
    std::atomic<int> state{alive};
    static void free(void* p) noexcept {
      static_cast<watched*>(p)->state = dead;
      delete static_cast<watched*>(p);
      ++freed;
    }
  };
  std::atomic<watched*> shared{new watched};
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> wrong{0}, reads{0};
  const std::size_t swaps = workload::scaled(50'000);
  workload::on_threads(4, [&](std::size_t me) {
    if (me < 2) {
      for (std::size_t i = 0; i < swaps; ++i) {
        reclaim::retire(shared.exchange(new watched), watched::free);
        if (i % 64 == 0)
          reclaim::collect();
      }
      stop = true;
      return;
    }
    std::vector<std::pair<watched*, std::atomic<const void*>*>> held;
    while (!stop.load()) {
      {
        reclaim::pin guard;
        watched* x = shared.load();
        wrong += x->state != alive;
        if (auto* slot = guard.hold(x))
          held.emplace_back(x, slot);
        wrong += x->state != alive;
      }
      ++reads;
      if (held.size() == 4) {
        for (const auto& [x, slot] : held) {
          wrong += x->state != alive;
          slot->store(nullptr, std::memory_order_release);
        }
        held.clear();
      }
    }
    for (const auto& [x, slot] : held)
      slot->store(nullptr);
  });
  CHECK(wrong == 0);
  CHECK(reads > 0);
  watched::free(shared.load());
  reclaim::collect();
  CHECK(reclaim::pending() == 0);
  CHECK(freed == static_cast<int>(2 * swaps) + 1);
}
