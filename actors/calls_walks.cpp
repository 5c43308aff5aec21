#include "calls.hpp"
#include "pool.hpp"

#include <algorithm>
#include <iterator>

// Operations that cover whole partitions: patterns, ranges, walks, names.

namespace supercache::detail {

namespace {

std::size_t most(std::size_t limit) { return limit ? limit : SIZE_MAX; }

partition_range covered(const core& c, const partition_filter& partition) {
  if (!partition)
    return all_partitions(c);
  const auto i = c.index_of(hash(*partition));
  return {i, i + 1};
}
/// A pattern that fixes the partition element needs no filter to be sent to one partition.
partition_range covered(const core& c, const partition_filter& partition,
                        const compiled_pattern& p) {
  const value* fixed = partition ? nullptr : p.literal_at(c.config().partition_pos);
  return covered(c, fixed ? partition_filter{*fixed} : partition);
}

/// The query for records that match; without a limit the one that older nodes know, too.
query_body matching(const pattern& p, bool bind, std::size_t limit) {
  if (limit)
    return ask::match_some{p, bind, limit};
  return ask::match{p, bind};
}

/// The answers of several partitions, each in its order, as one answer: of an ordered_set in key
/// order, and no more than the limit.
records as_one(const core& c, std::vector<answer> xs, std::size_t limit = 0) {
  auto rows = rows_of(std::move(xs));
  put_in_order(c, rows, c.config().key_pos);
  if (rows.size() > most(limit))
    rows.resize(limit);
  return records{std::move(rows)};
}

future<records> select_rows(core& c, const partition_filter& partition, const compiled_pattern& p,
                            const read_options& o, std::size_t limit) {
  return read_each(c, covered(c, partition, p), in_tuples, matching(p.source(), false, limit), o)
    .map([&c, limit](std::vector<answer> xs) -> result<records> {
      return as_one(c, std::move(xs), limit);
    });
}

/// What a pattern binds in records that match it; of an ordered_set, since bindings do not show the
/// order.
future<std::vector<bindings>> bind_in_order(core& c, const partition_filter& partition,
                                            const compiled_pattern& p, const read_options& o,
                                            std::size_t limit) {
  return select_rows(c, partition, p, o, limit)
    .map([p](const records& rows) -> result<std::vector<bindings>> {
      std::vector<bindings> out;
      for (const record& r : rows)
        p.matches(r.items(), out.emplace_back());
      return out;
    });
}

/// Begins a call with a pattern as `f(compiled)` does. Errors: those of `compile`.
template <class F>
auto call_with(core& c, metric what, const pattern& p, F&& f) {
  return call(c, what, [&]() -> std::invoke_result_t<F&, const compiled_pattern&> {
    const auto compiled = compiled_pattern::compile(p);
    if (!compiled)
      return compiled.why();
    return f(*compiled);
  });
}

} // namespace

namespace calls {

future<std::vector<bindings>> match(core& all, const partition_filter& partition, const pattern& p,
                                    const read_options& o, std::size_t limit) {
  return call_with(all, metric::match, p, [&, &c = all](const compiled_pattern& compiled) {
    if (c.config().table_type == table_type::ordered_set)
      return bind_in_order(c, partition, compiled, o, limit);
    return read_each(c, covered(c, partition, compiled), in_tuples, matching(p, true, limit), o)
      .map([limit](std::vector<answer> xs) -> result<std::vector<bindings>> {
        std::vector<bindings> out;
        for (answer& x : xs)
          std::ranges::move(x.found, std::back_inserter(out));
        out.resize(std::min(out.size(), most(limit)));
        return out;
      });
  });
}

future<records> select(core& all, const partition_filter& partition, const pattern& p,
                       const read_options& o, std::size_t limit) {
  return call_with(all, metric::match, p, [&, &c = all](const compiled_pattern& compiled) {
    return select_rows(c, partition, compiled, o, limit);
  });
}

future<std::size_t> count_match(core& all, const partition_filter& partition, const pattern& p,
                                const read_options& o) {
  return call_with(all, metric::match, p, [&, &c = all](const compiled_pattern& compiled) {
    return read_each(c, covered(c, partition, compiled), in_tuples, ask::count_match{p}, o)
      .map(sum_of_answers);
  });
}

future<std::size_t> remove_match(core& all, const partition_filter& partition, const pattern& p,
                                 const wait_options& o) {
  return call_with(all, metric::delete_match, p, [&, &c = all](const compiled_pattern& compiled) {
    return write_each(c, covered(c, partition, compiled), in_tuples, op::remove_match{p}, o.timeout)
      .map(sum);
  });
}

future<records> range(core& all, const value& low, const value& high, const read_options& o) {
  return call(all, metric::match, [&, &c = all]() -> future<records> {
    return read_each(c, all_partitions(c), in_tuples, ask::range{low, high}, o)
      .map([&c](std::vector<answer> xs) -> result<records> { return as_one(c, std::move(xs)); });
  });
}

future<std::size_t> clear(core& all, const place& in, const wait_options& o) {
  return call(all, metric::delete_all, [&, &c = all] {
    return write_each(c, all_partitions(c), in, op::clear{}, o.timeout).map(sum);
  });
}

} // namespace calls

future<unit> calls::each(core& all, const partition_filter& partition,
                         const std::function<bool(const record&)>& visit, const read_options& o) {
  constexpr std::uint64_t at_once = 1'000;
  return call(all, metric::scan, [&, &c = all]() -> future<unit> {
    const auto where = covered(c, partition);
    if (const auto* stores = c.executor().alone()) {
      bool more = true;
      for (auto i = where.first; more && i < where.last; ++i)
        (*stores)[i]->tuples().each_in({}, c.now(),
                                       [&](const record& r) { return more = visit(r); });
      return ok();
    }
    for (auto i = where.first; i < where.last; ++i)
      for (value from;;) {
        auto x = c.executor()
                   .read(i, query{{}, ask::page{std::move(from), {}, at_once, false}}, o)
                   .wait();
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
  });
}

// -- page by page ---------------------------------------------------------------------------------

namespace {

/// Reads pages of partitions, one after the other, until a `Policy` has enough. What comes from
/// other nodes is taken in on the pool, where the walk goes on.
///
/// `Policy`: `std::optional<std::size_t> more()`, how many records the next page should have;
/// `take(rows, next)`; `finish()`, the answer.
template <class Policy>
class walk : public std::enable_shared_from_this<walk<Policy>> {
public:
  using answer_type = decltype(std::declval<Policy&>().finish());

  walk(core& c, space of, list_options o, bool keys_only, Policy p)
    : core_(c),
      of_(std::move(of)),
      options_(std::move(o)),
      keys_only_(keys_only),
      policy_(std::move(p)) {}

  future<answer_type> begin() {
    go();
    return out_;
  }

private:
  void go() {
    while (const auto most = policy_.more()) {
      auto next = core_.executor().read(
        policy_.partition, query{of_, ask::page{policy_.from, options_.prefix, *most, keys_only_}},
        {options_.mode, options_.timeout});
      if (!next.here()) {
        std::move(next).then([me = this->shared_from_this()](result<answer> x) {
          me->core_.pool().run([me, x = std::move(x)]() mutable {
            try {
              if (me->take(std::move(x)))
                me->go();
            } catch (const std::exception& e) { // such as a lack of memory
              me->out_.set({errc::overloaded, e.what()});
            }
          });
        });
        return;
      }
      if (!take(std::move(next).wait()))
        return;
    }
    out_.set(policy_.finish());
  }

  bool take(result<answer> x) {
    if (!x) {
      out_.set(x.why());
      return false;
    }
    for (auto& rows : x->rows)
      policy_.take(std::move(rows));
    policy_.partition += x->one.is_nil();
    policy_.from = std::move(x->one);
    return true;
  }

  core& core_;
  const space of_;
  const list_options options_;
  const bool keys_only_;
  Policy policy_;
  const future<answer_type> out_ = future<answer_type>::pending();
};

template <class Policy>
auto begin_walk(core& c, const space& of, const list_options& o, bool keys_only, Policy p) {
  return std::make_shared<walk<Policy>>(c, of, o, keys_only, std::move(p))->begin();
}

/// One page of a listing, gathered from several pages of partitions if they are small.
struct one_page {
  static constexpr std::size_t enough_bytes = std::size_t{1} << 20;
  static constexpr int most_steps = 16;
  static constexpr std::size_t default_size = 1'000; ///< if no limit is given

  const std::size_t partitions;
  const std::size_t wanted;
  std::size_t partition;
  value from;
  std::vector<record> rows{};
  std::size_t bytes = 0;
  int steps = 0;

  std::optional<std::size_t> more() {
    if (steps++ == most_steps || partition >= partitions || rows.size() >= wanted
        || bytes >= enough_bytes)
      return {};
    return wanted - rows.size();
  }
  void take(std::vector<record> some) {
    for (record& r : some) {
      bytes += r.heap_bytes();
      rows.push_back(std::move(r));
    }
  }
  page finish() {
    page out;
    out.rows = std::move(rows);
    if (partition < partitions)
      out.next = value::tuple({partition, from});
    return out;
  }
};

/// All rows, or as many as the limit says. Of an ordered_set the first ones may be in any
/// partition, so that as many of each are wanted.
struct every_row {
  static constexpr std::size_t at_once = 4'000;

  const core& c;
  const std::size_t limit;
  std::size_t partition = 0;
  value from{};
  std::vector<record> rows{};
  std::size_t begun = 0, before = 0; ///< the partition that is being read; what came before it

  std::optional<std::size_t> more() {
    const bool ordered = c.config().table_type == table_type::ordered_set;
    if (ordered && begun != partition) {
      begun = partition;
      before = rows.size();
    }
    if (partition >= c.partitions())
      return {};
    const auto room = limit ? limit - std::min(limit, rows.size() - before) : SIZE_MAX;
    if (room > 0)
      return std::min(room, at_once);
    if (!ordered)
      return {};
    ++partition;
    from = {};
    return more();
  }
  void take(std::vector<record> some) { std::ranges::move(some, std::back_inserter(rows)); }
  std::vector<record> finish() {
    put_in_order(c, rows, 0);
    if (limit && rows.size() > limit)
      rows.resize(limit);
    return std::move(rows);
  }
};

/// A point in a listing is {partition, where in its table}; nil = its beginning.
result<std::pair<std::size_t, value>> point_of(const value& from) {
  if (from.is_nil())
    return std::pair{std::size_t{0}, value{}};
  if (!from.is_tuple() || from.items().size() != 2 || !from.items()[0].is_int()
      || from.items()[0].as_int() < 0)
    return {errc::invalid_argument, "no page ends at " + to_string(from)};
  return std::pair{static_cast<std::size_t>(from.items()[0].as_int()), from.items()[1]};
}

} // namespace

namespace calls {

future<page> next_page(core& all, const space& of, const value& from, const list_options& o,
                       bool keys_only) {
  return call(all, metric::scan, [&, &c = all]() -> future<page> {
    const auto point = point_of(from);
    if (!point)
      return point.why();
    return begin_walk(c, of, o, keys_only,
                      one_page{c.partitions(), o.limit ? o.limit : one_page::default_size,
                               point->first, point->second});
  });
}

future<std::vector<record>> all_rows(core& all, const space& of, const list_options& o,
                                     bool keys_only) {
  return call(all, metric::scan, [&, &c = all] {
    return begin_walk(c, of, o, keys_only, every_row{c, o.limit});
  });
}

future<value_list> names(core& all, space_kind kind, const value& from, const list_options& o) {
  return call(all, metric::scan, [&, &c = all]() -> future<value_list> {
    if (kind == space_kind::tuples)
      return {errc::invalid_argument, "the tuples have no name"};
    const std::size_t limit = most(o.limit);
    return read_each(c, all_partitions(c), {kind, {}}, ask::names{from, o.prefix, limit},
                     {o.mode, o.timeout})
      .map([limit](const std::vector<answer>& xs) -> result<value_list> {
        value_list out;
        for (const answer& x : xs)
          std::ranges::copy(x.one.items(), std::back_inserter(out));
        std::ranges::sort(out);
        out.erase(std::unique(out.begin(), out.end()), out.end());
        if (out.size() > limit)
          out.resize(limit);
        return out;
      });
  });
}

} // namespace calls

} // namespace supercache::detail
