// g++ 12 takes the names of operations that are written in place for uninitialised.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include "actors/asking.hpp"
#include "actors/cluster_fixture.hpp"

#include <supercache/store/backup.hpp>

#include <algorithm>
#include <map>

// The messages by which a backup is made and put back.

using namespace supercache;
using fixture::running;
using std::chrono::milliseconds;

namespace {

struct asked {
  caf::scoped_actor self;
  cache_actor to;
  asked(caf::actor_system& sys, const cache& c) : self(sys), to(c.actor()) {}

  caf::expected<value> part(std::uint64_t partition, std::uint64_t id, std::uint64_t number) {
    return fixture::ask<value>(*this, page_atom_v, index_atom_v, partition, id, number);
  }
  caf::expected<value> apply(std::uint64_t partition, const operation& o) {
    return fixture::ask<value>(*this, apply_atom_v, index_atom_v, partition, o);
  }
  /// All blocks of a partition.
  std::vector<backup::block> snapshot(std::uint64_t partition, std::uint64_t id) {
    backup::writer w;
    byte_buffer all = w.begin({});
    const auto append
      = [&](const byte_buffer& more) { all.insert(all.end(), more.begin(), more.end()); };
    append(w.begin_part(partition, 0));
    for (std::uint64_t number = 0;; ++number) {
      const auto x = part(partition, id, number);
      REQUIRE_MESSAGE(fixture::ok(x), message_of(fixture::error_of(x)));
      const auto fields = x->items();
      const auto bytes = fields[3].as_string();
      const byte_buffer blocks{bytes.begin(), bytes.end()};
      w.add(blocks, static_cast<std::uint64_t>(fields[1].as_int()),
            static_cast<std::uint64_t>(fields[2].as_int()));
      append(blocks);
      if (fields[0].as_bool())
        break;
    }
    append(w.finish());
    std::vector<backup::block> out;
    backup::reader r;
    REQUIRE(r.take(all,
                   [&](backup::block& b) {
                     out.push_back(std::move(b));
                     return ok();
                   })
              .ok());
    REQUIRE(r.finish().ok());
    return out;
  }
};

std::size_t records_in(const std::vector<backup::block>& blocks) {
  std::size_t n = 0;
  for (const auto& b : blocks)
    if (const auto* r = std::get_if<backup::rows>(&b))
      n += r->all.size();
  return n;
}

void fill(cache c) {
  for (int i = 0; i < 2'000; ++i)
    c.put(record{i, std::string(500, 'x')}, {.ttl = milliseconds{i % 2 ? 600'000 : 0}});
  for (int i = 0; i < 20; ++i)
    c.queue("q" + std::to_string(i)).add_batch(value_list(50, value{i}));
}

} // namespace

TEST_CASE("backup messages: all partitions together are everything, of a node and of a cluster") {
  const auto check = [](caf::actor_system& sys, cache c) {
    fill(c);
    asked a{sys, c};
    std::size_t records = 0;
    for (std::size_t p = 0; p < c.partitions(); ++p)
      records += records_in(a.snapshot(p, 1 + p));
    CHECK(records == 2'000);
    CHECK(fixture::code(a.part(c.partitions(), 1, 0)) == errc::invalid_argument);
    CHECK_ERROR(a.part(0, 77, 3), errc::not_found, "there is no such snapshot of the partition");
    CHECK(fixture::ok(a.part(0, 77, 0)));
    CHECK(fixture::ok(a.part(0, 77, UINT64_MAX)));
    CHECK(fixture::code(a.part(0, 77, 1)) == errc::not_found);
  };
  running one;
  check(one.system, one.c);
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  check(nodes.system(1), nodes[1]);
}

TEST_CASE("backup messages: restoring is done where it belongs, and nothing else is") {
  const auto check = [](caf::actor_system& sys, cache c) {
    asked a{sys, c};
    const record row{"k", 1};
    const auto home = c.partition_of("k");
    const auto elsewhere = (home + 1) % c.partitions();
    const auto restore = [&](const space& where) {
      return operation{where, op::restore{{{row, 60'000}}, 0}};
    };
    CHECK(fixture::ok(a.apply(home, restore({}))));
    CHECK(fixture::ok(a.apply(home, restore({space_kind::kv, "n"}))));
    CHECK(c.get("k").to_vector() == std::vector{row});
    CHECK(c.kv("n").ttl("k").value_or(milliseconds{0}) > milliseconds{30'000});
    CHECK_ERROR(a.apply(elsewhere, restore({})), errc::invalid_argument,
                "what is to be restored does not belong into partition "
                  + std::to_string(elsewhere));
    CHECK(fixture::code(a.apply(c.partitions(), restore({}))) == errc::invalid_argument);
    CHECK(fixture::code(a.apply(home, restore({space_kind::queue, "k"})))
          == errc::invalid_argument);
    const space q{space_kind::queue, "q"};
    const auto q_home = c.partition_of("q");
    for (int i = 0; i < 2; ++i)
      CHECK(*a.apply(q_home, {q, op::extend{{1, 2}, 0}}) == value{2});
    CHECK(fixture::code(a.apply(q_home, {q, op::extend{{1}, 9}})) == errc::not_found);
    CHECK(fixture::code(a.apply((q_home + 1) % c.partitions(), {q, op::extend{{1}, 0}}))
          == errc::invalid_argument);
    CHECK_ERROR(a.apply(home, {{}, op::put{row}}), errc::invalid_argument,
                "put of tuples restores nothing");
    CHECK(fixture::code(a.apply(home, {{}, op::clear{}})) == errc::invalid_argument);
    CHECK(c.queue("q").count() == 2);
    CHECK(fixture::ok(a.apply(q_home, {q, op::clear{}})));
    CHECK(c.queue("q").count() == 0);
    for (std::size_t p = 0; p < c.partitions(); ++p)
      CHECK(fixture::ok(a.apply(p, {{}, op::wipe{}})));
    CHECK(c.get("k").empty());
    CHECK(c.kv("n").count({read_mode::primary}) == 0);
  };
  running one;
  check(one.system, one.c);
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  check(nodes.system(2), nodes[2]);
}

TEST_CASE("backup messages: a caller that waits for an item gets one that is restored") {
  running r;
  caf::scoped_actor self{r.system};
  auto item = compat::ask(self, r.c.actor(), std::chrono::seconds{10}, queue_atom_v, wait_atom_v,
                          std::string{"q"}, std::int64_t{9'000});
  asked a{r.system, r.c};
  REQUIRE(fixture::eventually([&] {
    CHECK(
      fixture::ok(a.apply(r.c.partition_of("q"), {{space_kind::queue, "q"}, op::extend{{7}, 0}})));
    return true;
  }));
  value got;
  item.receive([&](value& x) { got = std::move(x); }, [](caf::error& e) { FAIL(message_of(e)); });
  CHECK(got == value{7});
}

TEST_CASE("backup messages: in a cluster a snapshot has what was acknowledged before") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  asked a{nodes.system(0), nodes[0]};
  for (int n = 1; n <= 20; ++n) {
    for (int i = 0; i < 50; ++i)
      nodes[1].put(record{i, n});
    std::map<value, value> seen;
    for (std::size_t p = 0; p < nodes[0].partitions(); ++p)
      for (const auto& b : a.snapshot(p, static_cast<std::uint64_t>(n) * 100 + p))
        if (const auto* r = std::get_if<backup::rows>(&b))
          for (const auto& x : r->all)
            seen[x.what[0]] = x.what[1];
    CHECK(seen.size() == 50);
    CHECK(std::ranges::all_of(seen, [&](const auto& x) { return x.second == value{n}; }));
  }
}

TEST_CASE("backup messages: any node tells the keys of struct types, which are no records") {
  fixture::cluster nodes{fixture::cluster_options_with(replication_mode::sync)};
  asked a{nodes.system(0), nodes[0]}, b{nodes.system(1), nodes[1]};
  const auto init = [](asked& by, const std::string& type, std::uint64_t field) {
    return fixture::ask<void>(by, struct_atom_v, init_atom_v, type, field);
  };
  REQUIRE(fixture::ok(init(a, "person", 1)));
  const auto told = fixture::ask<value>(b, struct_atom_v, init_atom_v);
  REQUIRE(fixture::ok(told));
  CHECK(*told == value::list({value::list({"person", 1})}));
  for (std::size_t p = 0; p < nodes[0].partitions(); ++p)
    CHECK(records_in(b.snapshot(p, 1 + p)) == 0);
  for (const auto& node : {nodes[0], nodes[1], nodes[2]}) {
    CHECK(names(node, space_kind::structs, {.mode = read_mode::primary}).empty());
    CHECK(node.stats().structs.empty());
  }
  // A restore that begins again with other records still has the types that the nodes know.
  for (std::size_t p = 0; p < nodes[0].partitions(); ++p)
    CHECK(fixture::ok(a.apply(p, {{}, op::wipe{}})));
  CHECK(fixture::code(init(b, "person", 0)) == errc::key_mismatch);
  CHECK(*fixture::ask<value>(b, struct_atom_v, init_atom_v) == *told);
  const record row{"person", 0};
  CHECK_ERROR(a.apply(nodes[0].partition_of("person"),
                      {{space_kind::structs, ".keys"}, op::restore{{{row, 0}}, 0}}),
              errc::invalid_argument, "no type of structs can be called '.keys'");
  CHECK(fixture::code(
          fixture::ask<page>(a, page_atom_v, std::string{"structs"}, std::string{".keys"}, value{}))
        == errc::invalid_argument);
}
