#include "support/table_types.hpp"
#include "support/workload.hpp"

#include <supercache/store/reclaim.hpp>
#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace supercache;
using workload::dice;

namespace {

const stamp t0{1'000};
constexpr table_type one_per_key[] = {table_type::set, table_type::ordered_set};

void put(table& t, record r) {
  const auto h = hash(r[0]);
  t.put(std::move(r), h, 0, t0);
}
records get(const table& t, const value& key) { return t.get(key, hash(key), t0); }
std::size_t remove(table& t, const value& key) { return t.remove(key, hash(key), t0); }

value number(std::size_t n) { return static_cast<std::int64_t>(n); }
std::size_t index(const value& x) { return static_cast<std::size_t>(x.as_int()); }

/// A record whose elements all follow from its key, so that a torn or freed one shows.
record telling(std::size_t n) {
  return record{number(n), std::to_string(n) + std::string(40, 'x'), number(n * 7)};
}
bool tells_the_truth(const record& r) {
  const std::size_t n = index(r[0]);
  return r.size() == 3 && r[1].as_string() == std::to_string(n) + std::string(40, 'x')
         && r[2] == number(n * 7);
}

} // namespace

TEST_CASE("no increment is lost, by update_counter or by compare_exchange") {
  constexpr std::size_t threads = 4, keys = 3;
  const std::size_t each = workload::scaled(30'000);
  for (const table_type type : one_per_key) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    workload::on_threads(threads, [&](std::size_t me) {
      for (std::size_t i = 0; i < each; ++i) {
        const value key = number(i % keys);
        if (me % 2 == 0) {
          (void)t.update_counter({key, 1, 1, record{key, 0}}, hash(key), t0);
          continue;
        }
        for (bool done = false; !done;) {
          const records found = get(t, key);
          op::compare_exchange swap{key, {}, record{key, 1}};
          if (!found.empty()) {
            swap.expected = found.front();
            swap.desired = record{key, found.front()[1].as_int() + 1};
          }
          done = t.compare_exchange(swap, hash(key), t0).value();
        }
      }
    });
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < keys; ++k)
      sum += get(t, number(k)).front()[1].as_int();
    CHECK(sum == static_cast<std::int64_t>(threads * each));
  }
}

TEST_CASE("of many insert_new or take under one key exactly one succeeds") {
  constexpr std::size_t threads = 4;
  const std::size_t rounds = workload::scaled(20'000);
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 1};
    std::vector<std::atomic<int>> inserted(rounds), taken(rounds);
    workload::on_threads(threads, [&](std::size_t me) {
      for (std::size_t i = 0; i < rounds; ++i) {
        const value key = number(i);
        inserted[i] += t.insert_new(record{key, number(me)}, hash(key), 0, t0);
        if (i >= 10)
          taken[i - 10]
            += static_cast<int>(t.take(number(i - 10), hash(number(i - 10)), t0).size());
      }
    });
    // A key is inserted again if one thread is ahead and takes it before another gets there.
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < rounds; ++i)
      wrong
        += inserted[i] != taken[i] + static_cast<int>(get(t, number(i)).size()) || inserted[i] < 1;
    CHECK(wrong == 0);
  }
}

TEST_CASE("a lasting key is found at any time, while the table grows and others are removed") {
  const std::size_t n = workload::scaled(60'000);
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 2};
    std::atomic<std::size_t> stored{0}, missed{0}, reads{0};
    put(t, telling(0));
    workload::on_threads(4, [&](std::size_t me) {
      if (me == 0) {
        for (std::size_t i = 1; i < n; ++i) {
          put(t, telling(i));
          stored = i;
        }
        return;
      }
      if (me == 1) { // comes and goes among the others, and rewrites some of them
        dice d{3};
        while (stored.load() + 1 < n) {
          const std::size_t other = n + d.below(500);
          d.chance(50) ? put(t, telling(other)) : (void)remove(t, number(other));
          if (!t.holds_many())
            put(t, telling(d.below(stored.load() + 1)));
        }
        return;
      }
      dice d{me};
      while (stored.load() + 1 < n) {
        const std::size_t up_to = stored.load();
        const std::size_t k = up_to - (d.chance(50) ? d.below(up_to + 1) : 0);
        const records found = get(t, number(k));
        missed += found.size() != 1 || !tells_the_truth(found.front());
        ++reads;
      }
    });
    CHECK(missed == 0);
    CHECK(reads > 0);
    CHECK(t.count(t0) >= n);
  }
}

