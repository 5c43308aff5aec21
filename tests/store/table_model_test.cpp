#include "model_table.hpp"
#include "support/workload.hpp"

#include <supercache/store/leftovers.hpp>
#include <supercache/store/shelf_striped.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace supercache;

namespace {

/// The setup of one run.
struct setup {
  table_type type;
  std::size_t key_pos = 0;
  std::size_t stripes = 4;
  std::size_t keys = 20; ///< few, so that operations meet
  std::size_t operations = 0;
  shelf::width begin = shelf::width::wide;
  bool long_bags = false; ///< hardly anything is removed, and hardly two records are equal
};

/// A table and its model under the same random operations. Every answer must be the same.
class duel {
public:
  duel(const setup& s, std::uint64_t seed)
    : setup_(s),
      dice_(seed),
      real_(s.type, s.key_pos, s.stripes, s.begin, {}, nullptr, &left_),
      model_(s.type, s.key_pos) {}

  void run() {
    // The number of times an operation stands here is its weight.
    const std::vector<step> steps = {&duel::put,
                                     &duel::put,
                                     &duel::put,
                                     &duel::put,
                                     &duel::put_many,
                                     &duel::insert_new,
                                     &duel::insert_new,
                                     &duel::take,
                                     &duel::get,
                                     &duel::get,
                                     &duel::get,
                                     &duel::get_many,
                                     &duel::remove,
                                     &duel::update_element,
                                     &duel::update_element,
                                     &duel::update_counter,
                                     &duel::update_counter,
                                     &duel::append,
                                     &duel::append,
                                     &duel::compare_exchange,
                                     &duel::compare_exchange,
                                     &duel::compare_exchange,
                                     &duel::exchange,
                                     &duel::expire,
                                     &duel::match,
                                     &duel::remove_match,
                                     &duel::let_time_pass,
                                     &duel::let_time_pass};
    const std::size_t rare = setup_.operations / 100;
    for (std::size_t i = 0; i < setup_.operations; ++i) {
      CAPTURE(i);
      const step next = steps[dice_.below(steps.size())];
      (this->*(empties(next) ? &duel::put : next))();
      if (i % rare == 0)
        check_everything();
      if (dice_.below(rare * 2) == 0 && !empties(&duel::clear))
        clear();
      if (dice_.below(rare) == 0)
        reclaim();
    }
    check_everything();
  }

private:
  using step = void (duel::*)();
  /// Whether a step is left out because bags must stay long.
  bool empties(step next) {
    return setup_.long_bags
           && (next == &duel::take || next == &duel::remove || next == &duel::exchange
               || next == &duel::remove_match || next == &duel::clear)
           && dice_.chance(98);
  }

