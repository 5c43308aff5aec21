#include "support/arbitrary.hpp"

#include <supercache/cluster/log.hpp>
#include <supercache/store/wire_fields.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace supercache;

namespace {

byte_buffer encoded(std::size_t size, std::uint8_t what) { return byte_buffer(size, what); }

entry write_of(std::int64_t x) {
  entry e;
  e.kind = entry_kind::write;
  e.stamp_ms = 1'000 + x;
  e.request = {7, static_cast<std::uint64_t>(x), 3};
  e.what = {{space_kind::kv, "n"}, op::put{{x, "text"}, 5}};
  return e;
}

bool same(const entry& x, const entry& y) {
  byte_buffer a, b;
  wire_writer to_a{a}, to_b{b};
  encode(to_a, x);
  encode(to_b, y);
  return a == b;
}

void append(entry_log& log, const epoch& e, const entry& what) {
  byte_buffer bytes;
  wire_writer w{bytes};
  encode(w, what);
  log.append(e, bytes);
}

constexpr epoch first{1, 10}, second{2, 11}, third{3, 10};

/// 1..3 of the first epoch, 4..5 of the second, 6 of the third.
entry_log of_three_epochs() {
  entry_log log;
  for (const epoch& e : {first, first, first, second, second, third})
    append(log, e, write_of(static_cast<std::int64_t>(log.last().index)));
  return log;
}

} // namespace

TEST_CASE("an empty log begins and ends before all") {
  const entry_log log;
  CHECK(log.last() == position{});
  CHECK(log.base() == position{});
  CHECK(log.has(0));
  CHECK_FALSE(log.has(1));
  CHECK(log.at(0) == position{});
  CHECK(log.bytes() == 0);
  CHECK(log.bytes_from(1) == 0);
}

TEST_CASE("entries are read as they were appended, with the epoch of each") {
  const entry_log log = of_three_epochs();
  CHECK(log.last() == position{third, 6});
  CHECK(log.at(0) == position{});
  CHECK(log.at(3) == position{first, 3});
  CHECK(log.at(4) == position{second, 4});
  CHECK(same(log.read(5), write_of(4)));
  CHECK(log.epochs() == epoch_list{{first, 1}, {second, 4}, {third, 6}});
}

