#include "support/arbitrary.hpp"
#include "support/checks.hpp"
#include "support/counted_new.hpp"
#include "support/hex.hpp"
#include "support/same.hpp"
#include "support/values.hpp"
#include "support/workload.hpp"

#include <supercache/store/encoding.hpp>

#include <doctest/doctest.h>

// Decoding of untrusted bytes. A separate program, since it counts what is requested of operator
// new.

using namespace supercache;
using workload::dice;

namespace {

/// Decodes with `decode`, checks what holds for any bytes, and answers the failure, if any.
template <class T>
std::optional<failure> outcome_of(result<T> (*decode)(byte_view&), byte_view bytes) {
  byte_view in = bytes;
  const auto before = counted_new::bytes();
  const auto x = decode(in);
  CHECK(counted_new::bytes() - before <= 4096 + 128 * bytes.size());
  if (!x) {
    CHECK(in.data() == bytes.data());
    CHECK(in.size() == bytes.size());
    CHECK((x.why().code == errc::malformed || x.why().code == errc::too_large));
    return x.why();
  }
  CHECK(in.data() + in.size() == bytes.data() + bytes.size());
  const auto again = encoded(*x);
  byte_view canonical{again};
  const auto y = decode(canonical);
  CHECK((y && same::same(*x, *y)));
  return {};
}

/// Each decoder's outcome: value, record, pattern, operation.
std::vector<std::optional<failure>> outcomes(byte_view bytes) {
  return {outcome_of(decode_value, bytes), outcome_of(decode_record, bytes),
          outcome_of(decode_pattern, bytes), outcome_of(decode_operation, bytes)};
}

void check_all_refuse(byte_view bytes) {
  for (const auto& failed : outcomes(bytes))
    CHECK(failed.has_value());
}

value value_of(std::string_view text) {
  const auto bytes = hex::parse(text);
  byte_view in{bytes};
  auto x = decode_value(in);
  CHECK_MESSAGE(x.ok(), (x.ok() ? "" : x.why().message));
  CHECK(in.empty());
  return x.ok() ? *x : value{"not decoded"};
}

template <class T>
result<T> read(result<T> (*decode)(byte_view&), std::string_view text) {
  const auto bytes = hex::parse(text);
  byte_view in{bytes};
  return decode(in);
}

std::string repeated(std::string_view text, std::size_t n) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i)
    all += text;
  return all;
}

/// A tuple of one element, all in hexadecimal.
std::string tuple_around(const std::string& element) {
  const std::size_t n = 1 + element.size() / 2;
  const byte_buffer header = {0xc9,
                              0,
                              static_cast<std::uint8_t>(n >> 16),
                              static_cast<std::uint8_t>(n >> 8),
                              static_cast<std::uint8_t>(n),
                              1,
                              0x91};
  return hex::of(header) + element;
}

byte_buffer mutated(byte_buffer bytes, dice& d) {
  for (std::size_t n = 1 + d.below(4); n > 0 && !bytes.empty(); --n) {
    const auto at = static_cast<std::ptrdiff_t>(d.below(bytes.size()));
    const auto b = static_cast<std::uint8_t>(d.bits());
    switch (d.below(5)) {
      case 0: bytes.erase(bytes.begin() + at); break;
      case 1: bytes.insert(bytes.begin() + at, b); break;
      case 2:
        bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1u << (b % 8));
        break;
      case 3: bytes.resize(static_cast<std::size_t>(at)); break;
      default: bytes[static_cast<std::size_t>(at)] = b;
    }
  }
  return bytes;
}

operation sample_operation() {
  const pattern p{{bind(1), tuple_of({any, bind(2)}), "x"}, var(1) > 3 && !is_nil(var(2))};
  return {{space_kind::structs, "name"}, op::remove_match{p}};
}

} // namespace

// -- any bytes ----------------------------------------------------------------------------------

