#include "actors/config_file.hpp"
#include "actors/fixture.hpp"

#include <caf/config_option_set.hpp>

#include <sstream>

using namespace supercache;
using namespace std::chrono_literals;

namespace {

/// A text of the setting's type that is allowed and not its default, as `get_option` writes it.
std::string other_value(const setting& s) {
  if (s.type == "integer")
    return "3";
  if (s.type == "number")
    return "0.1234567890123";
  if (s.type == "duration")
    return "1234ms";
  if (s.type == "on/off")
    return "true";
  if (s.type == "list")
    return "a@one:7001,b@two:7002";
  const auto comma = s.allowed.rfind(", ");
  if (s.name == "table_prefix" || s.name == "node.name")
    return "people-2";
  if (s.name == "node.advertise")
    return "cache.example:7001";
  return comma == std::string::npos ? "/some/where" : s.allowed.substr(comma + 2);
}

/// Texts that a setting of this type refuses.
std::vector<std::string> bad_values(const setting& s) {
  if (s.type == "integer")
    return {"", "abc", "-1", "1.5", "12x", "99999999999", "99999999999999999999"};
  if (s.type == "number")
    return {"", "x", "-0.1", "1.1", "nan", "inf"};
  if (s.type == "duration")
    return {"", "fast", "-1ms", "0ms", "5 parsecs", "5000h", "99999999999999999999"};
  if (s.type == "on/off")
    return {"", "maybe", "1"};
  if (s.type == "list")
    return {"nohost", "a@one", "a@one:0", "@one:1", "a@one:7001,b"};
  if (s.name == "table_prefix")
    return {"", "with space", std::string(65, 'x')};
  if (s.name == "node.name")
    return {"with space", "a@b", std::string(65, 'x')};
  if (s.name == "node.advertise")
    return {"host:", ":80", "host:0", "host:x"};
  if (s.name != "node.host" && s.allowed.find(", ") != std::string::npos)
    return {"", "nonsense", "SET"};
  return {};
}

/// The configuration of an application, which has our options among its own.
struct config : caf::actor_system_config {
  int own = 0;
  config() {
    opt_group{custom_options_, "mine"}.add(own, "own", "an option of the application");
    add_options(custom_options_);
  }
};

/// The options that CAF reads from arguments.
result<options> from_arguments(std::vector<std::string> arguments) {
  config cfg;
  if (auto err = cfg.parse(std::move(arguments)))
    return {errc::invalid_config, to_string(err)};
  return options_from(cfg);
}

result<options> from_caf_file(const std::string& text) {
  const fixture::config_file f{text};
  return from_arguments({"--config-file=" + f.path()});
}

/// What a file is refused with, without its path.
std::string complaint(const std::string& text) {
  const fixture::config_file f{text};
  const auto o = options_from_file(f.path());
  if (o)
    return "";
  CHECK(o.why().code == errc::invalid_config);
  CHECK(o.why().message.starts_with(f.path()));
  return o.why().message.substr(f.path().size());
}

} // namespace

TEST_CASE("every setting is read back as it was set") {
  CHECK(settings().size() == 33);
  for (const setting& s : settings()) {
    CAPTURE(s.name);
    CHECK_FALSE(s.help.empty());
    CHECK_FALSE(s.allowed.empty());
    options o;
    const auto text = other_value(s);
    CHECK(get_option(o, s.name).value() != text);
    REQUIRE(set_option(o, s.name, text).ok());
    CHECK(get_option(o, s.name).value() == text);
  }
}

TEST_CASE("every setting accepts its default in the form in which it is written") {
  for (const setting& s : settings()) {
    CAPTURE(s.name);
    options o;
    const auto text = get_option(o, s.name).value();
    if (s.name == "num_partition")
      CHECK(text.empty()); // as many as the scheduler has workers
    else
      CHECK(set_option(o, s.name, text).ok());
  }
}

