#include "table_shelves.hpp"

#include <array>

// Hot path: a `get` on a set. Cache misses: the bucket and the record. No lock, no allocation, no
// write to shared memory. A `put` adds the stripe's lock and, once in `reclaim::batch`, a
// collection.

namespace supercache {

table::table(table_type type, std::size_t key_pos, std::size_t stripes, space where)
  : table(type, key_pos, stripes, shelf::width::wide, std::move(where), nullptr) {}

table::table(table_type type, std::size_t key_pos, std::size_t stripes, shelf::width begin,
             space where, deadlines* due, leftovers* left)
  : type_(type), key_pos_(key_pos), where_(std::move(where)), due_(due), left_(left) {
  if (type == table_type::set) {
    auto made = std::make_unique<shelf_of<shelf::hashed>>(key_pos, stripes, begin);
    hashed_ = &made->one;
    shelves_ = std::move(made);
  } else if (type == table_type::ordered_set) {
    shelves_ = std::make_unique<shelf_of<shelf::ordered>>(key_pos);
  } else {
    shelves_ = std::make_unique<shelf_of<shelf::bags>>(key_pos, stripes, begin,
                                                       type == table_type::duplicate_bag);
  }
}

table::~table() = default;

void table::tell(change_sink* to) {
  told_.store(to, std::memory_order_release);
  on_shelf([&](auto& s) { // the holder of a lock has not read `told_`, or is in the shortcut
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(s)>, shelf::hashed>)
      s.close_shortcut(to != nullptr);
    else
      s.for_each_part([](auto& lock, const ledger&) { const std::lock_guard hold{lock}; });
  });
}

// -- writes -------------------------------------------------------------------------------------

namespace {

/// Adds to a bag, unless an equal record is there, which then gets the new deadline. In other
/// tables: replaces what is there.
template <class Cell>
void store(Cell& c, record row, const stamp& now) {
  constexpr std::size_t few = 32; // in a long bag expired records wait for `reclaim_expired`
  if constexpr (Cell::of_many) {
    if (c.size() <= few)
      drop_expired(c, now);
    if (detail::block* same = c.equal_to(row)) {
      if (live(same, now)) {
        if (row.deadline() != same->deadline)
          c.replace(same, std::move(row));
        return;
      }
      c.erase(same);
    }
  }
  c.put(std::move(row));
}

} // namespace

/// Flattened: on the hot path every call that is not inlined costs as much as the work in it.
template <class Shelf>
[[gnu::flatten]] void table::put_one(Shelf& s, record row, std::uint64_t hash, const stamp& now) {
  const value& key = row[key_pos_];
  if constexpr (std::is_same_v<Shelf, shelf::hashed>)
    if (!key.on_heap() && !row.deadline() && s.put_shortly(row, key, hash)) [[likely]]
      return;
  change(s, key, hash, now, [&](auto& c) { store(c, std::move(row), now); });
}

void table::put(record row, std::uint64_t hash, std::int64_t ttl_ms, const stamp& now) {
  if (ttl_ms || row.deadline()) [[unlikely]]
    row = std::move(row).with_deadline(now.after(ttl_ms));
  on_shelf([&](auto& s) { put_one(s, std::move(row), hash, now); });
}

void table::restore(record row, std::uint64_t hash, std::int64_t deadline_ms) {
  row = std::move(row).with_deadline(deadline_ms);
  const value& key = row[key_pos_];
  const stamp before_all{INT64_MIN}; // so that nothing has expired
  on_shelf([&](auto& s) {
    s.with_cell(key, hash, [&](auto& c) {
      const notice after{*this, c.book()};
      store(c, std::move(row), before_all);
    });
  });
}

status table::put_back(std::span<const op::restore::row> rows, std::uint64_t hash,
                       std::uint64_t behind, const stamp& now) {
  const value& key = rows.front().what[key_pos_];
  return on_shelf([&](auto& s) {
    return change(s, key, hash, now, [&](auto& c) -> status {
      if (c.book().next_deadline() <= now.ms()) // another replica may have freed it
        drop_expired(c, now);
      if (c.size() < behind)
        return {errc::not_found, std::to_string(c.size()) + " records are under key "
                                   + to_string(key) + ", where " + std::to_string(behind)
                                   + " come before those to be added"};
      if (!behind && holds_many())
        erase_all(c, now);
      for (std::size_t i = c.size() - (behind ? behind : c.size()); i < rows.size(); ++i)
        store(c, record{rows[i].what}.with_deadline(now.after(rows[i].ttl_ms)), now);
      return ok();
    });
  });
}

