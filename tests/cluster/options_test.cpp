#include "support/checks.hpp"

#include <supercache/cluster/options.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace supercache;
using namespace std::chrono_literals;

namespace {

/// What `validate` says to the defaults with one change; empty if it accepts them.
std::string complaint(const std::function<void(cluster_options&)>& change) {
  cluster_options o;
  change(o);
  const status s = validate(o);
  if (s)
    return {};
  CHECK(s.why().code == errc::invalid_config);
  return s.why().message;
}

} // namespace

TEST_CASE("the defaults are valid and those of the documentation") {
  const cluster_options o;
  CHECK(validate(o).ok());
  CHECK(o.mode == replication_mode::async);
  CHECK(o.replication_factor == 2);
  CHECK(o.peers.empty());
  CHECK(o.wal.majority_timeout == 2s);
  CHECK(o.wal.cleanup_interval == 5s);
  CHECK(o.wal.max_pending == 10'000);
  CHECK(o.wal.fsync == fsync_policy::always);
  CHECK(o.node_monitor.source == monitor_source::nodes);
  CHECK(o.node_monitor.refresh == 5s);
  CHECK(o.node_monitor.heartbeat == 250ms);
  CHECK(o.node_monitor.suspect() == 1s);
  CHECK(o.node_monitor.down == 1500ms);
  CHECK(o.health.interval == 5s);
  CHECK(o.health.latency_threshold == 100ms);
  CHECK(o.health.replication_lag_threshold == 500ms);
  CHECK(o.health.error_rate_threshold == 0.05);
  CHECK(o.health.partition_imbalance_threshold == 0.3);
}

TEST_CASE("others find a node where it says, or where it listens") {
  node_address a{"n", "0.0.0.0", 7001};
  CHECK(advertise(a, "cache.example").ok());
  CHECK(to_string(a) == "n@cache.example:7001");
  CHECK(advertise(a, "10.0.0.1:80").ok());
  CHECK(to_string(a) == "n@10.0.0.1:80");
  CHECK(advertise(a, "2001:db8::1").ok()); // a port would need brackets
  CHECK(to_string(a) == "n@2001:db8::1:80");
  for (const auto* wrong : {"", ":80", "host:", "host:0", "host:x", "host:99999"}) {
    const auto s = advertise(a, wrong);
    CHECK_FALSE(s.ok());
    CHECK(to_string(a) == "n@2001:db8::1:80");
  }
  cluster_options o;
  o.node.port = 7001;
  CHECK(to_string(announced(o)) == "node7001@127.0.0.1:7001");
  o.node.name = "a";
  o.node.advertise = "cache.example:80";
  CHECK(to_string(announced(o)) == "a@cache.example:80");
  CHECK(complaint([](cluster_options& x) { x.node.advertise = "host:x"; })
        == "node.advertise is 'host:x'; allowed is a host, or host:port");
  CHECK(complaint([](cluster_options& x) { x.transfer_rate = 0; })
        == "transfer_rate is 0; allowed is 1 to 100000");
}

TEST_CASE("every enumerator has the name that configurations use, and no other name is known") {
  const auto check = [](auto from, auto first, const std::vector<std::string>& names) {
    using type = decltype(first);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto e = static_cast<type>(i);
      CHECK(to_string(e) == names[i]);
      CHECK(from(names[i]) == e);
    }
    for (const char* other : {"", "Async", "none", "async "})
      CHECK_FALSE(from(other));
  };
  check(replication_mode_from, replication_mode{}, {"async", "sync", "strong"});
  check(read_mode_from, read_mode{}, {"local", "primary", "quorum"});
  check(monitor_source_from, monitor_source{}, {"nodes", "provider", "all"});
  check(fsync_policy_from, fsync_policy{}, {"always", "interval", "never"});
}

