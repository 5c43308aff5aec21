#include "core.hpp"
#include "pool.hpp"

#include <algorithm>

// What `lazy_put` leaves to be written.

namespace supercache::detail {

/// Writes what a buffer gathered; each record has its deadline. Neighbours with the same deadline
/// go together. After a failure the rest is not tried, so that the order stays.
status core::write_lazily(std::vector<record>& rs, std::chrono::milliseconds longest) {
  const auto other = [](const record& a, const record& b) { return a.deadline() != b.deadline(); };
  auto from = rs.begin();
  status s = ok();
  std::vector<record> some;
  while (s && from != rs.end()) {
    const auto change = std::adjacent_find(from, rs.end(), other);
    const auto to = change == rs.end() ? change : change + 1;
    some.assign(std::move_iterator{from}, std::move_iterator{to});
    from = to;
    const auto deadline = some.front().deadline();
    // A record that has expired meanwhile is stored all the same: it replaces the one with its key.
    const auto ttl_ms = deadline ? std::max<std::int64_t>(1, deadline - system_ms()) : 0;
    s = put_and_keep(some, ttl_ms, longest);
  }
  if (s) { // its memory serves the next batch
    rs.clear();
    return s;
  }
  some.insert(some.end(), std::move_iterator{from}, std::move_iterator{rs.end()});
  rs = std::move(some);
  return s;
}

namespace {

/// Whether a write that failed so may succeed later, as it is.
bool worth_another_try(errc why) {
  return why == errc::unavailable || why == errc::not_primary || why == errc::overloaded
         || why == errc::quorum_not_reached || why == errc::outcome_unknown
         || why == errc::not_started || why == errc::timeout;
}

} // namespace

/// Takes out of `rs` the records that were stored, and those that never can be. A record that is
/// tried again while it is unknown whether it was stored may be stored twice, which a
/// `duplicate_bag` shows.
status core::put_and_keep(std::vector<record>& rs, std::int64_t ttl_ms,
                          std::chrono::milliseconds longest) {
  std::vector<std::pair<std::size_t, future<value>>> parts;
  executor().together([&] {
    auto all = by_partition(rs);
    for (std::size_t p = 0; p < partitions(); ++p)
      if (all.count(p) > 0)
        parts.emplace_back(
          p, executor().write(p, in_tuples, op::put_many{all.take(p), ttl_ms}, longest));
  });
  status out = ok();
  std::vector<bool> kept(partitions());
  for (auto& [partition, part] : parts) {
    const auto x = std::move(part).wait();
    if (x)
      continue;
    out = x.why();
    kept[partition] = worth_another_try(x.why().code);
    if (!kept[partition])
      log().error(component::cache, "records of lazy_put cannot be stored: {}", x.why().message);
  }
  if (out)
    rs.clear();
  else
    std::erase_if(
      rs, [&](const record& r) { return !kept[index_of(hash(r[options_.partition_pos]))]; });
  return out;
}

status core::lazy_put(record r, std::int64_t ttl_ms) {
  if (!fits(r)) [[unlikely]]
    return check(r);
  const auto key_hash = hash(r[options_.key_pos]);
  if (ttl_ms || r.deadline())
    r = std::move(r).with_deadline(now().after(ttl_ms));
  const auto idle = buffers_.add(std::move(r), key_hash);
  if (!idle)
    return idle.why();
  if (*idle >= 0)
    wake_buffer(static_cast<std::size_t>(*idle));
  // A stop that came between the check and the add may have drained before it.
  if (!running()) [[unlikely]]
    (void)buffers_.drain_all();
  return ok();
}

status core::flush() { return buffers_.drain_all(); }

future<unit> core::begin_flush() {
  if (auto s = check_running(); !s)
    return s;
  const auto out = future<unit>::pending();
  patient_->run([me = shared_from_this(), out] { out.set(me->flush()); });
  return out;
}

status core::drain_buffer(std::size_t index) {
  auto s = buffers_.drain(index);
  if (!s)
    log().warn(component::cache, "what lazy_put left is kept and tried again: {}", s.why().message);
  return s;
}

void core::retry_lazy() {
  for (std::size_t i = 0; i < buffers_.size(); ++i)
    if (buffers_.wants_retry(i))
      wake_buffer(i);
}

} // namespace supercache::detail