void table::put_many(std::span<record> rows, std::span<const std::uint64_t> hashes,
                     std::int64_t ttl_ms, const stamp& now) {
  constexpr std::size_t far = 12, near = 6; // how many rows ahead to load a bucket, a record
  const std::int64_t deadline = now.after(ttl_ms);
  on_shelf([&](auto& s) {
    for (std::size_t i = 0; i < rows.size() + far; ++i) {
      if (i < rows.size() + near) {
        const reclaim::pin guard;
        if (i < rows.size())
          s.prefetch(hashes[i]);
        if (i >= near)
          s.prefetch_found(hashes[i - near]);
      }
      if (const std::size_t j = i - far; i >= far) {
        if (deadline || rows[j].deadline()) [[unlikely]]
          rows[j] = std::move(rows[j]).with_deadline(deadline);
        put_one(s, std::move(rows[j]), hashes[j], now);
      }
    }
  });
}

bool table::insert_new(record row, std::uint64_t hash, std::int64_t ttl_ms, const stamp& now) {
  row = std::move(row).with_deadline(now.after(ttl_ms));
  const value& key = row[key_pos_];
  return on_shelf([&](auto& s) {
    return change(s, key, hash, now, [&](auto& c) {
      if (any_live(c, now))
        return false;
      erase_all(c, now);
      c.put(std::move(row));
      return true;
    });
  });
}

bool table::exchange(record row, std::uint64_t hash, exchange_mode mode, const stamp& now) {
  const value& key = row[key_pos_];
  return on_shelf([&](auto& s) {
    return change(s, key, hash, now, [&](auto& c) {
      drop_expired(c, now);
      if (mode == only_if_there && !c.size())
        return false;
      row = std::move(row).with_deadline(mode == only_if_there ? c.front()->deadline : 0);
      if constexpr (std::remove_reference_t<decltype(c)>::of_many)
        erase_all(c, now);
      c.put(std::move(row));
      return true;
    });
  });
}

std::size_t table::remove(const value& key, std::uint64_t hash, const stamp& now) {
  return on_shelf(
    [&](auto& s) { return change(s, key, hash, now, [&](auto& c) { return erase_all(c, now); }); });
}

std::vector<record> table::take(const value& key, std::uint64_t hash, const stamp& now) {
  return on_shelf([&](auto& s) {
    return change(s, key, hash, now, [&](auto& c) {
      std::vector<record> out;
      drop_expired(c, now);
      out.reserve(c.size());
      erase_if(c, [&](detail::block* b) {
        out.push_back(record::share(b));
        return true;
      });
      return out;
    });
  });
}

std::size_t table::expire(const value& key, std::uint64_t hash, std::int64_t ttl_ms,
                          const stamp& now) {
  return on_shelf([&](auto& s) {
    return change(s, key, hash, now, [&](auto& c) {
      drop_expired(c, now);
      replace_each(
        c, [&](detail::block* b) { return record::share(b).with_deadline(now.after(ttl_ms)); });
      return c.size();
    });
  });
}

std::size_t table::clear(const stamp& now) {
  // Asked with a lock that `tell` takes afterwards: what it does not see has not begun to be told.
  bool told = false;
  const auto unheard = [&] { return !(told |= told_.load(std::memory_order_acquire) != nullptr); };
  return on_shelf([&](auto& s) {
    auto all = s.detach(now, unheard);
    const std::size_t live = all->live;
    if (left_)
      left_->add(std::move(all));
    return live + (told ? clear_told(s, now) : 0);
  });
}

/// Record by record, since each removal is reported.
template <class Shelf>
std::size_t table::clear_told(Shelf& s, const stamp& now) {
  if (const auto first = next_deadline(); first != INT64_MAX && now.over(first)) {
    (void)count(now); // notes what does not count as cleared
    reclaim_expired(now.ms(), SIZE_MAX);
  }
  return remove_where(s, {}, now, [](const detail::block*) { return true; });
}

