#include "arbitrary_messages.hpp"

#include <supercache/cluster/frame.hpp>

#include <doctest/doctest.h>

using namespace supercache;

namespace {

constexpr std::size_t partitions = 8;

byte_buffer encoded(const frame::item& i) {
  byte_buffer bytes;
  wire_writer w{bytes};
  frame::write(w, i);
  return bytes;
}

/// The decoded item; nothing if it is refused. Encodings are canonical, so equal bytes are equal
/// items.
std::optional<frame::item> decoded(byte_view bytes) {
  wire_reader r{bytes};
  frame::item i = frame::read_item(r, partitions);
  if (!r.finish())
    return {};
  return i;
}

failure any_failure(const arbitrary::draw& d) { return {static_cast<errc>(d.below(64)), d.text()}; }

frame::item any_item() {
  const arbitrary::draw d;
  const auto partition = d.below(partitions);
  switch (d.below(std::variant_size_v<frame::item>)) {
    case 0: return frame::heartbeat{d.number(), d.flag()};
    case 1: return frame::ask_claims{};
    case 2:
      return frame::all_claims{d.number(), d.list<claim>([] { return arbitrary::any_claim(); }),
                               d.members()};
    case 3: return frame::one_claim{d.number(), arbitrary::any_claim()};
    case 4: return frame::peer_message{partition, arbitrary::any_message()};
    case 5:
      return frame::request{
        d.number(), partition, {d.number(), d.number(), d.number()}, *arbitrary::operations()};
    case 6: return frame::reply{d.number(), any_failure(d), d.position(), *arbitrary::values(2)};
    case 7: {
      frame::question q;
      q.id = d.number();
      q.partition = partition;
      q.at_primary = d.flag();
      q.hold_ms = d.number();
      q.what = {{space_kind::kv, d.text()}, ask::get{{*arbitrary::values(2)}}};
      return q;
    }
    case 8:
      return frame::watching{d.number(), d.flag(), d.list<interest>([] {
                               const arbitrary::draw of;
                               return interest{{space_kind::kv, of.text()},
                                               *arbitrary::values(2),
                                               *arbitrary::patterns()};
                             })};
    case 9: return frame::watched{d.number()};
    case 10:
      return frame::changes{d.list<transition>([] {
        return transition{{}, change_kind::stored, *arbitrary::records(), {}};
      })};
    case 11: {
      frame::found f;
      f.id = d.number();
      f.why = any_failure(d);
      f.at.last = d.position();
      f.at.group = {d.members(), d.members(), d.number(), d.flag()};
      return f;
    }
    default:
      return frame::known_nodes{d.list<node_address>([&] {
        return node_address{d.text(), d.text(), static_cast<std::uint16_t>(d.below(65'536))};
      })};
  }
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
  frame::write(w, frame::header{17, 1'000});
  frame::write(w, frame::heartbeat{5, true});
  frame::write_message(w, 3, take_over{{7, 8}});
  wire_reader r{bytes};
  const auto h = frame::read_header(r);
  CHECK(h.session == 17);
  CHECK(h.received == 1'000);
  const auto beat = frame::read_item(r, partitions);
  REQUIRE(std::holds_alternative<frame::heartbeat>(beat));
  CHECK(std::get<frame::heartbeat>(beat).claims_version == 5);
  CHECK(std::get<frame::heartbeat>(beat).leaving);
  const auto m = frame::read_item(r, partitions);
  REQUIRE(std::holds_alternative<frame::peer_message>(m));
  CHECK(std::get<frame::peer_message>(m).partition == 3);
  CHECK(std::get<frame::peer_message>(m).what == message{take_over{{7, 8}}});
  CHECK(r.finish().ok());
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
  frame::write_message(w, partitions, take_over{{7, 8}});
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
