#pragma once

#include <supercache/cluster/replica.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

/// A few copies of one partition, and the messages between them, which a test controls: each is
/// delivered, lost, or kept for later. Nothing happens unless the test says so.
namespace stage {

using namespace supercache;

struct envelope {
  member from, to;
  message what;
};

class play {
public:
  replication_mode mode = replication_mode::sync;
  std::size_t log_bytes = 1 << 20;
  send_budget budget;
  std::int64_t now = 1'000;

  /// Nodes that can reach all others; in their first incarnations `a` has the id 0x1a, `b` 0x1b.
  void add(const std::vector<std::string>& names);
  /// The first one bootstraps a group of these.
  void bootstrap(const std::vector<std::string>& names);
  void crash(const std::string& name);
  /// In its next incarnation: 0x2a.
  void restart(const std::string& name);
  void cut(const std::string& a, const std::string& b);
  void break_between(const std::string& a, const std::string& b);
  void heal(const std::string& a, const std::string& b);

  bool alive(const std::string& name) { return at(name).alive; }
  bool reaches(const std::string& a, const std::string& b) const;
  replica& core(const std::string& name) { return *at(name).core; }
  partition_store& store(const std::string& name) { return *at(name).store; }
  member self(const std::string& name) { return at(name).self; }
  member_list selves(const std::vector<std::string>& names);
  std::uint64_t discarded(const std::string& name);

  result<proposal> write(const std::string& name, operation_body what, request_id who = {});
  result<proposal> put(const std::string& name, const value& key, const value& x);
  /// nil: nothing.
  value get(const std::string& name, const value& key);

  /// The messages that one node has for another now.
  std::vector<envelope> take(const std::string& from, const std::string& to);
  /// Delivers messages to incarnations that are still alive, encoded and decoded on the way.
  void deliver(const std::vector<envelope>& es);
  /// Both at once, if the two can reach each other. Answers the messages.
  std::vector<envelope> pass(const std::string& from, const std::string& to);
  /// Delivers everything until no node has any messages left.
  void settle();
  /// Time passes; with `talk` messages arrive meanwhile.
  void run(std::int64_t ms, bool talk);

  /// One line: the state of the copy.
  std::string show(const std::string& name);
  /// The invariants that copies break.
  std::vector<std::string> wrong();

private:
  struct copy {
    member self;
    std::unique_ptr<partition_store> store;
    std::unique_ptr<replica> core;
    std::uint64_t discarded = 0;
    bool alive = true;
  };
  copy& at(const std::string& name) { return copies_.at(name); }
  void start(const std::string& name, member_id id);

  std::map<std::string, copy> copies_;
  std::vector<std::pair<std::string, std::string>> cuts_;
};

} // namespace stage
