#include "peer_fixture.hpp"

#include <supercache/cluster/frame_assembly.hpp>
#include <supercache/cluster/link_options.hpp>

#include <algorithm>

// Frames in pieces, and what a node makes of a peer that confirms late, or never, or too much.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

constexpr link_options bounds;

bool knows(cache& c, const std::string& node) {
  const auto live = c.cluster_stats().live_nodes;
  return std::ranges::find(live, node) != live.end();
}

/// The name of a queue that the first node leads.
std::string queue_led_by_a(cluster& nodes) {
  std::string queue = "q";
  while (nodes[0].get_replicas(nodes[0].partition_of(queue)).primary != "a")
    queue += 'q';
  return queue;
}

/// A question for an item, as it travels, without a header.
byte_buffer question_for(cache& c, const std::string& queue, std::uint64_t id) {
  frame::question q;
  q.id = id;
  q.partition = c.partition_of(queue);
  q.at_primary = true;
  q.what = {{space_kind::queue, queue}, ask::peek{}};
  byte_buffer bytes;
  wire_writer w{bytes};
  frame::encode(w, q);
  return bytes;
}

byte_buffer joined(byte_buffer a, byte_view b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

} // namespace

TEST_CASE("a frame that comes in pieces is done once it is whole, and what comes between at once") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  const auto queue = queue_led_by_a(nodes);
  nodes[0].queue(queue).add("item");
  stranger z{nodes[0]};
  REQUIRE(z.join(encode_hello(z.mine)) == caf::error{});
  const auto q = question_for(nodes[0], queue, 1);
  const byte_view v{q};
  z.say(joined(z.header(0, v.size()), v.first(3)));
  z.say(joined(z.header(0, v.size() - 3), v.subspan(3, 5)));
  z.say(joined(z.header(), question_for(nodes[0], queue, 2)));
  CHECK(eventually([&] { return z.answered->now().size() == 1; }));
  z.say(joined(z.header(0, v.size() - 8), v.subspan(8)));
  CHECK(eventually([&] { return z.answered->now().size() == 2; }));
  const auto found = z.answered->now();
  REQUIRE(found.size() == 2);
  CHECK(found[0].id == 2);
  CHECK(found[1].id == 1);
  for (const auto& f : found) {
    REQUIRE(f.what.one.items().size() == 1);
    CHECK(f.what.one.items()[0] == value{"item"});
  }
}

TEST_CASE("pieces of a session that is over are no part of the next one's frames") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  const auto queue = queue_led_by_a(nodes);
  stranger z{nodes[0]};
  REQUIRE(z.join(encode_hello(z.mine)) == caf::error{});
  const auto q = question_for(nodes[0], queue, 1);
  const byte_view v{q};
  z.say(joined(z.header(0, v.size() + 100), v)); // the rest never comes
  const auto late = joined(z.header(0, 100), byte_buffer(100));
  ++z.mine.session;
  REQUIRE(z.join(encode_hello(z.mine)) == caf::error{});
  z.say(late);
  z.say(joined(z.header(0, v.size()), v.first(3)));
  z.say(late);
  z.say(joined(z.header(0, v.size() - 3), v.subspan(3)));
  CHECK(eventually([&] { return z.answered->now().size() == 1; }));
  CHECK(knows(nodes[0], "z"));
}

TEST_CASE("a peer whose pieces are not those of one frame is cut off, and the log says why") {
  const log_lines log;
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  const auto is_cut_off = [&](const std::vector<std::pair<std::uint64_t, std::size_t>>& pieces,
                              const std::string& why) {
    ++z.mine.session;
    CHECK(z.join(encode_hello(z.mine)) == caf::error{});
    for (const auto& [left, size] : pieces)
      z.say(joined(z.header(0, left), byte_buffer(size)));
    CAPTURE(why);
    CHECK(eventually([&] { return !knows(nodes[0], "z"); }));
    CHECK(log.has("node z sent something that cannot be read: a piece of a frame " + why));
    CHECK(
      eventually([&] { return log.has("node z cannot be reached: it sent what cannot be read"); }));
  };
  is_cut_off({{bounds.frame + 1, 10}}, "announces " + std::to_string(bounds.frame + 1)
                                         + " bytes; allowed are " + std::to_string(bounds.frame));
  is_cut_off({{100, 10}, {91, 10}}, "came when 91 bytes were missing, as it says, but 90 are");
  is_cut_off({{100, 10}, {100, 10}}, "came when 100 bytes were missing, as it says, but 90 are");
  is_cut_off({{100, 10}, {90, 91}}, "has 91 bytes; 90 were missing");
  is_cut_off({{100, 0}}, "is empty");
  is_cut_off({{100, 100}}, "is all of it");
  nodes[0].put(record{"k", 1});
}

