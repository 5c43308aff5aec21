// A job queue: workers are actors that ask the cache for the next job and get an answer when there
// is one. Every job is done exactly once, and no worker polls.

#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <iostream>

namespace sc = supercache;
using namespace std::chrono_literals;

namespace {

const std::string jobs = "jobs";
const std::string results = "results";

// Waits for a job, does it, puts the result into another queue, and starts again. Ends when no job
// came for half a second.
caf::behavior worker(caf::event_based_actor* self, sc::cache_actor cache) {
  constexpr std::int64_t patience_ms = 500;
  self->send(self, sc::tick_atom_v);
  return {
    [=](sc::tick_atom) {
      self->request(cache, 10s, sc::queue_atom_v, sc::wait_atom_v, jobs, patience_ms)
        .then(
          [=](const sc::value& job) {
            const auto n = job.as_int();
            self->send(cache, sc::queue_atom_v, sc::push_atom_v, results,
                       std::vector<sc::value>{n * n});
            self->send(self, sc::tick_atom_v);
          },
          [=](const caf::error& why) {
            // Nothing to do for a while, or the cache was stopped: the worker ends in both cases.
            self->quit(sc::code_of(why) == sc::errc::timeout ? caf::error{} : why);
          });
    },
    [](std::uint64_t) {}, // the new length of the queue of results
  };
}

void run(caf::actor_system& system) {
  sc::cache cache = sc::cache::start(system, sc::options{});
  caf::scoped_actor self{system};
  constexpr int workers = 4, todo = 1000;
  for (int i = 0; i < workers; ++i)
    self->spawn<caf::monitored>(worker, cache.actor());

  // The workers are waiting; each job goes to the one that has waited longest.
  auto queue = cache.queue(jobs);
  for (int n = 1; n <= todo; ++n)
    queue.add(n);
  std::cout << "gave " << todo << " jobs to " << workers << " workers\n";

  // A thread, unlike an actor, may block.
  auto done = cache.queue(results);
  std::int64_t sum = 0;
  for (int n = 1; n <= todo; ++n)
    sum += done.out_wait(10s).as_int();
  std::cout << "the sum of their squares is " << sum << '\n';

  for (int i = 0; i < workers; ++i)
    self->receive([](const caf::down_msg&) {});
  std::cout << "all workers went home; " << queue.count() << " jobs are left\n";
}

} // namespace

int main() try {
  caf::actor_system_config config;
  caf::actor_system system{config};
  run(system);
  return 0;
} catch (const sc::error& e) {
  std::cerr << "job_queue: " << e.what() << '\n';
  return 1;
}
