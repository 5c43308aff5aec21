#include <supercache/store/partition_store.hpp>

#include <algorithm>
#include <tuple>
#include <type_traits>

// What each operation does to a partition: deterministic, and so the same on every replica.

namespace supercache {

namespace {

/// Whether `x` can be part of an answer, which is a list and so one level more.
bool fits_in_list(const value& x) noexcept { return x.depth() < max_depth; }

failure item_too_deep() {
  return {errc::too_large, "item nested deeper than " + std::to_string(max_depth - 1) + " levels"};
}
failure record_too_deep(const value& key) {
  return {errc::too_large,
          "record under key " + to_string(key) + " is nested too deeply to be answered in a list"};
}

template <class F>
result<value> list_of(const value_list& items, F&& otherwise) {
  if (!std::ranges::all_of(items, fits_in_list))
    return otherwise();
  return value::list(items);
}

result<value> lift(result<bool> r) { return r ? result<value>{value{*r}} : result<value>{r.why()}; }
result<value> lift(result<std::int64_t> r) {
  return r ? result<value>{value{*r}} : result<value>{r.why()};
}

/// A table's answer to each operation, or `invalid_argument` for those of queues.
struct on_table {
  table& t;
  const stamp& now;

  failure short_row(const record& r) const {
    return {errc::invalid_argument, "tuple size (" + std::to_string(r.size())
                                      + ") is lower than key_pos (" + std::to_string(t.key_pos())
                                      + ")"};
  }
  bool fits(const record& r) const noexcept { return r.size() > t.key_pos(); }

  // What stores records takes them out of an operation that nobody needs any more.
  result<value> operator()(op::put&& o) const {
    if (!fits(o.row))
      return short_row(o.row);
    const auto key_hash = hash(o.row[t.key_pos()]);
    t.put(std::move(o.row), key_hash, o.ttl_ms, now);
    return value{};
  }
  result<value> operator()(op::put_many&& o) const {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(o.rows.size());
    for (const record& r : o.rows) {
      if (!fits(r))
        return short_row(r);
      hashes.push_back(hash(r[t.key_pos()]));
    }
    t.put_many(o.rows, hashes, o.ttl_ms, now);
    return value{};
  }
  result<value> operator()(op::insert_new&& o) const {
    if (!fits(o.row))
      return short_row(o.row);
    const auto key_hash = hash(o.row[t.key_pos()]);
    return value{t.insert_new(std::move(o.row), key_hash, o.ttl_ms, now)};
  }
  result<value> operator()(const op::put& o) const { return (*this)(op::put{o}); }
  result<value> operator()(const op::put_many& o) const { return (*this)(op::put_many{o}); }
  result<value> operator()(const op::insert_new& o) const { return (*this)(op::insert_new{o}); }
  result<value> operator()(const op::remove& o) const {
    return value{t.remove(o.key, hash(o.key), now)};
  }
  result<value> operator()(const op::take& o) const {
    const auto h = hash(o.key);
    for (const record& r : t.get(o.key, h, now)) // before anything is taken
      if (!fits_in_list(r))
        return record_too_deep(o.key);
    const auto taken = t.take(o.key, h, now);
    return list_of({taken.begin(), taken.end()}, [&] { return record_too_deep(o.key); });
  }
  result<value> operator()(const op::update_element& o) const {
    return lift(t.update_element(o, hash(o.key), now));
  }
  result<value> operator()(const op::update_counter& o) const {
    if (o.initial && !fits(*o.initial))
      return short_row(*o.initial);
    if (o.initial && (*o.initial)[t.key_pos()] != o.key)
      return {errc::invalid_argument, "the initial record has another key"};
    return lift(t.update_counter(o, hash(o.key), now));
  }
  result<value> operator()(const op::append& o) const {
    return lift(t.append(o, hash(o.key), now));
  }
  result<value> operator()(const op::compare_exchange& o) const {
    if (o.desired && !fits(*o.desired))
      return short_row(*o.desired);
    if (o.desired && (*o.desired)[t.key_pos()] != o.key)
      return {errc::invalid_argument, "the desired record has another key"};
    return lift(t.compare_exchange(o, hash(o.key), now));
  }
  result<value> operator()(const op::expire& o) const {
    return value{t.expire(o.key, hash(o.key), o.ttl_ms, now)};
  }
  result<value> operator()(const op::remove_match& o) const {
    auto p = compiled_pattern::compile(o.what);
    if (!p)
      return p.why();
    return value{t.remove_match(*p, now)};
  }
  result<value> operator()(const op::clear&) const { return value{t.clear(now)}; }
  result<value> operator()(const op::exchange& o) const {
    if (!fits(o.row))
      return short_row(o.row);
    return value{t.exchange(o.row, hash(o.row[t.key_pos()]),
                            o.only_if_there ? table::only_if_there : table::always, now)};
  }
  result<value> operator()(const op::restore& o) const {
    for (const auto& x : o.rows)
      if (!fits(x.what))
        return short_row(x.what);
    const auto key_of = [&](std::size_t i) -> const value& { return o.rows[i].what[t.key_pos()]; };
    for (std::size_t i = 0, end = 0; i < o.rows.size(); i = end) {
      while (end < o.rows.size() && key_of(end) == key_of(i))
        ++end;
      if (o.behind && end < o.rows.size())
        return {errc::invalid_argument, "rows behind others are of one key, not of several"};
      if (auto s
          = t.put_back(std::span{o.rows}.subspan(i, end - i), hash(key_of(i)), o.behind, now);
          !s)
        return s.why();
    }
    return value{o.rows.size()};
  }
  template <class O>
  requires(!for_tables<O>) result<value>
  operator()(const O&) const {
    return {errc::invalid_argument, "only queues and stacks push, pop, drain and extend"};
  }
};

struct on_queue {
  queue_map& q;
  std::string_view name;
  bool* watched;

