#include "actors/cluster_fixture.hpp"

#include <caf/io/network/multiplexer.hpp>

#include <atomic>
#include <fstream>
#include <future>
#include <unistd.h>

using namespace supercache;
using namespace std::chrono_literals;
using fixture::eventually;

namespace {

/// Memory of this process, in MiB.
std::size_t memory() {
  std::size_t pages = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) >> 20;
}

/// A node, and a client that asks it over the network.
struct asked {
  fixture::node_config node_cfg, cfg;
  caf::actor_system node_system{node_cfg}, system{cfg};
  cache c;
  cache_actor remote;

  asked() : c(cache::start(node_system, {})) {
    const auto port = node_system.middleman().publish(c.actor(), 0, "127.0.0.1");
    REQUIRE(port);
    auto found = system.middleman().remote_actor<cache_actor>("127.0.0.1", *port);
    REQUIRE(found);
    remote = *found;
  }
  ~asked() { c.stop(); }
};

/// Keeps the networking of an actor system from reading while it is there.
class blocked {
public:
  explicit blocked(caf::actor_system& system) {
    std::promise<void> begun;
    auto there = begun.get_future();
    system.middleman().backend().post([this, &begun] {
      begun.set_value();
      end_.get_future().wait();
    });
    there.wait();
  }
  ~blocked() { end_.set_value(); }

private:
  std::promise<void> end_;
};

/// Counts the answers that it gets.
struct answers {
  std::atomic<int> good{0}, refused{0}, other{0};
};

} // namespace

TEST_CASE(
  "answers that are not read take bounded memory; more are refused, and what follows works") {
  asked a;
  constexpr std::size_t size = 8 << 20, count = 100;
  a.c.put({"k", std::string(size, 'x')});
  const auto got = std::make_shared<answers>();
  std::promise<void> sent;
  const auto asker = a.system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[=, &sent, to = a.remote](caf::ok_atom) {
      for (std::size_t i = 0; i < count; ++i)
        compat::ask(self, to, 60s, caf::get_atom_v, value{"k"})
          .then([got](const record_list&) { ++got->good; },
                [got](const caf::error& e) {
                  ++(code_of(e) == errc::overloaded ? got->refused : got->other);
                });
      sent.set_value();
    }};
  });
  const auto before = memory();
  {
    caf::anon_send(asker, caf::ok_atom_v);
    sent.get_future().wait();
    REQUIRE(eventually([&] { return got->good > 0; })); // the questions are there
    const blocked deaf{a.system};
    std::this_thread::sleep_for(2s);
    const auto grown = memory() - std::min(before, memory());
    MESSAGE(grown << " MiB more");
    CHECK(grown < 400); // of 800
  }
  CHECK(eventually([&] { return got->good + got->refused + got->other == count; }));
  CHECK(got->good > 0);
  CHECK(got->other == 0);
  MESSAGE(got->good.load() << " answered, " << got->refused.load() << " refused");
  CHECK(got->refused > 0);
  caf::scoped_actor self{a.system};
  compat::ask(self, a.remote, 10s, caf::get_atom_v, value{"k"})
    .receive([](const record_list& rows) { CHECK(rows.size() == 1); },
             [](caf::error& e) { FAIL(message_of(e)); });
  caf::anon_send_exit(asker, caf::exit_reason::user_shutdown);
}