  // -- arguments ---------------------------------------------------------------------------------
  stamp now() const { return stamp{now_ms_}; }
  value random_key() {
    const std::size_t n = dice_.below(setup_.keys);
    if (setup_.keys > 100)
      return static_cast<std::int64_t>(n);
    switch (n % 5) { // every kind of key, and an integer and a double that are equal numbers
      case 0: return static_cast<std::int64_t>(n);
      case 1: return static_cast<double>(n - 1);
      case 2: return "key" + std::to_string(n);
      case 3: return "a key too long to be inline " + std::to_string(n);
      default: return value::tuple({"key", static_cast<std::int64_t>(n % 3)});
    }
  }
  value random_element() {
    switch (dice_.below(13)) {
      case 0: return "text";
      case 1: return std::string(30, 'x');
      case 2: return INT64_MAX - 1;
      case 3: return value::list({});
      default: return static_cast<std::int64_t>(dice_.below(setup_.long_bags ? 50 : 3));
    }
  }
  record row_under(const value& key) {
    value_list items(std::max<std::size_t>(2 + dice_.below(2), setup_.key_pos + 1));
    for (value& x : items)
      x = random_element();
    items[setup_.key_pos] = key;
    return record::of(items);
  }
  std::int64_t random_ttl() {
    return dice_.chance(60) ? 0 : static_cast<std::int64_t>(1 + dice_.below(50));
  }
  /// The record of the key, most of the time, so that compare_exchange sometimes succeeds.
  std::optional<record> likely(const value& key) {
    const auto found = model_.get(key, now_ms_);
    if (dice_.chance(70))
      return found.empty() ? std::nullopt : std::optional{found.front()};
    return dice_.chance(50) ? std::nullopt : std::optional{row_under(key)};
  }
  compiled_pattern random_pattern() {
    std::vector<term> terms;
    for (std::size_t n = 2 + dice_.below(2); n > 0; --n)
      terms.push_back(dice_.chance(60) ? any : term{random_element()});
    if (setup_.key_pos < terms.size()) {
      term& key = terms[setup_.key_pos];
      key = any;
      if (dice_.chance(30))
        key = term{random_key()};
      else if (dice_.chance(20))
        key = tuple_of({"key", any});
    }
    std::optional<guard> when;
    if (terms[setup_.key_pos % terms.size()].is == term::what::any && dice_.chance(50)) {
      terms[setup_.key_pos % terms.size()] = bind(1);
      when = dice_.chance(50) ? var(1) > random_key() : var(1) <= random_key();
    }
    pattern p{std::move(terms)};
    p.when = std::move(when);
    return compiled_pattern::compile(std::move(p)).value();
  }

