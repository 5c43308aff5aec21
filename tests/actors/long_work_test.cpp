#include "cluster_fixture.hpp"

#include <supercache/kv.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

// Work that takes long, on all partitions of a cluster, while others write.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

/// Writes small records through a node until it is told to stop.
class writer {
public:
  explicit writer(cache c) : cache_(std::move(c)), thread_([this] { run(); }) {}
  ~writer() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable())
      thread_.join();
  }
  std::size_t written() const { return took_.size(); }
  int failed() const { return failed_; }
  /// The time that 99 of 100 writes took at most. @pre stopped
  double p99_ms() {
    std::ranges::sort(took_);
    return std::chrono::duration<double, std::milli>(took_[took_.size() * 99 / 100]).count();
  }

private:
  void run() {
    for (std::int64_t i = 0; !stop_; ++i) {
      const auto begun = clock_type::now();
      failed_ += !cache_.kv("small").try_add(i % 1'000, i);
      took_.push_back(clock_type::now() - begun);
    }
  }

  cache cache_;
  std::vector<clock_type::duration> took_;
  int failed_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void fill(cache& c, std::size_t records) {
  constexpr std::size_t at_once = 10'000;
  for (std::size_t i = 0; i < records; i += at_once) {
    std::vector<record> some;
    for (std::size_t k = i; k < i + at_once; ++k)
      some.push_back(record{k, "some text", k % 2});
    c.put_batch(std::move(some), {.timeout = 60s});
  }
}

void work_long(std::size_t records, std::size_t large_bytes) {
  auto o = cluster_options_with(replication_mode::sync);
  o.num_partition = 64;
  const log_lines log;
  cluster nodes{o};
  fill(nodes[0], records);
  const wait_options patient{.timeout = 60s};
  writer w{nodes[1]};
  CHECK(nodes[0].try_put(record{"large", std::string(large_bytes, 'x')}, {.timeout = 60s}));
  const auto removed = nodes[0].try_remove_by_match(any_partition, pattern{{any, any, 1}}, patient);
  CHECK((removed && *removed == records / 2));
  const auto cleared = nodes[2].try_remove_all(patient);
  CHECK((cleared && *cleared == records / 2 + 1));
  w.stop();
  CHECK(w.failed() == 0);
  CHECK(w.written() > 0);
  MESSAGE("of ", w.written(), " writes 99 in 100 took ", w.p99_ms(), " ms at most");
  CHECK_FALSE(log.has("cannot be reached"));
}

} // namespace

TEST_CASE(
  "long work on all partitions keeps no node from its cluster, and no writer from writing") {
  work_long(100'000, 8 << 20);
}

TEST_CASE("the same with a million records and a value of 64 MiB" * doctest::skip()) {
  work_long(1'000'000, 64 << 20);
}
