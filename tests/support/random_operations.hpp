#pragma once

#include "values.hpp"
#include "workload.hpp"

#include <supercache/store/operation.hpp>

/// Random operations on few keys of few spaces, so that they collide.
namespace random_operations {

using namespace supercache;
using workload::dice;

inline record random_row(dice& d) {
  value_list items;
  for (std::size_t n = d.below(4); n > 0; --n)
    items.push_back(values::random_value(d, 1));
  return record::of(items);
}

inline space random_space(dice& d) {
  return {static_cast<space_kind>(d.below(5)), d.chance(50) ? "a" : "b"};
}

inline operation_body random_body(dice& d) {
  const value key = values::random_value(d, 1);
  const std::int64_t ttl = d.chance(30) ? static_cast<std::int64_t>(d.below(50)) : 0;
  const auto maybe_row = [&] { return d.chance(50) ? std::optional{random_row(d)} : std::nullopt; };
  switch (d.below(22)) {
    case 0: return op::put_many{{random_row(d), random_row(d)}, ttl};
    case 1: return op::insert_new{random_row(d), ttl};
    case 2: return op::remove{key};
    case 3: return op::take{key};
    case 4: return op::update_element{key, {{static_cast<std::uint32_t>(d.below(4)), key}}};
    case 5:
      return op::update_counter{key, static_cast<std::uint32_t>(d.below(3)), 1, maybe_row(), ttl};
    case 6: return op::compare_exchange{key, maybe_row(), maybe_row(), ttl - 1};
    case 7: return op::expire{key, ttl};
    case 8:
      return op::remove_match{{{bind(1), key}, var(1) > static_cast<std::int64_t>(d.below(3))}};
    case 9: return d.chance(5) ? operation_body{op::clear{}} : op::drain{};
    case 10:
    case 11: return op::push{{key, values::random_value(d, 1)}};
    case 12: return op::pop{d.below(4)};
    case 13: return op::exchange{random_row(d), d.chance(50)};
    case 14: return op::extend{{key, values::random_value(d, 1)}, d.below(6)};
    case 15: {
      const std::uint64_t behind = d.chance(60) ? 0 : d.below(3);
      const record row = record{key, 1};
      if (behind)
        return op::restore{{{row, ttl}, {record{key, 2}, 0}}, behind};
      return op::restore{{{row, ttl}, {record{key, 2}, ttl}, {random_row(d), ttl}}, 0};
    }
    case 16: return d.chance(5) ? operation_body{op::wipe{}} : op::drain{};
    case 17: {
      const value what = d.chance(50) ? value{"ab"} : value::list({values::random_value(d, 1)});
      const auto pos = d.chance(70) ? 1 : static_cast<std::uint32_t>(d.below(3));
      return op::append{key, pos, what, ttl};
    }
    default: return op::put{random_row(d), ttl};
  }
}

} // namespace random_operations
