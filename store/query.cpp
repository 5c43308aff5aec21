#include <supercache/store/partition_store.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/snapshot.hpp>
#include <supercache/store/wire_fields.hpp>

#include <algorithm>

namespace supercache {

void encode(wire_writer& w, const query& q) {
  w.number(q.body.index());
  encode(w, q.target);
  std::visit([&](const auto& body) { encode(w, body); }, q.body);
}

void decode(wire_reader& r, query& q) {
  const auto code = r.number_below(std::variant_size_v<query_body>, "kind of query");
  decode(r, q.target);
  detail::alternatives<query_body>::emplace(q.body, code, [&](auto& body) { decode(r, body); });
}

inline namespace SUPERCACHE_ABI {

bool is_long(const query_body& body) noexcept {
  return std::visit([](const auto& q) { return q.about.takes == takes::longer; }, body);
}

} // namespace SUPERCACHE_ABI

// -- what a partition answers -------------------------------------------------------------------

namespace {

answer names_of(const partition_store& store, const space& target, const ask::names& q) {
  std::optional<std::string_view> above;
  if (q.from.is_string())
    above = q.from.as_string();
  else if (!q.from.is_nil() && q.from > value{""}) // no string is above it
    return {value::list({}), {}, {}};
  const auto names = store.names(target.kind, above, q.prefix, q.most);
  return {value::list(value_list(names.begin(), names.end())), {}, {}};
}

/// A table's answers; the table is null when nothing was ever written to it.
struct from_table {
  const partition_store& store;
  table* t;
  const space& target;
  const stamp& now;

  result<answer> operator()(const ask::get& q) const {
    answer a;
    a.rows.resize(q.keys.size());
    for (std::size_t i = 0; t && i < q.keys.size(); ++i)
      a.rows[i] = t->get(q.keys[i], hash(q.keys[i]), now).to_vector();
    return a;
  }
  result<answer> operator()(const ask::match& q) const {
    return (*this)(ask::match_some{q.what, q.bind, SIZE_MAX});
  }
  result<answer> operator()(const ask::match_some& q) const {
    const auto p = compiled_pattern::compile(q.what);
    if (!p)
      return p.why();
    answer a;
    a.rows.resize(q.bind ? 0 : 1);
    if (t && q.bind)
      t->match_bindings(
        *p, now, [&](bindings b) { a.found.push_back(std::move(b)); }, q.limit);
    else if (t)
      t->match(
        *p, now, [&](record x) { a.rows[0].push_back(std::move(x)); }, q.limit);
    return a;
  }
  result<answer> operator()(const ask::count_match& q) const {
    const auto p = compiled_pattern::compile(q.what);
    if (!p)
      return p.why();
    return answer{value{t ? t->count_match(*p, now) : 0}, {}, {}};
  }
  result<answer> operator()(const ask::range& q) const {
    answer a;
    a.rows.resize(1);
    if (t)
      t->each_in({q.low, q.high}, now, [&](const record& x) {
        a.rows[0].push_back(x);
        return true;
      });
    return a;
  }
  result<answer> operator()(const ask::count&) const {
    return answer{value{t ? t->count(now) : 0}, {}, {}};
  }
  result<answer> operator()(const ask::page& q) const {
    answer a;
    a.rows.resize(1);
    if (!t && !q.from.is_nil())
      return failure{errc::invalid_argument, "no page ends at " + to_string(q.from)};
    if (!t)
      return a;
    auto next = t->next_page(q.from, {q.prefix, q.most, q.keys_only}, now, a.rows[0]);
    if (!next)
      return next.why();
    a.one = *std::move(next);
    return a;
  }
  result<answer> operator()(const ask::ttl& q) const {
    answer a;
    if (!t)
      return a;
    const records found = t->get(q.key, hash(q.key), now);
    if (!found.empty())
      a.one = found.front().deadline() ? value{found.front().deadline() - now.ms()} : value{-1};
    return a;
  }
  result<answer> operator()(const ask::names& q) const { return names_of(store, target, q); }
  result<answer> operator()(const ask::size&) const {
    return answer{value::list({t ? t->count(now) : 0, store.bytes()}), {}, {}};
  }
  template <class Q>
  requires(!for_tables<Q>) result<answer>
  operator()(const Q&) const {
    return {errc::invalid_argument, "only queues and stacks can be peeked into"};
  }
};

struct from_queue {
  const partition_store& store;
  const queue_map& q;
  const space& target;

  result<answer> operator()(const ask::count&) const {
    return answer{value{q.count(target.name)}, {}, {}};
  }
  result<answer> operator()(const ask::peek&) const {
    value x;
    return answer{q.peek(target.name, x) ? value::list({x}) : value::list({}), {}, {}};
  }
  result<answer> operator()(const ask::names& which) const {
    return names_of(store, target, which);
  }
  template <class Q>
  requires(!for_queues<Q>) result<answer>
  operator()(const Q&) const {
    return {errc::invalid_argument, "of queues and stacks one can ask count, peek and names only"};
  }
};

} // namespace

result<answer> partition_store::ask(const query& q, const stamp& now) {
  if (const auto* part = std::get_if<ask::snapshot>(&q.body)) {
    if (part->number == 0)
      if (auto s = snapshot_start{*this}.begin(part->id, now); !s)
        return s.why();
    auto read = snapshots_->read(*part);
    release_snapshots();
    return read;
  }
  switch (q.target.kind) {
    case space_kind::tuples: return std::visit(from_table{*this, &tuples_, q.target, now}, q.body);
    case space_kind::queue: return std::visit(from_queue{*this, queues_, q.target}, q.body);
    case space_kind::stack: return std::visit(from_queue{*this, stacks_, q.target}, q.body);
    default:
      return std::visit(from_table{*this, find(q.target.kind, q.target.name), q.target, now},
                        q.body);
  }
}

} // namespace supercache
