#include "support/arbitrary_fields.hpp"
#include "support/hex.hpp"

#include <supercache/cluster/frame.hpp>

#include <doctest/doctest.h>

using namespace supercache;

namespace {

constexpr std::size_t partitions = 8;

byte_buffer encoded(const frame::item& i) {
  byte_buffer bytes;
  wire_writer w{bytes};
  frame::encode(w, i);
  return bytes;
}

/// The decoded item; nothing if it is refused. Encodings are canonical, so equal bytes are equal
/// items.
std::optional<frame::item> decoded(byte_view bytes) {
  wire_reader r{bytes};
  frame::item i = frame::decode_item(r, partitions);
  if (!r.finish())
    return {};
  return i;
}

frame::item any_item() {
  auto i = arbitrary::any_of<frame::item>();
  std::visit(
    [](auto& x) {
      if constexpr (requires { x.partition; })
        x.partition %= partitions;
    },
    i);
  return i;
}

} // namespace

TEST_CASE("every item of a frame is the same after encoding and decoding") {
  arbitrary::check_property([] {
    const frame::item i = any_item();
    const byte_buffer bytes = encoded(i);
    const auto back = decoded(bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->index() == i.index());
    RC_ASSERT(encoded(*back) == bytes);
  });
}

TEST_CASE("items follow the header one after the other") {
  byte_buffer bytes;
  wire_writer w{bytes};
  frame::encode(w, frame::header{17, 1'000, 0});
  frame::encode(w, frame::heartbeat{5, true});
  frame::encode_message(w, 3, take_over{{7, 8}});
  wire_reader r{bytes};
  const auto h = frame::decode_header(r);
  CHECK(h.session == 17);
  CHECK(h.received == 1'000);
  const auto beat = frame::decode_item(r, partitions);
  REQUIRE(std::holds_alternative<frame::heartbeat>(beat));
  CHECK(std::get<frame::heartbeat>(beat).claims_version == 5);
  CHECK(std::get<frame::heartbeat>(beat).leaving);
  const auto m = frame::decode_item(r, partitions);
  REQUIRE(std::holds_alternative<frame::peer_message>(m));
  CHECK(std::get<frame::peer_message>(m).partition == 3);
  CHECK(std::get<frame::peer_message>(m).what == message{take_over{{7, 8}}});
  CHECK(r.finish().ok());
}

TEST_CASE("headers and what follows them look as version 6 of the protocol says") {
  const auto hex_of = [](const frame::header& h, std::optional<frame::item> i = {}) {
    byte_buffer bytes;
    wire_writer w{bytes};
    frame::encode(w, h);
    if (i)
      frame::encode(w, *i);
    return hex::of(bytes);
  };
  CHECK(hex_of({17, 1'000, 0}) == "11cd03e800");
  CHECK(hex_of({17, 1'000, 0}, frame::heartbeat{5, true}) == "11cd03e8000005c3");
  CHECK(hex_of({17, 1'000, 0}, frame::ask_claims{}) == "11cd03e80001");
  CHECK(hex_of({0x0123456789abcdef, 1 << 20, 64 << 20})
        == "cf0123456789abcdefce00100000ce04000000"); // of a piece
  const auto bytes = hex::parse("11cd03e8cd1000c0ffee");
  wire_reader r{bytes};
  const auto h = frame::decode_header(r);
  CHECK(h.session == 17);
  CHECK(h.received == 1'000);
  CHECK(h.left == 4'096);
  CHECK(hex::of(r.rest()) == "c0ffee");
  for (const auto* cut : {"11cd03e8", "11cd03", "11", ""}) { // as version 5 had it, and less
    const auto some = hex::parse(cut);
    wire_reader short_one{some};
    frame::decode_header(short_one);
    CHECK_FALSE(short_one.ok());
  }
}

TEST_CASE("an item that was cut off is refused") {
  arbitrary::check_property(
    [] {
      const byte_buffer bytes = encoded(any_item());
      for (std::size_t n = 0; n < bytes.size(); ++n)
        RC_ASSERT(!decoded(byte_view{bytes}.first(n)).has_value());
    },
    100);
}

TEST_CASE("an item of a partition that does not exist is refused") {
  byte_buffer bytes;
  wire_writer w{bytes};
  frame::encode_message(w, partitions, take_over{{7, 8}});
  CHECK_FALSE(decoded(bytes));
}

TEST_CASE("mangled and random items are read or refused, nothing else") {
  arbitrary::check_property([](std::uint8_t what, const byte_buffer& noise) {
    byte_buffer bytes = encoded(any_item());
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = what;
    (void)decoded(bytes);
    (void)decoded(noise);
  });
}
