#include "encoding_format.hpp"

#include <supercache/store/encoding.hpp>
#include <supercache/store/text.hpp>

#include <msgpack/pack.hpp>

#include <bit>

// Writing. The table of the format is in encoding_format.hpp; reading is in decoding.cpp.
//
// msgpack-cxx writes everything but doubles: it would turn 2.0 into the integer 2.

namespace supercache::inline SUPERCACHE_ABI {

namespace {

using namespace detail;

struct sink {
  byte_buffer& out;
  void write(const char* data, std::size_t size) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
    out.insert(out.end(), bytes, bytes + size);
  }
};

/// The header of a tuple, which is known only once the tuple is written.
struct small_sink {
  char bytes[8];
  std::size_t size = 0;
  void write(const char* data, std::size_t n) {
    std::memcpy(bytes + size, data, n);
    size += n;
  }
};

std::uint32_t length(std::size_t n) {
  if (n > UINT32_MAX)
    throw error(errc::too_large, std::to_string(n)
                                   + " elements or bytes in one item; at most "
                                     "4294967295 can be encoded");
  return static_cast<std::uint32_t>(n);
}

class writer {
public:
  explicit writer(byte_buffer& out) : to_{out}, pack_{to_} {}

  void put(const value& x);
  void put(const record& x) { put_all(x.items()); }
  void put(const std::optional<record>& x);
  void put(const term& x);
  void put(const guard& x);
  void put(const pattern& x);
  void put(const space& x) {
    put(static_cast<std::uint64_t>(x.kind));
    put(std::string_view{x.name});
  }
  void put(const operation& x);
  template <class T>
  void put(const std::vector<T>& xs);
  void put(std::string_view x);
  void put(bool x) { x ? pack_.pack_true() : pack_.pack_false(); }
  void put(std::int64_t x) { pack_.pack_int64(x); }
  void put(std::uint64_t x) { pack_.pack_uint64(x); }
  void put(std::uint32_t x) { pack_.pack_uint32(x); }
  void put(double x);

  void put_all(std::span<const value> items) {
    begin_array(items.size());
    for (const value& x : items)
      put(x);
  }
  void begin_array(std::size_t n) { pack_.pack_array(length(n)); }

private:
  template <class A, class B>
  void put(const std::pair<A, B>& x) {
    put(x.first);
    put(x.second);
  }
  template <described T>
  void put(const T& x) {
    for_each_field(x, [&](const auto& field) { put(field); });
  }
  void put_tuple(std::span<const value> items);
  void put_map(std::span<const value> flat);

  sink to_;
  msgpack::packer<sink> pack_;
};

void writer::put(const value& x) {
  switch (x.kind()) {
    case kind::nil: pack_.pack_nil(); break;
    case kind::boolean: put(x.as_bool()); break;
    case kind::integer: put(x.as_int()); break;
    case kind::real: put(x.as_real()); break;
    case kind::string: put(x.as_string()); break;
    case kind::list: put_all(x.items()); break;
    case kind::tuple: put_tuple(x.items()); break;
    case kind::map: put_map(x.items()); break;
  }
}

void writer::put(const std::optional<record>& x) {
  if (x)
    put(*x);
  else
    pack_.pack_nil();
}

void writer::put(std::string_view x) {
  const auto n = length(x.size());
  if (is_utf8(x))
    pack_.pack_str(n).pack_str_body(x.data(), n);
  else
    pack_.pack_bin(n).pack_bin_body(x.data(), n);
}

void writer::put(double x) {
  char bytes[9] = {static_cast<char>(0xcb)};
  const auto bits = std::bit_cast<std::uint64_t>(x);
  for (int i = 0; i < 8; ++i)
    bytes[1 + i] = static_cast<char>(bits >> (56 - 8 * i));
  to_.write(bytes, sizeof bytes);
}

/// An ext's header holds its length. That of most tuples takes three bytes, so these are left
/// free; for the others what was written is moved.
void writer::put_tuple(std::span<const value> items) {
  constexpr std::size_t guess = 3;
  byte_buffer& out = to_.out;
  const std::size_t start = out.size();
  out.resize(start + guess);
  put_all(items);
  small_sink header;
  msgpack::packer<small_sink>{header}.pack_ext(length(out.size() - start - guess), tuple_ext);
  const auto at = out.begin() + static_cast<std::ptrdiff_t>(start);
  if (header.size < guess)
    out.erase(at, at + static_cast<std::ptrdiff_t>(guess - header.size));
  else if (header.size > guess)
    out.insert(at, header.size - guess, 0);
  std::memcpy(out.data() + start, header.bytes, header.size);
}

void writer::put_map(std::span<const value> flat) {
  pack_.pack_map(length(flat.size() / 2));
  for (const value& x : flat)
    put(x);
}

// -- patterns -----------------------------------------------------------------------------------

void writer::put(const term& x) {
  const bool nested = x.is == term::what::tuple || x.is == term::what::list;
  begin_array(nested ? 1 + x.items.size() : x.is == term::what::any ? 1 : 2);
  put(static_cast<std::uint64_t>(x.is));
  if (x.is == term::what::literal)
    put(x.literal);
  else if (x.is == term::what::bind)
    put(x.number);
  else if (nested)
    for (const term& item : x.items)
      put(item);
}

void writer::put(const guard& x) {
  const bool leaf = x.what == guard::op::literal || x.what == guard::op::var;
  begin_array(leaf ? 2 : 1 + x.args.size());
  put(static_cast<std::uint64_t>(x.what));
  if (x.what == guard::op::literal)
    put(x.literal);
  else if (x.what == guard::op::var)
    put(x.number);
  else
    for (const guard& arg : x.args)
      put(arg);
}

void writer::put(const pattern& x) {
  begin_array(x.when ? 2 : 1);
  put(x.terms);
  if (x.when)
    put(*x.when);
}

template <class T>
void writer::put(const std::vector<T>& xs) {
  begin_array(items_in_array<T> * xs.size());
  for (const T& x : xs)
    put(x);
}

// -- operations ---------------------------------------------------------------------------------

void writer::put(const operation& x) {
  std::visit(
    [&]<class O>(const O& body) {
      begin_array(op_head_fields + field_count<O>);
      put(std::uint64_t{O::about.code});
      put(x.target);
      for_each_field(body, [&](const auto& field) { put(field); });
    },
    x.body);
}

} // namespace

void encode(const value& x, byte_buffer& out) { writer{out}.put(x); }
void encode(const record& x, byte_buffer& out) { writer{out}.put(x); }
void encode(const pattern& x, byte_buffer& out) { writer{out}.put(x); }
void encode(const operation& x, byte_buffer& out) { writer{out}.put(x); }

} // namespace supercache::inline SUPERCACHE_ABI
