#include <supercache/store/backup.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <string>

namespace supercache::backup {

namespace {

constexpr std::string_view mark = "SuperCache backup";

/// Never renumber.
enum class kind : std::uint8_t { head = 0, part = 1, rows = 2, items = 3, end = 4 };
constexpr std::uint64_t kinds = 5;
constexpr std::size_t checksum_bytes = 8;

/// A block: its content as one `bin`.
void write_block(byte_buffer& out, const byte_buffer& content) { wire_writer{out}.bytes(content); }

wire_writer begin(byte_buffer& content, kind k) {
  wire_writer w{content};
  w.number(static_cast<std::uint64_t>(k));
  return w;
}

void write_place(wire_writer& w, const space& s) {
  w.number(static_cast<std::uint64_t>(s.kind));
  w.item(value{s.name});
}

space read_place(wire_reader& r) {
  constexpr std::uint64_t space_kinds = 5;
  space s;
  s.kind = static_cast<space_kind>(r.number_below(space_kinds, "kind of space"));
  const value name = r.read<value>();
  if (r.ok() && !name.is_string())
    r.fail("no name where one belongs");
  if (r.ok())
    s.name = name.as_string();
  return s;
}

} // namespace

void write_rows(const space& where, std::span<const record> rows, std::int64_t moment_ms,
                byte_buffer& out) {
  byte_buffer content;
  wire_writer w = begin(content, kind::rows);
  write_place(w, where);
  w.number(rows.size());
  for (const record& r : rows) {
    w.number(r.deadline() ? static_cast<std::uint64_t>(r.deadline() - moment_ms) : 0);
    w.item(r);
  }
  write_block(out, content);
}

void write_items(const space& where, std::uint64_t behind, std::span<const value> items,
                 byte_buffer& out) {
  byte_buffer content;
  wire_writer w = begin(content, kind::items);
  write_place(w, where);
  w.number(behind);
  w.number(items.size());
  for (const value& x : items)
    w.item(x);
  write_block(out, content);
}

// -- checksum -----------------------------------------------------------------------------------

struct checksum::state {
  XXH3_state_t xxh;
};

checksum::checksum() : state_(std::make_unique<state>()) { XXH3_64bits_reset(&state_->xxh); }
checksum::checksum(const checksum& other) : state_(std::make_unique<state>(*other.state_)) {}
checksum& checksum::operator=(const checksum& other) {
  *state_ = *other.state_;
  return *this;
}
checksum::~checksum() = default;
void checksum::add(byte_view bytes) {
  XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
}
std::uint64_t checksum::value() const { return XXH3_64bits_digest(&state_->xxh); }

// -- writing ------------------------------------------------------------------------------------

byte_buffer writer::noted(byte_buffer bytes) {
  sum_.add(bytes);
  return bytes;
}

byte_buffer writer::begin(const value& about) {
  byte_buffer content, out;
  wire_writer w = backup::begin(content, kind::head);
  w.item(value{mark});
  w.number(format_version);
  w.item(about);
  write_block(out, content);
  return noted(std::move(out));
}

byte_buffer writer::begin_part(std::uint64_t index, std::int64_t moment_ms) {
  byte_buffer content, out;
  wire_writer w = backup::begin(content, kind::part);
  w.number(index);
  w.item(value{moment_ms});
  write_block(out, content);
  ++totals_.parts;
  return noted(std::move(out));
}

void writer::add(byte_view blocks, std::uint64_t records, std::uint64_t items) {
  sum_.add(blocks);
  totals_.records += records;
  totals_.items += items;
}

byte_buffer writer::finish() {
  byte_buffer content, out;
  wire_writer w = backup::begin(content, kind::end);
  w.number(totals_.parts);
  w.number(totals_.records);
  w.number(totals_.items);
  constexpr std::uint8_t eight_bytes = 0xcf; // whatever the number is
  content.push_back(eight_bytes);
  content.resize(content.size() + checksum_bytes);
  write_block(out, content);
  sum_.add(byte_view{out}.first(out.size() - checksum_bytes));
  for (std::size_t i = 0; i < checksum_bytes; ++i)
    out[out.size() - 1 - i] = static_cast<std::uint8_t>(sum_.value() >> 8 * i);
  return out;
}

// -- reading ------------------------------------------------------------------------------------

namespace {

failure damaged(std::string what) { return {errc::malformed, "is damaged: " + std::move(what)}; }
failure no_backup() { return {errc::malformed, "is no backup of a SuperCache"}; }

/// The length of the block that begins here, including its size field; nothing if it is not known
/// yet, 0 if no block begins.
std::optional<std::uint64_t> size_of_block(byte_view in) {
  constexpr std::uint8_t bin_8 = 0xc4, bin_32 = 0xc6;
  if (in.empty())
    return {};
  if (in[0] < bin_8 || in[0] > bin_32)
    return 0;
  const std::size_t digits = std::size_t{1} << (in[0] - bin_8);
  if (in.size() < 1 + digits)
    return {};
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < digits; ++i)
    n = n << 8 | in[1 + i];
  return 1 + digits + n;
}

/// Whether a file may begin like this.
bool may_be_a_backup(byte_view in) {
  byte_buffer wanted;
  wire_writer w{wanted};
  w.number(static_cast<std::uint64_t>(kind::head));
  w.item(value{mark});
  const auto size = size_of_block(in);
  if (size == 0)
    return false;
  const std::size_t digits = in.empty() ? 0 : std::size_t{1} << (in[0] - 0xc4);
  if (!size || in.size() <= 1 + digits)
    return true;
  const auto content = in.subspan(1 + digits);
  const std::size_t n = std::min(content.size(), wanted.size());
  return std::equal(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(n),
                    wanted.begin());
}

result<block> read_head(wire_reader& r) {
  const value name = r.read<value>();
  const auto version = r.number();
  if (!r.ok() || name != value{mark})
    return no_backup();
  if (version == 0 || version > format_version)
    return {errc::malformed, "is a backup of format " + std::to_string(version)
                               + "; this program reads formats up to "
                               + std::to_string(format_version) + ": take a newer one"};
  return block{head{r.read<value>()}};
}

block read_part(wire_reader& r) {
  part p;
  p.index = r.number();
  const value moment = r.read<value>();
  if (r.ok() && !moment.is_int())
    r.fail("no time where one belongs");
  if (r.ok())
    p.moment_ms = moment.as_int();
  return p;
}

block read_rows(wire_reader& r) {
  rows out{read_place(r), {}};
  out.all.resize(r.count());
  for (auto& [row, left_ms] : out.all) {
    left_ms = static_cast<std::int64_t>(r.number_below(INT64_MAX, "time to live"));
    row = r.read<record>();
    if (r.ok() && row.empty())
      r.fail("a record without elements");
  }
  if (r.ok() && !is_table(out.where.kind))
    r.fail("records of a queue or stack");
  return out;
}

block read_items(wire_reader& r) {
  items out{read_place(r), r.number(), {}};
  out.all.resize(r.count());
  for (value& x : out.all)
    x = r.read<value>();
  if (r.ok() && is_table(out.where.kind))
    r.fail("items of what is no queue nor stack");
  return out;
}

/// Reads a block without its size field.
result<block> read_block(byte_view content) {
  wire_reader r{content};
  result<block> out = damaged("");
  switch (static_cast<kind>(r.number_below(kinds, "kind of block"))) {
    case kind::head: out = read_head(r); break;
    case kind::part: out = read_part(r); break;
    case kind::rows: out = read_rows(r); break;
    case kind::items: out = read_items(r); break;
    case kind::end: {
      const auto parts = r.number(), records = r.number();
      out = block{end{parts, records, r.number()}};
      static_cast<void>(r.number()); // the checksum: see `take_block`
      break;
    }
  }
  if (!out)
    return out;
  if (auto s = r.finish(); !s)
    return damaged(s.why().message);
  return out;
}

std::string amounts(const end& e) {
  return std::to_string(e.parts) + " partitions, " + std::to_string(e.records) + " records and "
         + std::to_string(e.items) + " items";
}

} // namespace