TEST_CASE("a peer whose pieces make a frame that cannot be read is cut off") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  REQUIRE(z.join(encode_hello(z.mine)) == caf::error{});
  z.say(joined(z.header(0, 20), byte_buffer(10, 0xc1)));
  CHECK(knows(nodes[0], "z"));
  z.say(joined(z.header(0, 10), byte_buffer(10, 0xc1)));
  CHECK(eventually([&] { return !knows(nodes[0], "z"); }));
}

TEST_CASE("a peer that confirms more than it was sent is cut off") {
  const log_lines log;
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  stranger z{nodes[0]};
  REQUIRE(z.join(encode_hello(z.mine)) == caf::error{});
  z.say(z.header(1 << 20));
  CHECK(eventually([&] { return !knows(nodes[0], "z"); }));
  CHECK(log.has("node z sent something that cannot be read: it confirms more than was sent"));
  nodes[0].put(record{"k", 1});
}

TEST_CASE("a peer that confirms nothing is sent a window of a large answer, and every heartbeat") {
  cluster nodes{cluster_options_with(replication_mode::sync, 2), 2};
  const auto queue = queue_led_by_a(nodes);
  const std::string large(4 << 20, 'x');
  nodes[0].queue(queue).add(large);
  stranger z{nodes[0]};
  REQUIRE(z.join(encode_hello(z.mine)) == caf::error{});
  z.ask_for_item(nodes[0], queue, 1, 0);

  std::uint64_t bytes = 0, in_pieces = 0;
  std::size_t frames = 0;
  int beats = 0; // since the window was full
  frame_assembly all{bounds.frame};
  std::optional<byte_buffer> whole;
  const auto read_new = [&] {
    for (const auto& f : z.answered->since(frames)) {
      ++frames;
      bytes += f.size();
      CHECK(f.size() <= bounds.piece);
      wire_reader r{f};
      const auto h = frame::decode_header(r);
      if (h.left > 0) {
        in_pieces += f.size();
        auto x = all.add(h.session, h.left, r.rest());
        REQUIRE(x.ok());
        whole = *std::move(x);
      } else if (!r.at_end()
                 && std::holds_alternative<frame::heartbeat>(frame::decode_item(r, 8))) {
        beats += in_pieces > 0;
      }
    }
  };
  const auto until = [&](const std::function<bool()>& done, bool confirms) {
    return eventually([&] { // it says all the time that it is there
      read_new();
      z.say(z.header(confirms ? bytes : 0));
      return done();
    });
  };
  CHECK(until([&] { return beats >= 4; }, false));
  CHECK(in_pieces > bounds.window - bounds.piece_least);
  CHECK(in_pieces <= bounds.window);
  CHECK_FALSE(whole);
  CHECK(until([&] { return whole.has_value(); }, true));
  REQUIRE(whole);
  wire_reader r{*whole};
  const auto i = frame::decode_item(r, 8);
  REQUIRE(std::holds_alternative<frame::found>(i));
  CHECK(r.finish().ok());
  REQUIRE(std::get<frame::found>(i).what.one.items().size() == 1);
  CHECK(std::get<frame::found>(i).what.one.items()[0] == value{large});
}

TEST_CASE("a value of 64 MiB is replicated while heartbeats and small writes go on") {
  auto o = cluster_options_with(replication_mode::sync);
  o.replication.node_monitor.heartbeat = 50ms;
  const log_lines log;
  cluster nodes{o};
  const auto begin = log.text().size();
  const record large{"large", std::string(64 << 20, 'x')};
  std::atomic<bool> done{false};
  std::thread writer{[&] {
    nodes[0].put(large, {.timeout = 60s});
    done = true;
  }};
  int small = 0;
  do
    nodes[1].put(record{small % 100, small}, {.timeout = 60s});
  while (++small < 200 || !done);
  writer.join();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto found = nodes[i].get("large", {.mode = read_mode::primary});
    REQUIRE(found.size() == 1);
    CHECK(found.front() == large);
  }
  CHECK(log.text().find("cannot be reached", begin) == std::string::npos);
}