  // -- one operation on both ---------------------------------------------------------------------
  template <class T>
  static errc code_of(const result<T>& r) {
    return r ? errc::none : r.why().code;
  }
  /// A new record, or sometimes one that the table already has, deadline included.
  record row_to_put() {
    const value key = random_key();
    if (dice_.chance(20))
      if (const records found = real_.get(key, hash(key), now()); !found.empty())
        return found.front();
    return row_under(key);
  }
  void put() {
    const record r = row_to_put();
    const auto ttl = random_ttl();
    real_.put(r, hash(r[setup_.key_pos]), ttl, now());
    model_.put(r, ttl, now_ms_);
  }
  void put_many() {
    std::vector<record> rows;
    std::vector<std::uint64_t> hashes;
    const auto ttl = random_ttl();
    for (std::size_t n = dice_.below(30); n > 0; --n) {
      rows.push_back(!rows.empty() && dice_.chance(20) ? rows.front() : row_to_put());
      hashes.push_back(hash(rows.back()[setup_.key_pos]));
      model_.put(rows.back(), ttl, now_ms_);
    }
    real_.put_many(rows, hashes, ttl, now());
  }
  void insert_new() {
    const record r = row_under(random_key());
    const auto ttl = random_ttl();
    REQUIRE(real_.insert_new(r, hash(r[setup_.key_pos]), ttl, now())
            == model_.insert_new(r, ttl, now_ms_));
  }
  void exchange() {
    const record r = row_to_put();
    const auto mode = dice_.chance(50) ? table::always : table::only_if_there;
    REQUIRE(real_.exchange(r, hash(r[setup_.key_pos]), mode, now())
            == model_.exchange(r, mode == table::only_if_there, now_ms_));
  }
  void take() {
    const value key = random_key();
    REQUIRE(real_.take(key, hash(key), now()) == model_.take(key, now_ms_));
  }
  void remove() {
    const value key = random_key();
    REQUIRE(real_.remove(key, hash(key), now()) == model_.remove(key, now_ms_));
  }
  void get() {
    const value key = random_key();
    REQUIRE(real_.get(key, hash(key), now()).to_vector() == model_.get(key, now_ms_));
  }
  void get_many() {
    value_list keys;
    std::vector<std::uint64_t> hashes;
    for (std::size_t n = dice_.below(30); n > 0; --n) {
      keys.push_back(random_key());
      hashes.push_back(hash(keys.back()));
    }
    std::vector<records> found(keys.size());
    real_.get_many(keys, hashes, found, now());
    for (std::size_t i = 0; i < keys.size(); ++i)
      REQUIRE(found[i].to_vector() == model_.get(keys[i], now_ms_));
  }
  void update_element() {
    op::update_element u{random_key(), {}};
    for (std::size_t n = dice_.below(3); n > 0; --n) {
      auto pos = static_cast<std::uint32_t>(dice_.below(4));
      if (pos == setup_.key_pos && dice_.chance(80))
        pos = 1 - static_cast<std::uint32_t>(setup_.key_pos);
      u.changes.emplace_back(pos, random_element());
    }
    const auto r = real_.update_element(u, hash(u.key), now());
    const auto [changed, code] = model_.update_element(u, now_ms_);
    REQUIRE(code_of(r) == code);
    REQUIRE((r.ok() && *r) == changed);
  }
  void update_counter() {
    op::update_counter u{random_key(),
                         static_cast<std::uint32_t>(dice_.below(3)),
                         static_cast<std::int64_t>(dice_.below(5)) - 2,
                         {},
                         random_ttl()};
    if (dice_.chance(50))
      u.initial = row_under(u.key);
    const auto r = real_.update_counter(u, hash(u.key), now());
    const auto [sum, code] = model_.update_counter(u, now_ms_);
    REQUIRE(code_of(r) == code);
    REQUIRE((r.ok() ? *r : 0) == sum);
  }
  void append() {
    op::append u{random_key(), static_cast<std::uint32_t>(dice_.below(3)), {}, random_ttl()};
    u.what = dice_.chance(50) ? random_element() : value::list(value_list(dice_.below(3)));
    const auto r = real_.append(u, hash(u.key), now());
    const auto [length, code] = model_.append(u, now_ms_);
    REQUIRE(code_of(r) == code);
    REQUIRE((r.ok() ? *r : 0) == length);
  }
  void compare_exchange() {
    op::compare_exchange u{random_key(), {}, {}, random_ttl()};
    u.expected = likely(u.key);
    if (dice_.chance(80))
      u.desired = row_under(u.key);
    if (dice_.chance(20))
      u.ttl_ms = -1;
    const auto r = real_.compare_exchange(u, hash(u.key), now());
    const auto [done, code] = model_.compare_exchange(u, now_ms_);
    REQUIRE(code_of(r) == code);
    REQUIRE((r.ok() && *r) == done);
  }
  void expire() {
    const value key = random_key();
    const auto ttl = random_ttl();
    REQUIRE(real_.expire(key, hash(key), ttl, now()) == model_.expire(key, ttl, now_ms_));
  }
  void match() {
    const auto p = random_pattern();
    std::vector<record> found, wanted = model_.all(now_ms_);
    std::erase_if(wanted, [&](const record& r) { return !p.matches(r); });
    real_.match(p, now(), [&](record r) { found.push_back(std::move(r)); });
    require_same(std::move(found), std::move(wanted));
    std::size_t bound = 0;
    real_.match_bindings(p, now(), [&](const bindings&) { ++bound; });
    REQUIRE(bound == model_matches(p));
  }
  void remove_match() {
    const auto p = random_pattern();
    REQUIRE(real_.remove_match(p, now()) == model_.remove_match(p, now_ms_));
  }
  void clear() { REQUIRE(real_.clear(now()) == model_.clear(now_ms_)); }
  void let_time_pass() { now_ms_ += static_cast<std::int64_t>(dice_.below(5)); }
  void reclaim() {
    left_.free_some(1 + dice_.below(500));
    const std::size_t budget = 1 + dice_.below(10);
    REQUIRE(real_.reclaim_expired(now_ms_, budget) <= budget);
    real_.reclaim_expired(now_ms_, SIZE_MAX);
    REQUIRE(real_.reclaim_expired(now_ms_, SIZE_MAX) == 0);
    REQUIRE(real_.next_deadline() == model_.next_deadline(now_ms_));
  }