  result<value> operator()(const op::push& o) const {
    if (!std::ranges::all_of(o.items, fits_in_list))
      return item_too_deep();
    const auto done = q.push(name, o.items);
    if (watched)
      *watched = done.watched;
    return value{done.length};
  }
  result<value> operator()(const op::extend& o) const {
    if (!std::ranges::all_of(o.items, fits_in_list))
      return item_too_deep();
    const std::size_t there = q.count(name);
    if (there < o.behind)
      return {errc::not_found, std::to_string(there) + " items are there, where "
                                 + std::to_string(o.behind) + " come before those to be added"};
    const std::size_t known = std::min<std::size_t>(there - o.behind, o.items.size());
    return (*this)(op::push{{o.items.begin() + static_cast<std::ptrdiff_t>(known), o.items.end()}});
  }
  result<value> operator()(const op::pop& o) const {
    return list_of(q.pop(name, o.count), item_too_deep);
  }
  result<value> operator()(const op::drain&) const {
    return list_of(q.pop(name, SIZE_MAX), item_too_deep);
  }
  result<value> operator()(const op::clear&) const { return value{q.clear(name)}; }
  template <class O>
  requires(!for_queues<O>) result<value>
  operator()(const O&) const {
    return {errc::invalid_argument,
            "queues and stacks know push, pop, drain, extend and clear only"};
  }
};

} // namespace

namespace {

/// Whether an operation may store a record where there is none.
struct may_store {
  space_kind where;

  bool operator()(const op::put&) const { return true; }
  bool operator()(const op::put_many& o) const { return !o.rows.empty(); }
  bool operator()(const op::insert_new&) const { return true; }
  bool operator()(const op::update_counter& o) const { return o.initial.has_value(); }
  bool operator()(const op::compare_exchange& o) const { return o.desired && !o.expected; }
  bool operator()(const op::exchange& o) const { return !o.only_if_there; }
  bool operator()(const op::remove&) const { return false; }
  bool operator()(const op::take&) const { return false; }
  bool operator()(const op::update_element&) const { return false; }
  bool operator()(const op::expire&) const { return false; }
  bool operator()(const op::remove_match&) const { return false; }
  bool operator()(const op::clear&) const { return false; }
  bool operator()(const op::push&) const { return false; }
  bool operator()(const op::pop&) const { return false; }
  bool operator()(const op::drain&) const { return false; }
  bool operator()(const op::restore& o) const { return !o.rows.empty() && !o.behind; }
  bool operator()(const op::extend&) const { return false; }
  bool operator()(const op::wipe&) const { return false; }
  bool operator()(const op::append& o) const { return table::starts_record(o, where, 0); }
};

} // namespace

/// The table of a namespace or struct type. An operation that only looks something up does not make
/// a missing one.
table& partition_store::table_for(space_kind kind, std::string_view name, std::uint64_t hash,
                                  bool may_store) {
  if (table* t = find(kind, name, hash)) [[likely]]
    return *t;
  if (may_store)
    return open(kind, name);
  return kind == space_kind::structs ? no_structs_ : no_pairs_;
}

template <class O>
result<value> partition_store::perform(space_kind kind, std::string_view name, std::uint64_t hash,
                                       O&& what, const stamp& now, bool* watched) {
  using plain = std::remove_cvref_t<O>;
  if constexpr (std::is_same_v<plain, op::wipe>) {
    wipe(now);
    return value{};
  } else {
    switch (kind) {
      case space_kind::tuples: return on_table{tuples_, now}(std::forward<O>(what));
      case space_kind::queue: return on_queue{queues_, name, watched}(std::forward<O>(what));
      case space_kind::stack: return on_queue{stacks_, name, watched}(std::forward<O>(what));
      default: {
        table& t = table_for(kind, name, hash, may_store{kind}(what));
        return on_table{t, now}(std::forward<O>(what));
      }
    }
  }
}

result<value> partition_store::apply(const operation& o, const stamp& now, bool* watched) {
  const auto& [kind, name] = o.target;
  const auto name_hash = is_table(kind) ? hash_of(kind, name) : 0;
  return std::visit(
    [&](const auto& what) { return perform(kind, name, name_hash, what, now, watched); }, o.body);
}

namespace {

/// Makes the compiler generate `perform` for every operation that is given away.
template <class>
struct every_operation;
template <class... Os>
struct every_operation<std::variant<Os...>> {
  static constexpr std::tuple functions{&partition_store::perform<Os>...};
};
[[gnu::used]] constexpr auto performed = every_operation<operation_body>::functions;

} // namespace

inline namespace SUPERCACHE_ABI {

std::string_view to_string(space_kind k) noexcept {
  constexpr std::string_view names[] = {"tuples", "kv", "queue", "stack", "structs"};
  return names[static_cast<std::size_t>(k)];
}

std::string_view name_of(const operation_body& body) noexcept {
  return std::visit([](const auto& o) { return o.about.name; }, body);
}

bool is_long(const operation_body& body) noexcept {
  return std::visit([](const auto& o) { return o.about.takes == takes::longer; }, body);
}

bool changed_nothing(const operation_body& body, const value& answer) noexcept {
  switch (std::visit([](const auto& o) { return o.about.unchanged; }, body)) {
    case unchanged::never: return false;
    case unchanged::zero: return answer.is_int() && answer.as_int() == 0;
    case unchanged::no: return answer.is_bool() && !answer.as_bool();
    case unchanged::empty_list: return answer.is_list() && answer.items().empty();
  }
  std::abort();
}

} // namespace SUPERCACHE_ABI

} // namespace supercache
