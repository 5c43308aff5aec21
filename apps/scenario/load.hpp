#pragma once

#include "common/client.hpp"
#include "ledger.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace supercache::app {

/// A node that clients talk to.
struct target {
  std::string node;
  address where;
};

struct load_options {
  enum class kind { put, increment, compare_exchange, queue, stack };
  std::string name; ///< also of its keys, namespace, queue
  kind is = kind::put;
  std::size_t workers = 3;
  std::size_t rate = 100;                     ///< operations per second and worker, at most
  std::size_t keys = 50;                      ///< per worker; or counters in all
  std::size_t removes = 0, reads = 0;         ///< percent of a worker's operations; of `put`
  std::optional<std::size_t> partition;       ///< of all keys; of `put`
  std::size_t batch = 1;                      ///< records per operation; of `put`
  std::size_t partitions = 0;                 ///< how many the cluster has
  std::size_t key_pos = 0, partition_pos = 0; ///< of the cluster
  std::string read_mode = "local";            ///< of `reads`
  std::chrono::milliseconds timeout{2'000};
};
const char* to_string(load_options::kind k) noexcept;

/// The results of a load so far.
struct load_summary {
  std::uint64_t acknowledged = 0, unknown = 0, failed = 0, reads = 0, unreachable = 0;
  std::int64_t longest_gap_ms = 0;            ///< in which nothing was acknowledged
  double p50_ms = 0, p99_ms = 0, most_ms = 0; ///< of writes
  double read_p50_ms = 0;
  std::map<std::string, std::uint64_t> errors; ///< sentences, and their counts
};

/// Calls one of the nodes; when a client's node is gone, a client of the next node replaces it.
/// Thread: one.
class caller {
public:
  caller(std::vector<target> nodes, std::size_t first, std::chrono::milliseconds timeout)
    : nodes_(std::move(nodes)), next_(first), timeout_(timeout) {}
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;

  /// The present client, or one of the next node. Throws `error` when that node cannot be reached.
  client& here();
  /// Gives up a client that is of no more use.
  void drop() { client_ = nullptr; }
  /// Increases with every new client.
  unsigned generation() const noexcept { return generation_; }

private:
  std::vector<target> nodes_;
  std::size_t next_;
  std::chrono::milliseconds timeout_;
  std::unique_ptr<client> client_;
  unsigned generation_ = 0;
};

/// Clients that work in the background, each on its own thread, and record what they were told.
class load {
public:
  static std::unique_ptr<load> make(load_options o, std::vector<target> nodes);
  virtual ~load() = default;
  load(const load&) = delete;
  load& operator=(const load&) = delete;

  void begin();
  /// No further operation begins.
  void halt() noexcept { stop_ = true; }
  /// Waits for the operations in flight. Call it before the load is destroyed.
  void end();
  bool running() const noexcept { return !threads_.empty(); }
  load_summary summary() const;
  const load_options& options() const noexcept { return options_; }

  /// What is wrong with the data found now at each of the nodes; asks again until nothing is, or
  /// the time is over.
  /// @pre !running()
  std::vector<std::string> check(const std::vector<target>& nodes,
                                 std::chrono::milliseconds longest, strictness s);

protected:
  using clock = std::chrono::steady_clock;
  struct worker {
    std::size_t number = 0;
    std::mt19937_64 random;
    std::uint64_t count = 0;
  };

  load(load_options o, std::vector<target> nodes)
    : options_(std::move(o)), nodes_(std::move(nodes)) {}
  /// One operation; `note`s its outcome.
  virtual void step(caller& c, worker& w) = 0;
  /// What is wrong as one node sees it.
  virtual std::vector<std::string> look(client& c, strictness s) = 0;
  /// What is wrong already, whatever data is found.
  virtual std::vector<std::string> wrong(strictness) { return {}; }

  /// Calls `f(client)` and returns its outcome.
  told attempt(caller& c, const std::function<void(client&)>& f);
  void note_read(clock::time_point from);
  void note_error(const std::string& text);
  std::mutex& lock() noexcept { return lock_; }

private:
  void work(std::size_t number);
  void note(outcome o, clock::time_point from);

  const load_options options_;
  const std::vector<target> nodes_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_{false};
  mutable std::mutex lock_; ///< of all below, and of the books
  load_summary summary_;
  std::vector<float> latencies_ms_, reads_ms_;
  clock::time_point last_success_;
  bool unsure_ = false; ///< something may still happen after the end
  clock::time_point ended_;
};

} // namespace supercache::app
