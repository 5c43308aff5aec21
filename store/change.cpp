#include <supercache/store/change.hpp>
#include <supercache/store/wire.hpp>

#include <array>

// How they travel:
//   interest     space, has a key {key}, has a pattern {pattern}
//   transition   space, kind, has one before {record}, has one after {record}
//   change       space, kind, has a record {record}

namespace supercache::inline SUPERCACHE_ABI {

namespace {

constexpr std::array<std::string_view, 4> kinds = {"stored", "removed", "expired", "missed"};

void write_row(wire_writer& w, const record& r) {
  w.flag(!r.empty());
  if (!r.empty())
    w.item(r);
}
record read_row(wire_reader& r) { return r.flag() ? r.read_record() : record{}; }

change_kind read_kind(wire_reader& r) {
  return static_cast<change_kind>(r.number_below(kinds.size(), "kind of change"));
}

template <class T, class Read>
result<T> decode(byte_view& in, Read read) {
  wire_reader r{in};
  T x = read(r);
  if (auto s = r.status(); !s)
    return s.why();
  in = r.rest();
  return x;
}

} // namespace

std::string_view to_string(change_kind k) noexcept { return kinds[static_cast<std::size_t>(k)]; }

// -- interests ----------------------------------------------------------------------------------

result<change_filter> change_filter::make(interest i, std::size_t key_pos) {
  if (!is_table(i.where.kind))
    return {errc::invalid_argument, "a " + std::string{to_string(i.where.kind)}
                                      + " cannot be watched; tuples, kv and structs can"};
  change_filter f;
  f.key_pos_ = i.where.kind == space_kind::tuples ? key_pos : 0;
  if (i.what) {
    auto p = compiled_pattern::compile(*i.what);
    if (!p)
      return p.why();
    f.what_ = *std::move(p);
  }
  f.of_ = std::move(i);
  return f;
}

bool change_filter::wants(const record& r) const {
  return r.size() > key_pos_ && (!of_.key || r[key_pos_] == *of_.key)
         && (!what_ || what_->matches(r));
}

std::optional<change> change_filter::sees(const transition& t) const {
  if (t.kind == change_kind::missed)
    return change{};
  if (t.where != of_.where)
    return {};
  if (wants(t.after))
    return change{change_kind::stored, t.where, t.after};
  if (wants(t.before))
    return change{t.kind == change_kind::expired ? t.kind : change_kind::removed, t.where,
                  t.before};
  return {};
}

// -- how they travel ----------------------------------------------------------------------------

void write(wire_writer& w, const interest& i) {
  w.target(i.where);
  w.flag(i.key.has_value());
  if (i.key)
    w.item(*i.key);
  w.flag(i.what.has_value());
  if (i.what)
    w.item(*i.what);
}

interest read_interest(wire_reader& r) {
  interest i{r.target()};
  if (r.flag())
    i.key = r.read_value();
  if (r.flag())
    i.what = r.read_pattern();
  return i;
}

void write(wire_writer& w, const transition& t) {
  w.target(t.where);
  w.number(static_cast<std::uint64_t>(t.kind));
  write_row(w, t.before);
  write_row(w, t.after);
}

transition read_transition(wire_reader& r) {
  transition t{r.target(), read_kind(r), {}, {}};
  t.before = read_row(r);
  t.after = read_row(r);
  return t;
}

void encode(const change& x, byte_buffer& out) {
  wire_writer w{out};
  w.target(x.where);
  w.number(static_cast<std::uint64_t>(x.kind));
  write_row(w, x.row);
}
result<change> decode_change(byte_view& in) {
  return decode<change>(in, [](wire_reader& r) {
    change x;
    x.where = r.target();
    x.kind = read_kind(r);
    x.row = read_row(r);
    return x;
  });
}

void encode(const interest& x, byte_buffer& out) {
  wire_writer w{out};
  write(w, x);
}
result<interest> decode_interest(byte_view& in) { return decode<interest>(in, read_interest); }

} // namespace supercache::inline SUPERCACHE_ABI
