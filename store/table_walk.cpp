#include "table_shelves.hpp"

#include <functional>

// Operations that visit many records. Each chunk of a walk is read under its own pin or lock;
// callers get counted records, after the lock is released.

namespace supercache {

std::size_t table::remove_match(const compiled_pattern& p, const stamp& now) {
  const auto wanted = [&](const detail::block* b) { return p.matches(items_of(b)); };
  return on_shelf([&](auto& s) {
    if (const value* key = p.literal_at(key_pos_))
      return remove_under(s, *key, now, wanted);
    return remove_where(s, p.range_at(key_pos_), now, wanted);
  });
}

void table::match(const compiled_pattern& p, const stamp& now,
                  const std::function<void(record)>& found, std::size_t limit) const {
  if (const value* key = p.literal_at(key_pos_)) {
    for (const record& r : get(*key, supercache::hash(*key), now))
      if (limit && p.matches(r)) {
        --limit;
        found(r);
      }
    return;
  }
  on_shelf([&](auto& s) {
    std::vector<record> chunk;
    shelf::cursor at;
    at.range = p.range_at(key_pos_);
    while (limit && s.next_chunk(at, [&](detail::block* b) {
      if (chunk.size() < limit && p.matches(items_of(b)) && live(b, now))
        chunk.push_back(record::share(b));
    })) {
      limit -= chunk.size();
      for (record& r : chunk)
        found(std::move(r));
      chunk.clear();
    }
  });
}

void table::match_bindings(const compiled_pattern& p, const stamp& now,
                           const std::function<void(bindings)>& found, std::size_t limit) const {
  const auto bind = [&](const record& r) {
    bindings bound;
    if (p.matches(r.items(), bound))
      found(std::move(bound));
  };
  match(p, now, bind, limit);
}

std::size_t table::count_match(const compiled_pattern& p, const stamp& now) const {
  std::size_t n = 0;
  match(p, now, [&](const record&) { ++n; });
  return n;
}

void table::each(const stamp& now, const std::function<bool(const record&)>& visit) const {
  each_in({}, now, visit);
}

void table::each_in(const key_range& range, const stamp& now,
                    const std::function<bool(const record&)>& visit) const {
  const auto wanted = [&](const detail::block* b) {
    const value& key = shelf::key_in(b, key_pos_);
    return live(b, now) && (!range.low || key >= *range.low) && range.contains(key);
  };
  on_shelf([&](auto& s) {
    std::vector<record> chunk;
    shelf::cursor at;
    at.range = range;
    while (s.next_chunk(at, [&](detail::block* b) {
      if (wanted(b))
        chunk.push_back(record::share(b));
    })) {
      for (const record& r : chunk)
        if (!visit(r))
          return;
      chunk.clear();
    }
  });
}

namespace {

value as_value(const shelf::cursor& c) {
  const bool within = c.entered; // in a part; else cell and bits are those of the previous one
  return value::tuple({c.part, within ? c.cell : 0, within ? c.bits : 0, within,
                       c.after ? *c.after : value{}, c.after.has_value()});
}

result<shelf::cursor> as_cursor(const value& from) {
  const failure wrong{errc::invalid_argument, "no page ends at " + to_string(from)};
  shelf::cursor c;
  if (from.is_nil())
    return c;
  if (!from.is_tuple() || from.items().size() != 6)
    return wrong;
  const auto x = from.items();
  if (!x[0].is_int() || !x[1].is_int() || !x[2].is_int() || !x[3].is_bool() || !x[5].is_bool())
    return wrong;
  if (x[0].as_int() < 0 || x[2].as_int() < 0 || x[2].as_int() > hash_index::position_bits
      || x[1].as_int() < 0 || x[1].as_int() >= std::int64_t{1} << x[2].as_int())
    return wrong;
  c.part = static_cast<std::size_t>(x[0].as_int());
  c.cell = static_cast<std::uint32_t>(x[1].as_int());
  c.bits = static_cast<unsigned>(x[2].as_int());
  c.entered = x[3].as_bool();
  if (x[5].as_bool())
    c.after = x[4];
  return c;
}

} // namespace

result<value> table::next_page(const value& from, const stamp& now,
                               std::vector<record>& out) const {
  auto at = as_cursor(from);
  if (!at)
    return at.why();
  return on_shelf([&](auto& s) {
    const auto take = [&](detail::block* b) {
      if (live(b, now))
        out.push_back(record::share(b));
    };
    const std::size_t before = out.size();
    while (out.size() - before < shelf::chunk_records)
      if (!s.next_chunk(*at, take))
        return value{};
    return as_value(*at);
  });
}

namespace {

/// A page of a walk over keys with a prefix: which records belong there, and what is kept of each.
struct page_filter {
  const page_limits& which;
  std::size_t key_pos;

  bool has_prefix(const value& key) const {
    return which.prefix.empty() || (key.is_string() && key.as_string().starts_with(which.prefix));
  }
  /// Removes from `out`, from `begin` on, what does not belong there.
  void apply(std::vector<record>& out, std::size_t begin) const {
    std::size_t kept = begin;
    for (std::size_t i = begin; i < out.size(); ++i) {
      const value& key = out[i][key_pos];
      if (!has_prefix(key))
        continue;
      if (!which.keys_only) {
        std::swap(out[kept++], out[i]);
        continue;
      }
      const bool again = kept > begin && out[kept - 1][0] == key; // in a bag
      if (!again)
        out[kept++] = record{value{key}};
    }
    out.resize(kept);
  }
};

} // namespace

result<value> table::next_page(const value& from, const page_limits& which, const stamp& now,
                               std::vector<record>& out) const {
  constexpr std::size_t most_visited = 20'000; // of which few may belong there
  constexpr std::size_t most_bytes = std::size_t{1} << 20;
  auto at = as_cursor(from);
  if (!at)
    return at.why();
  const page_filter filter{which, key_pos_};
  const bool ordered = type_ == table_type::ordered_set;
  if (ordered && !which.prefix.empty())
    at->range.low = value{which.prefix};
  return on_shelf([&](auto& s) {
    std::size_t visited = 0, bytes = 0;
    const std::size_t first = out.size();
    do {
      const std::size_t before = out.size();
      value last; // key that was visited
      const auto take = [&](detail::block* b) {
        ++visited;
        if (ordered)
          last = shelf::key_in(b, key_pos_);
        if (live(b, now))
          out.push_back(record::share(b));
      };
      if (!s.next_chunk(*at, take))
        return value{};
      filter.apply(out, before);
      for (std::size_t i = before; i < out.size(); ++i)
        bytes += out[i].heap_bytes();
      if (ordered && !last.is_nil() && !filter.has_prefix(last))
        return value{}; // in their order, no more follow
    } while (out.size() - first < which.most && visited < most_visited && bytes < most_bytes);
    return as_value(*at);
  });
}

bool table::walk(shelf::cursor& at, const std::function<void(const record&)>& visit) const {
  return on_shelf(
    [&](auto& s) { return s.next_chunk(at, [&](detail::block* b) { visit(record::share(b)); }); });
}

bool table::covers(const shelf::cursor& at, const value& key, std::uint64_t hash) const {
  return on_shelf([&](auto& s) { return s.covers(at, key, hash); });
}

bool table::covers(const value& from, const value& key, std::uint64_t hash) const {
  const auto at = as_cursor(from);
  return at && !from.is_nil() && on_shelf([&](auto& s) { return s.covers(*at, key, hash); });
}

} // namespace supercache