TEST_CASE("a value that is not allowed is refused with key, value and what is allowed") {
  for (const setting& s : settings())
    for (const auto& text : bad_values(s)) {
      options o;
      const auto before = get_option(o, s.name).value();
      CAPTURE(s.name);
      CAPTURE(text);
      CHECK_REFUSED(set_option(o, s.name, text), errc::invalid_config,
                    s.name + " is '" + text + "'; allowed is " + s.allowed + " (" + s.type + ")");
      CHECK(get_option(o, s.name).value() == before);
    }
}

TEST_CASE("the whole range of a setting is allowed, ends included") {
  options o;
  for (const auto* text : {"1", "4096"})
    CHECK(set_option(o, "num_partition", text).ok());
  for (const auto* text : {"0", "4097"})
    CHECK_FALSE(set_option(o, "num_partition", text).ok());
  CHECK(set_option(o, "replication_factor", "16").ok());
  CHECK_FALSE(set_option(o, "replication_factor", "17").ok());
  CHECK(set_option(o, "health.error_rate_threshold", "1").ok());
  CHECK(set_option(o, "health.error_rate_threshold", "0").ok());
}

TEST_CASE("an unknown setting is refused with the name that is nearest") {
  options o;
  CHECK_REFUSED(set_option(o, "num_partitions", "4"), errc::invalid_config,
                "unknown option 'num_partitions'; did you mean 'num_partition'?");
  CHECK_REFUSED(set_option(o, "wal.majority", "4"), errc::invalid_config,
                "unknown option 'wal.majority'");
  CHECK_REFUSED(set_option(o, "keypos", "4"), errc::invalid_config,
                "unknown option 'keypos'; did you mean 'key_pos'?");
  CHECK_REFUSED(get_option(o, "completely_different_thing"), errc::invalid_config,
                "unknown option 'completely_different_thing'");
  CHECK_FALSE(set_option(o, "", "4").ok());
}

TEST_CASE("durations have units, lists have brackets or none, flags have words") {
  options o;
  const std::pair<const char*, std::chrono::milliseconds> durations[]
    = {{"250", 250ms}, {"250ms", 250ms}, {"2s", 2s}, {"1min", 1min}, {" 3 ", 3ms}};
  for (const auto& [text, wanted] : durations) {
    REQUIRE(set_option(o, "wal.majority_timeout", text).ok());
    CHECK(o.replication.wal.majority_timeout == wanted);
  }
  for (const auto* text : {"a@x:1,b@y:2", "[a@x:1, b@y:2]", "[\"a@x:1\", \"b@y:2\"]"}) {
    REQUIRE(set_option(o, "cluster_peers", text).ok());
    CHECK(o.replication.peers == std::vector<std::string>{"a@x:1", "b@y:2"});
  }
  CHECK(set_option(o, "cluster_peers", "").ok());
  CHECK(o.replication.peers.empty());
  for (const auto* text : {"true", "on", "yes"})
    CHECK((set_option(o, "debug_log", text).ok() && o.debug_log));
  for (const auto* text : {"false", "off", "no"})
    CHECK((set_option(o, "debug_log", text).ok() && !o.debug_log));
}