TEST_CASE("every prefix of an encoding is refused") {
  const auto check_prefixes = [](auto decode, const byte_buffer& bytes) {
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      CAPTURE(n);
      CHECK(outcome_of(decode, byte_view{bytes}.first(n)).has_value());
    }
  };
  const record row{1, "two", 3.5, value::tuple({value::map({{"k", std::string(40, 'v')}})})};
  operation counter;
  counter.target.name = "users";
  counter.body = op::update_counter{"k", 2, 3, row, 4};
  check_prefixes(decode_value, encoded(value::list(values::interesting())));
  check_prefixes(decode_record, encoded(row));
  check_prefixes(decode_pattern, encoded(std::get<op::remove_match>(sample_operation().body).what));
  check_prefixes(decode_operation, encoded(sample_operation()));
  check_prefixes(decode_operation, encoded(counter));
}

TEST_CASE("encodings changed at random are refused or read, and nothing worse") {
  arbitrary::check_property([](const operation& x, const value& y, std::uint64_t seed) {
    dice d{seed};
    for (int i = 0; i < 10; ++i) {
      outcomes(mutated(encoded(x), d));
      outcomes(mutated(encoded(y), d));
    }
  });
}

TEST_CASE("random bytes are refused or read, and nothing worse") {
  dice d{workload::seed(2)};
  for (std::size_t i = 0; i < workload::scaled(20000); ++i) {
    byte_buffer bytes(d.below(40));
    for (auto& b : bytes)
      b = static_cast<std::uint8_t>(d.bits());
    outcomes(bytes);
  }
}

// -- hostile sizes: nothing is taken on the word of a header -------------------------------------

TEST_CASE("sizes beyond the bytes left are refused before memory is taken for them") {
  for (const char* text : {"ddffffffff",
                           "ddffffffff 0102",
                           "dfffffffff",
                           "df7fffffff c0c0",
                           "dbffffffff 61",
                           "c6ffffffff",
                           "c9ffffffff01 90",
                           "dcffff",
                           "deffff",
                           "daffff",
                           "c5ffff",
                           "c8ffff01",
                           "9f",
                           "8f",
                           "bf",
                           "d9ff",
                           "c4ff",
                           "c7ff01",
                           "d801",
                           "cb",
                           "ce0000",
                           "cd",
                           "ca000000"}) {
    CAPTURE(std::string{text});
    check_all_refuse(hex::parse(text));
  }
}

TEST_CASE("a string of 4 GiB is refused with a sentence") {
  CHECK_REFUSED(read(decode_value, "dbffffffff616263"), errc::malformed,
                "encoding, byte 5: string needs at least 4294967295 more bytes; 3 left");
}

TEST_CASE("arrays that together promise more items than there are bytes are refused") {
  // Each alone could be true; taking memory for all of them would multiply the input by 128.
  const auto bytes = hex::parse(repeated("dd00000100", 60) + repeated("c0", 400));
  for (const auto& failed : outcomes(bytes))
    CHECK(failed.has_value());
  CHECK_REFUSED(read(decode_value, "94 94 0102 03 04"), errc::malformed,
                "encoding, byte 2: array needs at least 4 more bytes; 1 left");
}

TEST_CASE("nesting of a million levels is refused") {
  for (const char* level : {"91", "81", "81c0", "c90000ffff0191", "d40191"}) {
    CAPTURE(std::string{level});
    check_all_refuse(hex::parse(repeated(level, 1000000) + repeated("c0", 1000)));
  }
  std::string tuples = "90";
  for (int i = 0; i < 5000; ++i)
    tuples = tuple_around(tuples);
  CHECK_REFUSED(read(decode_value, tuples), errc::too_large, "value nested deeper than 128 levels");
}

