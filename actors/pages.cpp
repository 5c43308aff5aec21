#include "pages.hpp"

#include "access.hpp"
#include "distributed/remote.hpp"

#include <algorithm>
#include <iterator>

namespace supercache {

namespace detail {

namespace {

/// How much a page has at most, and in how many steps it is gathered.
constexpr std::size_t enough_bytes = std::size_t{1} << 20;
constexpr int most_steps = 16;

/// A page of one partition, appended to `rows`; answers where the next one begins, nil at the end.
result<value> partition_page(core& c, std::size_t partition, const space& of, const value& from,
                             std::size_t most, const list_options& o, bool keys_only,
                             std::vector<record>& rows) {
  if (!c.cluster()) {
    const table* t = of.kind == space_kind::tuples ? &c.at(partition).tuples()
                                                   : c.at(partition).find(of.kind, of.name);
    if (t)
      return t->next_page(from, {o.prefix, most, keys_only}, c.now(), rows);
    if (from.is_nil())
      return value{};
    return {errc::invalid_argument, "no page ends at " + to_string(from)};
  }
  auto x
    = remote::ask(c, partition, remote::reading(ask::page{from, o.prefix, most, keys_only}, of),
                  {o.mode, o.timeout});
  if (!x)
    return x.why();
  for (auto& some : x->rows)
    std::ranges::move(some, std::back_inserter(rows));
  return std::move(x->one);
}

std::size_t bytes_of(const std::vector<record>& rows, std::size_t first) {
  std::size_t n = 0;
  for (; first < rows.size(); ++first)
    n += rows[first].heap_bytes();
  return n;
}

/// A point in the walk is {partition, where in its table}; nil = its beginning.
result<std::pair<std::size_t, value>> point_of(const value& from) {
  if (from.is_nil())
    return std::pair{std::size_t{0}, value{}};
  if (!from.is_tuple() || from.items().size() != 2 || !from.items()[0].is_int()
      || from.items()[0].as_int() < 0)
    return {errc::invalid_argument, "no page ends at " + to_string(from)};
  return std::pair{static_cast<std::size_t>(from.items()[0].as_int()), from.items()[1]};
}

} // namespace

result<page> next_page(core& c, const space& of, const value& from, const list_options& o,
                       bool keys_only) {
  auto point = point_of(from);
  if (!point)
    return point.why();
  auto [partition, inner] = *std::move(point);
  const std::size_t wanted = o.limit ? o.limit : default_page;
  page out;
  std::size_t bytes = 0;
  for (int step = 0; step < most_steps && partition < c.partitions() && out.rows.size() < wanted
                     && bytes < enough_bytes;
       ++step) {
    const std::size_t before = out.rows.size();
    auto next = partition_page(c, partition, of, inner, wanted - before, o, keys_only, out.rows);
    if (!next)
      return next.why();
    bytes += bytes_of(out.rows, before);
    partition += next->is_nil();
    inner = *std::move(next);
  }
  if (partition < c.partitions())
    out.next = value::tuple({partition, inner});
  return out;
}

result<std::vector<record>> all_rows(core& c, const space& of, const list_options& o,
                                     bool keys_only) {
  constexpr std::size_t at_once = 4'000;
  const bool ordered = c.config().table_type == table_type::ordered_set;
  std::vector<record> out;
  for (std::size_t p = 0; p < c.partitions(); ++p) {
    // Of an ordered_set the first ones may be in any partition.
    const std::size_t before = ordered ? out.size() : 0;
    const auto room
      = [&] { return o.limit ? o.limit - std::min(o.limit, out.size() - before) : SIZE_MAX; };
    value from;
    bool more = true;
    while (more && room()) {
      auto next = partition_page(c, p, of, from, std::min(room(), at_once), o, keys_only, out);
      if (!next)
        return next.why();
      more = !next->is_nil();
      from = *std::move(next);
    }
  }
  put_in_order(c, out, 0);
  if (o.limit && out.size() > o.limit)
    out.resize(o.limit);
  return out;
}

result<value_list> names_of(core& c, space_kind kind, const value& from, const list_options& o) {
  if (kind == space_kind::tuples)
    return {errc::invalid_argument, "the tuples have no name"};
  const std::uint64_t most = o.limit ? o.limit : SIZE_MAX;
  const query q = remote::reading(ask::names{from, o.prefix, most}, {kind, {}});
  value_list out;
  const auto take
    = [&](const answer& a) { std::ranges::copy(a.one.items(), std::back_inserter(out)); };
  if (c.cluster()) {
    const auto all = remote::ask_each(c, 0, c.partitions(), q, {o.mode, o.timeout});
    if (!all)
      return all.why();
    std::ranges::for_each(*all, take);
  } else {
    for (std::size_t i = 0; i < c.partitions(); ++i) {
      const auto one = c.at(i).ask(q, c.now());
      if (!one)
        return one.why();
      take(*one);
    }
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.size() > most)
    out.resize(most);
  return out;
}

} // namespace detail

inline namespace SUPERCACHE_ABI {

caf::expected<std::vector<std::string>> try_names(const cache& c, space_kind kind,
                                                  const list_options& o,
                                                  const std::optional<std::string>& from) {
  const auto found = detail::walk(c.internals(), metric::scan, [&](detail::core& all) {
    return detail::names_of(all, kind, from ? value{*from} : value{}, o);
  });
  if (!found)
    return to_caf(found.why());
  std::vector<std::string> out;
  for (const value& name : *found)
    out.emplace_back(name.as_string());
  return out;
}
std::vector<std::string> names(const cache& c, space_kind kind, const list_options& o,
                               const std::optional<std::string>& from) {
  return detail::to_plain(try_names(c, kind, o, from));
}

} // namespace SUPERCACHE_ABI

} // namespace supercache
