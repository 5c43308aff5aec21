#include "actors/fixture.hpp"
#include "lazy_buffer.hpp"

#include <caf/event_based_actor.hpp>

#include <atomic>
#include <mutex>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::running;
using fixture::with_type;

namespace {

/// The numbers stored under a key of a duplicate_bag are 0, 1, 2, …
void check_in_order(const cache& c, const value& key, std::size_t n) {
  const records found = c.get(key);
  REQUIRE(found.size() == n);
  for (std::size_t i = 0; i < n; ++i)
    REQUIRE(found[i][1] == value{i});
}

} // namespace

TEST_CASE("what was put lazily is there after flush") {
  running r;
  for (int i = 0; i < 1000; ++i)
    r.c.lazy_put(record{i, i});
  r.c.flush();
  CHECK(r.c.stats().records == 1000);
}

TEST_CASE("what was put lazily is written soon without a flush") {
  running r;
  r.c.lazy_put(record{"k", 1});
  CHECK(fixture::eventually([&] { return !r.c.get("k").empty(); }));
}

TEST_CASE("lazy puts of one key are written in their order, each thread with keys of its own") {
  running r{with_type(table_type::duplicate_bag)};
  constexpr int n = 3000;
  fixture::on_threads(6, [&](int thread) {
    for (int i = 0; i < n; ++i)
      for (int key = 0; key < 3; ++key)
        r.c.lazy_put(record{value::tuple({thread, key}), i});
  });
  r.c.flush();
  for (int thread = 0; thread < 6; ++thread)
    for (int key = 0; key < 3; ++key)
      check_in_order(r.c, value::tuple({thread, key}), n);
}

TEST_CASE("lazy puts of one key from several threads are written in the order of the calls") {
  auto o = with_type(table_type::duplicate_bag);
  o.lazy_put_limit = 50;
  running r{o};
  std::mutex turn;
  int next = 0;
  fixture::on_threads(6, [&](int) {
    for (int i = 0; i < 2000; ++i) {
      const std::lock_guard hold{turn};
      r.c.lazy_put(record{"k", next++});
    }
  });
  r.c.flush();
  check_in_order(r.c, "k", 12'000);
}

TEST_CASE("lazy puts of actors that move between workers are written in their order") {
  running r{with_type(table_type::duplicate_bag)};
  constexpr int n = 2000;
  std::atomic<int> ended{0};
  for (int a = 0; a < 16; ++a)
    r.system.spawn([&, a](caf::event_based_actor* self) -> caf::behavior {
      compat::tell(self, self, 0);
      return {[&, a, self](int i) {
        r.c.lazy_put(record{a, i});
        if (i + 1 < n) {
          compat::tell(self, self, i + 1);
        } else {
          ++ended;
          self->quit();
        }
      }};
    });
  CHECK(fixture::eventually([&] { return ended == 16; }));
  r.c.flush();
  for (int a = 0; a < 16; ++a)
    check_in_order(r.c, a, n);
}

TEST_CASE("no more than the limit is ever buffered, besides as many that are being written") {
  options o;
  o.lazy_put_limit = 10;
  running r{o};
  for (int i = 0; i < 3000; ++i) {
    r.c.lazy_put(record{i, 1});
    REQUIRE(r.c.stats().records + 20 >= static_cast<std::size_t>(i) + 1);
  }
  r.c.flush();
  CHECK(r.c.stats().records == 3000);
}

TEST_CASE("flush writes what was buffered before it, whichever thread buffered it") {
  running r;
  fixture::on_threads(4, [&](int thread) {
    for (int round = 0; round < 200; ++round) {
      r.c.lazy_put(record{value::tuple({thread, round}), 1});
      r.c.flush();
      REQUIRE(r.c.get(value::tuple({thread, round})).size() == 1);
    }
  });
}

TEST_CASE("draining the buffers, as stop does, writes everything in order") {
  std::vector<record> written;
  detail::lazy_buffers buffers{3, 100, 0, [&](std::vector<record>& batch, auto) {
                                 written.insert(written.end(), batch.begin(), batch.end());
                                 batch.clear();
                                 return ok();
                               }};
  for (int i = 0; i < 90; ++i)
    REQUIRE(buffers.add(record{i % 5, i}, hash(value{i % 5})).ok());
  CHECK(written.empty()); // not drained yet
  REQUIRE(buffers.drain_all().ok());
  REQUIRE(written.size() == 90);
  for (int i = 0; i < 90; ++i)
    CHECK(written[static_cast<std::size_t>(i)] == record{i % 5, i});
}

TEST_CASE("a caller that finds a buffer full writes it") {
  std::size_t written = 0, largest = 0;
  detail::lazy_buffers buffers{1, 8, 0, [&](std::vector<record>& batch, auto) {
                                 written += batch.size();
                                 largest = std::max(largest, batch.size());
                                 batch.clear();
                                 return ok();
                               }};
  for (int i = 0; i < 100; ++i)
    REQUIRE(buffers.add(record{i}, hash(value{i})).ok());
  CHECK(written == 96);
  CHECK(largest == 8);
}

TEST_CASE("only the first record of an idle buffer asks for its writer") {
  detail::lazy_buffers buffers{1, 100, 0, [](std::vector<record>& batch, auto) {
                                 batch.clear();
                                 return ok();
                               }};
  CHECK(*buffers.add(record{1}, hash(value{1})) == 0);
  CHECK(*buffers.add(record{2}, hash(value{2})) == -1);
  REQUIRE(buffers.drain(0).ok());
  CHECK(*buffers.add(record{3}, hash(value{3})) == 0);
}

TEST_CASE("a record that cannot be written stays in its place, and a full buffer says so") {
  bool possible = false;
  std::vector<record> written;
  detail::lazy_buffers buffers{
    1, 4, 0, [&](std::vector<record>& batch, auto) -> status {
      // Records with even keys can always be written.
      const auto stays = [&](const record& r) { return !possible && r[0].as_int() % 2 == 1; };
      std::ranges::copy_if(batch, std::back_inserter(written), std::not_fn(stays));
      std::erase_if(batch, std::not_fn(stays));
      if (batch.empty())
        return ok();
      return {errc::unavailable, "nobody there"};
    }};
  const auto add = [&](int key, int i) { return buffers.add(record{key, i}, hash(value{key})); };
  for (int i = 0; i < 4; ++i)
    REQUIRE(add(i, 0).ok());
  CHECK(buffers.drain(0).why().code == errc::unavailable);
  CHECK(buffers.wants_retry(0));
  CHECK_FALSE(buffers.wants_retry(0)); // until it fails again
  CHECK(written == std::vector<record>{{0, 0}, {2, 0}});
  for (int i = 1; i < 5; ++i)
    REQUIRE(add(1, i).ok());
  CHECK(add(1, 5).why().code == errc::overloaded);
  CHECK(buffers.count() == 6);
  CHECK(buffers.drain_all().why().message == "nobody there");
  possible = true;
  REQUIRE(buffers.drain_all().ok());
  CHECK(buffers.count() == 0);
  REQUIRE(written.size() == 8);
  CHECK(written[2] == record{1, 0});
  CHECK(written[3] == record{3, 0});
  for (int i = 1; i < 5; ++i)
    CHECK(written[static_cast<std::size_t>(3 + i)] == record{1, i});
}
