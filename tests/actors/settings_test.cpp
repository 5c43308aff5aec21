#include "actors/config_file.hpp"
#include "actors/fixture.hpp"

#include <supercache/store/text.hpp>

#include <caf/config_option_set.hpp>

#include <filesystem>

// What is refused, or said to be of no use, before a cache starts; and files that are not what they
// look like.

using namespace supercache;
using namespace std::chrono_literals;

namespace {

std::string complaint_of(const options& o) {
  const status s = validate(o);
  return s ? std::string{} : s.why().message;
}

/// What options with these texts are refused with.
std::string refused(const std::vector<std::pair<std::string, std::string>>& texts) {
  options o;
  for (const auto& [name, text] : texts)
    REQUIRE(set_option(o, name, text).ok());
  return complaint_of(o);
}

/// What is said to have no effect in options with these texts.
std::vector<std::string> useless(const std::vector<std::pair<std::string, std::string>>& texts) {
  options o;
  for (const auto& [name, text] : texts)
    REQUIRE(set_option(o, name, text).ok());
  REQUIRE(complaint_of(o).empty());
  return without_effect(o);
}

constexpr auto no_log = ", but there is no log on disk so far: data is lost when the last process "
                        "that has it ends";

/// What a file of ours is refused with, without its path.
std::string complaint(const std::string& text) {
  const fixture::config_file f{text};
  const auto o = options_from_file(f.path());
  if (o)
    return "";
  const auto& message = o.why().message;
  const auto at = message.find(f.path());
  CHECK(at != std::string::npos);
  return message.substr(at + f.path().size());
}

/// The configuration of an application, which has our options among its own.
struct config : caf::actor_system_config {
  config() { add_options(custom_options_); }
};

/// The same of a file of CAF's.
std::string caf_complaint(const std::string& text) {
  const fixture::config_file f{text};
  config cfg;
  (void)cfg.parse(std::vector<std::string>{"--config-file=" + f.path()}); // says its own of it
  const auto o = options_from(cfg);
  if (o)
    return "";
  const auto& message = o.why().message;
  const auto at = message.find(f.path());
  return at == std::string::npos ? message : message.substr(at + f.path().size());
}

} // namespace

// -- options without effect ---------------------------------------------------------------------

TEST_CASE("options that promise to keep data safe and cannot do so yet are refused by name") {
  for (const auto* mode : {"local", "distributed"}) {
    CHECK(refused({{"cluster", mode}, {"wal.dir", "/var/lib/x"}})
          == std::string{"wal.dir is '/var/lib/x'"} + no_log);
    CHECK(refused({{"cluster", mode}, {"wal.fsync", "always"}}) // also the default
          == std::string{"wal.fsync is 'always'"} + no_log);
    CHECK(refused({{"cluster", mode}, {"wal.fsync", "interval"}})
          == std::string{"wal.fsync is 'interval'"} + no_log);
    CHECK(refused({{"cluster", mode}, {"wal.fsync", "never"}}).empty()); // promises nothing
  }
  CHECK(refused({{"replication_mode", "strong"}})
        == std::string{"replication_mode is 'strong'"} + no_log);
  CHECK(refused({{"replication_mode", "strong"}, {"cluster", "distributed"}})
        == "replication_mode is 'strong'; a cluster can do async and sync so far");
  options o;
  o.replication.wal.fsync = fsync_policy::interval; // not set by name
  CHECK(complaint_of(o) == std::string{"wal.fsync is 'interval'"} + no_log);
}

TEST_CASE("options without effect are named, also if they are set to the default") {
  CHECK(without_effect({}).empty());
  CHECK(useless({{"health.interval_ms", "5000"}, {"wal.cleanup_interval", "1s"}})
        == std::vector<std::string>{"no effect so far: health.interval_ms, wal.cleanup_interval"});
  CHECK(useless({{"wal.fsync", "never"}})
        == std::vector<std::string>{"no effect so far: wal.fsync"});
  CHECK(useless({{"cluster_peers", "a@h:1"},
                 {"replication_factor", "2"},
                 {"node.name", "x"},
                 {"node_monitor.down_ms", "2s"}})
        == std::vector<std::string>{"no effect with cluster = local: replication_factor, "
                                    "cluster_peers, node.name, node_monitor.down_ms"});
  CHECK(useless({{"cluster", "distributed"},
                 {"cluster_peers", "a@h:1"},
                 {"replication_factor", "2"},
                 {"node.name", "x"},
                 {"node_monitor.down_ms", "2s"},
                 {"wal.max_pending", "5"}})
          .empty());
  CHECK(useless({{"cluster", "distributed"},
                 {"node_monitor.refresh_ms", "2s"},
                 {"node_monitor.provider", "f"}})
        == std::vector<std::string>{"no effect with node_monitor.source = nodes: "
                                    "node_monitor.provider, node_monitor.refresh_ms"});
  CHECK(useless({{"cluster", "distributed"},
                 {"node_monitor.source", "provider"},
                 {"cluster_peers", "a@h:1"},
                 {"node_monitor.nodes", "a@h:1"},
                 {"node_monitor.provider", "f"}})
        == std::vector<std::string>{"no effect with node_monitor.source = provider: cluster_peers, "
                                    "node_monitor.nodes"});
}