TEST_CASE("terms and guards nested a million levels deep are refused") {
  const std::string terms = "91 91" + repeated("9203", 1000000) + "9101";
  CHECK_REFUSED(read(decode_pattern, terms), errc::too_large,
                "pattern nested deeper than 128 levels");
  const std::string guards = "92 91 9101" + repeated("920a", 1000000) + "9200c3";
  CHECK_REFUSED(read(decode_pattern, guards), errc::too_large,
                "guard nested deeper than 128 levels");
  CHECK_REFUSED(read(decode_operation, "94 09 00 a0" + terms), errc::too_large,
                "pattern nested deeper than 128 levels");
}

// -- depth: what can be built can be read --------------------------------------------------------

TEST_CASE("values are read to exactly the depth that can be built") {
  const auto wrap_list = [](const value& x) { return value::list({x}); };
  const auto wrap_tuple = [](const value& x) { return value::tuple({x}); };
  const auto wrap_key = [](const value& x) { return value::map({{x, 1}}); };
  const auto wrap_value = [](const value& x) { return value::map({{1, x}}); };
  const auto check_depth = [](auto wrap, const char* level) {
    value x;
    for (unsigned i = 0; i < max_depth; ++i)
      x = wrap(x);
    const auto bytes = encoded(x);
    byte_view in{bytes};
    CHECK(decode_value(in).value() == x);
    CHECK(outcome_of(decode_value, hex::parse(level + hex::of(bytes)))->code == errc::too_large);
    CHECK(outcome_of(decode_record, hex::parse("91" + hex::of(bytes)))->code == errc::too_large);
    CHECK(!outcome_of(decode_operation, hex::parse("94 03 01 a0" + hex::of(bytes))));
  };
  check_depth(wrap_list, "91");
  check_depth(wrap_tuple, "91");
  check_depth(wrap_key, "81c0");
  check_depth(wrap_value, "81c0");
}

TEST_CASE("patterns and guards are read to the depth that can be compiled") {
  term t = bind(1);
  for (unsigned i = 1; i < max_depth; ++i)
    t = i % 2 ? tuple_of({t}) : list_of({t});
  guard g = var(1) == 1;
  for (unsigned i = 1; i < max_depth; ++i)
    g = !g;
  const pattern p{{t}, g};
  REQUIRE(compiled_pattern::compile(p).ok());
  CHECK(!outcome_of(decode_pattern, encoded(p)));
  CHECK(outcome_of(decode_pattern, encoded(pattern{{list_of({t})}}))->code == errc::too_large);
  CHECK(outcome_of(decode_pattern, encoded(pattern{{t}, !!g}))->code == errc::too_large);
}

// -- other writers' forms -----------------------------------------------------------------------

TEST_CASE("longer forms than necessary are read") {
  for (const char* seven : {"07", "cc07", "cd0007", "ce00000007", "cf0000000000000007", "d007",
                            "d10007", "d200000007", "d30000000000000007"})
    CHECK(value_of(seven) == value{7});
  for (const char* minus_two : {"fe", "d0fe", "d1fffe", "d2fffffffe", "d3fffffffffffffffe"})
    CHECK(value_of(minus_two) == value{-2});
  for (const char* a :
       {"a161", "d90161", "da000161", "db0000000161", "c40161", "c5000161", "c60000000161"})
    CHECK(value_of(a) == value{"a"});
  for (const char* list : {"9107", "dc000107", "dd0000000107"})
    CHECK(value_of(list) == value::list({7}));
  for (const char* map : {"810708", "de00010708", "df000000010708"})
    CHECK(value_of(map) == value::map({{7, 8}}));
  for (const char* tuple : {"d5019107", "c702019107", "c80002019107", "c900000002019107",
                            "d601dc000107", "c70401dc000107"})
    CHECK(value_of(tuple) == value::tuple({7}));
}

TEST_CASE("doubles become canonical") {
  CHECK(value_of("ca3fc00000") == value{1.5});
  CHECK(value_of("cb8000000000000000") == value{0.0});
  CHECK(value_of("ca80000000") == value{0.0});
  for (const char* nan : {"ca7fc00000", "caffc00001", "ca7f800001", "cb7ff8000000000000",
                          "cbfff8000000000000", "cb7ff0000000000001", "cbffffffffffffffff"})
    CHECK(value_of(nan) == value{std::nan("")});
}