  // -- the whole content -------------------------------------------------------------------------
  std::size_t model_matches(const compiled_pattern& p) {
    const auto all = model_.all(now_ms_);
    return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const record& r) { return p.matches(r); }));
  }
  /// The same records, in the same order if the table has one.
  void require_same(std::vector<record> found, std::vector<record> wanted) const {
    if (setup_.type != table_type::ordered_set) {
      std::ranges::sort(found);
      std::ranges::sort(wanted);
    }
    REQUIRE(found == wanted);
  }
  void check_everything() {
    const auto wanted = model_.all(now_ms_);
    std::vector<record> found;
    std::size_t bytes = 0;
    real_.each(now(), [&](const record& r) {
      found.push_back(r);
      bytes += r.heap_bytes();
      return true;
    });
    require_same(found, wanted);
    check_range();
    REQUIRE(real_.count(now()) == wanted.size());
    real_.reclaim_expired(now_ms_, SIZE_MAX);
    REQUIRE(real_.count(now()) == wanted.size());
    REQUIRE(real_.bytes() >= bytes);
    most_ = setup_.long_bags ? std::max(most_, wanted.size()) : wanted.size();
    REQUIRE(real_.bytes() <= bytes + 64 * (most_ + setup_.keys) + 64 * setup_.stripes);
  }
  void check_range() {
    key_range range{random_key(), random_key()};
    if (dice_.chance(30))
      range.low.reset();
    if (dice_.chance(30))
      range.high.reset();
    std::vector<record> found, wanted = model_.all(now_ms_);
    std::erase_if(wanted, [&](const record& r) {
      const value& key = r[setup_.key_pos];
      return (range.low && key < *range.low) || (range.high && key > *range.high);
    });
    real_.each_in(range, now(), [&](const record& r) {
      found.push_back(r);
      return true;
    });
    require_same(std::move(found), std::move(wanted));
  }

  setup setup_;
  workload::dice dice_;
  leftovers left_;
  table real_;
  model_table model_;
  std::int64_t now_ms_ = 1000;
  std::size_t most_ = 0; ///< records for which an index may have grown
};

/// At least 100 000 operations per table type, sanitizers or not.
void fight(table_type type, std::uint64_t fixed_seed) {
  const auto seed = workload::seed(fixed_seed);
  CAPTURE(seed);
  duel{{.type = type, .operations = 60'000}, seed}.run();
  duel{{.type = type, .key_pos = 1, .stripes = 1, .operations = 30'000}, seed + 1}.run();
  duel{{.type = type, .stripes = 2, .keys = 1'000, .operations = 20'000}, seed + 2}.run();
  duel{{.type = type, .keys = 300, .operations = 10'000, .begin = shelf::width::narrow}, seed + 3}
    .run();
}
/// The same with keys that have up to some hundred records.
void fight_with_long_bags(table_type type, std::uint64_t fixed_seed) {
  const auto seed = workload::seed(fixed_seed);
  CAPTURE(seed);
  duel{{.type = type, .keys = 3, .operations = 20'000, .long_bags = true}, seed}.run();
  duel{{.type = type,
        .stripes = 1,
        .keys = 20,
        .operations = 10'000,
        .begin = shelf::width::narrow,
        .long_bags = true},
       seed + 1}
    .run();
}

} // namespace

TEST_CASE("a set behaves like a map under random operations") { fight(table_type::set, 11); }

TEST_CASE("an ordered set behaves like a map under random operations, order included") {
  fight(table_type::ordered_set, 12);
}

TEST_CASE("a bag behaves like a map of lists without duplicates under random operations") {
  fight(table_type::bag, 13);
  fight_with_long_bags(table_type::bag, 15);
}

TEST_CASE("a duplicate bag behaves like a map of lists under random operations") {
  fight(table_type::duplicate_bag, 14);
  fight_with_long_bags(table_type::duplicate_bag, 16);
}