TEST_CASE("replication on a single node says what it means there") {
  CHECK(
    useless({{"replication_mode", "sync"}})
    == std::vector<std::string>{"replication_mode is 'sync', but cluster is local: there is one "
                                "copy, in the memory of this process, and it ends with it"});
  CHECK(useless({{"replication_mode", "sync"}, {"cluster", "distributed"}}).empty());
}

// -- words that mean nothing --------------------------------------------------------------------

TEST_CASE("an empty word is no default") {
  for (const auto* name :
       {"node.name", "node.host", "node.advertise", "node_monitor.provider", "wal.dir"}) {
    CAPTURE(name);
    CHECK(refused({{name, ""}}).starts_with(std::string{name} + " is ''; allowed is "));
  }
  CHECK(refused({{"cluster_peers", ""}, {"node_monitor.nodes", ""}}).empty()); // no nodes
  options o;
  o.replication.node.host.clear();
  CHECK(complaint_of(o) == "node.host is ''; allowed is a host or address");
}

TEST_CASE("names of nodes and hosts are checked in every list") {
  for (const auto* name : {"a b", "a\tb", "a\x1b[31mb",
                           "\xef\xbb\xbf"
                           "a",
                           "z\xc3\xbc", "a.b"})
    CHECK_REFUSED(node_address_from(std::string{name} + "@h:1"), errc::invalid_config,
                  "node '" + printable(name)
                    + "@h:1' is not of the form name@host:port; a name has 1 to 64 letters, "
                      "digits, _ or -");
  CHECK_FALSE(node_address_from(std::string(65, 'x') + "@h:1").ok());
  CHECK(node_address_from(std::string(64, 'x') + "@h:1").ok());
  for (const auto* host : {"a b", "h\n", "h/x", "\xef\xbb\xbfh", "h@i"})
    CHECK_FALSE(node_address_from("a@" + std::string{host} + ":1").ok());
  CHECK(to_string(node_address_from("a@[::1]:70").value()) == "a@::1:70");
  const auto twice = [](auto member) {
    options o;
    o.replication.*member = {"a@h:1", "b@h:2", "a@i:1"};
    return complaint_of(o);
  };
  CHECK(twice(&cluster_options::peers)
        == "cluster_peers: node 'a' has two addresses: a@h:1 and a@i:1");
  options o;
  o.replication.peers = {"a@h:1", "a@h:1"};
  o.replication.node_monitor.nodes = {"b@h:2"};
  CHECK(complaint_of(o).empty());
  o.replication.node_monitor.nodes = {"a@h:2"};
  CHECK(complaint_of(o)
        == "cluster_peers and node_monitor.nodes: node 'a' has two addresses: a@h:1 and a@h:2");
}

// -- files --------------------------------------------------------------------------------------

TEST_CASE("a section that is nearly ours is not taken for another program's") {
  const std::string ours = "[supercache]\nkey_pos = 1\n";
  CHECK(complaint(ours + "[supercahe.wal]\nmajority_timeout = 1s\n")
        == ":3: there is no section [supercahe.wal]; did you mean [supercache.wal]?");
  CHECK(complaint("[SuperCache.health]\n" + ours)
        == ":1: there is no section [SuperCache.health]; did you mean [supercache.health]?");
  CHECK(complaint(ours + "[wal]\nmax_pending = 5\n")
        == ":4: section [wal] is not ours; did you mean [supercache.wal]?");
  CHECK(complaint(ours + "[supercache.wall]\nmax_pending = 5\n")
        == ":4: unknown option 'wall.max_pending'; did you mean 'wal.max_pending'?");
  CHECK(complaint(ours + "[wal]\ncolour = blue\n[other]\nkey_pos = x\n").empty());
}

