#pragma once

#include "cluster.hpp"
#include "order.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sim {

/// What clients do, and whether what they were told is true in the end.
///
/// Each client works at one node at a time, one write after the other, on structures of every kind;
/// what is written can be told apart, so that the end shows what happened to each write:
///   registers   one writer per key, ever larger numbers: the last acknowledged, or a later, stays
///   own         what was acknowledged through a node is seen in that node's copy (sync)
///   counters    at least the acknowledged increments, at most those that may have happened
///   queues and stacks   what was pushed comes out once; in its order, as far as clients can tell
///   batches     tables with one writer each, in the end exactly what it wrote and was told
///   fleeting    records with a time to live: what was found expired is never seen again
///   insert_new  per key, only one client is told that it was first
///   reads       as primary or by quorum (sync): what was acknowledged when it began, or later
///   noise       any operation, so that copies have something to differ in
class workload {
public:
  explicit workload(cluster& c) : c_(c) {}
  /// Starts a client, which goes on until `stop`.
  void start_client(std::size_t number);
  void stop() noexcept { stopped_ = true; }
  bool idle() const noexcept { return busy_ == 0; }
  /// Compares what is there with what clients were told, if acknowledged writes have to be there.
  void check(bool acknowledged_stay);

  std::uint64_t done = 0, refused = 0, unknown = 0; ///< writes
  std::uint64_t read_done = 0, read_failed = 0;

private:
  static constexpr std::size_t nobody = SIZE_MAX; ///< of the clients

  struct counter {
    std::int64_t least = 0, most = 0;
  };
  struct items {
    std::set<std::int64_t> pushed, maybe_pushed; ///< acknowledged, and those that may have happened
    std::vector<std::int64_t> out;
    item_lives lives;
    std::size_t maybe_out = 0; ///< items that pops without an answer may have taken
    std::size_t going_out = 0; ///< items that pops that are under way may take
  };
  /// A table with one writer, which knows what has to be in it.
  struct batches {
    std::string name;
    std::map<std::int64_t, std::multiset<std::int64_t>> rows;
    bool sure = true; ///< else a write without an answer may come at any time
  };
  /// A record with a time to live, and one writer.
  struct fleeting {
    std::int64_t last = 0;                     ///< written and acknowledged
    std::int64_t begun_ms = 0, ttl_ms = 0;     ///< of that
    std::int64_t gone = 0;                     ///< up to here, a client was told that it is expired
    std::map<std::int64_t, std::int64_t> mine; ///< all that was tried, and when it was begun
    std::set<std::int64_t> late;               ///< of these, what may come at any time
  };
  using on_read = std::function<void(const node::seen&)>;

  // workload.cpp
  void step(std::size_t client);
  void step_later(std::size_t client);
  node* some_node(std::size_t client);
  /// Answers whether it began.
  bool write(std::size_t client, const space& where, const value& key, operation_body body,
             std::function<void(const outcome&)> then);
  std::size_t partition_of(const value& key) const;
  void read(std::size_t client, const space& where, const value& key, const value& home,
            read_mode how, on_read then);
  read_mode some_mode() { return c_.w.random.chance(30) ? read_mode::quorum : read_mode::primary; }
  void read_register(std::size_t client);
  void read_counter(std::size_t client);
  void write_register(std::size_t client);
  void increment(std::size_t client);
  void increment_at_once(std::size_t client);
  void read_own_write(std::size_t client);
  void insert(std::size_t client);
  void noise(std::size_t client);
  void check_reads();
  void check_registers();
  void check_counters(bool acknowledged_stay);
  void check_firsts();
  value found(const space& where, const value& key);

  // workload_items.cpp
  std::string some_queue();
  void push(std::size_t client, space_kind kind);
  void pop(std::size_t client, space_kind kind);
  void popped(const space& of, std::size_t most, std::uint64_t begin, std::size_t pushed,
              const outcome& o);
  void check_items(space_kind kind, bool acknowledged_stay);
  void check_order(space_kind kind, const std::string& what, const items& mine,
                   const std::vector<std::int64_t>& left);

  // workload_tables.cpp
  void change_batches(std::size_t client);
  void put_batch(std::size_t client);
  void remove_from_batches(std::size_t client);
  void match_batches(std::size_t client);
  void clear_batches(std::size_t client);
  void read_batches(std::size_t client);
  void write_batches(std::size_t client, operation_body body,
                     std::function<void(batches&, const value&)> then);
  batches& batches_of(std::size_t client);
  bool one_row_per_key() const;
  void check_batches();
  void write_fleeting(std::size_t client);
  void read_fleeting(std::size_t client);
  void watch_fleeting(const std::string& key, std::size_t times);
  void watch_fleeting_as(std::size_t client, const std::string& key, std::function<void()> then);
  void found_expired(const std::string& key, std::int64_t last, std::int64_t x);
  void check_fleeting(bool acknowledged_stay);

  cluster& c_;
  bool stopped_ = false;
  std::size_t busy_ = 0;
  std::int64_t next_ = 1;
  std::uint64_t moment_ = 0;                      ///< grows with each call and answer about items
  std::map<std::string, std::int64_t> registers_; ///< the last acknowledged value
  std::map<std::string, std::int64_t> tried_;     ///< the last value tried
  std::map<std::string, std::set<std::int64_t>> late_; ///< values that may come at any time
  std::map<std::string, counter> counters_;
  std::map<std::size_t, std::size_t> own_; ///< which key of its own each client uses
  std::map<std::pair<space_kind, std::string>, items> items_;
  struct was_read {
    std::string key;
    std::int64_t least = 0; ///< acknowledged when the read began
    std::int64_t found = 0;
  };
  std::vector<was_read> reads_;                         ///< registers that were older than that
  std::map<std::int64_t, std::size_t> firsts_;          ///< how many clients were told to be first
  std::map<std::size_t, std::vector<batches>> batches_; ///< of each client, the last one is in use
  std::map<std::string, fleeting> fleeting_;
  std::vector<std::string> undead_; ///< what was seen again, unless its data was lost
};

} // namespace sim