// -- reads --------------------------------------------------------------------------------------

records table::get(const value& key, std::uint64_t hash, const stamp& now) const {
  return on_shelf([&](auto& s) { return s.get(key, hash, now); });
}

void table::prefetch(std::uint64_t hash) const noexcept {
  on_shelf([&](auto& s) { s.prefetch(hash); });
}
void table::prefetch_found(std::uint64_t hash) const noexcept {
  on_shelf([&](auto& s) { s.prefetch_found(hash); });
}

void table::get_many(std::span<const value> keys, std::span<const std::uint64_t> hashes,
                     std::span<records> out, const stamp& now) const {
  constexpr std::size_t far = 16, near = 8;
  on_shelf([&](auto& s) {
    const reclaim::pin guard;
    for (std::size_t i = 0; i < std::min(far, keys.size()); ++i)
      s.prefetch(hashes[i]);
    for (std::size_t i = 0; i < std::min(near, keys.size()); ++i)
      s.prefetch_found(hashes[i]);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i + far < keys.size())
        s.prefetch(hashes[i + far]);
      if (i + near < keys.size())
        s.prefetch_found(hashes[i + near]);
      out[i] = s.get(keys[i], hashes[i], now);
    }
  });
}

// -- bookkeeping --------------------------------------------------------------------------------

std::size_t table::count(const stamp& now) const {
  return on_shelf([&](auto& s) {
    return s.sum_of_parts([&](auto& lock, const ledger& b) {
      if (b.next_deadline() == INT64_MAX)
        return b.count();
      const std::lock_guard hold{lock};
      return b.count() - b.overdue(now);
    });
  });
}

std::size_t table::stored() const {
  return on_shelf(
    [](auto& s) { return s.sum_of_parts([](auto&, const ledger& b) { return b.count(); }); });
}

std::size_t table::bytes() const {
  return on_shelf([](auto& s) {
    return s.index_bytes() + s.sum_of_parts([](auto&, const ledger& b) { return b.bytes(); });
  });
}

std::size_t table::reclaim_expired(std::int64_t now_ms, std::size_t budget) {
  std::size_t freed = 0;
  const stamp now{now_ms};
  on_shelf([&](auto& s) {
    s.for_each_part([&](auto& lock, const ledger& book) {
      while (freed < budget && book.next_deadline() <= now_ms) {
        const reclaim::pin guard; // another thread may remove it between the two locks
        detail::block* due = nullptr;
        {
          const std::lock_guard hold{lock};
          due = book.first_due(now_ms);
        }
        if (!due)
          break;
        const value& key = shelf::key_in(due, key_pos_);
        freed += change(s, key, supercache::hash(key), now, [&](auto& c) { return c.erase(due); });
      }
    });
  });
  return freed;
}

std::int64_t table::next_deadline() const {
  std::int64_t first = INT64_MAX;
  on_shelf([&](auto& s) {
    s.for_each_part([&](auto&, const ledger& b) { first = std::min(first, b.next_deadline()); });
  });
  return first;
}

void table::expect(std::int64_t deadline_ms) noexcept {
  if (due_ && deadlines::fell(*this, deadline_ms))
    due_->lower(*this, deadline_ms);
}

/// Takes the locks one by one: a writer that held one before has noted its deadlines in `book`; a
/// writer that gets it afterwards finds the table unregistered.
void table::register_deadline() {
  on_shelf([&](auto& s) {
    s.for_each_part([&](auto& lock, const ledger& book) {
      const std::lock_guard hold{lock};
      expect(book.next_deadline());
    });
  });
}

// -- names --------------------------------------------------------------------------------------

namespace {
constexpr std::array<std::string_view, 4> type_names
  = {"set", "ordered_set", "bag", "duplicate_bag"};
}

inline namespace SUPERCACHE_ABI {

std::string_view to_string(table_type t) noexcept {
  return type_names[static_cast<std::size_t>(t)];
}

std::optional<table_type> table_type_from(std::string_view name) noexcept {
  const auto at = std::ranges::find(type_names, name);
  if (at == type_names.end())
    return {};
  return static_cast<table_type>(at - type_names.begin());
}

} // namespace SUPERCACHE_ABI

} // namespace supercache
