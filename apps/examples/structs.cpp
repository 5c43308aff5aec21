// C++ structs in a cache: any type with a CAF `inspect` is stored under one of its members.

#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>

#include <iostream>
#include <optional>

namespace sc = supercache;

namespace {

enum class status : std::uint8_t { ordered, shipped, delivered };

struct line {
  std::string article;
  std::int32_t pieces = 0;
  double price = 0;
};
SUPERCACHE_INSPECT(line, x.article, x.pieces, x.price)

struct order {
  std::int64_t number = 0;
  std::string customer;
  status state = status::ordered;
  std::vector<line> lines;
  std::optional<std::string> note;
};
SUPERCACHE_INSPECT(order, x.number, x.customer, x.state, x.lines, x.note)

double total(const order& o) {
  double sum = 0;
  for (const line& l : o.lines)
    sum += l.pieces * l.price;
  return sum;
}

void run(caf::actor_system& system) {
  sc::cache cache = sc::cache::start(system, sc::options{});

  // Once per type: which member is the key. From then on, `cache.structs<order>()` will do.
  auto orders = cache.structs(&order::number);
  orders.add({1, "Ann", status::ordered, {{"bread", 2, 3.50}, {"milk", 1, 1.20}}, {}});
  orders.add({2, "Bob", status::ordered, {{"tea", 3, 4.00}}, "ring twice"});

  // The result is the struct itself, not a representation of it.
  order first = orders.get(1);
  std::cout << "order " << first.number << " of " << first.customer << " is worth " << total(first)
            << '\n';
  first.state = status::shipped;
  orders.add(first); // replaces the one with the same key

  for (const order& o : cache.structs<order>().get_all())
    std::cout << "order " << o.number << ": " << o.lines.size() << " lines, "
              << (o.state == status::shipped ? "shipped" : "not shipped yet")
              << (o.note ? ", note: " + *o.note : "") << '\n';

  // Each mistake has its own error.
  if (const auto missing = orders.try_get(3); !missing)
    std::cout << to_string(sc::code_of(missing.error())) << ": " << sc::message_of(missing.error())
              << '\n';
  if (const auto twice = orders.try_init(&order::customer); !twice)
    std::cout << to_string(sc::code_of(twice.error())) << ": " << sc::message_of(twice.error())
              << '\n';
  std::cout << orders.remove_all() << " orders removed\n";
}

} // namespace

int main() try {
  caf::actor_system_config config;
  caf::actor_system system{config};
  run(system);
  return 0;
} catch (const sc::error& e) {
  std::cerr << "structs: " << e.what() << '\n';
  return 1;
}
