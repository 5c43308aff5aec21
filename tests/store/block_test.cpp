#include "support/workload.hpp"

#include <supercache/store/reclaim.hpp>
#include <supercache/store/record.hpp>
#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace supercache;
using detail::allocate_block;
using detail::block;
using detail::free_block;

namespace {

/// Memory of this process in use, in bytes.
std::size_t resident() {
  std::ifstream in{"/proc/self/statm"};
  std::size_t size = 0, pages = 0;
  in >> size >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Fills and checks a block's payload, so that two that overlap are noticed.
void fill(block* b, std::size_t payload, unsigned seed) {
  for (std::size_t i = 0; i < payload; ++i)
    b->bytes()[i] = static_cast<char>(seed + i);
}
bool is_filled(const block* b, std::size_t payload, unsigned seed) {
  for (std::size_t i = 0; i < payload; ++i)
    if (b->bytes()[i] != static_cast<char>(seed + i))
      return false;
  return true;
}

struct owned {
  block* b;
  std::size_t payload;
  unsigned seed;
};

} // namespace

TEST_CASE("a block of any size is aligned, has its header set and room for its payload") {
  std::vector<owned> all;
  for (std::size_t payload = 0; payload <= 2'000; ++payload)
    for (unsigned twice = 0; twice < 2; ++twice) {
      const auto seed = static_cast<unsigned>(payload * 2 + twice);
      block* b = allocate_block(payload, static_cast<std::uint32_t>(payload));
      REQUIRE(reinterpret_cast<std::uintptr_t>(b) % 16 == 0);
      REQUIRE(b->refs == 1);
      REQUIRE(std::size_t{b->count} == payload);
      REQUIRE(b->deadline == 0);
      fill(b, payload, seed);
      all.push_back({b, payload, seed});
    }
  for (const owned& x : all) {
    REQUIRE(is_filled(x.b, x.payload, x.seed));
    free_block(x.b, x.payload);
  }
}

TEST_CASE("large blocks come and go") {
  for (const std::size_t payload :
       {std::size_t{1} << 16, std::size_t{1} << 20, std::size_t{50} << 20}) {
    block* b = allocate_block(payload, 0);
    b->bytes()[0] = 'a';
    b->bytes()[payload - 1] = 'z';
    CHECK(b->bytes()[0] == 'a');
    free_block(b, payload);
  }
}

TEST_CASE("blocks freed and allocated at random never overlap") {
  const auto seed = workload::seed(41);
  CAPTURE(seed);
  workload::dice d{seed};
  std::vector<owned> all;
  for (std::size_t i = 0; i < workload::scaled(500'000); ++i) {
    const bool grow
      = all.size() < 200 || (all.size() < 20'000 && d.chance(i / 50'000 % 2 ? 35 : 65));
    if (grow) {
      const std::size_t payload = d.chance(90) ? d.below(300) : d.below(3'000);
      const auto mark = static_cast<unsigned>(d.below(256));
      block* b = allocate_block(payload, 0);
      fill(b, payload, mark);
      all.push_back({b, payload, mark});
    } else {
      std::swap(all[d.below(all.size())], all.back());
      const owned x = all.back();
      all.pop_back();
      REQUIRE(is_filled(x.b, x.payload, x.seed));
      free_block(x.b, x.payload);
    }
  }
  for (const owned& x : all) {
    REQUIRE(is_filled(x.b, x.payload, x.seed));
    free_block(x.b, x.payload);
  }
}

TEST_CASE("blocks may be freed by another thread than the one that allocated them") {
  constexpr std::size_t n = 4;
  const std::size_t each = workload::scaled(50'000);
  std::vector<std::vector<owned>> from(n);
  std::atomic<std::size_t> ready{0}, wrong{0};
  workload::on_threads(n, [&](std::size_t me) {
    workload::dice d{me};
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < each; ++i) {
        const std::size_t payload = d.below(200);
        block* b = allocate_block(payload, 0);
        fill(b, payload, static_cast<unsigned>(me + i));
        from[me].push_back({b, payload, static_cast<unsigned>(me + i)});
      }
      const auto meet = [&](std::size_t times) {
        ++ready;
        while (ready.load() < times * n)
          std::this_thread::yield();
      };
      meet(static_cast<std::size_t>(round) * 2 + 1);
      for (const owned& x : from[(me + 1) % n]) {
        wrong += !is_filled(x.b, x.payload, x.seed);
        free_block(x.b, x.payload);
      }
      meet(static_cast<std::size_t>(round) * 2 + 2);
      from[me].clear();
    }
  });
  CHECK(wrong == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST_CASE("freed memory is given back to the system") {
  const std::size_t before = resident();
  {
    std::vector<record> all;
    for (int i = 0; i < 1'000'000; ++i)
      all.emplace_back(i, i + 1, i + 2);
    CHECK(resident() > before + 50'000'000);
  }
  CHECK(resident() < before + 30'000'000);
}

TEST_CASE("memory of one size can serve another size afterwards") {
  const std::size_t before = resident();
  for (std::size_t payload = 0; payload <= 496; payload += 16) {
    std::vector<block*> all;
    for (std::size_t bytes = 0; bytes < 40'000'000; bytes += payload + 16)
      all.push_back(allocate_block(payload, 0));
    for (block* b : all) {
      fill(b, payload, 1);
      free_block(b, payload);
    }
  }
  // Not 31 × 40 MB. A thread may keep 512 objects of each size.
  CHECK(resident() < before + 150'000'000);
}

TEST_CASE("memory handed from producers to consumers for a long time does not grow") {
  const auto pass_on = [](std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
      std::vector<record> all;
      for (int k = 0; k < 1'000; ++k)
        all.emplace_back(k, "some text that is not inline");
      std::thread{[gone = std::move(all)]() mutable { gone.clear(); }}.join();
    }
  };
  pass_on(50);
  const std::size_t before = resident();
  pass_on(1'000);
  CHECK(resident() < before + 20'000'000);
}

#endif

TEST_CASE("thousands of threads that come and go leave no memory behind") {
  table t{table_type::set, 0, 4};
  const auto work = [&] {
    const stamp now{1'000};
    const value key = 1;
    // The first thing such a thread does may be to read, to allocate, or to free.
    (void)t.get(key, hash(key), now);
    for (int i = 0; i < 100; ++i)
      t.put(record{i % 10, std::string(40, 'x')}, hash(value{i % 10}), 0, now);
  };
  const auto churn = [&](std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i)
      std::thread{work}.join();
  };
  churn(50);
  reclaim::collect();
  [[maybe_unused]] const std::size_t before = resident();
  churn(workload::scaled(3'000));
  reclaim::collect();
  CHECK(reclaim::pending() == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(resident() < before + 12'000'000); // a leak of one record in three would show
#endif
}

TEST_CASE("a thread's own objects may use the store while the thread ends") {
  static table* shared = nullptr;
  table t{table_type::set, 0, 1};
  shared = &t;
  struct last_words {
    ~last_words() {
      const value key = 1;
      const records found = shared->get(key, hash(key), stamp{1'000});
      shared->put(record{key, std::string(40, 'x')}, hash(key), 0, stamp{1'000});
    }
  };
  const auto work = [] {
    thread_local last_words words; // made before anything of the store, so it ends after it
    (void)&words;
    shared->put(record{2, std::string(40, 'y')}, hash(value{2}), 0, stamp{1'000});
  };
  for (int i = 0; i < 50; ++i)
    std::thread{work}.join();
  std::uint32_t first = 0, last = 0;
  std::thread{[&] { first = reclaim::thread_ordinal(); }}.join();
  // The system's own allocator may grow once; a leak grows every time.
  std::size_t growth = SIZE_MAX;
  for (int round = 0; round < 3 && growth >= 4'000'000; ++round) {
    const std::size_t before = resident();
    for (std::size_t i = 0; i < workload::scaled(2'000); ++i)
      std::thread{work}.join();
    growth = std::max(resident(), before) - before;
  }
  std::thread{[&] { last = reclaim::thread_ordinal(); }}.join();
  CHECK(last <= first + 1); // the seats of ended threads are used again
  reclaim::collect();
  CHECK(reclaim::pending() == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(growth < 4'000'000);
#endif
}
