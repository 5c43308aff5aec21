#pragma once

#include <supercache/store/table.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What `table` promises, on standard containers and without regard to speed: the oracle of
/// table_model_test.cpp. Time comes in as milliseconds.
class model_table {
public:
  using ms = std::int64_t;

  model_table(supercache::table_type t, std::size_t key_pos) : type_(t), key_pos_(key_pos) {}

  void put(const supercache::record& r, ms ttl, ms now) {
    auto& rows = live_rows(r[key_pos_], now);
    const row fresh{r, ttl == 0 ? 0 : now + ttl};
    if (!many())
      rows = {fresh};
    else if (const auto twin = find(rows, r); type_ == type::bag && twin != rows.end())
      *twin = fresh;
    else
      rows.push_back(fresh);
  }
  bool insert_new(const supercache::record& r, ms ttl, ms now) {
    if (!live_rows(r[key_pos_], now).empty())
      return false;
    put(r, ttl, now);
    return true;
  }
  bool exchange(const supercache::record& r, bool only_if_there, ms now) {
    auto& rows = live_rows(r[key_pos_], now);
    if (only_if_there && rows.empty())
      return false;
    rows = {row{r, only_if_there ? rows.front().deadline : 0}};
    return true;
  }
  std::vector<supercache::record> get(const supercache::value& key, ms now) {
    std::vector<supercache::record> out;
    for (const row& x : live_rows(key, now))
      out.push_back(x.r);
    return out;
  }
  std::vector<supercache::record> take(const supercache::value& key, ms now) {
    auto out = get(key, now);
    rows_[key].clear();
    return out;
  }
  std::size_t remove(const supercache::value& key, ms now) { return take(key, now).size(); }

