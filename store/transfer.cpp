#include <supercache/store/transfer.hpp>
#include <supercache/store/wire.hpp>

#include <algorithm>

// A piece is a sequence of groups, one after the other:
//   rows     kind, name, number of rows {deadline, record}
//   items    kind, name, place of the next slice, items left, number of items {value}

namespace supercache {

namespace {

/// So many spaces, most of them empty or nearly so, take as long as a large piece.
constexpr std::size_t spaces_per_piece = 64;

/// The spaces of a store from one on, in their order.
class space_walk {
public:
  space_walk(const partition_store& s, space from) : store_(s), last_(std::move(from)) {}
  std::optional<space> next() {
    if (at_ == ahead_.size()) {
      ahead_ = store_.spaces_after(last_, spaces_per_piece / 2);
      at_ = 0;
    }
    if (ahead_.empty())
      return {};
    ++passed_;
    last_ = std::move(ahead_[at_++]);
    return last_;
  }
  std::size_t passed() const noexcept { return passed_; }

private:
  const partition_store& store_;
  space last_;
  std::vector<space> ahead_;
  std::size_t at_ = 0, passed_ = 0;
};

const table* table_of(const partition_store& from, const space& s) {
  return s.kind == space_kind::tuples ? &from.tuples() : from.find(s.kind, s.name);
}

/// Writes a page of a table; answers where the next one begins, nil at the end.
value write_rows(wire_writer& w, const partition_store& from, const transfer_point& at) {
  const table* t = table_of(from, at.where);
  std::vector<record> rows;
  const stamp before_all{std::int64_t{0}}; // so that nothing has expired
  value next = t ? t->next_page(at.inner, before_all, rows).value() : value{};
  if (rows.empty())
    return next;
  w.target(at.where);
  w.number(rows.size());
  for (const record& r : rows) {
    w.number(static_cast<std::uint64_t>(r.deadline()));
    w.item(r);
  }
  return next;
}

/// The same for a slice of a queue or stack.
value write_items(wire_writer& w, const partition_store& from, const transfer_point& at,
                  std::size_t budget) {
  const queue_map& q = at.where.kind == space_kind::queue ? from.queues() : from.stacks();
  std::optional<std::uint64_t> begin;
  if (at.inner.is_int())
    begin = static_cast<std::uint64_t>(at.inner.as_int());
  const auto slice = q.next_slice(at.where.name, begin, std::max<std::size_t>(1, budget / 32));
  w.target(at.where);
  w.number(slice.at);
  w.number(slice.left);
  w.number(slice.items.size());
  for (const value& x : slice.items)
    w.item(x);
  return slice.left ? value{slice.at} : value{};
}

} // namespace

transfer_point read_piece(const partition_store& from, const transfer_point& at, std::size_t budget,
                          byte_buffer& out) {
  wire_writer w{out};
  const std::size_t enough = out.size() + budget;
  transfer_point next = at;
  space_walk spaces{from, at.where};
  while (!next.complete && out.size() < enough && spaces.passed() < spaces_per_piece) {
    next.inner = is_table(next.where.kind) ? write_rows(w, from, next)
                                           : write_items(w, from, next, enough - out.size());
    if (!next.inner.is_nil())
      continue;
    if (auto s = spaces.next())
      next.where = *std::move(s);
    else
      next = {true};
  }
  return next;
}

// -- the other side -----------------------------------------------------------------------------

status installation::take_rows(wire_reader& r, const space& s) {
  table& t = s.kind == space_kind::tuples ? store_.tuples() : store_.open(s.kind, s.name);
  for (std::size_t n = r.count(); n > 0 && r.ok(); --n) {
    const auto deadline = static_cast<std::int64_t>(r.number());
    record row = r.read<record>();
    if (!r.ok())
      break;
    if (row.size() <= t.key_pos()) {
      r.fail("record without a key");
      break;
    }
    const auto key_hash = hash(row[t.key_pos()]);
    t.restore(std::move(row), key_hash, deadline);
  }
  return r.status();
}

status installation::take_items(wire_reader& r, const space& s) {
  const auto next = r.number();
  left_ = r.number();
  copied_ = next;
  size_ = next + left_;
  value_list items(r.count());
  for (value& x : items)
    x = r.read<value>();
  if (r.ok())
    (s.kind == space_kind::queue ? store_.queues() : store_.stacks()).add_slice(s.name, items);
  return r.status();
}

status installation::take(byte_view piece, transfer_point next) {
  wire_reader r{piece};
  while (r.ok() && !r.at_end()) {
    const space s = r.target();
    if (!r.ok())
      break;
    if (auto done = is_table(s.kind) ? take_rows(r, s) : take_items(r, s); !done)
      return done;
  }
  at_ = std::move(next);
  return r.status();
}

installation::part installation::part_here(const space& s) const {
  if (at_.complete)
    return part::all;
  const auto place = [](const space& x) { // there is one space of tuples, whatever its name
    return std::pair{x.kind,
                     x.kind == space_kind::tuples ? std::string_view{} : std::string_view{x.name}};
  };
  if (place(s) != place(at_.where))
    return place(s) < place(at_.where) ? part::all : part::none;
  return at_.inner.is_nil() ? part::none : part::some;
}

void installation::apply(const operation& o, const stamp& now) {
  if (std::holds_alternative<op::wipe>(o.body)) {
    left_ = size_ = 0;
    (void)store_.apply(o, now);
    return;
  }
  switch (part_here(o.target)) {
    case part::all: (void)store_.apply(o, now); break;
    case part::some:
      if (is_table(o.target.kind))
        apply_to_table(o, now);
      else
        apply_to_queue(o, now);
      break;
    case part::none: break;
  }
}

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

const record& row_of(const record& r) { return r; }
const record& row_of(const op::restore::row& r) { return r.what; }

/// Whether a table refuses these rows, all of them.
template <class O>
bool refuses_rows(const O& o, std::size_t key_pos) {
  const auto has_key = [&](const auto& r) { return row_of(r).size() > key_pos; };
  if (!std::ranges::all_of(o.rows, has_key))
    return true;
  if constexpr (std::is_same_v<O, op::restore>)
    return o.behind && std::ranges::any_of(o.rows, [&](const auto& r) {
             return r.what[key_pos] != o.rows.front().what[key_pos];
           });
  return false;
}

} // namespace

