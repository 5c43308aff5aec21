#include "asking.hpp"
#include "peer_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

// What a node makes of peers that are not as they should be.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

bool knows(cache& c, const std::string& node) {
  const auto live = c.cluster_stats().live_nodes;
  return std::ranges::find(live, node) != live.end();
}

void check_works(cluster& nodes) {
  nodes[0].put(record{"k", 1});
  CHECK(nodes[1].get("k", {.mode = read_mode::primary}).front() == record{"k", 1});
  CHECK(knows(nodes[0], "b"));
  CHECK(knows(nodes[1], "a"));
}

} // namespace

TEST_CASE("a peer of another protocol version is refused with both versions, on both sides") {
  const log_lines log;
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  z.mine.version = 99;
  const auto why = z.join(encode_hello(z.mine));
  CHECK(code_of(why) == errc::invalid_config);
  CHECK(message_of(why)
        == "the other node speaks version 99 of the protocol; this one speaks "
             + std::to_string(hello::present_version));
  CHECK(log.text().find("node z@127.0.0.1:1 is refused: " + message_of(why)) != std::string::npos);
  CHECK_FALSE(knows(nodes[0], "z"));
  check_works(nodes);
}

TEST_CASE("a peer whose handshake cannot be read is refused") {
  const log_lines log;
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  auto good = encode_hello(z.mine);
  CHECK(code_of(z.join({})) == errc::malformed);
  CHECK(log.text().find("node of unknown name is refused: ") != std::string::npos);
  for (std::size_t n = 1; n < good.size(); n += 7) {
    const auto why = z.join({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)});
    CHECK(code_of(why) == errc::malformed);
  }
  const auto endpoint = std::exchange(z.endpoint, nullptr);
  CHECK(code_of(z.join(good)) == errc::malformed); // no actor takes the answers
  z.endpoint = endpoint;
  good.push_back(good.front());
  CHECK(code_of(z.join(good)) == errc::malformed);
  z.mine.incarnation = 0;
  CHECK(code_of(z.join(encode_hello(z.mine))) == errc::malformed);
  check_works(nodes);
}

TEST_CASE("a peer that takes a node for another one is refused, and told the right name") {
  const log_lines log;
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  z.mine.dialled = "y";
  CHECK(message_of(z.join(encode_hello(z.mine))) == "the node there is called 'a', not 'y'");
  CHECK(log.text().find("node z@127.0.0.1:1 is refused: it takes this node, 'a', for 'y'")
        != std::string::npos);
  CHECK_FALSE(knows(nodes[0], "z"));
  z.mine.dialled = "a";
  CHECK(z.join(encode_hello(z.mine)) == caf::error{});
}

TEST_CASE("a peer with other options is refused with every difference, as seen from there") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  std::vector<std::string> wanted;
  for (auto& [name, text] : z.mine.structure) {
    wanted.push_back(name + ": other here, " + text + " at a@");
    text = "other";
  }
  const auto why = message_of(z.join(encode_hello(z.mine)));
  CAPTURE(why);
  CHECK(wanted.size() == 8);
  for (const auto& part : wanted)
    CHECK(why.find(part) != std::string::npos);
  check_works(nodes);
}

TEST_CASE("a peer whose handshake lacks an option is refused, and disturbs nobody") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  z.mine.structure.pop_back();
  CHECK(code_of(z.join(encode_hello(z.mine))) == errc::invalid_config);
  nodes[0].put(record{"k", 1});
}

TEST_CASE("a second node of a name is refused while the first is there, and welcome after it") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 3};
  stranger z{nodes[0]};
  z.mine.node.name = "c";
  const auto why = message_of(z.join(encode_hello(z.mine)));
  CHECK(why
        == "another node is called 'c' too, at 127.0.0.1:"
             + std::to_string(nodes[2].config().replication.node.port)
             + "; node.name must be unique in a cluster");
  CHECK(knows(nodes[0], "c"));
  check_works(nodes);
  z.mine.node.name = "a";
  CHECK(message_of(z.join(encode_hello(z.mine))).find("another node is called 'a' too")
        != std::string::npos);
  nodes.stop(2);
  CHECK(eventually([&] { return !knows(nodes[0], "c"); }));
  z.mine.node.name = "c";
  CHECK(z.join(encode_hello(z.mine)) == caf::error{});
}

