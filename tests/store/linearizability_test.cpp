#include "register_checker.hpp"
#include "support/workload.hpp"

#include <supercache/store/shelf_striped.hpp>
#include <supercache/store/table.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace supercache;
using register_checker::content;
using register_checker::history;
using workload::dice;
using event = register_checker::operation;
using what = event::what;

namespace {

bool linearizable(std::vector<event> ops) { return history{std::move(ops)}.is_linearizable(); }

/// Random operations of some threads on a few keys of one table, and their observations.
class experiment {
public:
  static constexpr std::size_t keys = 2, operations = 60; ///< of all threads

  experiment(table_type type, std::size_t threads, std::uint64_t seed, shelf::width begin)
    : threads_(threads), seed_(seed), type_(type), begin_(begin) {
    for (auto& s : seen_)
      s.resize(threads);
    make_table();
  }

  /// What is wrong, if anything; counts the overlapping operations.
  std::string run(std::size_t rounds, std::size_t& overlaps) {
    std::string wrong;
    workload::meeting start{threads_}, end{threads_};
    workload::on_threads(threads_, [&](std::size_t me) {
      dice d{seed_ * threads_ + me};
      for (std::size_t round = 0; round < rounds; ++round) {
        start.wait();
        for (std::size_t i = 0; i < operations / threads_; ++i) {
          const std::size_t k = d.below(keys);
          seen_[k][me].push_back(perform(static_cast<std::int64_t>(k), d));
        }
        end.wait();
        if (me == 0 && wrong.empty())
          wrong = judge(overlaps);
      }
    });
    return wrong;
  }

private:
  std::string judge(std::size_t& overlaps) {
    std::string wrong;
    for (auto& of_key : seen_) {
      std::vector<event> all;
      for (auto& mine : of_key)
        all.insert(all.end(), mine.begin(), mine.end()), mine.clear();
      history h{std::move(all)};
      overlaps += h.overlaps();
      if (wrong.empty() && !h.is_linearizable())
        wrong = h.text();
    }
    if (begin_ == shelf::width::narrow)
      make_table();
    else
      table_->clear(now_);
    clock_ = 0;
    return wrong;
  }
  /// A narrow table has so many records that it becomes wide during a round.
  void make_table() {
    table_ = std::make_unique<table>(type_, 0, 4, begin_, space{}, nullptr);
    others_ = 0;
    if (begin_ == shelf::width::narrow)
      while (others_ < 60)
        add_another();
  }
  void add_another() {
    const value key = "another " + std::to_string(others_++);
    table_->put(row(key, 1), hash(key), 0, now_);
  }
  record row(const value& key, content c) const { return record{key, c, filler_}; }

  event perform(const value& key, dice& d) {
    const auto h = hash(key);
    if (begin_ == shelf::width::narrow && d.chance(20))
      add_another();
    event e;
    e.argument = static_cast<content>(1 + d.below(3));
    e.desired = static_cast<content>(1 + d.below(3));
    switch (d.below(8)) {
      case 0:
      case 1:
        return timed(e, what::write,
                     [&] { return table_->put(row(key, e.argument), h, 0, now_), 0; });
      case 2:
        return timed(e, what::insert,
                     [&] { return table_->insert_new(row(key, e.argument), h, 0, now_) ? 1 : 0; });
      case 3:
        return timed(e, what::remove,
                     [&] { return static_cast<content>(table_->remove(key, h, now_)); });
      case 4:
      case 5: {
        const op::compare_exchange swap{key, row(key, e.argument), row(key, e.desired)};
        return timed(e, what::exchange,
                     [&] { return *table_->compare_exchange(swap, h, now_) ? 1 : 0; });
      }
      default: return timed(e, what::read, [&] { return read(key, h); });
    }
  }
  content read(const value& key, std::uint64_t h) {
    const records found = table_->get(key, h, now_);
    return found.empty() ? 0 : static_cast<content>(found.front()[1].as_int());
  }
  template <class F>
  event timed(event e, what is, F&& f) {
    e.is = is;
    e.called = ++clock_;
    e.answer = f();
    e.returned = ++clock_;
    return e;
  }

