// A CAF application with an embedded cache: its own actor system, its own options, and actors that
// use the cache through the handle and by message.
//
//     embed --supercache.num_partition=8 --shop.customers=500

#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <cstdint>
#include <iostream>
#include <memory>

namespace sc = supercache;
using namespace std::chrono_literals;

namespace {

// The application's configuration has our options next to its own: on the command line and in CAF's
// configuration file, section [supercache].
struct shop_config : caf::actor_system_config {
  std::int64_t customers = 200;
  shop_config() {
    opt_group{custom_options_, "shop"}.add(customers, "customers", "how many customers there are");
    sc::add_options(custom_options_);
    sc::add_message_types(*this); // needed only to talk to other processes
  }
};

// An actor that uses the handle: reads and writes are function calls, without messages.
caf::behavior till(caf::event_based_actor*, sc::cache cache) {
  return {
    [cache](sc::put_atom, std::int64_t customer, std::int64_t cents) mutable {
      cache.update_counter(customer, 2, cents, sc::record{customer, "bronze", 0});
      return cache.get(customer).front()[2].as_int();
    },
  };
}

// An actor that uses messages. It knows only a typed actor handle, so the cache may be on another
// machine. It answers with the number of customers it has promoted.
caf::behavior promoter(caf::event_based_actor* self, sc::cache_actor cache) {
  return {
    [=](sc::update_atom, std::int64_t threshold) {
      auto promise = self->make_response_promise();
      const auto failed = [=](caf::error& why) mutable { promise.deliver(std::move(why)); };
      const sc::pattern big_spenders{{sc::bind(1), "bronze", sc::bind(2)}, sc::var(2) >= threshold};
      const auto promote = [=](const std::vector<sc::bindings>& found) mutable {
        const std::vector<sc::element_change> to_gold{{1, "gold"}};
        const auto left = std::make_shared<std::uint64_t>(found.size());
        if (found.empty())
          promise.deliver(std::uint64_t{0});
        for (const auto& customer : found)
          self->request(cache, 5s, sc::update_atom_v, customer[0], to_gold)
            .then(
              [=, n = *left](bool) mutable {
                if (--*left == 0)
                  promise.deliver(n);
              },
              failed);
      };
      self->request(cache, 5s, sc::match_atom_v, big_spenders).then(promote, failed);
      return promise;
    },
  };
}

void run(caf::actor_system& system, const shop_config& config) {
  // The options come from the command line and the file; a mistake is an error with a sentence.
  const sc::cache cache = sc::cache::start(system);
  std::cout << "the cache has " << cache.partitions() << " partitions\n";

  caf::scoped_actor self{system};
  const auto cashier = system.spawn(till, cache);
  std::int64_t turnover = 0;
  for (std::int64_t i = 0; i < config.customers; ++i)
    self->request(cashier, 5s, sc::put_atom_v, i, i * 10)
      .receive([&](std::int64_t total) { turnover += total; },
               [](const caf::error& why) { throw std::runtime_error(sc::message_of(why)); });
  std::cout << config.customers << " customers spent " << turnover << " cents\n";

  const auto marketing = system.spawn(promoter, cache.actor());
  self->request(marketing, 5s, sc::update_atom_v, std::int64_t{1500})
    .receive([](std::uint64_t n) { std::cout << n << " of them are promoted to gold\n"; },
             [](const caf::error& why) { throw std::runtime_error(sc::message_of(why)); });

  // The best customer, read on this thread.
  const auto best = cache.get(config.customers - 1);
  if (!best.empty())
    std::cout << "the best customer is " << best.front() << '\n';
  print(std::cout, cache.stats());

  self->send_exit(cashier, caf::exit_reason::user_shutdown);
  self->send_exit(marketing, caf::exit_reason::user_shutdown);
} // the cache stops when its last handle goes

} // namespace

int main(int argc, char** argv) try {
  shop_config config;
  if (auto err = config.parse(argc, argv)) {
    std::cerr << "embed: " << to_string(err) << '\n';
    return 2;
  }
  if (config.cli_helptext_printed)
    return 0;
  caf::actor_system system{config};
  run(system, config);
  return 0;
} catch (const std::exception& e) {
  std::cerr << "embed: " << e.what() << '\n';
  return 1;
}
