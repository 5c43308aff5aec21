#include "support/arbitrary_fields.hpp"

#include <supercache/cluster/messages.hpp>
#include <supercache/store/wire_fields.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace supercache;

namespace {

byte_buffer bytes_of(const message& m) {
  byte_buffer bytes;
  wire_writer w{bytes};
  encode(w, m);
  return bytes;
}

/// What bytes are read as; nothing if they are refused.
std::optional<message> decoded(byte_view bytes) {
  wire_reader r{bytes};
  message m = decode<message>(r);
  if (!r.finish())
    return {};
  return m;
}

} // namespace

TEST_CASE("every message is the same after encoding and decoding, whatever is in it") {
  arbitrary::check_property([] {
    const message m = arbitrary::any_of<message>();
    RC_ASSERT(decoded(bytes_of(m)) == m);
    RC_ASSERT(!to_string(m).empty());
  });
}

TEST_CASE("a message that was cut off is refused") {
  arbitrary::check_property(
    [] {
      const byte_buffer bytes = bytes_of(arbitrary::any_of<message>());
      for (std::size_t n = 0; n < bytes.size(); ++n)
        RC_ASSERT(!decoded(byte_view{bytes}.first(n)));
    },
    100);
}

TEST_CASE("a message with something behind it is refused") {
  byte_buffer bytes = bytes_of(take_over{{3, 4}});
  bytes.push_back(0);
  CHECK_FALSE(decoded(bytes));
}

TEST_CASE("mangled and random bytes are read or refused, nothing else") {
  arbitrary::check_property([](std::uint8_t what, const byte_buffer& noise) {
    byte_buffer bytes = bytes_of(arbitrary::any_of<message>());
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = what;
    if (const auto m = decoded(bytes)) // another message, but one that can be sent
      RC_ASSERT(decoded(bytes_of(*m)) == *m);
    (void)decoded(noise);
  });
}

TEST_CASE("a count that the bytes cannot hold takes no memory") {
  byte_buffer bytes;
  wire_writer w{bytes};
  w.number(0); // a request for a vote
  for (int i = 0; i < 5; ++i)
    w.number(1);
  for (int i = 0; i < 3; ++i)
    w.flag(false);
  w.number(std::uint64_t{1} << 60); // initial_members
  CHECK_FALSE(decoded(bytes));
}

TEST_CASE("an unknown kind of message is refused") {
  byte_buffer bytes;
  wire_writer w{bytes};
  w.number(std::variant_size_v<message>);
  CHECK_FALSE(decoded(bytes));
}

TEST_CASE("entries of every kind are the same after encoding and decoding") {
  entry e;
  e.kind = entry_kind::members;
  e.stamp_ms = -5;
  e.request = {1, 2, 3};
  e.who = {{{"a", 1}, {"b", 2}}, {{"c", 3}}, 1, true};
  byte_buffer bytes;
  wire_writer w{bytes};
  encode(w, e);
  wire_reader r{bytes};
  const entry back = decode<entry>(r);
  CHECK(r.finish().ok());
  CHECK(back.kind == e.kind);
  CHECK(back.stamp_ms == e.stamp_ms);
  CHECK(back.request == e.request);
  CHECK(back.who == e.who);
  bytes[0] = 3;
  wire_reader wrong{bytes};
  (void)decode<entry>(wrong);
  CHECK_FALSE(wrong.ok());
}

TEST_CASE("epochs, transfers and positions are ordered and have names") {
  CHECK(epoch{1, 9} < epoch{2, 1});
  CHECK(epoch{2, 1} < epoch{2, 9});
  CHECK(position{{1, 9}, 100} < position{{2, 1}, 1});
  CHECK(transfer_id{{1, 1}, 9} < transfer_id{{2, 1}, 1});
  CHECK(transfer_id{{2, 1}, 1} < transfer_id{{2, 1}, 2});
  CHECK(to_string(position{{2, 0xabcdef}, 7}) == "7@2/cdef");
  CHECK(to_string(transfer_id{{2, 0xabcdef}, 7}) == "7 of 2/cdef");
  CHECK(to_string(member_list{{"a", 1}, {"b", 0x1f}}) == "{a#0001, b#001f}");
  CHECK(majority_of(1) == 1);
  CHECK(majority_of(2) == 2);
  CHECK(majority_of(3) == 2);
  CHECK(majority_of(4) == 3);
}