TEST_CASE("every number has a range, and a complaint names key, value and range") {
  const std::vector<std::pair<std::function<void(cluster_options&)>, std::string>> wrong = {
    {[](auto& o) { o.replication_factor = 0; }, "replication_factor is 0; allowed is 1 to 16"},
    {[](auto& o) { o.replication_factor = 17; }, "replication_factor is 17; allowed is 1 to 16"},
    {[](auto& o) { o.wal.majority_timeout = 0ms; },
     "wal.majority_timeout is 0; allowed is 1 to 600000 ms"},
    {[](auto& o) { o.wal.majority_timeout = 600'001ms; },
     "wal.majority_timeout is 600001; allowed is 1 to 600000 ms"},
    {[](auto& o) { o.wal.cleanup_interval = -1ms; },
     "wal.cleanup_interval is -1; allowed is 1 to 3600000 ms"},
    {[](auto& o) { o.wal.max_pending = 0; }, "wal.max_pending is 0; allowed is 1 to 100000000"},
    {[](auto& o) { o.node_monitor.refresh = 9ms; },
     "node_monitor.refresh_ms is 9; allowed is 10 to 3600000"},
    {[](auto& o) { o.node_monitor.heartbeat = 24ms; },
     "node_monitor.heartbeat_ms is 24; allowed is 25 to 60000"},
    {[](auto& o) { o.node_monitor.down = 600'001ms; },
     "node_monitor.down_ms is 600001; allowed is 100 to 600000"},
    {[](auto& o) { o.node_monitor.down = 999ms; },
     "node_monitor.down_ms is 999; allowed is at least four times node_monitor.heartbeat_ms, which "
     "is "
     "250"},
    {[](auto& o) { o.health.interval = 3'600'001ms; },
     "health.interval_ms is 3600001; allowed is 10 to 3600000"},
    {[](auto& o) { o.health.latency_threshold = 0ms; },
     "health.latency_threshold_ms is 0; allowed is 1 to 3600000"},
    {[](auto& o) { o.health.replication_lag_threshold = 0ms; },
     "health.replication_lag_threshold_ms is 0; allowed is 1 to 3600000"},
    {[](auto& o) { o.health.error_rate_threshold = 1.5; },
     "health.error_rate_threshold is 1.5; allowed is 0.0 to 1.0"},
    {[](auto& o) { o.health.error_rate_threshold = std::nan(""); },
     "health.error_rate_threshold is nan; allowed is 0.0 to 1.0"},
    {[](auto& o) { o.health.partition_imbalance_threshold = -0.25; },
     "health.partition_imbalance_threshold is -0.25; allowed is 0.0 to 1.0"},
  };
  for (const auto& [change, expected] : wrong)
    CHECK(complaint(change) == expected);
}

TEST_CASE("the ends of every range are allowed") {
  CHECK(complaint([](auto& o) {
          o.replication_factor = 1;
          o.wal = {1ms, 1ms, 1, "", fsync_policy::never};
          o.node_monitor.refresh = 10ms;
          o.node_monitor.heartbeat = 25ms;
          o.node_monitor.down = 100ms;
          o.health = {10ms, 1ms, 1ms, 0, 0};
        })
        == "");
  CHECK(complaint([](auto& o) {
          o.replication_factor = 16;
          o.wal = {600'000ms, 3'600'000ms, 100'000'000, "", fsync_policy::always};
          o.node_monitor.refresh = 1h;
          o.node_monitor.heartbeat = 60s;
          o.node_monitor.down = 600s;
          o.health = {1h, 1h, 1h, 1, 1};
        })
        == "");
}

TEST_CASE("addresses of peers and nodes are checked, and a complaint names the list") {
  CHECK(complaint([](auto& o) {
          o.peers = {"a@host:4000", "b@host"};
        })
        == "cluster_peers: node 'b@host' is not of the form name@host:port");
  CHECK(complaint([](auto& o) { o.node_monitor.nodes = {"@h:1"}; })
        == "node_monitor.nodes: node '@h:1' is not of the form name@host:port");
  CHECK(complaint([](auto& o) { o.peers = {"a@host:4000", "b@10.0.0.2:1"}; }) == "");
}

TEST_CASE("a provider needs a file or a function") {
  CHECK(complaint([](auto& o) { o.node_monitor.source = monitor_source::provider; })
        == "node_monitor.source is 'provider', but node_monitor.provider names no file");
  CHECK(complaint([](auto& o) {
          o.node_monitor.source = monitor_source::provider;
          o.node_monitor.provider = "nodes.txt";
        })
        == "");
  CHECK(complaint([](auto& o) {
          o.node_monitor.source = monitor_source::provider;
          o.node_monitor.ask = [] { return std::vector<std::string>{}; };
        })
        == "");
}

TEST_CASE("a node's address is read and written as name@host:port") {
  const std::vector<std::pair<std::string, node_address>> good = {
    {"a@localhost:4000", {"a", "localhost", 4000}},
    {"node-1@10.0.0.1:1", {"node-1", "10.0.0.1", 1}},
    {"n@::1:65535", {"n", "::1", 65535}},
  };
  for (const auto& [text, address] : good) {
    CAPTURE(text);
    const auto found = node_address_from(text);
    REQUIRE(found.ok());
    CHECK(*found == address);
    CHECK(to_string(*found) == text);
  }
}

TEST_CASE("what is no address is refused with the text and the form that is expected") {
  for (const std::string text : {"",          "a",
                                 "a@",        "@",
                                 ":",         "@:",
                                 "a@host",    "a@host:",
                                 "a@:4000",   "@host:4000",
                                 "host:4000", "a:4000@host",
                                 "a@host:0",  "a@host:65536",
                                 "a@host:-1", "a@host:+1",
                                 "a@host: 1", "a@host:1 ",
                                 "a@host:1x", "a@host:99999999999999999999"})
    CHECK_REFUSED(node_address_from(text), errc::invalid_config,
                  "node '" + text + "' is not of the form name@host:port");
}
