#include "support/workload.hpp"

#include <supercache/store/fair_lock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

using namespace supercache;

TEST_CASE("a lock is held by one at a time, with more threads than processors") {
  for (const std::size_t threads : {2, 4, 32}) {
    CAPTURE(threads);
    const std::size_t each = workload::scaled(200'000) / threads;
    fair_lock lock;
    std::size_t count = 0; // not atomic: the lock protects it
    workload::on_threads(threads, [&](std::size_t) {
      for (std::size_t i = 0; i < each; ++i) {
        const std::lock_guard hold{lock};
        ++count;
      }
    });
    CHECK(count == threads * each);
    CHECK(lock.try_lock());
    CHECK_FALSE(lock.try_lock());
    lock.unlock();
  }
}

TEST_CASE("a claimed lock goes to its claimant before any later thread") {
  for (int round = 0; round < 50; ++round) {
    fair_lock lock;
    std::atomic<bool> had{false};
    lock.lock();
    std::thread waits{[&] {
      const std::lock_guard hold{lock};
      had = true;
    }};
    while (!lock.claimed())
      std::this_thread::yield();
    lock.unlock();
    bool overtaken = false;
    while (!had)
      if (lock.try_lock()) {
        overtaken |= !had;
        lock.unlock();
      }
    CHECK_FALSE(overtaken);
    waits.join();
  }
}

TEST_CASE("a thread that wakes up is overtaken so often and no more") {
  int rounds = 0;
  for (int i = 0; i < 200; ++i) {
    fair_lock lock;
    std::atomic<bool> had{false};
    std::atomic<unsigned> overtaken{0};
    lock.lock();
    std::thread first{[&] {
      lock.lock();
      const bool second_waits = lock.awaited();
      lock.unlock();
      while (second_waits && !had)
        if (lock.try_lock()) {
          overtaken += !had;
          lock.unlock();
        }
    }};
    while (!lock.claimed())
      std::this_thread::yield();
    std::thread second{[&] {
      const std::lock_guard hold{lock};
      had = true;
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{1}); // most likely it is in line by then
    lock.unlock();
    first.join();
    second.join();
    CHECK(overtaken <= fair_lock::most_overtake);
    rounds += overtaken > 0;
  }
  WARN(rounds > 0); // else the second was never slower than the first
}

TEST_CASE("all threads in line get the lock while others want it again and again") {
  constexpr std::size_t patient = 8, greedy = 2;
  fair_lock lock;
  std::atomic<std::size_t> left{patient};
  workload::on_threads(patient + greedy, [&](std::size_t me) {
    if (me < patient) {
      for (int i = 0; i < 200; ++i)
        const std::lock_guard hold{lock};
      --left;
      return;
    }
    while (left) { // holds the lock nearly all the time
      const std::lock_guard hold{lock};
      for (int i = 0; i < 500; ++i)
        cpu_relax();
    }
  });
  CHECK(left == 0);
}

TEST_CASE("a shared lock is shared with sharing threads, and never with an exclusive one") {
  fair_shared_lock lock;
  std::atomic<int> inside{0};
  std::size_t written = 0; // not atomic
  std::atomic<bool> wrong{false};
  const std::size_t each = workload::scaled(20'000);
  workload::on_threads(4, [&](std::size_t me) {
    for (std::size_t i = 0; i < each; ++i) {
      if (me == 0) {
        const std::lock_guard hold{lock};
        wrong = wrong || inside != 0;
        ++written;
      } else {
        const std::shared_lock hold{lock};
        ++inside;
        wrong = wrong || written > each;
        --inside;
      }
    }
  });
  CHECK_FALSE(wrong);
  CHECK(written == each);
}

TEST_CASE("an exclusive thread gets the lock although others share it without a pause") {
  // With a bare shared_mutex, which lets readers in as long as any is there, this hardly ends.
  constexpr std::size_t readers = 4;
  fair_shared_lock lock;
  std::atomic<bool> done{false};
  workload::on_threads(readers + 1, [&](std::size_t me) {
    if (me == readers) {
      for (int i = 0; i < 300; ++i)
        const std::lock_guard hold{lock};
      done = true;
      return;
    }
    while (!done) {
      const std::shared_lock hold{lock};
      std::this_thread::yield(); // one of them always has it
    }
  });
  CHECK(done);
}