TEST_CASE("a peer hears nothing before it speaks, and counts as down once it says nothing more") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  CHECK(z.join(encode_hello(z.mine)) == caf::error{});
  CHECK(knows(nodes[0], "z"));
  check_works(nodes);
  CHECK(*z.frames == 0); // it might not take them yet
  z.say(z.header());
  CHECK(eventually([&] { return *z.frames > 0; }));
  CHECK(eventually([&] { return !knows(nodes[0], "z"); })); // within five seconds
  const int before = *z.frames;
  std::this_thread::sleep_for(1s);
  CHECK(*z.frames <= before + 1); // nothing is sent to it any more
  check_works(nodes);
}

TEST_CASE("a question for an item is kept until one comes, or for as long as it says") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  std::string queue = "q";
  while (nodes[0].get_replicas(nodes[0].partition_of(queue)).primary != "a")
    queue += 'q';
  stranger z{nodes[0]};
  REQUIRE(z.join(encode_hello(z.mine)) == caf::error{});
  z.ask_for_item(nodes[0], queue, 1, 1); // not kept for long
  CHECK(eventually([&] { return z.answered->now().size() == 1; }));
  CHECK(z.answered->now().front().what.one.items().empty());
  for (std::uint64_t id = 2; id <= 4; ++id)
    z.ask_for_item(nodes[0], queue, id, 1'000'000); // for half a second, whatever it says
  nodes[1].queue(queue).add("first");
  CHECK(eventually([&] { return z.answered->now().size() == 4; }));
  int with_item = 0;
  for (const frame::found& f : z.answered->now()) {
    CHECK(f.why.code == errc::none);
    for (const value& x : f.what.one.items()) {
      CHECK(x == value{"first"});
      ++with_item;
    }
  }
  CHECK(with_item >= 1); // the others look when their time is over; it is still there
}

TEST_CASE("a peer is let in though others wait for a majority that only it can restore") {
  cluster nodes{cluster_options_with(replication_mode::sync), 3};
  stranger z{nodes[0]};
  nodes.stop(1);
  nodes.stop(2);
  std::atomic<int> answered{0};
  for (int i = 0; i < 64; ++i) // each tries for five seconds, one after the other
    nodes.system(0).spawn([&answered, to = nodes[0].actor()](caf::event_based_actor* self) {
      for (int k = 0; k < 4; ++k)
        self
          ->request(to, 60s, struct_atom_v, put_atom_v, std::string{"person"},
                    record{k, value::tuple({k, "name"})})
          .then([&answered] { ++answered; }, [&answered](const caf::error&) { ++answered; });
    });
  std::this_thread::sleep_for(200ms);
  CHECK(z.join(encode_hello(z.mine)) == caf::error{}); // within ten seconds
  CHECK(knows(nodes[0], "z"));
  nodes[0].stop();
  CHECK(eventually([&] { return answered == 4 * 64; }));
}

TEST_CASE("a peer whose frames cannot be read is cut off") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  std::uint64_t session = 100;
  for (const byte_buffer& junk :
       {byte_buffer{0xc1}, byte_buffer(1'000, 0xff), byte_buffer{0xdf, 0xff, 0xff, 0xff, 0xff}}) {
    z.mine.session = ++session;
    z.mine.incarnation = session;
    CHECK(z.join(encode_hello(z.mine)) == caf::error{});
    CHECK(knows(nodes[0], "z"));
    auto bytes = z.header();
    bytes.insert(bytes.end(), junk.begin(), junk.end());
    z.say(bytes);
    CHECK(eventually([&] { return !knows(nodes[0], "z"); }));
    z.say(bytes); // late: of a session that is over
    z.say({});
    z.say(junk);
    check_works(nodes);
  }
}
