#include "fixture.hpp"
#include "parking.hpp"

#include <atomic>
#include <functional>
#include <memory>

// Which callers may look into a queue, and when.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

/// An actor with a queue at which one can park.
struct car_park {
  config cfg;
  caf::actor_system system{cfg};
  queue_map queues{queue_map::order::fifo};
  std::shared_ptr<detail::parking> parking;
  partition_actor actor = system.spawn([this](partition_actor::pointer self) {
    parking = std::make_shared<detail::parking>(self, queues);
    return partition_actor::behavior_type{
      [](apply_atom, const operation&) { return value{}; },
      [](ask_atom, const query&, const read_options&) { return answer{}; },
      [](wait_atom, const std::string&, std::int64_t) { return value{}; },
      [this](ready_atom, const std::string& queue) { parking->serve(queue); },
      [](ready_atom, const std::string&, std::int64_t, const local_job&) {},
      [](run_atom, const local_job& work) { (*work)(); },
      [](caf::tick_atom) {},
      [self](stop_atom) { self->quit(); },
    };
  });
  ~car_park() { caf::anon_send(actor, stop_atom_v); }

  std::atomic<int> first{0}, second{0}; ///< how often two parked callers looked

  /// Two park at a queue, and an item comes.
  void let_two_in() {
    parking->park("q", parking->next_ticket(), 60s, [this] { ++first; });
    parking->park("q", parking->next_ticket(), 60s, [this] { ++second; });
    queues.push("q", value{1});
    parking->serve("q");
  }
  /// Does it on the actor, and waits until it is done.
  void run(std::function<void()> work) {
    std::atomic<bool> done{false};
    caf::anon_send(actor, run_atom_v, std::make_shared<std::function<void()>>([&] {
                     work();
                     done = true;
                   }));
    REQUIRE(eventually([&] { return done.load(); }));
  }
};

} // namespace

TEST_CASE("of the callers parked at a queue as many may look as it has items, the first first") {
  car_park p;
  p.run([&] {
    p.parking->park("other", p.parking->next_ticket(), 60s, [&] { ++p.second; });
    p.let_two_in();
    CHECK(p.first == 1);
    CHECK(p.second == 0);
  });
}

TEST_CASE("a caller that parks where there are items may look at once") {
  car_park p;
  int looks = 0;
  p.run([&] {
    CHECK_FALSE(p.queues.push("q", value{1}).watched);
    p.parking->park("q", p.parking->next_ticket(), 60s, [&] { ++looks; });
    CHECK(looks == 1);
    CHECK_FALSE(p.queues.push("q", value{2}).watched); // no caller is there any more
  });
}

TEST_CASE("a caller parked behind others looks when its time is over, though there was an item") {
  car_park p;
  p.run([&] {
    p.parking->park("q", p.parking->next_ticket(), 60s, [&] { ++p.first; });
    p.queues.push("q", value{1}); // as by another thread, whose word is on its way
    p.parking->park("q", p.parking->next_ticket(), 50ms, [&] { ++p.second; });
    CHECK(p.first == 1);
    CHECK(p.second == 0);
    value taken;
    CHECK(p.queues.pop("q", taken));
  });
  CHECK(eventually([&] { return p.second == 1; }));
}

TEST_CASE("an item that the first caller did not take is for the next one") {
  car_park p;
  p.run([&] { p.let_two_in(); });
  CHECK(eventually([&] { return p.second == 1; }));
  CHECK(p.first == 1);
}
