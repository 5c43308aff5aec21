#include "remote.hpp"

namespace supercache::detail::remote {

result<value> write(core& c, std::size_t partition, space target, operation_body body,
                    milliseconds timeout) {
  return c.cluster()
    ->router()
    .write(partition, {std::move(target), std::move(body)}, timeout)
    .wait();
}

namespace {

later<std::vector<value>> begin_all(core& c, std::vector<std::pair<std::size_t, operation>> writes,
                                    milliseconds timeout) {
  std::vector<later<value>> parts;
  {
    const batch gather{*c.cluster()}; // one frame for each peer
    for (auto& [partition, what] : writes)
      parts.push_back(c.cluster()->router().write(partition, std::move(what), timeout));
  }
  return all_of(std::move(parts));
}

} // namespace

result<std::vector<value>> write_all(core& c, std::vector<std::pair<std::size_t, operation>> writes,
                                     milliseconds timeout) {
  return begin_all(c, std::move(writes), timeout).wait();
}

result<std::vector<value>> write_each(core& c, std::size_t first, std::size_t last,
                                      const operation& what, milliseconds timeout) {
  std::vector<std::pair<std::size_t, operation>> writes;
  for (auto i = first; i < last; ++i)
    writes.emplace_back(i, what);
  return write_all(c, std::move(writes), timeout);
}

result<answer> ask(core& c, std::size_t partition, query q, const read_options& o) {
  return c.cluster()->router().ask(partition, std::move(q), o.mode, o.timeout).wait();
}

result<std::vector<answer>> ask_each(core& c, std::size_t first, std::size_t last, const query& q,
                                     const read_options& o) {
  std::vector<later<answer>> parts;
  {
    const batch gather{*c.cluster()};
    for (auto i = first; i < last; ++i)
      parts.push_back(c.cluster()->router().ask(i, q, o.mode, o.timeout));
  }
  return all_of(std::move(parts)).wait();
}

namespace {

/// One write for each partition that has some of the records.
std::vector<std::pair<std::size_t, operation>> grouped(core& c, std::vector<record> rs,
                                                       std::int64_t ttl_ms) {
  std::vector<op::put_many> groups(c.partitions());
  for (record& r : rs) {
    const auto i = c.index_of(hash(r[c.config().partition_pos]));
    groups[i].rows.push_back(std::move(r));
  }
  std::vector<std::pair<std::size_t, operation>> writes;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (!groups[i].rows.empty()) {
      groups[i].ttl_ms = ttl_ms;
      writes.emplace_back(i, operation{{}, std::move(groups[i])});
    }
  return writes;
}

/// Whether a write that failed so may succeed later, as it is.
bool worth_another_try(errc why) {
  return why == errc::unavailable || why == errc::not_primary || why == errc::overloaded
         || why == errc::quorum_not_reached || why == errc::outcome_unknown
         || why == errc::not_started || why == errc::timeout;
}

} // namespace

later<std::vector<value>> begin_put_batch(core& c, std::vector<record> rs, std::int64_t ttl_ms,
                                          milliseconds timeout) {
  return begin_all(c, grouped(c, std::move(rs), ttl_ms), timeout);
}

status put_and_keep(core& c, std::vector<record>& rs, std::int64_t ttl_ms, milliseconds timeout) {
  std::vector<std::pair<std::size_t, later<value>>> parts;
  {
    const batch gather{*c.cluster()};
    for (auto& [partition, what] : grouped(c, rs, ttl_ms))
      parts.emplace_back(partition,
                         c.cluster()->router().write(partition, std::move(what), timeout));
  }
  status out = ok();
  std::vector<bool> kept(c.partitions());
  for (auto& [partition, part] : parts) {
    const auto x = std::move(part).wait();
    if (x)
      continue;
    out = x.why();
    kept[partition] = worth_another_try(x.why().code);
    if (!kept[partition])
      c.log().error(component::cache, "records of lazy_put cannot be stored: {}", x.why().message);
  }
  std::erase_if(
    rs, [&](const record& r) { return !kept[c.index_of(hash(r[c.config().partition_pos]))]; });
  return out;
}

status put_batch(core& c, std::vector<record> rs, std::int64_t ttl_ms, milliseconds timeout) {
  return as_status(begin_put_batch(c, std::move(rs), ttl_ms, timeout).wait());
}

result<std::vector<records>> get_many(core& c, const space& target, std::span<const value> keys,
                                      const read_options& o) {
  std::vector<std::vector<std::size_t>> wanted(c.partitions()); // places in `keys`
  for (std::size_t i = 0; i < keys.size(); ++i)
    wanted[c.index_of(hash(keys[i]))].push_back(i);
  std::vector<std::size_t> asked;
  std::vector<later<answer>> parts;
  {
    const batch gather{*c.cluster()};
    for (std::size_t p = 0; p < wanted.size(); ++p) {
      if (wanted[p].empty())
        continue;
      ask::get q;
      for (const auto i : wanted[p])
        q.keys.push_back(keys[i]);
      asked.push_back(p);
      parts.push_back(
        c.cluster()->router().ask(p, reading(std::move(q), target), o.mode, o.timeout));
    }
  }
  auto got = all_of(std::move(parts)).wait();
  if (!got)
    return got.why();
  std::vector<records> out(keys.size());
  for (std::size_t k = 0; k < asked.size(); ++k) {
    auto& rows = (*got)[k].rows;
    const auto& places = wanted[asked[k]];
    if (rows.size() != places.size())
      return {errc::internal, "a read of several keys was answered for others"};
    for (std::size_t j = 0; j < places.size(); ++j)
      out[places[j]] = records{std::move(rows[j])};
  }
  return out;
}

status each(core& c, std::size_t first, std::size_t last, const space& target,
            const std::function<bool(const record&)>& visit, const read_options& o) {
  constexpr std::uint64_t at_once = 1'000;
  for (std::size_t p = first; p < last; ++p)
    for (value from;;) {
      auto x = ask(c, p, reading(ask::page{std::move(from), {}, at_once, false}, target), o);
      if (!x)
        return x.why();
      for (const auto& rows : x->rows)
        for (const record& r : rows)
          if (!visit(r))
            return ok();
      if (x->one.is_nil())
        break;
      from = std::move(x->one);
    }
  return ok();
}

result<bool> as_bool(const result<value>& x) {
  if (!x)
    return x.why();
  return x->is_int() ? x->as_int() != 0 : *x == value{true};
}
result<std::int64_t> as_integer(const result<value>& x) {
  if (!x)
    return x.why();
  return x->as_int();
}
result<std::size_t> as_count(const result<value>& x) {
  if (!x)
    return x.why();
  return static_cast<std::size_t>(x->as_int());
}
result<std::size_t> as_count(const result<std::vector<value>>& xs) {
  if (!xs)
    return xs.why();
  std::size_t n = 0;
  for (const value& x : *xs)
    n += static_cast<std::size_t>(x.as_int());
  return n;
}
result<value_list> as_list(const result<value>& x) {
  if (!x)
    return x.why();
  return value_list(x->items().begin(), x->items().end());
}
result<records> as_records(result<answer> x) {
  if (!x)
    return x.why();
  std::vector<record> out;
  for (auto& rows : x->rows)
    for (record& r : rows)
      out.push_back(std::move(r));
  return records{std::move(out)};
}
result<std::size_t> as_count(const result<std::vector<answer>>& xs) {
  if (!xs)
    return xs.why();
  std::size_t n = 0;
  for (const answer& x : *xs)
    n += static_cast<std::size_t>(x.one.as_int());
  return n;
}
result<std::vector<record>> as_rows(result<std::vector<answer>> xs) {
  if (!xs)
    return xs.why();
  std::vector<record> out;
  for (answer& x : *xs)
    for (auto& rows : x.rows)
      for (record& r : rows)
        out.push_back(std::move(r));
  return out;
}
result<records> as_records(result<std::vector<answer>> xs) {
  auto rows = as_rows(std::move(xs));
  if (!rows)
    return rows.why();
  return records{*std::move(rows)};
}

} // namespace supercache::detail::remote
