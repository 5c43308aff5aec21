#include "calls.hpp"

#include <algorithm>

namespace supercache::detail {

partition_range candidates(const core& c, std::uint64_t key_hash,
                           const partition_filter& partition) {
  if (!partition && !c.same_position())
    return all_partitions(c);
  const auto i = c.index_of(partition ? hash(*partition) : key_hash);
  return {i, i + 1};
}

future<std::vector<answer>> read_each(core& c, partition_range where, const place& in,
                                      const query_body& what, const read_options& o) {
  std::vector<future<answer>> parts;
  parts.reserve(where.size());
  c.executor().together([&] {
    for (auto i = where.first; i < where.last; ++i)
      parts.push_back(c.executor().read(i, query{in.space(), what}, o));
  });
  return all_of(std::move(parts));
}

result<unit> as_unit(const value&) { return ok(); }
result<bool> as_bool(const value& x) { return x.is_int() ? x.as_int() != 0 : x == value{true}; }
result<std::int64_t> as_integer(const value& x) { return x.as_int(); }
result<std::size_t> as_count(const value& x) { return static_cast<std::size_t>(x.as_int()); }

result<std::size_t> sum(const std::vector<value>& xs) {
  std::size_t n = 0;
  for (const value& x : xs)
    n += static_cast<std::size_t>(x.as_int());
  return n;
}

result<std::size_t> sum_of_answers(const std::vector<answer>& xs) {
  std::size_t n = 0;
  for (const answer& x : xs)
    n += static_cast<std::size_t>(x.one.as_int());
  return n;
}

result<value_list> as_values(const value& x) {
  return value_list(x.items().begin(), x.items().end());
}

std::vector<record> rows_of(std::vector<answer> xs) {
  std::vector<record> out;
  for (answer& x : xs)
    for (auto& rows : x.rows)
      if (out.empty())
        out = std::move(rows);
      else
        std::ranges::move(rows, std::back_inserter(out));
  return out;
}

void put_in_order(const core& c, std::vector<record>& rows, std::size_t key_pos) {
  const auto key = [key_pos](const record& r) -> const value& { return r[key_pos]; };
  if (c.config().table_type == table_type::ordered_set)
    std::ranges::stable_sort(rows, {}, key); // sorted runs: few comparisons
}

} // namespace supercache::detail
