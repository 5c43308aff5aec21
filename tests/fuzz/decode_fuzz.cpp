#include "fuzz/decode_fuzz.hpp"

#include "support/same.hpp"

#include <supercache/store/encoding.hpp>
#include <supercache/store/json.hpp>
#include <supercache/store/text.hpp>

#include <cstdio>
#include <cstdlib>

// Reads any bytes as everything that can be read, and checks that what was read is written and
// read again without loss. A crash, a sanitizer's report or abort() is a finding.

using namespace supercache;

namespace {

void expect(bool ok, const char* what) {
  if (ok)
    return;
  std::fprintf(stderr, "decode_fuzz: %s\n", what);
  std::abort();
}

/// decode(encode(x)) == x, and the second encoding is the first.
template <class T>
void expect_round_trip(const T& x, result<T> (*decode)(byte_view&), const char* what) {
  const auto bytes = encoded(x);
  byte_view in{bytes};
  const auto y = decode(in);
  expect(y && in.empty() && same::same(*y, x) && encoded(*y) == bytes, what);
}

template <class T>
void read_all(byte_view bytes, result<T> (*decode)(byte_view&), const char* what) {
  byte_view in = bytes;
  while (!in.empty()) {
    const auto before = in.size();
    const auto x = decode(in);
    expect(x ? in.size() < before : in.size() == before, "the rest is wrong");
    if (!x)
      return;
    expect_round_trip(*x, decode, what);
    if constexpr (std::same_as<T, value>) {
      const auto again = value_from_json(to_json(*x));
      expect(again && *again == *x, "value does not come back from JSON");
    }
  }
}

void read_text(std::string_view text) {
  if (const auto x = value_from_text(text)) {
    const auto again = value_from_text(to_string(*x));
    expect(again && *again == *x, "typed value does not come back from its text");
    expect_round_trip(*x, decode_value, "typed value does not come back from its encoding");
  }
}

void read_json(std::string_view text) {
  if (const auto x = value_from_json(text)) {
    const auto again = value_from_json(to_json(*x));
    expect(again && *again == *x, "JSON value does not come back from JSON");
    expect_round_trip(*x, decode_value, "JSON value does not come back from its encoding");
  }
  if (const auto r = record_from_json(text))
    expect_round_trip(*r, decode_record, "JSON record does not come back from its encoding");
  for (const auto& p : {pattern_from_json(text), pattern_from_json("[\"$1\"]", text)})
    if (p && compiled_pattern::compile(*p))
      expect_round_trip(*p, decode_pattern, "JSON pattern does not come back from its encoding");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view bytes{data, size};
  read_all(bytes, decode_value, "value does not come back from its encoding");
  read_all(bytes, decode_record, "record does not come back from its encoding");
  read_all(bytes, decode_pattern, "pattern does not come back from its encoding");
  read_all(bytes, decode_operation, "operation does not come back from its encoding");
  read_json({reinterpret_cast<const char*>(data), size});
  read_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
