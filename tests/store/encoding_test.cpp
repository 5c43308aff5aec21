#include "support/arbitrary.hpp"
#include "support/hex.hpp"
#include "support/same.hpp"
#include "support/values.hpp"

#include <supercache/store/encoding.hpp>

#include <doctest/doctest.h>
#include <msgpack/unpack.hpp>
#include <nlohmann/json.hpp>

using namespace supercache;
using arbitrary::check_property;
using nlohmann::json;

namespace {

template <class T>
constexpr auto decode = &decode_value;
template <>
constexpr auto decode<record> = &decode_record;
template <>
constexpr auto decode<pattern> = &decode_pattern;
template <>
constexpr auto decode<operation> = &decode_operation;

/// Decodes the encoding of `x`; nothing may be left over.
template <class T>
bool comes_back(const T& x) {
  const auto bytes = encoded(x);
  byte_view in{bytes};
  const auto y = decode<T>(in);
  return y && in.empty() && same::same(*y, x) && encoded(*y) == bytes;
}

// -- what nlohmann/json makes of an encoding ----------------------------------------------------

bool is_text(std::string_view bytes) {
  try {
    (void)json(bytes).dump();
    return true;
  } catch (const json::type_error&) { // not UTF-8
    return false;
  }
}

json plain_document(const value& x);

json document_list(std::span<const value> items) {
  json list = json::array();
  for (const value& item : items)
    list.push_back(plain_document(item));
  return list;
}

/// What from_msgpack answers for a value whose maps have only texts as keys.
json plain_document(const value& x) {
  switch (x.kind()) {
    case kind::nil: return nullptr;
    case kind::boolean: return x.as_bool();
    case kind::integer: return x.as_int();
    case kind::real: return x.as_real();
    case kind::string:
      if (is_text(x.as_string()))
        return std::string{x.as_string()};
      return json::binary({x.as_string().begin(), x.as_string().end()});
    case kind::list: return document_list(x.items());
    case kind::tuple: return json::binary(json::to_msgpack(document_list(x.items())), 1);
    case kind::map: break;
  }
  json map = json::object();
  for (std::size_t i = 0; i < x.items().size(); i += 2)
    map[std::string{x.items()[i].as_string()}] = plain_document(x.items()[i + 1]);
  return map;
}

/// nlohmann/json writes doubles as float 32 where that loses nothing.
bool has_doubles(const value& x) {
  if (x.is_real())
    return true;
  return (x.is_list() || x.is_tuple() || x.is_map()) && std::ranges::any_of(x.items(), has_doubles);
}

// -- what msgpack-cxx makes of an encoding --------------------------------------------------------

bool agrees(const msgpack::object& o, const value& x);

bool all_agree(const msgpack::object* o, std::size_t n, std::span<const value> items) {
  if (n != items.size())
    return false;
  for (std::size_t i = 0; i < n; ++i)
    if (!agrees(o[i], items[i]))
      return false;
  return true;
}

bool map_agrees(const msgpack::object_map& m, std::span<const value> flat) {
  if (2 * m.size != flat.size())
    return false;
  for (std::uint32_t i = 0; i < m.size; ++i)
    if (!agrees(m.ptr[i].key, flat[2 * i]) || !agrees(m.ptr[i].val, flat[2 * i + 1]))
      return false;
  return true;
}

bool tuple_agrees(const msgpack::object_ext& e, const value& x) {
  if (!x.is_tuple() || e.type() != 1)
    return false;
  const auto body = msgpack::unpack(e.data(), e.size);
  const auto& array = body.get();
  return array.type == msgpack::type::ARRAY
         && all_agree(array.via.array.ptr, array.via.array.size, x.items());
}

bool agrees(const msgpack::object& o, const value& x) {
  switch (o.type) {
    case msgpack::type::NIL: return x.is_nil();
    case msgpack::type::BOOLEAN: return x == value{o.via.boolean};
    case msgpack::type::POSITIVE_INTEGER: return x == value{o.via.u64};
    case msgpack::type::NEGATIVE_INTEGER: return x == value{o.via.i64};
    case msgpack::type::FLOAT64: return x == value{o.via.f64};
    case msgpack::type::STR: return x == value{std::string_view{o.via.str.ptr, o.via.str.size}};
    case msgpack::type::BIN: return x == value{std::string_view{o.via.bin.ptr, o.via.bin.size}};
    case msgpack::type::ARRAY:
      return x.is_list() && all_agree(o.via.array.ptr, o.via.array.size, x.items());
    case msgpack::type::MAP: return x.is_map() && map_agrees(o.via.map, x.items());
    case msgpack::type::EXT: return tuple_agrees(o.via.ext, x);
    default: return false;
  }
}

bool msgpack_cxx_agrees(const value& x) {
  const auto bytes = encoded(x);
  const auto handle = msgpack::unpack(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return agrees(handle.get(), x);
}

} // namespace

// -- round trips --------------------------------------------------------------------------------

TEST_CASE("every interesting value comes back from its encoding, and msgpack-cxx reads the same") {
  for (const value& x : values::interesting()) {
    CAPTURE(x);
    CHECK(comes_back(x));
    CHECK(comes_back(record{x}));
    CHECK(msgpack_cxx_agrees(x));
  }
}

TEST_CASE("any value comes back from its encoding") {
  check_property([](const value& x) { RC_ASSERT(comes_back(x)); }, 2000);
}

TEST_CASE("any record comes back from its encoding, without its deadline") {
  check_property([](const record& x) { RC_ASSERT(comes_back(x)); });
  CHECK(comes_back(record{}));
  const auto bytes = encoded(record{"k", 1}.with_deadline(99));
  byte_view in{bytes};
  CHECK(decode_record(in).value().deadline() == 0);
}

TEST_CASE("any pattern comes back from its encoding") {
  check_property([](const pattern& x) { RC_ASSERT(comes_back(x)); });
}

TEST_CASE("any operation comes back from its encoding") {
  check_property([](const operation& x) { RC_ASSERT(comes_back(x)); }, 2000);
}

TEST_CASE("equal values have equal encodings, however they were made") {
  const auto same_bytes = [](const value& a, const value& b) { return encoded(a) == encoded(b); };
  CHECK(same_bytes(0.0, -0.0));
  CHECK(same_bytes(std::nan("1"), -std::nan("2")));
  CHECK(same_bytes(value::map({{2, "b"}, {1, "a"}}), value::map({{1, "x"}, {1, "a"}, {2, "b"}})));
  CHECK_FALSE(same_bytes(2, 2.0));
}

TEST_CASE("items follow each other in one buffer") {
  byte_buffer bytes;
  encode(value{"first"}, bytes);
  encode(record{value::tuple({1}), 2}, bytes);
  encode(value{}, bytes);
  byte_view in{bytes};
  CHECK(decode_value(in).value() == value{"first"});
  CHECK(decode_record(in).value() == record{value::tuple({1}), 2});
  CHECK(decode_value(in).value().is_nil());
  CHECK(in.empty());
}

// -- sizes at which the form changes ------------------------------------------------------------

TEST_CASE("strings, lists and maps of every form of size come back, and others read them") {
  for (const std::size_t n : {0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 65535, 65536, 65537}) {
    CAPTURE(n);
    std::vector<std::pair<value, value>> pairs;
    for (std::size_t i = 0; i < n; ++i)
      pairs.emplace_back(i, nullptr);
    for (const value& x : {value{std::string(n, 'a')}, value{std::string(n, '\xff')},
                           value::list(value_list(n)), value::map(pairs)}) {
      CHECK(comes_back(x));
      CHECK(msgpack_cxx_agrees(x));
    }
  }
}

TEST_CASE("a tuple's header has the shortest form for its body of n bytes") {
  struct sample {
    std::size_t n;
    const char* header;
  };
  const sample samples[] = {
    {1, "d401"},
    {2, "d501"},
    {3, "c70301"},
    {4, "d601"},
    {5, "c70501"},
    {8, "d701"},
    {16, "d801"},
    {19, "c71301"},
    {255, "c7ff01"},
    {256, "c8010001"},
    {65535, "c8ffff01"},
    {65536, "c90001000001"},
    {70000, "c90001117001"},
  };
  for (const sample& s : samples) {
    const std::size_t n = s.n;
    CAPTURE(n);
    // The array's header takes one, three or five bytes, each nil one.
    const std::size_t items = n <= 16 ? n - 1 : n <= 65538 ? n - 3 : n - 5;
    const value x = value::tuple(value_list(items));
    CHECK(hex::of(encoded(x)).starts_with(s.header));
    CHECK(comes_back(x));
    CHECK(msgpack_cxx_agrees(x));
    CHECK(comes_back(value::tuple({x, x})));
  }
}

TEST_CASE("strings are written as str exactly when they are UTF-8") {
  const auto is_str = [](const std::string& x) { return encoded(value{x})[0] == 0xa0 + x.size(); };
  for (int first = 0x80; first < 0x100; ++first)
    for (int second = 0; second < 0x100; ++second) {
      std::string x = {static_cast<char>(first), static_cast<char>(second), '\x80', '\x80'};
      for (; !x.empty(); x.pop_back()) {
        CAPTURE(hex::of(encoded(value{x})));
        CHECK(is_str(x) == is_text(x));
      }
    }
  CHECK(is_str("eight bytes of ASCII: \u00fc"));
  CHECK_FALSE(is_str("eight bytes of ASCII: \xfc"));
  CHECK_FALSE(is_str("\xf0\x9f\x98\x41"));
}

TEST_CASE("integers have the form that other libraries give them") {
  check_property(
    [] {
      const auto x = *arbitrary::integers();
      RC_ASSERT(encoded(value{x}) == json::to_msgpack(json(x)));
    },
    3000);
}

// -- other implementations ----------------------------------------------------------------------

TEST_CASE("nlohmann/json reads any value with texts as keys") {
  check_property(
    [] {
      const value x = *arbitrary::values(4, true);
      if (has_doubles(x))
        return; // would differ inside of a tuple
      RC_ASSERT(json::from_msgpack(encoded(x)) == plain_document(x));
      RC_ASSERT(encoded(x) == json::to_msgpack(plain_document(x)));
    },
    2000);
}

TEST_CASE("what nlohmann/json writes is read, float 32 included") {
  check_property(
    [] {
      const value x = *arbitrary::values(4, true);
      const auto bytes = json::to_msgpack(plain_document(x));
      byte_view in{bytes};
      const auto y = decode_value(in);
      RC_ASSERT(y.ok());
      RC_ASSERT(*y == x);
    },
    2000);
}

TEST_CASE("msgpack-cxx reads any value") {
  check_property([](const value& x) { RC_ASSERT(msgpack_cxx_agrees(x)); }, 2000);
}