TEST_CASE("options made in C++ are checked, too") {
  const auto refused = [](const std::function<void(options&)>& change) {
    options o;
    change(o);
    const status s = validate(o);
    return s ? std::string{} : s.why().message;
  };
  CHECK(refused([](options&) {}).empty());
  CHECK(refused([](options& o) { o.num_partition = 5000; })
        == "num_partition is 5000; allowed is 1 to 4096");
  CHECK(refused([](options& o) { o.key_pos = 70'000; })
        == "key_pos is 70000; allowed is 0 to 65535");
  CHECK(refused([](options& o) { o.lazy_put_limit = 0; })
        == "lazy_put_limit is 0; allowed is 1 to 10000000");
  CHECK(refused([](options& o) { o.table_prefix = "a b"; })
        == "table_prefix is 'a b'; allowed is 1 to 64 letters, digits, _ or -");
  CHECK(refused([](options& o) { o.replication.replication_factor = 0; })
        == "replication_factor is 0; allowed is 1 to 16");
  CHECK(refused([](options& o) { o.replication.peers = {"x"}; })
        == "cluster_peers: node 'x' is not of the form name@host:port");
}

TEST_CASE("CAF's command line sets our options") {
  const auto o = from_arguments({"--supercache.num_partition=64", "--supercache.table_type=bag",
                                 "--supercache.wal.majority_timeout=250ms", "--mine.own=5",
                                 "--supercache.health.error_rate_threshold=0.25",
                                 "--supercache.cluster_peers=[\"a@x:1\",\"b@y:2\"]"});
  REQUIRE_MESSAGE(o.ok(), (o.ok() ? "" : o.why().message));
  CHECK(o->num_partition == 64u);
  CHECK(o->table_type == table_type::bag);
  CHECK(o->replication.wal.majority_timeout == 250ms);
  CHECK(o->replication.health.error_rate_threshold == 0.25);
  CHECK(o->replication.peers.size() == 2);
}

TEST_CASE("what is wrong on CAF's command line is said in our words") {
  const auto complaint_about = [](const std::string& argument) {
    const auto o = from_arguments({argument});
    return o ? std::string{} : o.why().message;
  };
  CHECK(complaint_about("--supercache.num_partition=abc")
        == "num_partition is 'abc'; allowed is 1 to 4096 (integer)");
  CHECK(complaint_about("--supercache.debug_log=perhaps").starts_with("debug_log is 'perhaps'; "));
  CHECK(complaint_about("--supercache.wal.majority_timeout=soon")
          .starts_with("wal.majority_timeout is 'soon'; allowed is "));
  CHECK(complaint_about("--supercache.health.error_rate_threshold=much")
          .starts_with("health.error_rate_threshold is 'much'; allowed is "));
  CHECK_FALSE(complaint_about("--supercache.cluster_peers=[\"a\"]").empty());
}

TEST_CASE("a cache starts by itself when it is asked for, if the configuration says so") {
  config cfg;
  REQUIRE_FALSE(cfg.parse({"--supercache.auto_start=on", "--supercache.num_partition=5"}));
  caf::actor_system system{cfg};
  auto c = cache::of(system);
  REQUIRE(c.has_value());
  CHECK(c->partitions() == 5);
  c->put(record{"k", 1});
  CHECK(cache::of(system)->get("k").size() == 1); // the same
}

TEST_CASE("CAF's configuration file sets our options") {
  const auto o = from_caf_file("[mine]\nown=5\n[supercache]\nnum_partition=64\n"
                               "table_type=\"ordered_set\"\nauto_start=true\n"
                               "cluster_peers=[\"a@x:1\"]\n"
                               "[supercache.wal]\nmajority_timeout=250ms\nfsync=\"never\"\n");
  REQUIRE_MESSAGE(o.ok(), (o.ok() ? "" : o.why().message));
  CHECK(o->num_partition == 64u);
  CHECK(o->table_type == table_type::ordered_set);
  CHECK(o->auto_start);
  CHECK(o->replication.peers == std::vector<std::string>{"a@x:1"});
  CHECK(o->replication.wal.majority_timeout == 250ms);
  CHECK(o->replication.wal.fsync == fsync_policy::never);
}

TEST_CASE("what CAF drops from a file without a word is reported") {
  const auto refused = [](const std::string& text) {
    const auto o = from_caf_file("[supercache]\n" + text);
    return o ? std::string{} : o.why().message.substr(o.why().message.find(": ") + 2);
  };
  CHECK(refused("num_partition=\"many\"")
        == "num_partition is 'many'; allowed is 1 to 4096 (integer)");
  CHECK(refused("num_partition=0") == "num_partition is '0'; allowed is 1 to 4096 (integer)");
  CHECK(refused("num_partitions=8")
        == "unknown option 'num_partitions'; did you mean 'num_partition'?");
  CHECK(refused("table_type=\"heap\"")
        == "table_type is 'heap'; allowed is set, ordered_set, bag, duplicate_bag (text)");
  CHECK(refused("key_pos=1") == "");
  CHECK(refused("[supercache.health]\nlatency_threshold_ms=200") == "");
  CHECK(refused("[supercache.wal]\nmajority_timeout=3s") == "");
  CHECK(refused("[supercache.wal]\nmajority_timeout=0s").starts_with("wal.majority_timeout is '0"));
}

TEST_CASE("the command line wins over the file") {
  const fixture::config_file f{"[supercache]\nnum_partition=8\nkey_pos=1\n"};
  const auto o = from_arguments({"--config-file=" + f.path(), "--supercache.num_partition=9"});
  REQUIRE(o.ok());
  CHECK(o->num_partition == 9u);
  CHECK(o->key_pos == 1);
}

TEST_CASE("a cache starts with the options of its actor system's configuration") {
  config cfg;
  REQUIRE_FALSE(cfg.parse({"--supercache.num_partition=5", "--supercache.table_prefix=x"}));
  caf::actor_system system{cfg};
  const cache c = cache::start(system);
  CHECK(c.partitions() == 5);
  CHECK(c.partition_name(0) == "x_0");
  config bad;
  REQUIRE_FALSE(bad.parse({"--supercache.num_partition=0"}));
  caf::actor_system other{bad};
  CHECK_ERROR(cache::try_start(other), errc::invalid_config,
              "num_partition is '0'; allowed is 1 to 4096 (integer)");
}

TEST_CASE("a file of key = value lines sets options, on top of those given") {
  const fixture::config_file f{"# a comment\n; another\n\n[other]\nkey_pos = nonsense\n"
                               "[supercache]\n num_partition = 64 \ntable_prefix=\"people\"\r\n"
                               "wal.fsync = 'never'\n[supercache.health]\ninterval_ms = 2s\n"};
  options defaults;
  defaults.key_pos = 2;
  const auto o = options_from_file(f.path(), defaults);
  REQUIRE_MESSAGE(o.ok(), (o.ok() ? "" : o.why().message));
  CHECK(o->num_partition == 64u);
  CHECK(o->table_prefix == "people");
  CHECK(o->key_pos == 2);
  CHECK(o->replication.wal.fsync == fsync_policy::never);
  CHECK(o->replication.health.interval == 2s);
}

TEST_CASE("a comment may stand behind a value, and a value in quotes may look like one") {
  const fixture::config_file f{
    "[supercache] # ours\nnum_partition = 8 # eight\nkey_pos = 1\t; second\n"
    "node.name = \"a\" # quoted\n"};
  const auto o = options_from_file(f.path(), {});
  REQUIRE_MESSAGE(o.ok(), (o.ok() ? "" : o.why().message));
  CHECK(o->num_partition == 8u);
  CHECK(o->key_pos == 1);
  CHECK(o->replication.node.name == "a");
}

TEST_CASE("a file in which nothing is meant for this library is refused") {
  CHECK(complaint("num_partition = 8\n")
        == ":1: 'num_partition' stands before any section; ours is [supercache]");
  CHECK(complaint("[supercahce]\nnum_partition = 8\n")
        == ": there is no section [supercache]; there is [supercahce]");
  CHECK(complaint("# nothing\n") == ": there is no section [supercache]");
}

TEST_CASE("an error in a file names the line") {
  CHECK(complaint("[supercache]\n\nnum_partition = 0\n")
        == ":3: num_partition is '0'; allowed is 1 to 4096 (integer)");
  CHECK(complaint("[supercache]\nnum_partitio = 1\n")
        == ":2: unknown option 'num_partitio'; did you mean 'num_partition'?");
  CHECK(complaint("[supercache]\nkey_pos = 1\nhello\n")
        == ":3: 'hello' is not of the form key = value");
  CHECK(complaint("[supercache]\ntable_prefix = a b\n")
        == ":2: table_prefix is 'a b'; allowed is 1 to 64 letters, digits, _ or - (text)");
  CHECK(complaint("[supercache]\nnode_monitor.source = provider\n")
        == ": node_monitor.source is 'provider', but node_monitor.provider names no file");
  CHECK_REFUSED(options_from_file("/nowhere/at/all.ini"), errc::io_error,
                "configuration file /nowhere/at/all.ini cannot be opened");
}