  /// The answer, or the code of the error.
  std::pair<bool, supercache::errc> update_element(const supercache::op::update_element& u,
                                                   ms now) {
    using supercache::errc;
    if (many())
      return {false, errc::type_mismatch};
    for (const auto& change : u.changes)
      if (change.first == key_pos_)
        return {false, errc::invalid_argument};
    auto& rows = live_rows(u.key, now);
    if (rows.empty())
      return {false, errc::none};
    auto items = rows[0].items();
    for (const auto& [pos, x] : u.changes) {
      if (pos >= items.size())
        return {false, errc::invalid_argument};
      items[pos] = x;
    }
    rows[0].r = supercache::record::of(items);
    return {true, errc::none};
  }
  std::pair<ms, supercache::errc> update_counter(const supercache::op::update_counter& u, ms now) {
    using supercache::errc;
    if (many())
      return {0, errc::type_mismatch};
    if (u.pos == key_pos_)
      return {0, errc::invalid_argument};
    auto& rows = live_rows(u.key, now);
    if (rows.empty() && !u.initial)
      return {0, errc::not_found};
    row next = rows.empty() ? row{*u.initial, 0} : rows[0];
    if (u.ttl_ms)
      next.deadline = now + u.ttl_ms;
    auto items = next.items();
    if (u.pos >= items.size())
      return {0, errc::invalid_argument};
    if (!items[u.pos].is_int())
      return {0, errc::type_mismatch};
    using limits = std::numeric_limits<ms>;
    const ms old = items[u.pos].as_int();
    if (u.step > 0 ? old > limits::max() - u.step : old < limits::min() - u.step)
      return {0, errc::invalid_argument};
    items[u.pos] = old + u.step;
    next.r = supercache::record::of(items);
    rows = {next};
    return {old + u.step, errc::none};
  }
  std::pair<ms, supercache::errc> append(const supercache::op::append& u, ms now) {
    using supercache::errc;
    using supercache::value;
    if (many())
      return {0, errc::type_mismatch};
    if (u.pos == key_pos_)
      return {0, errc::invalid_argument};
    if (!u.what.is_string() && !u.what.is_list())
      return {0, errc::type_mismatch};
    auto& rows = live_rows(u.key, now);
    if (rows.empty() && (key_pos_ > 1 || u.pos != 1 - key_pos_))
      return {0, errc::not_found};
    supercache::value_list items(2);
    if (!rows.empty()) {
      items = rows[0].items();
    } else {
      items[key_pos_] = u.key;
      items[u.pos] = u.what.is_string() ? value{""} : value::list({});
    }
    if (u.pos >= items.size())
      return {0, errc::invalid_argument};
    if (items[u.pos].kind() != u.what.kind())
      return {0, errc::type_mismatch};
    ms length = 0;
    if (u.what.is_string()) {
      const std::string all
        = std::string{items[u.pos].as_string()} + std::string{u.what.as_string()};
      length = static_cast<ms>(all.size());
      items[u.pos] = all;
    } else {
      const auto old = items[u.pos].items(), more = u.what.items();
      supercache::value_list all{old.begin(), old.end()};
      all.insert(all.end(), more.begin(), more.end());
      length = static_cast<ms>(all.size());
      items[u.pos] = value::list(all);
    }
    const ms kept = rows.empty() ? 0 : rows[0].deadline;
    rows = {row{supercache::record::of(items), u.ttl_ms ? now + u.ttl_ms : kept}};
    return {length, errc::none};
  }
  std::pair<bool, supercache::errc> compare_exchange(const supercache::op::compare_exchange& u,
                                                     ms now) {
    using supercache::errc;
    if (many())
      return {false, errc::type_mismatch};
    auto& rows = live_rows(u.key, now);
    if (rows.empty() == u.expected.has_value() || (u.expected && rows[0].r != *u.expected))
      return {false, errc::none};
    const ms kept = rows.empty() ? 0 : rows[0].deadline;
    const ms deadline = u.ttl_ms < 0 ? kept : u.ttl_ms == 0 ? 0 : now + u.ttl_ms;
    rows.clear();
    if (u.desired)
      rows.push_back({*u.desired, deadline});
    return {true, errc::none};
  }
  std::size_t expire(const supercache::value& key, ms ttl, ms now) {
    auto& rows = live_rows(key, now);
    for (row& x : rows)
      x.deadline = ttl == 0 ? 0 : now + ttl;
    return rows.size();
  }
  std::size_t remove_match(const supercache::compiled_pattern& p, ms now) {
    std::size_t n = 0;
    for (auto& [key, rows] : rows_) {
      live_rows(key, now);
      n += std::erase_if(rows, [&](const row& x) { return p.matches(x.r); });
    }
    return n;
  }
  std::size_t clear(ms now) {
    const std::size_t n = all(now).size();
    rows_.clear();
    return n;
  }

  /// Every live record: in key order, those of one key in their order.
  std::vector<supercache::record> all(ms now) {
    std::vector<supercache::record> out;
    for (const auto& [key, rows] : rows_)
      for (const row& x : rows)
        if (x.lives(now))
          out.push_back(x.r);
    return out;
  }
  /// Of the live records.
  ms next_deadline(ms now) const {
    ms first = std::numeric_limits<ms>::max();
    for (const auto& [key, rows] : rows_)
      for (const row& x : rows)
        if (x.deadline != 0 && x.lives(now))
          first = std::min(first, x.deadline);
    return first;
  }

private:
  using type = supercache::table_type;
  struct row {
    supercache::record r;
    ms deadline;
    bool lives(ms now) const { return deadline == 0 || deadline > now; }
    supercache::value_list items() const { return {r.begin(), r.end()}; }
  };
  using row_list = std::vector<row>;

  bool many() const { return type_ == type::bag || type_ == type::duplicate_bag; }
  static row_list::iterator find(row_list& rows, const supercache::record& r) {
    return std::ranges::find_if(rows, [&](const row& x) { return x.r == r; });
  }
  row_list& live_rows(const supercache::value& key, ms now) {
    auto& rows = rows_[key];
    std::erase_if(rows, [&](const row& x) { return !x.lives(now); });
    return rows;
  }

  type type_;
  std::size_t key_pos_;
  std::map<supercache::value, row_list> rows_;
};
