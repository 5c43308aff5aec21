#include "cursor.hpp"

#include <bit>
#include <cassert>

namespace supercache::detail {

namespace {

token make(token::what is, std::uint64_t number = 0) {
  token t;
  t.is = is;
  t.number = number;
  return t;
}

} // namespace

void cursor::fail(const std::string& what) const {
  throw error(errc::malformed, "encoding, byte " + std::to_string(at_ - begin_) + ": " + what);
}

void cursor::need(std::uint64_t n, const char* what) const {
  if (n > left() - owed_)
    fail(std::string{what} + " needs at least " + std::to_string(n) + " more bytes; "
         + std::to_string(left() - owed_) + " left");
}

std::uint64_t cursor::big_endian(unsigned bytes) {
  need(bytes, "number");
  std::uint64_t x = 0;
  for (unsigned i = 0; i < bytes; ++i)
    x = x << 8 | *at_++;
  return x;
}

token cursor::integer(unsigned bytes, bool is_signed) {
  assert(bytes >= 1 && bytes <= 8);
  std::uint64_t x = big_endian(bytes);
  if (is_signed) {
    const unsigned unused = 64 - 8 * bytes;
    x = static_cast<std::uint64_t>(static_cast<std::int64_t>(x << unused) >> unused);
  }
  const bool big = !is_signed && x > INT64_MAX;
  return make(big ? token::what::big_integer : token::what::integer, x);
}

token cursor::text(std::uint64_t bytes) {
  need(bytes, "string");
  token t = make(token::what::string);
  t.text = {reinterpret_cast<const char*>(at_), static_cast<std::size_t>(bytes)};
  at_ += bytes;
  return t;
}

token cursor::array(std::uint64_t items) {
  need(items, "array");
  owed_ += items;
  return make(token::what::array, items);
}

token cursor::map(std::uint64_t pairs) {
  need(2 * pairs, "map");
  owed_ += 2 * pairs;
  return make(token::what::map, pairs);
}

token cursor::ext(std::uint64_t bytes) {
  const auto type = static_cast<std::int8_t>(big_endian(1));
  need(bytes, "extension");
  token t = make(token::what::ext, bytes);
  t.ext_type = type;
  return t;
}

token cursor::real(unsigned bytes) {
  const std::uint64_t bits = big_endian(bytes);
  token t = make(token::what::real);
  t.real = bytes == 8 ? std::bit_cast<double>(bits)
                      : double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))};
  return t;
}

token cursor::next() {
  assert(owed_ > 0); // so there is a byte
  --owed_;
  const std::uint8_t first = *at_++;
  if (first <= 0x7f)
    return make(token::what::integer, first);
  if (first <= 0x8f)
    return map(first & 0x0f);
  if (first <= 0x9f)
    return array(first & 0x0f);
  if (first <= 0xbf)
    return text(first & 0x1f);
  if (first >= 0xe0)
    return make(token::what::integer, first | ~std::uint64_t{0xff});
  return long_form(first);
}

token cursor::long_form(std::uint8_t first) {
  const auto size_after
    = [&](std::uint8_t base, unsigned smallest) { return big_endian(smallest << (first - base)); };
  if (first == 0xc0)
    return {};
  if (first == 0xc1)
    fail("c1, which begins nothing");
  if (first <= 0xc3)
    return make(token::what::boolean, first & 1);
  if (first <= 0xc6)
    return text(size_after(0xc4, 1)); // bin
  if (first <= 0xc9)
    return ext(size_after(0xc7, 1));
  if (first <= 0xcb)
    return real(first == 0xca ? 4 : 8);
  if (first <= 0xcf)
    return integer(1u << (first - 0xcc), false);
  if (first <= 0xd3)
    return integer(1u << (first - 0xd0), true);
  if (first <= 0xd8)
    return ext(std::uint64_t{1} << (first - 0xd4));
  if (first <= 0xdb)
    return text(size_after(0xd9, 1));
  if (first <= 0xdd)
    return array(size_after(0xdc, 2));
  return map(size_after(0xde, 2));
}

cursor::body cursor::enter(const token& ext) {
  if (ext.number == 0)
    fail("extension without content");
  body b;
  b.outer_end_ = std::exchange(end_, at_ + ext.number);
  b.outer_owed_ = std::exchange(owed_, 1);
  return b;
}

void cursor::leave(const body& b) {
  if (at_ != end_)
    fail("extension longer than its content, by " + std::to_string(left()));
  end_ = b.outer_end_;
  owed_ = b.outer_owed_;
}

} // namespace supercache::detail
