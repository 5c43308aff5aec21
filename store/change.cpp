#include <supercache/store/change.hpp>
#include <supercache/store/wire_fields.hpp>

#include <array>

namespace supercache::inline SUPERCACHE_ABI {

namespace {

constexpr std::array<std::string_view, 4> kinds = {"stored", "removed", "expired", "missed"};

void encode_row(wire_writer& w, const record& r) {
  w.flag(!r.empty());
  if (!r.empty())
    w.item(r);
}
void decode_row(wire_reader& r, record& x) { x = r.flag() ? r.read<record>() : record{}; }

template <class T>
result<T> decode_front(byte_view& in) {
  wire_reader r{in};
  T x = decode<T>(r);
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

void encode(wire_writer& w, const transition& t) {
  encode(w, t.where);
  encode(w, t.kind);
  encode_row(w, t.before);
  encode_row(w, t.after);
}

void decode(wire_reader& r, transition& t) {
  decode(r, t.where);
  decode(r, t.kind);
  decode_row(r, t.before);
  decode_row(r, t.after);
}

void encode(wire_writer& w, const change& x) {
  encode(w, x.where);
  encode(w, x.kind);
  encode_row(w, x.row);
}

void decode(wire_reader& r, change& x) {
  decode(r, x.where);
  decode(r, x.kind);
  decode_row(r, x.row);
}

void encode(const change& x, byte_buffer& out) {
  wire_writer w{out};
  encode(w, x);
}
result<change> decode_change(byte_view& in) { return decode_front<change>(in); }

void encode(const interest& x, byte_buffer& out) {
  wire_writer w{out};
  encode(w, x);
}
result<interest> decode_interest(byte_view& in) { return decode_front<interest>(in); }

} // namespace supercache::inline SUPERCACHE_ABI