void installation::apply_to_queue(const operation& o, const stamp& now) {
  std::visit(overloaded{
               [&](const op::push& x) { push(o, x, now); },
               [&](const op::extend& x) { extend(o, x, now); },
               [&](const op::pop& x) { pop(o, x.count, now); },
               [&](const op::drain&) { pop(o, UINT64_MAX, now); },
               [&](const op::clear&) { pop(o, UINT64_MAX, now); },
               []<class O>(const O&) { static_assert(!for_queues<O>); }, // refused
             },
             o.body);
}

void installation::apply_to_table(const operation& o, const stamp& now) {
  const table* t = table_of(store_, o.target);
  const std::size_t key_pos = t ? t->key_pos() : 0;
  const auto here = [&](const value& key) { return t && t->covers(at_.inner, key, hash(key)); };
  const auto apply_if = [&](bool concerned) {
    if (concerned)
      (void)store_.apply(o, now);
  };
  std::visit(
    [&]<class O>(const O& body) {
      if constexpr (O::about.concerns == concerns::key) {
        apply_if(here(body.key));
      } else if constexpr (O::about.concerns == concerns::row) {
        apply_if(body.row.size() > key_pos && here(body.row[key_pos]));
      } else if constexpr (O::about.concerns == concerns::rows) {
        if (refuses_rows(body, key_pos))
          return;
        O mine = body;
        std::erase_if(mine.rows, [&](const auto& r) { return !here(row_of(r)[key_pos]); });
        if (!mine.rows.empty())
          (void)store_.apply({o.target, std::move(mine)}, now);
      } else {
        static_assert(O::about.concerns == concerns::space);
        apply_if(true);
      }
    },
    o.body);
}

void installation::push(const operation& o, const op::push& p, const stamp& now) {
  if (!std::ranges::all_of(p.items, [](const value& x) { return x.depth() < max_depth; }))
    return;                                 // all of it is refused
  if (o.target.kind == space_kind::queue) { // the newest items are here
    (void)store_.apply(o, now);
    return;
  }
  const std::uint64_t room = copied_ - std::min(copied_, size_);
  const std::size_t mine = std::min<std::size_t>(p.items.size(), room);
  size_ += p.items.size();
  if (mine)
    (void)store_.apply(
      {o.target, op::push{{p.items.begin(), p.items.begin() + static_cast<std::ptrdiff_t>(mine)}}},
      now);
}

void installation::extend(const operation& o, const op::extend& x, const stamp& now) {
  const std::uint64_t there
    = o.target.kind == space_kind::queue ? left_ + store_.queues().count(o.target.name) : size_;
  if (there < x.behind
      || !std::ranges::all_of(x.items, [](const value& i) { return i.depth() < max_depth; }))
    return; // all of it is refused
  const std::size_t known = std::min<std::size_t>(there - x.behind, x.items.size());
  push(o, {{x.items.begin() + static_cast<std::ptrdiff_t>(known), x.items.end()}}, now);
}

void installation::pop(const operation& o, std::uint64_t count, const stamp& now) {
  std::uint64_t mine = 0;
  if (o.target.kind == space_kind::queue) {
    const std::uint64_t not_here = std::min(count, left_);
    left_ -= not_here;
    mine = count - not_here;
  } else {
    const std::uint64_t after = size_ - std::min(count, size_);
    mine = std::min(size_, copied_) - std::min(after, copied_);
    size_ = after;
  }
  if (mine)
    (void)store_.apply({o.target, op::pop{mine}}, now);
}

// -- digest -------------------------------------------------------------------------------------

std::uint64_t digest(const partition_store& s, const stamp& now) {
  std::uint64_t sum = 0;
  const auto mix = [](std::uint64_t a, std::uint64_t b) { return detail::hash_16(a, b); };
  space_walk spaces{s, {}};
  for (std::optional<space> at = space{}; at; at = spaces.next()) {
    const auto name = mix(static_cast<std::uint64_t>(at->kind), hash(value{at->name}));
    if (const table* t = is_table(at->kind) ? table_of(s, *at) : nullptr) {
      const value* last = nullptr; // records of one key come one after the other
      record before;
      std::uint64_t place = 0;
      t->each(now, [&](const record& r) {
        place = last && *last == r[t->key_pos()] ? place + 1 : 0;
        before = r;
        last = &before[t->key_pos()];
        sum += mix(name + place, mix(hash(r), static_cast<std::uint64_t>(r.deadline())));
        return true;
      });
    }
  }
  for (const auto* q : {&s.queues(), &s.stacks()})
    q->each([&](std::string_view name, const auto& items) {
      std::uint64_t h = hash(value{name}) + (q == &s.stacks());
      for (const value& x : items)
        h = mix(h, hash(x));
      sum += h;
    });
  return sum;
}

} // namespace supercache
