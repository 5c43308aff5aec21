#pragma once

#include "workload.hpp"

#include <supercache/compat.hpp>

#include <functional>
#include <future>
#include <memory>

namespace bench {

/// How many requests of one actor were answered, and how fast.
struct throughput {
  double per_sec = 0;
  std::uint64_t failed = 0;
  std::size_t in_flight = 0; ///< operations in flight at once
};

/// An actor that keeps `in_flight` requests in flight for some time. `ask(self, i, done)` makes the
/// i-th and arranges that `done(whether it succeeded)` is called.
template <class Ask>
throughput pipelined(caf::actor_system& system, std::size_t in_flight, double seconds, Ask ask) {
  struct state {
    std::uint64_t asked = 0, answered = 0;
    throughput out;
    double start = now_ns(), end = 0;
    std::promise<throughput> over;
  };
  auto s = std::make_shared<state>();
  s->out.in_flight = in_flight;
  s->end = s->start + seconds * 1e9;
  auto result = s->over.get_future();
  system.template spawn<caf::hidden>([s, in_flight, ask](caf::event_based_actor* self) {
    // Called once per free place in the pipeline.
    auto next = std::make_shared<std::function<void()>>();
    const auto answered = [s, self, next](bool ok) {
      ++s->answered;
      s->out.failed += !ok;
      if (now_ns() < s->end)
        return (*next)();
      if (s->answered < s->asked)
        return;
      s->out.per_sec = static_cast<double>(s->answered) / (now_ns() - s->start) * 1e9;
      s->over.set_value(s->out);
      *next = nullptr;
      self->quit();
    };
    *next = [s, self, ask, answered] { ask(self, s->asked++, answered); };
    for (std::size_t i = 0; i < in_flight; ++i)
      (*next)();
  });
  return result.get();
}

} // namespace bench
