#include "support/backups.hpp"
#include "support/checks.hpp"
#include "support/random_operations.hpp"
#include "support/table_types.hpp"

#include <supercache/store/snapshot.hpp>
#include <supercache/store/transfer.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

using namespace supercache;
using random_operations::random_body;
using random_operations::random_space;
using workload::dice;

namespace {

store_options options_of(table_type type, std::size_t stripes = 4) {
  store_options o;
  o.type = type;
  o.stripes = stripes;
  return o;
}

/// A snapshot that is read little by little, and its expected contents.
struct reading {
  std::uint64_t id;
  std::int64_t moment;
  std::uint64_t wanted;
  backups::file file{moment};
  std::uint64_t number = 0;
  bool over = false;

  reading(partition_store& from, std::uint64_t i, std::int64_t now)
    : id(i), moment(now), wanted(digest(from, stamp{now})) {
    REQUIRE(partition_store::snapshot_start{from}.begin(id, stamp{now}).ok());
  }
  void read(partition_store& from, std::size_t budget, std::int64_t now) {
    const auto part = backups::take(from, id, number, budget, now);
    REQUIRE(backups::take(from, id, number, budget, now).blocks == part.blocks); // requested twice
    file.add(part);
    ++number;
    over = part.last;
    REQUIRE(number < 100'000);
  }
  void require_right(const store_options& o) {
    partition_store to{o};
    backups::restore(file.whole(), to, moment);
    REQUIRE(digest(to, stamp{moment}) == wanted);
  }
};

} // namespace

TEST_CASE("snapshot: it shows the data at its beginning, whatever happens meanwhile") {
  const std::uint64_t seed = workload::seed(11);
  for (std::size_t round = 0; round < workload::scaled(400); ++round) {
    CAPTURE(seed + round);
    const auto o = options_of(all_types[round % 4], std::size_t{1} << round % 5);
    partition_store store{o};
    dice d{seed + round};
    std::int64_t now = 1'000;
    const auto write = [&](std::size_t n) {
      for (; n > 0; --n) {
        operation what{random_space(d), random_body(d)};
        if (!std::holds_alternative<op::wipe>(what.body)) // which gives snapshots up
          (void)store.apply(what, stamp{++now});
        if (d.chance(3))
          store.reclaim_expired(now, 10);
        store.free_cleared(10);
      }
    };
    write(d.below(2'000));
    std::vector<reading> all;
    for (std::uint64_t id = 1; id <= 1 + round % 3; ++id)
      all.emplace_back(store, id, now);
    const std::size_t budget = 1 + d.below(400), between = d.below(20);
    while (!std::ranges::all_of(all, &reading::over)) {
      for (reading& r : all)
        if (!r.over)
          r.read(store, budget, now);
      write(d.below(between + 1));
    }
    for (reading& r : all)
      r.require_right(o);
  }
}

TEST_CASE("snapshot: long queues and stacks are read in slices while both ends move") {
  for (const space_kind kind : {space_kind::queue, space_kind::stack})
    for (std::uint64_t seed = 0; seed < workload::scaled(200); ++seed) {
      CAPTURE(seed);
      partition_store store{{}};
      dice d{workload::seed(200) + seed};
      const std::string names[] = {"a", "b", "c", "d"};
      const auto write = [&](std::size_t pushes_in_a_hundred) {
        const space where{kind, names[d.below(4)]};
        operation_body body = op::pop{d.below(8)};
        if (d.chance(pushes_in_a_hundred))
          body = op::push{value_list(1 + d.below(5), value{d.bits() % 1000})};
        else if (d.chance(2))
          body = op::drain{};
        (void)store.apply({where, body}, stamp{std::int64_t{1}});
      };
      for (int i = 0; i < 300; ++i)
        write(95);
      const std::size_t pushes = 20 + d.below(70);
      reading r{store, 7, 1};
      while (!r.over) {
        r.read(store, 33 + d.below(300), 1);
        for (std::size_t i = d.below(10); i > 0; --i)
          write(pushes);
      }
      r.require_right({});
    }
}

TEST_CASE("snapshot: of many spaces each is read once, though some come and go meanwhile") {
  constexpr std::size_t spaces = 5'000; // of each kind: more than one step looks for
  partition_store store{options_of(table_type::set, 1)};
  dice d{workload::seed(12)};
  const auto change = [&](std::size_t n, bool fill) {
    for (const space_kind kind :
         {space_kind::kv, space_kind::queue, space_kind::stack, space_kind::structs}) {
      operation_body body = op::clear{};
      if (fill)
        body = is_table(kind) ? operation_body{op::put{record{1, n}, 0}}
                              : operation_body{op::push{{n}}};
      (void)store.apply({{kind, std::to_string(n)}, body}, stamp{std::int64_t{1}});
    }
  };
  for (std::size_t n = 0; n < spaces; ++n)
    change(n, true);
  reading r{store, 1, 1};
  while (!r.over) {
    r.read(store, 20'000, 1);
    for (int i = 0; i < 50; ++i)
      change(d.below(2 * spaces), d.chance(50));
  }
  r.require_right(options_of(table_type::set, 1));
}

TEST_CASE("snapshot: records cleared or expired since are in it, records expired before are not") {
  for (const auto type : all_types) {
    partition_store store{options_of(type)};
    const stamp t0{std::int64_t{0}};
    (void)store.apply({{}, op::put{record{"gone", 1}, 5}}, t0);
    (void)store.apply({{}, op::put{record{"soon", 1}, 15}}, t0);
    (void)store.apply({{}, op::put{record{"later", 1}, 0}}, t0);
    reading r{store, 1, 10};
    store.reclaim_expired(20, 100);
    (void)store.apply({{}, op::clear{}}, stamp{std::int64_t{30}});
    r.read(store, 1 << 20, 40);
    CHECK(r.over);
    partition_store to{options_of(type)};
    backups::restore(r.file.whole(), to, 100);
    const auto deadline_of = [&](const value& key) {
      const auto found = to.tuples().get(key, hash(key), stamp{std::int64_t{0}});
      return found.empty() ? std::int64_t{-1} : found.front().deadline();
    };
    CHECK(deadline_of("gone") == -1);
    CHECK(deadline_of("soon") == 105);
    CHECK(deadline_of("later") == 0);
  }
}

TEST_CASE("snapshot: only so many, only existing ones, and only in order") {
  partition_store store{{}};
  const auto ask = [&](std::uint64_t id, std::uint64_t number) {
    return store.ask({{}, ask::snapshot{id, number, 1}}, stamp{std::int64_t{1}});
  };
  const std::string gone = "there is no such snapshot of the partition";
  (void)store.apply({{}, op::put{record{1}}}, stamp{std::int64_t{1}});
  for (std::uint64_t id = 0; id < snapshots::most; ++id)
    REQUIRE(ask(id, 0).ok());
  CHECK_REFUSED(ask(99, 0), errc::overloaded,
                "the partition is being read as a snapshot 4 times already");
  CHECK_REFUSED(ask(99, 1), errc::not_found, gone);
  CHECK_REFUSED(ask(0, 2), errc::not_found, gone);
  CHECK(ask(0, 1).ok());
  CHECK_REFUSED(ask(0, 0), errc::not_found, gone);
  for (unsigned i = 0; i < snapshots::idle_most; ++i)
    store.age_snapshots();
  CHECK(ask(1, 1).ok());
  store.age_snapshots();
  CHECK_REFUSED(ask(0, 2), errc::not_found, gone);
  CHECK(ask(99, 0).ok());
  CHECK(ask(99, ask::snapshot::over).ok());
  CHECK_REFUSED(ask(99, 1), errc::not_found, gone);
  CHECK(ask(99, ask::snapshot::over).ok());
  CHECK(ask(99, 0).ok());
  store.clear(stamp{std::int64_t{1}});
  CHECK_REFUSED(ask(99, 1), errc::not_found, gone);
}

TEST_CASE("snapshot: one that would have to keep too much is given up, and the writer continues") {
  partition_store store{options_of(table_type::set, 1)};
  constexpr std::size_t size = 1 << 16, count = 1'300;
  const stamp t{std::int64_t{1}};
  for (std::size_t i = 0; i < count; ++i)
    (void)store.apply({{space_kind::kv, "n"}, op::put{record{i, std::string(size, 'x')}}}, t);
  backups::take(store, 5, 0, 1, 1);
  for (std::size_t i = 0; i < count; ++i)
    (void)store.apply({{space_kind::kv, "n"}, op::put{record{i, 1}}}, t);
  CHECK_REFUSED(store.ask({{}, ask::snapshot{5, 1, 1}}, t), errc::overloaded,
                "more than 64 MiB were overwritten or removed before the snapshot had read them");
  CHECK_REFUSED(store.ask({{}, ask::snapshot{5, 1, 1}}, t), errc::not_found,
                "there is no such snapshot of the partition");
  reading again{store, 6, 1};
  while (!again.over)
    again.read(store, 1000, 1);
  again.require_right(options_of(table_type::set, 1));
}

TEST_CASE("snapshot: while one is read, watchers are told as always") {
  struct counter : change_sink {
    std::size_t n = 0;
    void changed(transition) override { ++n; }
  } seen;
  partition_store store{{}};
  const stamp t{std::int64_t{1}};
  const auto put = [&](int key) { (void)store.apply({{}, op::put{record{key}}}, t); };
  put(1);
  REQUIRE(partition_store::snapshot_start{store}.begin(1, t).ok());
  put(2);
  store.tell(&seen);
  put(3);
  while (!backups::take(store, 2, 0, 1 << 20, 1).last)
    ;
  put(4);
  store.tell(nullptr);
  put(5);
  CHECK(seen.n == 2);
  CHECK(backups::take(store, 1, 0, 1 << 20, 1).records == 1);
  put(6);
  CHECK(seen.n == 2);
}

namespace {

/// The records of a snapshot for each key of the tuples and of a namespace, and how many items.
struct found {
  std::map<value, std::int64_t> tuples, pairs;
  std::size_t queued = 0, stacked = 0;
};
found read_all(partition_store& store, std::uint64_t id) {
  backups::file file{0};
  for (std::uint64_t number = 0;; ++number) {
    const auto part = backups::take(store, id, number, 500, 0);
    file.add(part);
    if (part.last)
      break;
  }
  found all;
  backup::reader reader;
  const auto look = [&](backup::block& b) {
    if (const auto* r = std::get_if<backup::rows>(&b))
      for (const auto& x : r->all) {
        auto& to = r->where.kind == space_kind::tuples ? all.tuples : all.pairs;
        CHECK(to.emplace(x.what[0], x.what[1].as_int()).second); // none twice
      }
    if (const auto* i = std::get_if<backup::items>(&b))
      (i->where.kind == space_kind::queue ? all.queued : all.stacked) += i->all.size();
    return ok();
  };
  REQUIRE(reader.take(file.whole(), look).ok());
  return all;
}

} // namespace

TEST_CASE("snapshot: writing threads see it as one moment") {
  constexpr int keys = 400;
  for (const auto type : {table_type::set, table_type::ordered_set}) {
    CAPTURE(to_string(type));
    partition_store store{options_of(type, 16)};
    const stamp t{std::int64_t{1}};
    table& pairs = store.open(space_kind::kv, "n");
    const auto put = [&](table& to, int key, std::int64_t x) {
      const value k{key};
      to.put(record{key, x}, hash(k), 0, t);
    };
    for (int k = 0; k < keys; ++k) {
      put(store.tuples(), k, 0);
      put(pairs, k, 0);
    }
    constexpr std::size_t items = 500;
    store.queues().push("q", value_list(items, value{1}));
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    for (int w = 0; w < 2; ++w) // each key is written here, then there, by one thread
      writers.emplace_back([&, w] {
        for (std::int64_t n = 1; !stop; ++n)
          for (int k = w; k < keys && !stop; k += 2) {
            put(store.tuples(), k, n);
            put(pairs, keys - 1 - k, n);
          }
      });
    writers.emplace_back([&] { // an item is in the queue, or in the stack, or in this hand
      value x;
      while (!stop) {
        if (store.queues().pop("q", x))
          store.stacks().push("s", x);
        if (store.stacks().pop("s", x))
          store.queues().push("q", x);
      }
    });
    for (std::uint64_t id = 1; id <= workload::scaled(300); ++id) {
      const found all = read_all(store, id);
      REQUIRE(all.tuples.size() == keys);
      REQUIRE(all.pairs.size() == keys);
      for (const auto& [key, there] : all.pairs) {
        const std::int64_t here = all.tuples.at(value{keys - 1 - key.as_int()});
        REQUIRE(here - there >= 0);
        REQUIRE(here - there <= 1);
      }
      REQUIRE(all.queued + all.stacked <= items);
      REQUIRE(all.queued + all.stacked >= items - 1);
      for (unsigned i = 0; i <= snapshots::idle_most; ++i)
        store.age_snapshots();
    }
    stop = true;
    for (auto& w : writers)
      w.join();
  }
}