TEST_CASE("maps are read in any order, and of equal keys the last wins") {
  const auto m = value::map({{1, 10}, {2, 20}});
  CHECK(value_of("82 01 0a 02 14") == m);
  CHECK(value_of("82 02 14 01 0a") == m);
  CHECK(value_of("84 02 00 01 00 02 14 cc01 0a") == m);
}

TEST_CASE("strings that are not UTF-8 are read from either form") {
  CHECK(value_of("a1ff") == value{"\xff"});
  CHECK(hex::of(encoded(value_of("a1ff"))) == "c401ff");
}

TEST_CASE("integers beyond 64 bits signed are refused") {
  CHECK(value_of("cf7fffffffffffffff") == value{INT64_MAX});
  CHECK_REFUSED(read(decode_value, "cf8000000000000000"), errc::malformed,
                "encoding, byte 9: integer 9223372036854775808 does not fit: the largest is "
                "9223372036854775807");
}

// -- what is no encoding ------------------------------------------------------------------------

TEST_CASE("bytes that are not a value are refused with a sentence that names the byte") {
  const auto refused = [](const char* text, const char* message) {
    CAPTURE(std::string{text});
    CHECK_REFUSED(read(decode_value, text), errc::malformed, message);
  };
  refused("", "encoding, byte 0: ends where an item should begin");
  refused("c1", "encoding, byte 1: c1, which begins nothing");
  refused("d40290", "encoding, byte 2: extension of unknown type 2");
  refused("d4ff90", "encoding, byte 2: extension of unknown type -1");
  refused("d401c0", "encoding, byte 3: no array where one belongs");
  refused("c70001", "encoding, byte 3: extension without content");
  refused("d50190c0", "encoding, byte 3: extension longer than its content, by 1");
}

TEST_CASE("records, patterns and operations of the wrong shape are refused") {
  const auto refused = [](auto decode, const char* text, const std::string& message) {
    CAPTURE(std::string{text});
    CHECK_REFUSED(read(decode, text), errc::malformed, message);
  };
  refused(decode_record, "07", "encoding, byte 1: no array where one belongs");
  refused(decode_pattern, "90", "encoding, byte 1: array of size 0 where at least 1 is needed");
  refused(decode_pattern, "93909000",
          "encoding, byte 1: a pattern has terms and at most one guard");
  refused(decode_pattern, "91919105", "encoding, byte 4: no integer from 0 to 4 where one belongs");
  refused(decode_pattern, "91919201c0", "encoding, byte 4: fields: 1 where 0 belong");
  refused(decode_pattern, "919192 02 ff",
          "encoding, byte 5: no integer from 0 to 4294967295 where one belongs");
  refused(decode_pattern, "92 90 92 14 c0",
          "encoding, byte 4: no integer from 0 to 19 where one belongs");
  const auto last = std::to_string(std::variant_size_v<operation_body> - 1);
  refused(decode_operation, "937f00a0",
          "encoding, byte 2: no integer from 0 to " + last + " where one belongs");
  refused(decode_operation, "930a05a0",
          "encoding, byte 3: no integer from 0 to 4 where one belongs");
  refused(decode_operation, "930a00c0", "encoding, byte 4: no string where one belongs");
  refused(decode_operation, "940a00a0c0", "encoding, byte 4: fields: 1 where 0 belong");
  refused(decode_operation, "950500a0 01 9107",
          "encoding, byte 6: array of size 1 where groups of 2 belong");
  refused(decode_operation, "950000a0 90 c0",
          "encoding, byte 6: no integer of 64 bits where one "
          "belongs");
  refused(decode_operation, "980600a0 01 01 01 02 00",
          "encoding, byte 8: neither nil nor a record where one belongs");
}