TEST_CASE("a batch has at least one entry, and no more than asked for") {
  entry_log log;
  for (std::uint8_t i = 0; i < 10; ++i)
    log.append(i < 4 ? first : second, encoded(10, i));
  CHECK(log.batch(1, 0).count() == 1);
  CHECK(log.batch(1, 35).count() == 3);
  const auto all = log.batch(3, 1'000);
  CHECK(all.runs == std::vector<entry_batch::run>{{first, 2}, {second, 6}});
  CHECK(all.bytes.size() == 80);
  CHECK(all.bytes.front() == 2);
  CHECK(all.bytes.back() == 9);
}

TEST_CASE("trimmed entries are gone, but it stays known what they were") {
  entry_log log = of_three_epochs();
  const auto bytes = log.bytes_from(5);
  log.drop_until(4);
  CHECK(log.base() == position{second, 4});
  CHECK_FALSE(log.has(3));
  CHECK(log.knows(3));
  CHECK(log.at(3) == position{first, 3});
  CHECK(log.at(0) == position{});
  CHECK(log.bytes() == bytes);
  CHECK(same(log.read(5), write_of(4)));
  log.drop_until(6);
  CHECK(log.bytes() == 0);
  CHECK(log.bytes_from(2) == 0);
  append(log, third, write_of(6));
  CHECK(same(log.read(7), write_of(6)));
}

TEST_CASE("memory of dropped entries is given back") {
  entry_log log;
  for (int i = 0; i < 200; ++i) {
    log.append(first, encoded(100'000, 1));
    log.drop_until(log.last().index - 1);
  }
  CHECK(log.bytes() == 100'000);
  CHECK(log.batch(200, 1'000'000).bytes.size() == 100'000);
}

TEST_CASE("a log that is reset knows the epochs it was told, if they make sense") {
  entry_log log = of_three_epochs();
  const position end{third, 9};
  log.reset(end, {{first, 1}, {second, 4}, {third, 6}});
  CHECK(log.at(5) == position{second, 5});
  CHECK(log.at(9) == end);
  for (const epoch_list& wrong :
       {epoch_list{{second, 1}, {first, 4}, {third, 6}},
        epoch_list{{first, 4}, {second, 1}, {third, 6}}, epoch_list{{first, 1}, {third, 10}},
        epoch_list{{first, 1}, {second, 4}}, epoch_list{{first, 0}, {third, 6}}, epoch_list{}}) {
    log.reset(end, wrong);
    CHECK(log.epochs() == epoch_list{end});
    CHECK(log.knows(9));
    CHECK_FALSE(log.knows(8));
  }
  log.reset({}, {{first, 1}});
  CHECK(log.epochs().empty());
  CHECK(log.knows(0));
}

TEST_CASE("of many epochs the oldest are forgotten, but none of an entry in memory") {
  constexpr auto max = entry_log::epochs_max;
  entry_log log;
  for (std::uint64_t i = 1; i <= 3 * max; ++i)
    log.append({i, 1}, encoded(10, 1));
  CHECK(log.epochs().size() == 3 * max);
  CHECK(log.batch(1, 1'000'000).runs.size() == 3 * max);
  log.drop_until(3 * max - 5);
  log.append({3 * max + 1, 1}, encoded(10, 1));
  CHECK(log.epochs().size() == max);
  CHECK(log.knows(log.base().index));
  CHECK_FALSE(log.knows(1));
  CHECK(log.batch(3 * max - 4, 1'000).runs.size() == 6);
}

TEST_CASE("entries that another log lacks are counted by epochs") {
  const entry_log log = of_three_epochs();
  CHECK(log.count_missing(log.epochs(), 6) == 0);
  CHECK(log.count_missing({{first, 1}}, 3) == 3);
  CHECK(log.count_missing({{first, 1}}, 2) == 4);
  CHECK(log.count_missing({{first, 1}, {{4, 12}, 3}}, 9) == 4);
  CHECK(log.count_missing({{first, 1}, {second, 4}, {{4, 12}, 5}}, 5) == 2);
  CHECK(log.count_missing({}, 0) == 6);
  CHECK(log.count_missing({{second, 5}, {third, 6}}, 8) == 0); // it has forgotten older epochs
  CHECK(log.count_missing({{{4, 12}, 5}}, 8) == 2);
  CHECK(entry_log{}.count_missing({{first, 1}}, 5) == 0);
}

TEST_CASE("a log agrees with a list of all that was ever appended") {
  arbitrary::check_property([](const std::vector<std::uint8_t>& steps) {
    entry_log log;
    std::vector<position> all{{}};
    std::vector<std::size_t> sizes{0};
    epoch now{1, 1};
    for (const std::uint8_t s : steps) {
      if (s % 8 == 0)
        ++now.number;
      if (s % 5 == 0) {
        const log_index span = log.last().index - log.base().index;
        log.drop_until(log.base().index + (span ? s % (span + 1) : 0));
      } else {
        log.append(now, encoded(s % 7, s));
        all.push_back({now, all.size()});
        sizes.push_back(s % 7);
      }
    }
    RC_ASSERT(log.last() == all.back());
    for (log_index i = 0; i < all.size(); ++i)
      RC_ASSERT(log.knows(i) && log.at(i) == all[i]);
    std::size_t bytes = 0;
    for (log_index i = log.last().index; i > log.base().index; --i) {
      bytes += sizes[i];
      RC_ASSERT(log.bytes_from(i) == bytes);
      RC_ASSERT(log.batch(i, 1'000'000).bytes.size() == bytes);
    }
    RC_ASSERT(log.bytes() == bytes);
  });
}