TEST_CASE("an option that is given twice is refused, however it is written") {
  CHECK(complaint("[supercache]\nkey_pos = 1\nkey_pos = 2\n")
        == ":3: 'key_pos' is there for the second time");
  CHECK(complaint("[supercache]\nwal.max_pending = 1\n[supercache.wal]\nmax_pending = 1\n")
        == ":4: wal.max_pending is there for the second time");
  CHECK(complaint("[supercache]\nkey_pos = 1\n[supercache]\nnum_partition = 2\n")
        == ":3: section [supercache] is there for the second time");
}

TEST_CASE("lines that cannot be read are named") {
  CHECK(complaint("[supercache\nkey_pos = 1\n")
        == ":1: '[supercache' is not of the form [section]");
  CHECK(complaint("[supercache]\n= 1\n") == ":2: '= 1' is not of the form key = value");
  CHECK(complaint("key_pos =\n[supercache]\n")
        == ":1: 'key_pos' stands before any section; ours is [supercache]");
  CHECK(complaint("[supercache]\nnode.name =\n")
        == ": node.name is ''; allowed is 1 to 64 letters, digits, _ or - (text)");
}

TEST_CASE("a section of ours may be empty, and text may begin with a byte order mark") {
  CHECK(complaint("[supercache]\n").empty());
  CHECK(complaint("\xef\xbb\xbf[supercache]\r\nkey_pos = 1\r\n").empty());
}

TEST_CASE("what is no text file is said to be none") {
  const auto folder = std::filesystem::temp_directory_path().string();
  CHECK_REFUSED(options_from_file(folder), errc::io_error,
                "configuration file " + folder + " is a folder");
  CHECK(complaint(std::string("[supercache]\0\n", 14))
        == " is no text in UTF-8: it has control characters");
  CHECK(complaint(std::string("\xff\xfe[\0s\0", 6))
        == " is no text in UTF-8: it has control characters");
  CHECK(complaint(std::string((1 << 20) + 1, '\n')) == " has more than 1 MiB");
  CHECK_REFUSED(options_from_file(""), errc::io_error, "a configuration file needs a name");
}

TEST_CASE("what CAF passes over in its file is reported") {
  CHECK(caf_complaint("[supercache]\nkey_pos=1\n[supercahe.wal]\nmajority_timeout=1s\n")
        == ":3: there is no section [supercahe.wal]; did you mean [supercache.wal]?");
  CHECK(caf_complaint("[supercache]\nkey_pos=1\nkey_pos=2\n")
        == ":3: key_pos is there for the second time");
  CHECK(caf_complaint("[supercache]\nwal={max_pending=5}\n[supercache.wal]\nmax_pending=6\n")
        == ":4: wal.max_pending is there for the second time");
  CHECK(caf_complaint("[mine]\na=1\na=2\n[supercache]\ncluster_peers=[\"a@h:1\", ; one\n"
                      "\"b@h:2\"]\n[supercache.wal]\nmax_pending=6\n")
          .empty());
  CHECK(caf_complaint("[supercache]\nkey_pos=1\nnode.port=7711\n")
        == ":3: CAF takes no dot in a key: 'node.port' is 'port' in a section [supercache.node]");
  CHECK(caf_complaint("[supercache]\ntable_type=bag\n")
        == ":2: CAF cannot read 'table_type=bag'; texts are in double quotes, comments begin with "
           ";");
  CHECK(caf_complaint(std::string("[supercache]\nkey_pos=1\0\n", 24))
        == " is no text in UTF-8: it has control characters");
  CHECK(caf_complaint("[supercache.wal]\nfsync=\"always\"\n")
        == std::string{"wal.fsync is 'always'"} + no_log);
}

TEST_CASE("CAF's help says what each option may be, and what it is") {
  caf::config_option_set all;
  add_options(all);
  const auto help = all.help_text(false);
  for (const setting& s : settings()) {
    CAPTURE(s.name);
    CHECK(help.find(s.help + "; allowed: " + s.allowed) != std::string::npos);
  }
  CHECK(help.find("allowed: set, ordered_set, bag, duplicate_bag; default: set")
        != std::string::npos);
}

// -- what a cache says of it --------------------------------------------------------------------

TEST_CASE("a cache does not start with a promise that it cannot keep") {
  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  options o;
  o.replication.mode = replication_mode::strong;
  CHECK_ERROR(cache::try_start(system, o), errc::invalid_config,
              std::string{"replication_mode is 'strong'"} + no_log);
}
