// Tables that are written in batches, and records with a time to live.

#include "workload.hpp"

#include <algorithm>

namespace sim {

// -- batches ------------------------------------------------------------------------------------

namespace {
const space fleeting_things{space_kind::structs, "fleeting"};
} // namespace

bool workload::one_row_per_key() const {
  return c_.p.type == table_type::set || c_.p.type == table_type::ordered_set;
}

/// A table in which nothing may still come from a write without an answer.
workload::batches& workload::batches_of(std::size_t client) {
  auto& all = batches_[client];
  if (all.empty() || !all.back().sure) {
    all.emplace_back();
    all.back().name = "b" + std::to_string(client) + '.' + std::to_string(all.size());
  }
  return all.back();
}

void workload::change_batches(std::size_t client) {
  dice& d = c_.w.random;
  if (d.chance(c_.p.clear_percent))
    clear_batches(client);
  else if (d.chance(60))
    put_batch(client);
  else if (d.chance(30))
    remove_from_batches(client);
  else if (d.chance(30))
    match_batches(client);
  else
    read_batches(client);
}

/// `then` is told the answer once the write is done; a client that is not told gives up the table.
void workload::write_batches(std::size_t client, operation_body body,
                             std::function<void(batches&, const value&)> then) {
  const std::string name = batches_of(client).name;
  write(client, {space_kind::kv, name}, name, std::move(body),
        [this, client, then](const outcome& o) {
          batches& b = batches_[client].back();
          if (o.is == outcome::kind::done)
            then(b, o.answer);
          else if (o.is == outcome::kind::unknown)
            b.sure = false;
        });
}

void workload::put_batch(std::size_t client) {
  dice& d = c_.w.random;
  op::put_many what;
  for (std::size_t n = 1 + d.below(c_.p.batch_rows); n > 0; --n)
    what.rows.push_back({static_cast<std::int64_t>(d.below(c_.p.table_rows)), next_++});
  write_batches(client, what, [this, what](batches& b, const value&) {
    for (const record& r : what.rows) {
      auto& row = b.rows[r[0].as_int()];
      if (one_row_per_key())
        row.clear();
      row.insert(r[1].as_int());
    }
  });
}

void workload::remove_from_batches(std::size_t client) {
  const auto key = static_cast<std::int64_t>(c_.w.random.below(c_.p.table_rows));
  write_batches(client, op::remove{key}, [this, key](batches& b, const value& answer) {
    const auto at = b.rows.find(key);
    const std::size_t n = at == b.rows.end() ? 0 : at->second.size();
    b.rows.erase(key);
    if (c_.p.mode == replication_mode::sync && answer != value{n})
      c_.w.fail("batches", b.name + ": " + to_string(answer) + " rows were removed under key "
                             + std::to_string(key) + ", of " + std::to_string(n));
  });
}

void workload::match_batches(std::size_t client) {
  const auto most = static_cast<std::int64_t>(c_.w.random.below(c_.p.table_rows / 4));
  pattern small{{bind(1), any}, var(1) < most};
  write_batches(client, op::remove_match{small}, [this, most](batches& b, const value& answer) {
    std::size_t n = 0;
    const auto end = b.rows.lower_bound(most);
    for (auto at = b.rows.begin(); at != end; ++at)
      n += at->second.size();
    b.rows.erase(b.rows.begin(), end);
    if (c_.p.mode == replication_mode::sync && answer != value{n})
      c_.w.fail("batches",
                b.name + ": " + to_string(answer) + " rows matched, of " + std::to_string(n));
  });
}

void workload::clear_batches(std::size_t client) {
  write_batches(client, op::clear{}, [this](batches& b, const value& answer) {
    std::size_t n = 0;
    for (const auto& [key, rows] : b.rows)
      n += rows.size();
    b.rows.clear();
    if (c_.p.mode == replication_mode::sync && answer != value{n})
      c_.w.fail("batches",
                b.name + ": " + to_string(answer) + " rows were cleared, of " + std::to_string(n));
  });
}

void workload::read_batches(std::size_t client) {
  const std::string name = batches_of(client).name;
  const auto key = static_cast<std::int64_t>(c_.w.random.below(c_.p.table_rows));
  read(
    client, {space_kind::kv, name}, key, name, some_mode(),
    [this, client, name, key](const node::seen& x) {
      const batches& b = batches_[client].back();
      const auto at = b.rows.find(key);
      const bool none = at == b.rows.end() || at->second.empty();
      if (c_.p.mode == replication_mode::sync && b.sure && b.name == name
          && (none ? !x.what.is_nil() : !x.what.is_int() || !at->second.contains(x.what.as_int())))
        c_.w.fail("reads", name + ", key " + std::to_string(key) + ": " + to_string(x.what)
                             + " was read, which is not what was written");
    });
}

void workload::check_batches() {
  for (const auto& [client, all] : batches_)
    for (const batches& b : all) {
      if (!b.sure)
        continue;
      const auto i = partition_of(b.name);
      std::map<std::int64_t, std::multiset<std::int64_t>> there;
      if (const table* t = c_.leader(i)->store(i).find(space_kind::kv, b.name))
        t->each(stamp{c_.leader(i)->copy(i).stamp_ms()}, [&](const record& r) {
          there[r[0].as_int()].insert(r[1].as_int());
          return true;
        });
      std::size_t wrong = 0;
      for (const auto& [key, rows] : b.rows)
        wrong += !rows.empty() && (!there.contains(key) || there[key] != rows);
      for (const auto& [key, rows] : there)
        wrong += !b.rows.contains(key);
      if (wrong)
        c_.w.fail("batches", b.name + ": under " + std::to_string(wrong)
                               + " keys there is not what was written");
    }
}

// -- what has a time to live ---------------------------------------------------------------------

void workload::write_fleeting(std::size_t client) {
  dice& d = c_.w.random;
  const std::string key = "t" + std::to_string(client);
  const std::int64_t x = next_++;
  const auto ttl = static_cast<std::int64_t>(20 + d.below(d.chance(50) ? 200 : 2'000));
  fleeting& f = fleeting_[key];
  const auto begun = c_.w.now_ms();
  f.mine[x] = begun;
  write(client, fleeting_things, key, op::put{{key, x}, ttl},
        [this, key, x, ttl, begun](const outcome& o) {
          fleeting& mine = fleeting_[key];
          if (o.is == outcome::kind::done) {
            mine.last = x;
            mine.begun_ms = begun;
            mine.ttl_ms = ttl;
            const auto over_us = (begun + ttl) * 1'000 - c_.w.now_us();
            c_.w.after(std::max<std::int64_t>(0, over_us), [this, key] { watch_fleeting(key, 6); });
          } else if (o.is == outcome::kind::unknown) {
            mine.late.insert(x);
          }
        });
}

/// A client was told that `x` is expired; no client may see it again, nor anything older.
void workload::found_expired(const std::string& key, std::int64_t last, std::int64_t x) {
  fleeting& f = fleeting_[key];
  f.gone = std::max(f.gone, x);
  const bool early = f.late.empty() && f.last == last && x == last && !f.mine.empty()
                     && f.mine.rbegin()->first == x && c_.w.now_ms() < f.begun_ms + f.ttl_ms;
  if (early)
    c_.w.fail("expiry", key + " = " + std::to_string(x) + " was found expired "
                          + std::to_string(f.begun_ms + f.ttl_ms - c_.w.now_ms())
                          + " ms before its time");
}

void workload::read_fleeting(std::size_t client) {
  watch_fleeting_as(client, "t" + std::to_string(c_.w.random.below(client + 2)), [] {});
}

/// Looks again and again, from about the time when the record expires.
void workload::watch_fleeting(const std::string& key, std::size_t times) {
  if (times > 0 && !stopped_)
    watch_fleeting_as(nobody, key, [this, key, times] {
      c_.w.after(static_cast<std::int64_t>(c_.w.random.below(40'000)),
                 [this, key, times] { watch_fleeting(key, times - 1); });
    });
}

void workload::watch_fleeting_as(std::size_t client, const std::string& key,
                                 std::function<void()> then) {
  const read_mode how = c_.w.random.chance(30) ? read_mode::local : some_mode();
  fleeting& now = fleeting_[key];
  read(client, fleeting_things, key, key, how,
       [this, key, how, then, last = now.last, gone = now.gone](const node::seen& x) {
         fleeting& f = fleeting_[key];
         // Async: a majority may not have heard yet of what the primary said.
         const bool latest = how == read_mode::primary
                             || (how == read_mode::quorum && c_.p.mode == replication_mode::sync);
         if (x.what.is_int() && latest && x.what.as_int() <= gone
             && !f.late.contains(x.what.as_int()))
           undead_.push_back(key + " = " + to_string(x.what) + " was seen when "
                             + std::to_string(gone) + " had been found expired");
         if (x.what.is_nil() && x.expired.is_int())
           found_expired(key, last, x.expired.as_int());
         else if (x.what.is_nil() && how != read_mode::local && c_.p.mode == replication_mode::sync)
           found_expired(key, last, last);
         then();
       });
}

/// Also checks that nothing whose time is over is kept for long.
void workload::check_fleeting(bool acknowledged_stay) {
  if (acknowledged_stay)
    for (const auto& what : undead_)
      c_.w.fail("expiry", what);
  constexpr std::int64_t slack_ms = 1'500;
  for (std::size_t i = 0; i < c_.p.partitions; ++i)
    if (const auto late = c_.leader(i)->overdue_ms(i); late > slack_ms)
      c_.w.fail("expiry", "partition " + std::to_string(i) + " keeps a record "
                            + std::to_string(late) + " ms beyond its time");
}

} // namespace sim