status reader::take(byte_view bytes, const visitor& visit) {
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  byte_view left{waiting_};
  if (!begun_ && !may_be_a_backup(left))
    return no_backup();
  while (!left.empty()) {
    if (ended_)
      return damaged("there is more behind its end, at byte " + std::to_string(at_));
    const auto size = size_of_block(left);
    if (size == 0)
      return damaged("no block begins at byte " + std::to_string(at_));
    if (!size || *size > left.size())
      break;
    if (auto s = take_block(left.first(*size), visit); !s)
      return s;
    left = left.subspan(*size);
    at_ += *size;
  }
  waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<std::ptrdiff_t>(left.size()));
  return ok();
}

status reader::take_block(byte_view whole, const visitor& visit) {
  const std::size_t digits = std::size_t{1} << (whole[0] - 0xc4);
  auto b = read_block(whole.subspan(1 + digits));
  if (!b) {
    if (!begun_)
      return b.why();
    return failure{b.why().code, b.why().message + ", in the block at byte " + std::to_string(at_)};
  }
  const bool last = std::holds_alternative<end>(*b);
  sum_.add(whole.first(whole.size() - (last ? checksum_bytes : 0)));
  if (last) {
    std::uint64_t wanted = 0;
    for (const std::uint8_t x : whole.last(checksum_bytes))
      wanted = wanted << 8 | x;
    if (wanted != sum_.value())
      return damaged("its checksum does not fit");
  }
  if (auto s = check(*b); !s)
    return s;
  return visit(*b);
}

/// Whether a block may stand here, and fits the blocks before it.
status reader::check(const block& b) {
  const bool first = std::holds_alternative<head>(b);
  if (first == begun_)
    return begun_ ? damaged("it begins a second time") : no_backup();
  begun_ = true;
  if (std::holds_alternative<part>(b))
    ++totals_.parts;
  if (const auto* r = std::get_if<rows>(&b))
    totals_.records += r->all.size();
  if (const auto* i = std::get_if<items>(&b))
    totals_.items += i->all.size();
  if ((std::holds_alternative<rows>(b) || std::holds_alternative<items>(b)) && totals_.parts == 0)
    return damaged("there is data of no partition");
  if (const auto* e = std::get_if<end>(&b)) {
    ended_ = true;
    if (*e != totals_)
      return damaged("it has " + amounts(totals_) + " in it, and says that it has " + amounts(*e));
  }
  return ok();
}

status reader::finish() const {
  if (ended_)
    return ok();
  if (!begun_ && waiting_.empty())
    return failure{errc::malformed, "is no backup: it is empty"};
  return failure{errc::malformed, "is only a part of a backup: it ends after "
                                    + std::to_string(at_ + waiting_.size()) + " bytes, with "
                                    + amounts(totals_) + " and without an end"};
}

} // namespace supercache::backup
