#include "snapshot_state.hpp"

#include <supercache/store/partition_store.hpp>

#include <iterator>
#include <optional>

// A reader holds `lock_` while it reads a chunk and notes that it has. A writer that comes to a
// place before that keeps what is there; one that comes after need not. A writer that has kept a
// key may be about to change it: the key is known, and what the chunk shows of it is left out.
//
// Both take a place's own lock first, then `lock_`.

namespace supercache {

using detail::footprint;
using detail::kept_items;
using detail::key_set;
using detail::place;
using detail::place_of;

snapshots::snapshots(partition_store& of, std::size_t most_kept_each)
  : store_(of), most_kept_(most_kept_each) {}
snapshots::~snapshots() = default;

// -- their life -----------------------------------------------------------------------------------

status snapshots::begin(std::uint64_t id, std::int64_t now_ms) {
  const std::lock_guard hold{lock_};
  if (std::ranges::any_of(all_, [&](const one_ptr& s) { return s->id == id; }))
    return ok();
  if (all_.size() >= most) // those kept only to repeat their last part
    std::erase_if(all_, [](const one_ptr& s) { return s->finished; });
  if (all_.size() >= most)
    return {errc::overloaded,
            "the partition is being read as a snapshot " + std::to_string(most) + " times already"};
  all_.push_back(std::make_shared<one>(id, now_ms));
  return ok();
}

snapshots::one_ptr snapshots::find(std::uint64_t id) const {
  const std::lock_guard hold{lock_};
  const auto found = std::ranges::find(all_, id, [](const one_ptr& s) { return s->id; });
  if (found == all_.end())
    return nullptr;
  (*found)->idle = 0;
  return *found;
}

void snapshots::age() {
  const std::lock_guard hold{lock_};
  std::erase_if(all_, [](const one_ptr& s) { return ++s->idle > idle_most; });
}

void snapshots::drop() {
  std::vector<one_ptr> gone;
  const std::lock_guard hold{lock_};
  for (const one_ptr& s : all_) {
    s->given_up = true;
    s->let_go();
  }
  gone.swap(all_);
}

bool snapshots::any_open() const {
  const std::lock_guard hold{lock_};
  return std::ranges::any_of(all_, [](const one_ptr& s) { return s->open(); });
}

// -- what writers keep ----------------------------------------------------------------------------

void snapshots::account(one& s, std::size_t bytes) {
  s.kept += bytes;
  if (s.kept <= most_kept_)
    return;
  s.given_up = true;
  s.let_go();
}

void snapshots::keep(const space& where, const value& key, std::uint64_t hash,
                     const std::function<std::vector<record>()>& had) {
  if (!store_.shows(where.kind, where.name))
    return;
  const std::lock_guard hold{lock_};
  std::optional<std::vector<record>> all;
  for (const one_ptr& s : all_) {
    if (!s->open() || s->has_read(where))
      continue;
    if (s->in && s->at == where && s->in->covers(s->inner, key, hash))
      continue;
    if (!s->keys[place_of(where)].insert(key).second)
      continue;
    if (!all)
      all = had();
    std::size_t bytes = footprint(key);
    std::vector<record> rows;
    for (const record& r : *all)
      if (!r.expired(s->moment.ms())) {
        bytes += r.heap_bytes();
        rows.push_back(r);
      }
    if (!rows.empty())
      s->rows.push_back({where, std::move(rows)});
    account(*s, bytes);
  }
}

void snapshots::changing(queue_map::order which, std::string_view name,
                         const queue_map::items_type& items, std::uint64_t front,
                         std::size_t taken) {
  const bool fifo = which == queue_map::order::fifo;
  const space where{fifo ? space_kind::queue : space_kind::stack, std::string{name}};
  const std::uint64_t begin = fifo ? front : 0;
  const std::lock_guard hold{lock_};
  for (const one_ptr& s : all_) {
    if (!s->open() || s->has_read(where))
      continue;
    const auto [found, fresh] = s->queues.try_emplace(place_of(where));
    kept_items& kept = found->second;
    std::size_t bytes = 0;
    if (fresh) {
      kept.next = begin;
      kept.end = begin + items.size();
      bytes = sizeof(kept_items) + name.size();
    }
    for (std::size_t i = 0; i < taken; ++i) {
      const std::uint64_t which_one = fifo ? begin + i : items.size() - 1 - i;
      if (which_one < kept.next || which_one >= kept.end)
        continue;
      const value& x = items[static_cast<std::size_t>(which_one - begin)];
      bytes += sizeof(value) + x.heap_bytes();
      if (fifo) {
        kept.taken.push_back(x);
      } else {
        kept.taken.push_front(x);
        kept.end = which_one;
      }
    }
    account(*s, bytes);
  }
}

// -- what readers get -----------------------------------------------------------------------------

result<answer> snapshots::read(const ask::snapshot& which) {
  const one_ptr s = find(which.id);
  if (which.number == ask::snapshot::over) {
    const std::lock_guard hold{lock_};
    std::erase(all_, s);
    return answer{};
  }
  const failure gone{errc::not_found, "there is no such snapshot of the partition"};
  if (!s)
    return gone;
  const std::lock_guard one_by_one{s->reading};
  if (which.number + 1 == s->next_number)
    return s->last;
  if (which.number != s->next_number)
    return gone;
  part_writer out{std::clamp<std::size_t>(which.budget, 1, most_budget), s->moment.ms()};
  read_part(*s, out);
  const std::lock_guard hold{lock_};
  if (s->given_up) {
    std::erase(all_, s);
    return {errc::overloaded,
            "more than " + std::to_string(most_kept_ >> 20)
              + " MiB were overwritten or removed before the snapshot had read them"};
  }
  const std::string_view bytes{reinterpret_cast<const char*>(out.bytes.data()), out.bytes.size()};
  s->last = {value::list({s->finished, out.records, out.items, bytes, s->moment.ms()}), {}, {}};
  ++s->next_number;
  return s->last;
}

void snapshots::read_part(one& s, part_writer& out) {
  const auto goes_on = [&] {
    const std::lock_guard hold{lock_};
    return s.open();
  };
  while (!out.full() && goes_on()) {
    write_kept(s, out);
    if (out.full())
      return;
    if (s.walked) {
      const std::lock_guard hold{lock_};
      s.finished = true;
      s.let_go();
    } else if (is_table(s.at.kind))
      read_table(s, out);
    else
      read_queue(s, out);
  }
}

/// Writes the records that writers kept, which need not be kept any longer.
void snapshots::write_kept(one& s, part_writer& out) {
  while (!out.full()) {
    one::group next;
    {
      const std::lock_guard hold{lock_};
      if (s.rows.empty())
        return;
      next = std::move(s.rows.front());
      s.rows.pop_front();
      for (const record& r : next.rows)
        s.kept -= r.heap_bytes();
    }
    out.add(next.where, next.rows);
  }
}

void snapshots::read_table(one& s, part_writer& out) {
  table* t = s.at.kind == space_kind::tuples ? &store_.tuples() : store_.find(s.at.kind, s.at.name);
  if (!t || !store_.shows(s.at.kind, s.at.name))
    return go_on(s);
  std::vector<record> rows;
  std::size_t bytes = 0;
  bool more = true;
  while (more && bytes < out.room()) {
    std::unique_lock hold{lock_, std::defer_lock};
    shelf::cursor next = s.inner;
    const key_set* kept = nullptr;
    more = t->walk(next, [&](const record& r) {
      if (!hold) { // from here on the chunk changes only where it was kept
        hold.lock();
        const auto found = s.keys.find(place_of(s.at));
        kept = found == s.keys.end() ? nullptr : &found->second;
      }
      if (r.expired(s.moment.ms()) || (kept && kept->contains(r[t->key_pos()])))
        return;
      bytes += r.heap_bytes();
      rows.push_back(r);
    });
    if (!hold)
      hold.lock();
    if (s.given_up)
      return;
    s.inner = std::move(next);
    s.in = t;
  }
  out.add(s.at, rows);
  if (!more)
    go_on(s);
}

void snapshots::read_queue(one& s, part_writer& out) {
  const bool fifo = s.at.kind == space_kind::queue;
  constexpr std::size_t most_at_once = 2'000; // while the queue is locked
  const std::size_t most_items
    = std::clamp<std::size_t>(out.room() / (2 * sizeof(value)), 1, most_at_once);
  value_list items;
  std::size_t bytes = 0;
  std::uint64_t behind = 0, left = 0;
  bool seen = false;
  const auto take = [&](const queue_map::items_type& there, std::uint64_t front) {
    seen = true;
    const std::uint64_t begin = fifo ? front : 0;
    const std::lock_guard hold{lock_};
    const auto [found, fresh] = s.queues.try_emplace(place_of(s.at));
    kept_items& kept = found->second;
    if (fresh) {
      kept.next = begin;
      kept.end = begin + there.size();
    }
    behind = kept.given;
    const auto room = [&] { return items.size() < most_items && bytes < out.room(); };
    const auto give = [&](const value& x) {
      bytes += x.heap_bytes();
      items.push_back(x);
      ++kept.given;
    };
    const auto give_taken = [&] {
      while (!kept.taken.empty() && room()) {
        give(kept.taken.front());
        s.kept -= std::min(s.kept, sizeof(value) + kept.taken.front().heap_bytes());
        kept.taken.pop_front();
        kept.next += fifo;
      }
    };
    if (fifo)
      give_taken();
    while ((!fifo || kept.taken.empty()) && kept.next < kept.end && room())
      give(there[static_cast<std::size_t>(kept.next++ - begin)]);
    if (!fifo && kept.next == kept.end)
      give_taken();
    left = kept.left(fifo);
  };
  (fifo ? store_.queues() : store_.stacks()).look(s.at.name, take);
  if (!seen) // it is gone and its items were kept, or it never was
    take({}, UINT64_MAX);
  out.add(s.at, behind, items);
  if (left == 0)
    go_on(s);
}

/// Goes on to the next space: the next that exists, or of which something is kept.
void snapshots::go_on(one& s) {
  constexpr std::size_t at_once = 4'096;
  if (s.ahead.empty())
    std::ranges::move(store_.spaces_after(s.at, at_once), std::back_inserter(s.ahead));
  const std::lock_guard hold{lock_};
  if (s.given_up)
    return;
  const place here = place_of(s.at);
  s.keys.erase(here);
  s.queues.erase(here);
  std::optional<space> next;
  const auto kept = s.queues.upper_bound(here);
  if (kept != s.queues.end() && (s.ahead.empty() || kept->first < place_of(s.ahead.front()))) {
    next = space{kept->first.first, kept->first.second};
  } else if (!s.ahead.empty()) {
    next = std::move(s.ahead.front());
    s.ahead.pop_front();
  }
  s.in = nullptr;
  s.inner = {};
  if (next)
    s.at = *std::move(next);
  else
    s.walked = true;
}

} // namespace supercache
