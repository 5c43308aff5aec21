#pragma once

#include <supercache/store/encoding.hpp>

#include <string_view>

namespace supercache::detail {

/// One item of MessagePack, or the header of an array, map or ext.
struct token {
  enum class what : std::uint8_t {
    nil,
    boolean,
    integer,
    big_integer,
    real,
    string,
    array,
    map,
    ext
  };

  what is = what::nil;
  std::int8_t ext_type = 0;
  /// The boolean; the integer (a `big_integer` is one above INT64_MAX); how many items an array or
  /// pairs a map has; how many bytes an ext has.
  std::uint64_t number = 0;
  double real = 0;
  std::string_view text{}; ///< points into the bytes being read
};

/// Reads MessagePack item by item from untrusted bytes.
///
/// Every size is checked when it is read: an array of n items needs n bytes at least, beyond those
/// that the arrays around it still need for their items. So the items promised by all open arrays
/// together are never more than the bytes left, and taking memory for them is safe.
///
/// Why not msgpack-cxx's parser: its visitor does not learn how many bytes are left, each tuple
/// would need a parser of its own inside the parser, and it takes about twice as long. The tests
/// compare both.
///
/// All functions throw `error(errc::malformed)` naming the byte where the encoding is wrong.
/// Not thread-safe; the bytes must outlive it.
class cursor {
public:
  explicit cursor(byte_view in) : begin_(in.data()), at_(begin_), end_(begin_ + in.size()) {
    if (in.empty())
      fail("ends where an item should begin");
  }

  token next();

  /// Goes into the body of the ext whose header was just read: one item that fills it.
  class body {
    friend class cursor;
    const std::uint8_t* outer_end_;
    std::size_t outer_owed_;
  };
  body enter(const token& ext);
  /// Leaves it again; its item must have been read to the end.
  void leave(const body& b);

  /// The bytes after the last item read.
  byte_view rest() const noexcept { return {at_, end_}; }

  [[noreturn]] void fail(const std::string& what) const;

private:
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  /// Checks that there are `n` bytes for `what`, besides those that open arrays still need.
  void need(std::uint64_t n, const char* what) const;
  std::uint64_t big_endian(unsigned bytes);
  token integer(unsigned bytes, bool is_signed);
  token text(std::uint64_t bytes);
  token array(std::uint64_t items);
  token map(std::uint64_t pairs);
  token ext(std::uint64_t bytes);
  token real(unsigned bytes);
  token long_form(std::uint8_t first);

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  /// Items that are promised and not yet read; at most `left()`.
  std::size_t owed_ = 1;
};

} // namespace supercache::detail
