#pragma once

#include <supercache/store/encoding.hpp>

#include <string>
#include <string_view>

namespace supercache {

/// Writes messages: fields one after the other, each one item of MessagePack, so that values,
/// records and operations can stand between them unchanged. The reader knows what comes next.
///
/// Not thread-safe. Cost: one append per field.
class wire_writer {
public:
  explicit wire_writer(byte_buffer& out) noexcept : out_(out) {}

  void number(std::uint64_t x);
  void flag(bool x) { out_.push_back(x ? 0xc3 : 0xc2); }
  void text(std::string_view x) {
    bytes({reinterpret_cast<const std::uint8_t*>(x.data()), x.size()});
  }
  /// Opaque bytes, up to 2^32 − 1 of them.
  void bytes(byte_view x);
  void target(const space& x);
  /// A value, record, pattern or operation.
  template <class T>
  void item(const T& x) {
    encode(x, out_);
  }
  byte_buffer& buffer() noexcept { return out_; }

private:
  void big_endian(std::uint8_t first, std::uint64_t x, unsigned bytes);
  byte_buffer& out_;
};

/// Reads what a `wire_writer` wrote, trusting nothing. After the first error every read answers
/// zeros; `status()` says what was wrong.
///
/// Not thread-safe; the bytes must outlive it and the views it answers.
class wire_reader {
public:
  explicit wire_reader(byte_view in) noexcept : in_(in) {}

  std::uint64_t number();
  /// A number below `limit`; any other is an error.
  std::uint64_t number_below(std::uint64_t limit, std::string_view what);
  bool flag();
  std::string text();
  byte_view bytes();
  /// How many things follow, each of at least one byte: never more than bytes are left, so memory
  /// can be taken for them.
  std::size_t count();
  space target();
  /// A value, record, pattern or operation.
  template <class T>
  T read();

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return in_.empty(); }
  byte_view rest() const noexcept { return in_; }
  /// Errors: `malformed` if anything read was wrong.
  supercache::status status() const;
  /// The same, and nothing may be left.
  supercache::status finish();
  void fail(std::string what);

private:
  std::uint64_t big_endian(unsigned bytes);
  bool need(std::size_t n);

  byte_view in_;
  bool ok_ = true;
  std::string why_;
};

template <>
value wire_reader::read();
template <>
record wire_reader::read();
template <>
pattern wire_reader::read();
template <>
operation wire_reader::read();

} // namespace supercache
