#include <supercache/store/amount.hpp>
#include <supercache/store/wire.hpp>

// The few forms of MessagePack that fields of messages have:
//   number   fixint, uint 8 … 64, the shortest        flag   true, false
//   text, bytes   bin 8 … 32

namespace supercache {

void wire_writer::big_endian(std::uint8_t first, std::uint64_t x, unsigned bytes) {
  std::uint8_t form[9] = {first};
  for (unsigned i = 0; i < bytes; ++i)
    form[1 + i] = static_cast<std::uint8_t>(x >> (8 * (bytes - 1 - i)));
  out_.insert(out_.end(), form, form + 1 + bytes);
}

void wire_writer::number(std::uint64_t x) {
  if (x < 0x80)
    out_.push_back(static_cast<std::uint8_t>(x));
  else if (x <= UINT8_MAX)
    big_endian(0xcc, x, 1);
  else if (x <= UINT16_MAX)
    big_endian(0xcd, x, 2);
  else if (x <= UINT32_MAX)
    big_endian(0xce, x, 4);
  else
    big_endian(0xcf, x, 8);
}

void wire_writer::bytes(byte_view x) {
  if (x.size() <= UINT8_MAX)
    big_endian(0xc4, x.size(), 1);
  else if (x.size() <= UINT16_MAX)
    big_endian(0xc5, x.size(), 2);
  else if (x.size() <= UINT32_MAX)
    big_endian(0xc6, x.size(), 4);
  else
    throw error(errc::too_large, "a field of a message has more than 4 GiB");
  out_.insert(out_.end(), x.begin(), x.end());
}

void wire_writer::target(const space& x) {
  number(static_cast<std::uint64_t>(x.kind));
  text(x.name);
}

// -- reading ------------------------------------------------------------------------------------

void wire_reader::fail(std::string what) {
  if (ok_)
    why_ = std::move(what);
  ok_ = false;
  in_ = {};
}

bool wire_reader::need(std::size_t n) {
  if (in_.size() < n)
    fail("message ends within a field");
  return ok_;
}

std::uint64_t wire_reader::big_endian(unsigned bytes) {
  if (!need(bytes))
    return 0;
  std::uint64_t x = 0;
  for (unsigned i = 0; i < bytes; ++i)
    x = x << 8 | in_[i];
  in_ = in_.subspan(bytes);
  return x;
}

std::uint64_t wire_reader::number() {
  if (!need(1))
    return 0;
  const std::uint8_t first = in_[0];
  in_ = in_.subspan(1);
  if (first < 0x80)
    return first;
  if (first >= 0xcc && first <= 0xcf)
    return big_endian(1u << (first - 0xcc));
  fail("no number where one belongs");
  return 0;
}

std::uint64_t wire_reader::number_below(std::uint64_t limit, std::string_view what) {
  const auto x = number();
  if (x < limit)
    return x;
  fail(std::string{what} + " is " + std::to_string(x) + "; allowed is 0 to "
       + std::to_string(limit - 1));
  return 0;
}

bool wire_reader::flag() {
  if (!need(1))
    return false;
  const std::uint8_t x = in_[0];
  in_ = in_.subspan(1);
  if (x != 0xc2 && x != 0xc3)
    fail("neither true nor false where one of them belongs");
  return x == 0xc3;
}

byte_view wire_reader::bytes() {
  if (!need(1))
    return {};
  const std::uint8_t first = in_[0];
  in_ = in_.subspan(1);
  if (first < 0xc4 || first > 0xc6) {
    fail("no bytes where some belong");
    return {};
  }
  const auto size = big_endian(1u << (first - 0xc4));
  if (!need(size))
    return {};
  const auto out = in_.first(size);
  in_ = in_.subspan(size);
  return out;
}

std::string wire_reader::text() {
  const auto x = bytes();
  return {reinterpret_cast<const char*>(x.data()), x.size()};
}

space wire_reader::target() {
  constexpr std::uint64_t kinds = 5;
  space x;
  x.kind = static_cast<space_kind>(number_below(kinds, "kind of space"));
  x.name = text();
  return x;
}

std::size_t wire_reader::count() {
  const auto n = number();
  if (n <= in_.size())
    return n;
  fail(detail::amount(n, "thing", "things") + " cannot be in what is left, which is "
       + detail::amount(in_.size(), "byte", "bytes"));
  return 0;
}

namespace {

template <class T>
T read_with(result<T> (*decode)(byte_view&), wire_reader& r, byte_view& in) {
  if (!r.ok())
    return {};
  auto x = decode(in);
  if (x)
    return *std::move(x);
  r.fail(x.why().message);
  return {};
}

} // namespace

template <>
value wire_reader::read() {
  return read_with(decode_value, *this, in_);
}
template <>
record wire_reader::read() {
  return read_with(decode_record, *this, in_);
}
template <>
pattern wire_reader::read() {
  return read_with(decode_pattern, *this, in_);
}
template <>
operation wire_reader::read() {
  return read_with(decode_operation, *this, in_);
}

status wire_reader::status() const {
  if (ok_)
    return supercache::ok();
  return {errc::malformed, why_};
}

supercache::status wire_reader::finish() {
  if (ok_ && !in_.empty())
    fail(detail::amount(in_.size(), "byte", "bytes") + " behind the end of a message");
  return status();
}

} // namespace supercache