TEST_CASE("get_many finds every lasting key while others are written") {
  const std::size_t n = 2'000;
  for (const table_type type : all_types) {
    table t{type, 0, 2};
    for (std::size_t i = 0; i < n; ++i)
      put(t, telling(i));
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> missed{0};
    workload::on_threads(3, [&](std::size_t me) {
      dice d{me};
      if (me == 0) {
        for (std::size_t i = 0; i < workload::scaled(100'000); ++i) {
          const std::size_t other = n + d.below(5'000);
          d.chance(60) ? put(t, telling(other)) : (void)remove(t, number(other));
        }
        stop = true;
        return;
      }
      value_list keys(40);
      std::vector<std::uint64_t> hashes(keys.size());
      std::vector<records> found(keys.size());
      while (!stop.load()) {
        for (std::size_t i = 0; i < keys.size(); ++i) {
          keys[i] = number(d.below(n));
          hashes[i] = hash(keys[i]);
        }
        t.get_many(keys, hashes, found, t0);
        for (std::size_t i = 0; i < keys.size(); ++i)
          missed += found[i].size() != 1 || found[i].front()[0] != keys[i]
                    || !tells_the_truth(found[i].front());
      }
    });
    CHECK(missed == 0);
  }
}

TEST_CASE("walks meet every lasting record exactly once, whatever writers do to the others") {
  const std::size_t stable = 2'000;
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 2};
    for (std::size_t i = 0; i < stable; ++i)
      put(t, telling(i * 10));
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> wrong{0};
    const auto everything = compiled_pattern::compile(pattern{{bind(1), any, any}}).value();
    workload::on_threads(4, [&](std::size_t me) {
      dice d{me};
      if (me < 2) {
        while (!stop.load()) { // the table grows and shrinks by a factor of ten
          const std::size_t other = d.below(stable * 10) * 10 + 1 + me;
          d.chance(60) ? put(t, telling(other)) : (void)remove(t, number(other));
          if (d.below(stable * 20) == 0)
            t.remove_match(
              compiled_pattern::compile(pattern{{bind(1), any, number(other * 7)}}).value(), t0);
          if (!t.holds_many())
            put(t, telling(d.below(stable) * 10)); // replaced by an equal one: it stays
        }
        return;
      }
      for (std::size_t round = 0; round < workload::scaled(30); ++round) {
        std::vector<int> met(stable);
        const auto visit = [&](const record& r) {
          wrong += !tells_the_truth(r);
          if (const std::size_t key = index(r[0]); key % 10 == 0)
            ++met[key / 10];
          return true;
        };
        if (round % 2 == 0)
          t.each(t0, visit);
        else
          t.match(everything, t0, visit);
        wrong += static_cast<std::size_t>(
          std::ranges::count_if(met, [](int times) { return times != 1; }));
      }
      if (me == 2)
        stop = true;
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("remove_match removes all that matches throughout, while others write") {
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 2};
    constexpr std::size_t n = 2'000;
    const std::size_t rounds = workload::scaled(30);
    std::atomic<bool> stop{false};
    std::size_t wrong = 0;
    workload::on_threads(2, [&](std::size_t me) {
      dice d{me};
      if (me == 0) {
        while (!stop.load()) { // no more than the other thread can visit
          put(t, record{number(n + d.below(20'000)), "stays"});
          if (d.chance(60))
            remove(t, number(n + d.below(20'000)));
        }
        return;
      }
      const auto p = compiled_pattern::compile(pattern{{any, "goes"}}).value();
      for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < n; ++i)
          put(t, record{number(i), "goes"});
        wrong += t.remove_match(p, t0) != n;
        t.match(p, t0, [&](const record&) { ++wrong; });
      }
      stop = true;
    });
    CHECK(wrong == 0);
  }
}

// -- what readers keep ----------------------------------------------------------------------------

TEST_CASE("records that a reader keeps stay as they were, and are freed when it lets go") {
  reclaim::collect();
  const std::size_t before = reclaim::pending();
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    constexpr std::size_t n = reclaim::hazards_per_thread + 50; // more than a thread can borrow
    for (std::size_t i = 0; i < n; ++i)
      put(t, telling(i));
    std::vector<records> kept;
    for (std::size_t i = 0; i < n; ++i)
      kept.push_back(get(t, number(i)));
    for (std::size_t i = 0; i < n / 2; ++i)
      remove(t, number(i));
    t.clear(t0);
    for (std::size_t i = 0; i < 3 * reclaim::batch; ++i)
      put(t, telling(100'000 + i % 7)); // others may reuse the memory of freed records
    reclaim::collect();
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(tells_the_truth(kept[i].front()));
      CHECK(kept[i].front()[0] == number(i));
    }
    if (type == table_type::set) // the others are counted, not borrowed
      CHECK(reclaim::pending() == before + reclaim::hazards_per_thread);
    const std::vector<records> copies = kept;
    kept.clear();
    reclaim::collect();
    CHECK(reclaim::pending() == before);
    for (std::size_t i = 0; i < n; ++i)
      CHECK(tells_the_truth(copies[i].front()));
  }
}

TEST_CASE("records can be moved to another thread, which may end after their own") {
  table t{table_type::set, 0, 4};
  constexpr std::size_t keys = 50;
  for (std::size_t i = 0; i < keys; ++i)
    put(t, telling(i));
  std::mutex lock;
  std::deque<records> handed_over;
  std::atomic<std::size_t> readers{2}, wrong{0}, checked{0};
  workload::on_threads(4, [&](std::size_t me) {
    dice d{me};
    if (me < 2) { // reads, and hands the records over
      for (std::size_t i = 0; i < workload::scaled(30'000); ++i) {
        records found = get(t, number(d.below(keys)));
        const std::lock_guard hold{lock};
        handed_over.push_back(std::move(found));
      }
      --readers;
    } else if (me == 2) { // replaces everything all the time
      while (readers.load() > 0)
        put(t, telling(d.below(keys)));
    } else {
      std::deque<records> mine;
      do {
        mine.clear(); // on this thread, while the thread that read them may be gone
        {
          const std::lock_guard hold{lock};
          mine.swap(handed_over);
        }
        for (const records& r : mine)
          wrong += r.size() != 1 || !tells_the_truth(r.front());
        checked += mine.size();
      } while (readers.load() > 0 || !mine.empty());
    }
  });
  for (const records& r : handed_over)
    wrong += !tells_the_truth(r.front());
  checked += handed_over.size();
  CHECK(wrong == 0);
  CHECK(checked == 2 * workload::scaled(30'000));
  handed_over.clear();
  t.clear(t0);
  reclaim::collect();
  CHECK(reclaim::pending() == 0);
}

// -- bookkeeping ----------------------------------------------------------------------------------

TEST_CASE("count, bytes and next_deadline can be asked while others write, clear and expire") {
  const std::size_t rounds = workload::scaled(40'000);
  for (const table_type type : all_types) {
    CAPTURE(to_string(type));
    table t{type, 0, 4};
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> wrong{0};
    workload::on_threads(4, [&](std::size_t me) {
      dice d{me};
      if (me < 2) {
        for (std::size_t i = 0; i < rounds; ++i) {
          const record r = telling(d.below(300));
          t.put(r, hash(r[0]), d.chance(50) ? 1 + static_cast<std::int64_t>(d.below(20)) : 0, t0);
          if (d.chance(30))
            t.expire(r[0], hash(r[0]), static_cast<std::int64_t>(d.below(20)), t0);
          if (d.chance(10))
            remove(t, r[0]);
        }
        stop = true;
        return;
      }
      while (!stop.load()) {
        if (me == 2) {
          if (!t.holds_many())
            wrong += t.count(t0) > 300;
          wrong += t.next_deadline() <= 1'000;
          (void)t.bytes();
        } else {
          t.reclaim_expired(1'000 + static_cast<std::int64_t>(d.below(25)), 1 + d.below(10));
          if (d.chance(1))
            t.clear(t0);
        }
      }
    });
    CHECK(wrong == 0);
    std::size_t left = 0;
    t.each(t0, [&](const record&) { return ++left, true; });
    CHECK(t.count(t0) == left);
    t.clear(t0);
    CHECK(t.bytes() == 0);
    CHECK(t.next_deadline() == INT64_MAX);
  }
}