  std::size_t threads_;
  std::uint64_t seed_;
  table_type type_;
  shelf::width begin_;
  std::unique_ptr<table> table_;
  std::atomic<int> others_{0};
  const stamp now_{1'000};
  const std::string filler_ = std::string(40, 'x');
  std::atomic<std::uint64_t> clock_{0};
  std::array<std::vector<std::vector<event>>, keys> seen_; ///< of each key, by each thread
};

} // namespace

TEST_CASE("the checker accepts histories that can be put in an order") {
  CHECK(linearizable({}));
  CHECK(linearizable({{what::read, 0, 0, 0, 1, 2}}));
  CHECK(linearizable({{what::write, 5, 0, 0, 1, 2}, {what::read, 0, 0, 5, 3, 4}}));
  // a read during a write may see the old or the new content
  for (const content seen : {0, 5})
    CHECK(linearizable({{what::write, 5, 0, 0, 1, 4}, {what::read, 0, 0, seen, 2, 3}}));
  // two writes at once, then a read of either
  for (const content seen : {1, 2})
    CHECK(linearizable({{what::write, 1, 0, 0, 1, 4},
                        {what::write, 2, 0, 0, 2, 3},
                        {what::read, 0, 0, seen, 5, 6}}));
  CHECK(linearizable({{what::insert, 1, 0, 1, 1, 2},
                      {what::exchange, 1, 2, 1, 3, 4},
                      {what::insert, 3, 0, 0, 5, 6},
                      {what::read, 0, 0, 2, 7, 8},
                      {what::remove, 0, 0, 1, 9, 10},
                      {what::read, 0, 0, 0, 11, 12}}));
}

TEST_CASE("the checker refuses histories that cannot be put in an order") {
  // a read of a value never written, a lost write, a stale read
  CHECK_FALSE(linearizable({{what::read, 0, 0, 7, 1, 2}}));
  CHECK_FALSE(linearizable({{what::write, 5, 0, 0, 1, 2}, {what::read, 0, 0, 0, 3, 4}}));
  CHECK_FALSE(linearizable(
    {{what::write, 1, 0, 0, 1, 2}, {what::write, 2, 0, 0, 3, 4}, {what::read, 0, 0, 1, 5, 6}}));
  // the new content is seen, then the old one again
  CHECK_FALSE(linearizable(
    {{what::write, 5, 0, 0, 1, 6}, {what::read, 0, 0, 5, 2, 3}, {what::read, 0, 0, 0, 4, 5}}));
  // two that both exchanged or inserted the one content
  CHECK_FALSE(linearizable({{what::write, 1, 0, 0, 1, 2},
                            {what::exchange, 1, 2, 1, 3, 6},
                            {what::exchange, 1, 3, 1, 4, 5}}));
  CHECK_FALSE(linearizable({{what::insert, 1, 0, 1, 1, 4}, {what::insert, 2, 0, 1, 2, 3}}));
  CHECK_FALSE(linearizable(
    {{what::insert, 1, 0, 1, 1, 2}, {what::remove, 0, 0, 1, 3, 6}, {what::remove, 0, 0, 1, 4, 5}}));
  // a removal that missed an existing record
  CHECK_FALSE(linearizable({{what::insert, 1, 0, 1, 1, 2}, {what::remove, 0, 0, 0, 3, 4}}));
}

TEST_CASE("operations on one key are linearizable") {
  const auto seed = workload::seed(51);
  CAPTURE(seed);
  for (const auto& [type, begin] : {std::pair{table_type::set, shelf::width::wide},
                                    std::pair{table_type::set, shelf::width::narrow},
                                    std::pair{table_type::ordered_set, shelf::width::wide}}) {
    CAPTURE(to_string(type));
    CAPTURE(begin == shelf::width::wide);
    for (const std::size_t threads : {2, 4}) {
      CAPTURE(threads);
      std::size_t overlaps = 0;
      CHECK(experiment{type, threads, seed, begin}.run(workload::scaled(4'000), overlaps) == "");
      WARN(overlaps > 0); // none: the machine was too busy for two threads at once
    }
  }
}
