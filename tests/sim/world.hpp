#pragma once

#include "support/workload.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace sim {

using workload::dice;

/// Simulated time, in microseconds, and what happens in it, one event after the other. Everything
/// random comes from one seed, so a run can be repeated to the last event.
class world {
public:
  explicit world(std::uint64_t seed) : random(seed) {}

  dice random;
  std::int64_t now_us() const noexcept { return now_; }
  std::int64_t now_ms() const noexcept { return now_ / 1000; }
  std::uint64_t events() const noexcept { return done_; }

  /// Runs `f` after a delay. Events of one instant run in the order in which they were made.
  void after(std::int64_t delay_us, std::function<void()> f) {
    std::size_t slot = work_.size();
    if (free_.empty()) {
      work_.push_back(std::move(f));
    } else {
      slot = free_.back();
      free_.pop_back();
      work_[slot] = std::move(f);
    }
    queue_.push({now_ + delay_us, made_++, slot});
  }
  /// Runs what happens until a point in time, or until something was found wrong.
  void run_until_ms(std::int64_t end_ms) {
    while (wrong.empty() && !queue_.empty() && queue_.top().at <= end_ms * 1000) {
      const event e = queue_.top();
      queue_.pop();
      now_ = e.at;
      ++done_;
      const auto run = std::exchange(work_[e.slot], {});
      free_.push_back(e.slot);
      run();
    }
    if (wrong.empty())
      now_ = end_ms * 1000;
  }

  /// A line for the trace. Built only if a trace is kept.
  template <class F>
  void note(F&& text) {
    if (trace_lines == 0)
      return;
    char when[32];
    std::snprintf(when, sizeof when, "%10.3f ms  ", static_cast<double>(now_) / 1000.0);
    trace.push_back(when + std::string{text()});
    if (trace.size() > trace_lines)
      trace.pop_front();
  }
  /// `checker`: a word for the check that found it.
  void fail(const std::string& checker, const std::string& what) {
    note([&] { return "WRONG: " + what; });
    wrong.push_back(checker + ": " + what);
  }

  std::size_t trace_lines = 0;
  std::deque<std::string> trace;
  std::vector<std::string> wrong;

private:
  struct event {
    std::int64_t at;
    std::uint64_t order;
    std::size_t slot; ///< of `work_`, so that the queue moves little
    bool operator<(const event& b) const noexcept {
      return at != b.at ? at > b.at : order > b.order;
    }
  };
  std::priority_queue<event> queue_;
  std::vector<std::function<void()>> work_;
  std::vector<std::size_t> free_; ///< slots of `work_`
  std::int64_t now_ = 0;
  std::uint64_t made_ = 0, done_ = 0;
};

} // namespace sim
