#include "restore_writer.hpp"

#include <algorithm>

namespace supercache::app {

using namespace std::chrono_literals;

// -- sending --------------------------------------------------------------------------------------

namespace {

/// How long a node keeps trying a request: afterwards no node tries it any more.
constexpr auto tried_for = 6s;
constexpr std::size_t most_under_way = 16;
/// Bytes in one operation, about; and bytes that wait for more, in all.
constexpr std::size_t enough_for_one = 128 * 1024, enough_for_all = std::size_t{4} << 20;

} // namespace

void restore_writer::begin(sent& s) {
  to_.check();
  s.when = any_node::clock::now();
  s.done = (under_way_.empty() ? to_.now() : to_.same()).restore_ahead(s.partition, s.what);
}

void restore_writer::send(std::uint64_t partition, operation what, order is) {
  if (is != free)
    finish();
  sent s{partition, std::move(what), is, {}, {}};
  try {
    begin(s);
  } catch (const error&) {
    s.done = [] { throw error(errc::unavailable, "no node can be reached"); };
  }
  under_way_.push_back(std::move(s));
  if (is == resets)
    finish();
  else if (under_way_.size() >= most_under_way)
    finish_oldest();
}

void restore_writer::finish() {
  while (!under_way_.empty())
    finish_oldest();
}

/// When one fails, all in flight are waited for before another node is asked: their answers come
/// over the old connection.
void restore_writer::finish_oldest() {
  std::deque<std::pair<sent, error>> failed;
  do {
    sent s = std::move(under_way_.front());
    under_way_.pop_front();
    try {
      s.done();
    } catch (const error& e) {
      s.done = nullptr;
      failed.emplace_back(std::move(s), e);
    }
  } while (!failed.empty() && !under_way_.empty());
  for (auto& [s, why] : failed)
    again(s, why);
}

void restore_writer::again(sent& s, const error& why) {
  const auto begun = any_node::clock::now();
  std::optional<error> last{why};
  while (last) {
    if (last->code() == errc::not_found) {
      incomplete_.insert(s.partition);
      return;
    }
    s.done = nullptr;
    try {
      throw *last;
    } catch (const error& e) {
      to_.again_or_throw(e, begun);
    }
    if (s.is == resets) // if it is still in flight somewhere, it must not come later
      to_.sleep_until(s.when + tried_for);
    last.reset();
    try {
      begin(s);
      s.done();
    } catch (const error& e) {
      last = e;
    }
  }
}

// -- sorting --------------------------------------------------------------------------------------

restore_sorter::restore_sorter(restore_writer& to, const cache_facts& was, const cache_facts& is,
                               const std::set<std::uint64_t>& wanted, bool clear)
  : to_(to),
    is_(is),
    wanted_(wanted),
    clear_(clear),
    many_(is.keeps_many()),
    scattered_(was.key_pos != was.partition_pos && was.partitions != is.partitions),
    buckets_(is.partitions) {}

std::uint64_t restore_sorter::partition_of(const record& row) const {
  const bool tuples = where_.kind == space_kind::tuples;
  const std::uint64_t least = tuples ? std::max(is_.key_pos, is_.partition_pos) : 0;
  if (row.size() <= least)
    throw error(errc::malformed, "a record in the backup has " + std::to_string(row.size())
                                   + " elements; at least " + std::to_string(least + 1)
                                   + " are needed");
  return hash(row[tuples ? is_.partition_pos : 0]) % is_.partitions;
}

void restore_sorter::add(backup::rows& b) {
  if (b.where != where_) {
    finish();
    where_ = b.where;
  }
  const std::size_t key_pos = where_.kind == space_kind::tuples ? is_.key_pos : 0;
  const bool one = where_.kind == space_kind::structs || !many_; // one record per key
  std::size_t end = 0;
  for (std::size_t i = 0; i < b.all.size(); i = end) {
    const std::uint64_t partition = partition_of(b.all[i].what);
    const auto belongs = [&](const auto& row) {
      return !one && partition_of(row.what) == partition
             && row.what[key_pos] == b.all[i].what[key_pos];
    };
    for (end = i + 1; end < b.all.size() && belongs(b.all[end]);)
      ++end;
    if (!wants(partition))
      continue;
    row_list group{std::make_move_iterator(b.all.begin() + static_cast<std::ptrdiff_t>(i)),
                   std::make_move_iterator(b.all.begin() + static_cast<std::ptrdiff_t>(end))};
    if (scattered_ && where_.kind == space_kind::tuples && !one)
      add_to_what_is_there(partition, std::move(group));
    else
      add_group(partition, std::move(group));
  }
}

namespace {
std::size_t bytes_of(const op::restore::row& r) {
  return r.what.heap_bytes() + sizeof(op::restore::row);
}
} // namespace

/// All records of a key go together, so that they replace everything that it has.
void restore_sorter::add_group(std::uint64_t partition, row_list rows) {
  std::size_t bytes = 0;
  for (const auto& r : rows)
    bytes += bytes_of(r);
  bucket& b = buckets_[partition];
  if (b.bytes + bytes > enough_for_one)
    flush(partition);
  if (bytes > enough_for_one && rows.size() > 1)
    return add_large_group(partition, std::move(rows));
  std::ranges::move(rows, std::back_inserter(b.rows));
  b.bytes += bytes;
  gathered_ += bytes;
  if (gathered_ > enough_for_all)
    for (std::uint64_t p = 0; p < buckets_.size(); ++p)
      flush(p);
}

/// A key with more records than one operation should have: several operations, in order.
void restore_sorter::add_large_group(std::uint64_t partition, row_list rows) {
  op::restore next;
  std::size_t bytes = 0;
  std::uint64_t sent = 0;
  const auto send = [&] {
    next.behind = sent;
    sent += next.rows.size();
    to_.send(partition, {where_, std::exchange(next, {})},
             sent == 0 ? restore_writer::resets : restore_writer::behind);
    bytes = 0;
  };
  for (auto& r : rows) {
    bytes += bytes_of(r);
    next.rows.push_back(std::move(r));
    if (bytes >= enough_for_one)
      send();
  }
  if (!next.rows.empty())
    send();
}

/// Records of one key that came from several partitions and meet in one: none replaces others.
void restore_sorter::add_to_what_is_there(std::uint64_t partition, row_list rows) {
  to_.finish();
  const value key = rows[0].what[is_.key_pos], where = rows[0].what[is_.partition_pos];
  const auto there = to_.node().ask([&](client& c) { return c.get(key, where, "primary").size(); });
  to_.send(partition, {where_, op::restore{std::move(rows), there}}, restore_writer::behind);
  to_.finish();
}

void restore_sorter::flush(std::uint64_t partition) {
  bucket b = std::exchange(buckets_[partition], {});
  if (b.rows.empty())
    return;
  gathered_ -= b.bytes;
  to_.send(partition, {where_, op::restore{std::move(b.rows), 0}}, restore_writer::free);
}

void restore_sorter::add(backup::items& b) {
  const std::uint64_t partition = hash(value{b.where.name}) % is_.partitions;
  if (!wants(partition))
    return;
  if (b.behind == 0 && clear_)
    to_.send(partition, {b.where, op::clear{}}, restore_writer::resets);
  op::extend next{{}, b.behind};
  std::size_t bytes = 0;
  const auto send = [&] {
    const std::uint64_t behind = next.behind + next.items.size();
    const auto is = next.behind == 0 ? restore_writer::free : restore_writer::behind;
    to_.send(partition, {b.where, std::exchange(next, op::extend{{}, behind})}, is);
    bytes = 0;
  };
  for (value& x : b.all) {
    bytes += sizeof(value) + x.heap_bytes();
    next.items.push_back(std::move(x));
    if (bytes >= enough_for_one)
      send();
  }
  if (!next.items.empty())
    send();
}

void restore_sorter::finish() {
  for (std::uint64_t p = 0; p < buckets_.size(); ++p)
    flush(p);
}

} // namespace supercache::app
