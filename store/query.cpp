#include <supercache/store/partition_store.hpp>
#include <supercache/store/query.hpp>
#include <supercache/store/snapshot.hpp>

#include <algorithm>

// How queries travel, and what a partition answers to them.
//
//   query    kind of query, kind of space, name of space, fields as they stand in `ask`
//   answer   one, number of groups of rows {number of rows, rows},
//            number of bindings {number, values}

namespace supercache {

// -- how they travel ----------------------------------------------------------------------------

namespace {

void write_values(wire_writer& w, const std::vector<value>& xs) {
  w.number(xs.size());
  for (const value& x : xs)
    w.item(x);
}
std::vector<value> read_values(wire_reader& r) {
  std::vector<value> xs(r.count());
  for (value& x : xs)
    x = r.read_value();
  return xs;
}

struct query_writer {
  wire_writer& w;
  void operator()(const ask::get& q) const { write_values(w, q.keys); }
  void operator()(const ask::match& q) const {
    w.item(q.what);
    w.flag(q.bind);
  }
  void operator()(const ask::range& q) const {
    w.item(q.low);
    w.item(q.high);
  }
  void operator()(const ask::page& q) const {
    w.item(q.from);
    w.text(q.prefix);
    w.number(q.most);
    w.flag(q.keys_only);
  }
  void operator()(const ask::ttl& q) const { w.item(q.key); }
  void operator()(const ask::match_some& q) const {
    w.item(q.what);
    w.flag(q.bind);
    w.number(q.limit);
  }
  void operator()(const ask::count_match& q) const { w.item(q.what); }
  void operator()(const ask::names& q) const {
    w.item(q.from);
    w.text(q.prefix);
    w.number(q.most);
  }
  void operator()(const ask::snapshot& q) const {
    w.number(q.id);
    w.number(q.number);
    w.number(q.budget);
  }
  template <class NoFields>
  void operator()(const NoFields&) const {}
};

query_body read_body(wire_reader& r, std::size_t kind) {
  switch (kind) {
    case 0: return ask::get{read_values(r)};
    case 1: {
      auto what = r.read_pattern();
      return ask::match{std::move(what), r.flag()};
    }
    case 2: {
      auto low = r.read_value();
      return ask::range{std::move(low), r.read_value()};
    }
    case 3: return ask::count{};
    case 4: {
      auto from = r.read_value();
      auto prefix = r.text();
      const auto most = r.number();
      return ask::page{std::move(from), std::move(prefix), most, r.flag()};
    }
    case 5: return ask::peek{};
    case 6: return ask::ttl{r.read_value()};
    case 7: {
      auto from = r.read_value();
      auto prefix = r.text();
      return ask::names{std::move(from), std::move(prefix), r.number()};
    }
    case 8: return ask::size{};
    case 9: {
      auto what = r.read_pattern();
      const bool bind = r.flag();
      return ask::match_some{std::move(what), bind, r.number()};
    }
    case 10: return ask::count_match{r.read_pattern()};
    default: {
      const auto id = r.number(), number = r.number();
      return ask::snapshot{id, number, r.number()};
    }
  }
}

} // namespace

void write(wire_writer& w, const query& q) {
  w.number(q.body.index());
  w.target(q.target);
  std::visit(query_writer{w}, q.body);
}

query read_query(wire_reader& r) {
  query q;
  const auto kind = r.number_below(std::variant_size_v<query_body>, "kind of query");
  q.target = r.target();
  q.body = read_body(r, kind);
  return q;
}

void write(wire_writer& w, const answer& a) {
  w.item(a.one);
  w.number(a.rows.size());
  for (const auto& group : a.rows) {
    w.number(group.size());
    for (const record& x : group)
      w.item(x);
  }
  w.number(a.found.size());
  for (const bindings& b : a.found)
    write_values(w, b);
}

answer read_answer(wire_reader& r) {
  answer a;
  a.one = r.read_value();
  a.rows.resize(r.count());
  for (auto& group : a.rows) {
    group.resize(r.count());
    for (record& x : group)
      x = r.read_record();
  }
  a.found.resize(r.count());
  for (bindings& b : a.found)
    b = read_values(r);
  return a;
}

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

failure no_snapshot() { return {errc::internal, "a snapshot is of a partition, not of a space"}; }

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
    if (!t)
      return a;
    auto next = t->next_page(q.from, {q.prefix, q.most, q.keys_only}, now, a.rows[0]);
    if (!next)
      return next.why();
    a.one = *std::move(next);
    return a;
  }
  result<answer> operator()(const ask::snapshot&) const { return no_snapshot(); }
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
  result<answer> operator()(const ask::peek&) const {
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
  result<answer> operator()(const ask::snapshot&) const { return no_snapshot(); }
  template <class OfTables>
  result<answer> operator()(const OfTables&) const {
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
