#include "support/arbitrary.hpp"
#include "support/checks.hpp"

#include <supercache/cluster/handshake.hpp>

#include <doctest/doctest.h>

using namespace supercache;

namespace {

hello hello_of(const std::string& name) {
  hello h;
  h.node = {name, "10.0.0.1", 4711};
  h.incarnation = 12;
  h.session = 99;
  h.dialled = "b";
  h.structure = {{"num_partition", "64"}, {"mode", "sync"}};
  return h;
}

} // namespace

TEST_CASE("a handshake is the same after encoding and decoding") {
  const hello h = hello_of("a");
  const auto back = decode_hello(encode_hello(h));
  REQUIRE(back.ok());
  CHECK(back->node == h.node);
  CHECK(back->incarnation == h.incarnation);
  CHECK(back->session == h.session);
  CHECK(back->dialled == h.dialled);
  CHECK(back->structure == h.structure);
}

TEST_CASE("another version of the protocol is refused before anything else is read") {
  byte_buffer bytes;
  wire_writer w{bytes};
  w.number(99);
  w.text("what version 99 says is not known");
  CHECK_REFUSED(decode_hello(bytes), errc::invalid_config,
                "the other node speaks version 99 of the protocol; this one speaks "
                  + std::to_string(hello::present_version));
}

TEST_CASE(
  "the sender of a handshake in another version, or a malformed one, is named if possible") {
  hello h = hello_of("a");
  h.version = 3;
  auto bytes = encode_hello(h);
  CHECK(speaker_of(bytes) == "a@10.0.0.1:4711");
  bytes.push_back(1);
  CHECK(speaker_of(bytes) == "a@10.0.0.1:4711");
  CHECK(speaker_of(byte_view{bytes}.first(2)) == "of unknown name");
  CHECK(speaker_of({}) == "of unknown name");
  CHECK(speaker_of(encode_hello(hello_of("two\nlines"))) == "of unknown name");
}

TEST_CASE("a handshake that is cut off, or goes on, or says nothing is malformed") {
  byte_buffer bytes = encode_hello(hello_of("a"));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const auto h = decode_hello(byte_view{bytes}.first(n));
    REQUIRE_FALSE(h.ok());
    CHECK(h.why().code == errc::malformed);
  }
  bytes.push_back(1);
  CHECK_FALSE(decode_hello(bytes).ok());
  hello nobody = hello_of("");
  CHECK_FALSE(decode_hello(encode_hello(nobody)).ok());
  nobody = hello_of("a");
  nobody.incarnation = 0;
  CHECK_FALSE(decode_hello(encode_hello(nobody)).ok());
}

TEST_CASE("random handshakes are read or refused, nothing else") {
  arbitrary::check_property([](const byte_buffer& noise, std::uint8_t what) {
    (void)decode_hello(noise);
    (void)speaker_of(noise);
    byte_buffer bytes = encode_hello(hello_of("a"));
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = what;
    (void)decode_hello(bytes);
  });
}

TEST_CASE("nodes of one cluster have different names and the same structure") {
  CHECK(check_hello(hello_of("a"), hello_of("b")).ok());
  CHECK_REFUSED(check_hello(hello_of("a"), hello_of("a")), errc::invalid_config,
                "another node is called 'a' too, at 10.0.0.1:4711; node.name must be unique in a "
                "cluster");
  hello other = hello_of("b");
  other.structure = {{"num_partition", "32"}};
  CHECK_REFUSED(check_hello(hello_of("a"), other), errc::invalid_config,
                "nodes of one cluster need the same options: num_partition: 64 here, 32 at "
                "b@10.0.0.1:4711; mode: sync here, nothing at b@10.0.0.1:4711");
}

TEST_CASE("an option in which many nodes differ is named once, with each text and its nodes") {
  differences found{{{"num_partition", "64"}, {"mode", "sync"}, {"factor", "3"}}};
  CHECK(found.none());
  CHECK(found.verdict().ok());
  found.add({{"num_partition", "64"}, {"mode", "sync"}, {"factor", "3"}}, {"a", "h", 1});
  CHECK(found.none());
  found.add({{"num_partition", "32"}, {"mode", "async"}, {"factor", "3"}}, {"b", "h", 2});
  found.add({{"num_partition", "16"}, {"mode", "async"}, {"factor", "3"}}, {"c", "h", 3});
  found.add({{"num_partition", "32"}, {"mode", "sync"}, {"factor", "3"}}, {"d", "h", 4});
  CHECK_REFUSED(found.verdict(), errc::invalid_config,
                "nodes of one cluster need the same options: num_partition: 64 here, 32 at b@h:2, "
                "d@h:4, 16 at c@h:3; mode: sync here, async at b@h:2, c@h:3");
}

TEST_CASE("an option that only one side knows differs, whichever side it is") {
  hello other = hello_of("b");
  other.structure.emplace_back("lease_ms", "7");
  const auto [here, there] = std::pair{hello_of("a"), other};
  CHECK_REFUSED(check_hello(here, there), errc::invalid_config,
                "nodes of one cluster need the same options: lease_ms: nothing here, 7 at "
                "b@10.0.0.1:4711");
  CHECK_REFUSED(check_hello(there, here), errc::invalid_config,
                "nodes of one cluster need the same options: lease_ms: 7 here, nothing at "
                "a@10.0.0.1:4711");
}

TEST_CASE("reasons that differ only in the node are the same") {
  CHECK(reason_in("num_partition: 64 here, 32 at b@h:2; mode: sync here, async at b@h:2")
        == reason_in("num_partition: 64 here, 32 at c@h:3; mode: sync here, async at c@h:3"));
  CHECK(reason_in("num_partition: 64 here, 32 at b@h:2")
        != reason_in("num_partition: 64 here, 16 at b@h:2"));
  CHECK(reason_in("").empty());
}
